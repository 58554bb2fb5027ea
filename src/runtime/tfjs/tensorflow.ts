/** TensorFlow's C library, through the binding of tfjs-node. */
import * as tf from "@tensorflow/tfjs-core";
import type { Plan } from "../../compiler/plan/lower.js";
import { loadNative } from "../native/index.js";
import { type Backend, backendOf } from "./backend.js";
import { TensorflowProgram } from "./graph/program.js";
import type { Binding, OpAttr } from "./kernels/binding.js";
import { tensorflowKernels } from "./kernels/tensorflow.js";
import { dtypeOf, type Memory } from "./memory.js";

/** @throws Error with the reason where tfjs-node cannot be loaded. */
export async function openTensorflow(): Promise<Backend> {
  const native = await loadNative();
  if (!native.ok) throw new Error(native.reason);
  const { binding } = tf.findBackend("tensorflow") as unknown as { binding: Binding };
  const memory = memoryOf(binding);
  const programOf = (plan: Plan): TensorflowProgram => new TensorflowProgram(plan, memory, binding, memoryOf);
  return backendOf("tensorflow", memory, programOf);
}

/** Tensors and kernels behind a binding, TensorFlow's or one that records. */
export function memoryOf(binding: Binding): Memory<number> {
  const types = { float32: binding.TF_FLOAT, int32: binding.TF_INT32, bool: binding.TF_BOOL };
  const execute = (name: string, attrs: readonly OpAttr[], inputs: readonly number[]): number =>
    (binding.executeOp(name, attrs, inputs, 1)[0] as { id: number }).id;
  const shapes = new Map<string, number>();
  const shapeTensor = (shape: readonly number[]): number => {
    const key = shape.join();
    let id = shapes.get(key);
    if (id === undefined) {
      id = binding.createTensor([shape.length], binding.TF_INT32, Int32Array.from(shape));
      shapes.set(key, id);
    }
    return id;
  };
  const type = (name: string, value: number): OpAttr => ({ name, type: binding.TF_ATTR_TYPE, value });
  const reshape: Memory<number>["reshape"] = (handle, shape, dtype) =>
    execute("Reshape", [type("T", types[dtype]), type("Tshape", binding.TF_INT32)], [handle, shapeTensor(shape)]);
  let missing = false;
  return {
    name: "tensorflow",
    costs: { call: 1200, element: 0.6 },
    kernels: tensorflowKernels(binding, () => missing),
    expectMissing: (may) => {
      missing = may;
    },
    transposeOperands: false,
    write: (values, shape) => binding.createTensor([...shape], types[dtypeOf(values)], values),
    read: (handle) => binding.tensorDataSync(handle).slice(),
    copy: reshape,
    free: (handle) => binding.deleteTensor(handle),
    reshape,
    count: () => binding.getNumOfTensors() - shapes.size,
  };
}
