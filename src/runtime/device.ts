/** What the engine asks of a backend: tensors that the caller owns, and plans that run. */
import type { Plan } from "../compiler/plan/lower.js";
import type { Costs } from "../compiler/plan/recurrence.js";
import type { DrawReply, DrawRequest } from "./decoder/types.js";
import type { Numbers } from "./feeds.js";

export interface DeviceTensor {
  readonly shape: readonly number[];
  readonly int: boolean;
}

export interface Feed {
  /** By the ids of `Plan.given`. They stay the caller's. */
  readonly given: ReadonlyMap<string, DeviceTensor>;
  /** Lengths of the samples on each ragged axis. */
  readonly lengths: Readonly<Record<string, Int32Array>>;
  readonly draw?: (request: DrawRequest) => DrawReply;
}

export interface Executable {
  /** Calls of one run: of kernels, or nodes of its graph. */
  readonly kernels: number;
  /** Does it run as one graph? */
  readonly isGraph: boolean;
  /** The plan's outputs, which become the caller's; null where a draw said stop. */
  run(feed: Feed): Map<string, DeviceTensor> | null;
  /** Many runs are expected: what takes time now and saves it then may be done. Results may differ by rounding. */
  optimise(): void;
  dispose(): void;
}

export interface Device {
  readonly name: string;
  /** What kernels cost here; absent: nobody has measured it. */
  readonly costs?: Costs;
  upload(data: Numbers, shape: readonly number[]): DeviceTensor;
  read(tensor: DeviceTensor): Numbers;
  dispose(tensor: DeviceTensor): void;
  prepare(plan: Plan): Executable;
}

/** Owns tensors until it is freed, whatever happens in between; what is released becomes the caller's. */
export class Scope {
  readonly #own = new Set<DeviceTensor>();

  constructor(readonly device: Device) {}

  own(tensors: Map<string, DeviceTensor>): Map<string, DeviceTensor> {
    for (const tensor of tensors.values()) this.#own.add(tensor);
    return tensors;
  }

  upload(data: Numbers, shape: readonly number[]): DeviceTensor {
    const tensor = this.device.upload(data, shape);
    this.#own.add(tensor);
    return tensor;
  }

  release(tensor: DeviceTensor): DeviceTensor {
    if (!this.#own.delete(tensor)) throw new Error("a tensor is released that the scope does not own");
    return tensor;
  }

  free(tensors: Iterable<DeviceTensor> = [...this.#own]): void {
    for (const tensor of tensors) if (this.#own.delete(tensor)) this.device.dispose(tensor);
  }
}
