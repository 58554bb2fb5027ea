/** What the engine asks of a backend: tensors that the caller owns, and plans that run. */
import type { Plan } from "../compiler/plan/lower.js";
import { size } from "../compiler/plan/types.js";
import type { DrawReply, DrawRequest } from "./decoder/types.js";
import type { Numbers } from "./feeds.js";
import { TensorProgram } from "./tfjs/executable.js";
import type { Memory } from "./tfjs/memory.js";

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
  /** Kernel calls of one run. */
  readonly kernels: number;
  /** The plan's outputs, which become the caller's; null where a draw said stop. */
  run(feed: Feed): Map<string, DeviceTensor> | null;
  dispose(): void;
}

export interface Device {
  readonly name: string;
  upload(data: Numbers, shape: readonly number[]): DeviceTensor;
  read(tensor: DeviceTensor): Numbers;
  dispose(tensor: DeviceTensor): void;
  prepare(plan: Plan): Executable;
  /** Live tensors of the backend: as many after as before whatever cleans up behind itself. */
  count(): number;
}

/** A tensor of a `Memory`, by its handle; its owner disposes of it once. */
class Held<H> implements DeviceTensor {
  alive = true;
  constructor(
    readonly memory: Memory<H>,
    readonly handle: H,
    readonly shape: readonly number[],
    readonly int: boolean,
  ) {}
}

/** The device over the raw tensors of a backend. */
export function deviceOf<H>(memory: Memory<H>): Device {
  const own = (tensor: DeviceTensor | undefined): Held<H> => {
    if (!(tensor instanceof Held) || tensor.memory !== memory)
      throw new Error(`a tensor that the backend ${memory.name} did not make`);
    if (!tensor.alive) throw new Error("a tensor is used after it was disposed of");
    return tensor;
  };
  return {
    name: memory.name,
    upload(data, shape) {
      if (data.length !== size(shape)) throw new Error(`${data.length} numbers for a tensor of [${shape}]`);
      return new Held(memory, memory.write(data, shape), shape, data instanceof Int32Array);
    },
    read(tensor) {
      const { handle, shape, int } = own(tensor);
      return memory.read(handle, shape, int ? "int32" : "float32") as Numbers;
    },
    dispose(tensor) {
      const held = own(tensor);
      held.alive = false;
      memory.free(held.handle);
    },
    count: () => memory.count(),
    prepare(plan) {
      const program = new TensorProgram(plan, memory);
      return {
        kernels: program.kernels,
        run({ given, lengths, draw }) {
          const results = program.run({ given: (id) => own(given.get(id)), lengths, ...(draw ? { draw } : {}) });
          if (!results) return null;
          return new Map([...results].map(([id, r]) => [id, new Held(memory, r.handle, r.shape, r.int)]));
        },
        dispose: () => program.dispose(),
      };
    },
  };
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
