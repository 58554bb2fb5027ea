/** tfjs's backend in plain JavaScript. */
import * as tf from "@tensorflow/tfjs-core";
import { size } from "../../compiler/plan/types.js";
import type { DataId } from "./kernels/registry.js";
import type { Dtype, Memory, Values } from "./memory.js";
import { visibleMemory } from "./visible.js";

interface CpuBackend extends tf.KernelBackend {
  /** While true, the next write prints advice to install tfjs-node. */
  firstUse: boolean;
  readonly data: { get(id: DataId): { values: Values } };
}

export async function openCpu(): Promise<Memory<DataId>> {
  await import("@tensorflow/tfjs-backend-cpu");
  const backend = tf.findBackend("cpu") as CpuBackend | null;
  if (!backend) throw new Error("tfjs has no backend cpu");
  backend.firstUse = false;
  const array = (n: number, dtype: Dtype): Values =>
    dtype === "float32" ? new Float32Array(n) : dtype === "int32" ? new Int32Array(n) : new Uint8Array(n);
  return visibleMemory({
    name: "cpu",
    costs: { call: 2000, element: 20 },
    backend,
    transposeOperands: false,
    access: {
      data: (id) => backend.data.get(id).values,
      alloc: (shape, dtype) => backend.write(array(size(shape), dtype), [...shape], dtype),
      view: (id, from, shape, dtype) =>
        backend.write(backend.data.get(id).values.subarray(from, from + size(shape)), [...shape], dtype),
      free: (id) => {
        backend.disposeData(id);
      },
    },
  });
}
