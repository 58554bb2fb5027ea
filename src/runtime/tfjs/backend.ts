/** A backend as the runtime sees it: tensors that their owner frees, and plans that run. */
import type { Plan } from "../../compiler/plan/lower.js";
import { size } from "../../compiler/plan/types.js";
import type { Device, DeviceTensor, Feed } from "../device.js";
import { type Program, TensorProgram } from "./executable.js";
import type { Dtype, Memory } from "./memory.js";

export type BackendName = "tensorflow" | "wasm" | "cpu";

export interface Backend extends Device {
  readonly name: BackendName;
  /** Live tensors of the backend: the same before and after whatever cleans up behind itself. */
  tensorCount(): number;
}

/** A tensor on a backend. Its owner disposes of it once. */
class Tensor<H> implements DeviceTensor {
  alive = true;
  constructor(
    readonly memory: Memory<H>,
    readonly handle: H,
    readonly shape: readonly number[],
    readonly int: boolean,
    /** Is there a −1 among its integers? Results of runs have none. */
    readonly missing: boolean,
  ) {}

  get dtype(): Dtype {
    return this.int ? "int32" : "float32";
  }
}

export function backendOf<H>(
  name: BackendName,
  memory: Memory<H>,
  programOf: (plan: Plan) => Program<H> = (plan) => new TensorProgram(plan, memory),
): Backend {
  const own = (tensor: DeviceTensor | undefined): Tensor<H> => {
    if (!(tensor instanceof Tensor) || tensor.memory !== memory)
      throw new Error(`a tensor that the backend ${name} did not make`);
    if (!tensor.alive) throw new Error("a tensor is used after it was disposed of");
    return tensor as Tensor<H>;
  };
  return {
    name,
    costs: memory.costs,
    upload(data, shape) {
      if (data.length !== size(shape)) throw new Error(`${data.length} numbers for a tensor of [${shape}]`);
      const int = data instanceof Int32Array;
      return new Tensor(memory, memory.write(data, shape), shape, int, int && data.some((i) => i < 0));
    },
    read(tensor) {
      const { handle, shape, dtype } = own(tensor);
      return memory.read(handle, shape, dtype) as Float32Array | Int32Array;
    },
    dispose(tensor) {
      const { handle } = own(tensor);
      (tensor as Tensor<H>).alive = false;
      memory.free(handle);
    },
    tensorCount: () => memory.count(),
    prepare(plan) {
      const program = programOf(plan);
      return {
        get kernels() {
          return program.kernels;
        },
        get isGraph() {
          return program.isGraph;
        },
        optimise: () => program.optimise(),
        dispose: () => program.dispose(),
        run(feed: Feed) {
          const given = (id: string): Tensor<H> => {
            const tensor = feed.given.get(id);
            if (!tensor) throw new Error(`${id} is not given`);
            return own(tensor);
          };
          const results = program.run({ given, lengths: feed.lengths, ...(feed.draw ? { draw: feed.draw } : {}) });
          return (
            results && new Map([...results].map(([id, r]) => [id, new Tensor(memory, r.handle, r.shape, r.int, false)]))
          );
        },
      };
    },
  };
}
