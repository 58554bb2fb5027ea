/**
 * tfjs's WebAssembly backend. Its C++ kernels are fast; around them, `Slice` and `SplitV` copy whole tensors, `GatherV2`
 * is slow, matmuls with a transposed operand take a naive path and several kernels are missing. So data is moved here, on
 * the heap, and parts of tensors are views: registered under an id of their own, at an offset into the memory of the whole.
 */

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { size } from "../../compiler/plan/types.js";
import { type Backend, backendOf } from "./backend.js";
import type { DataId } from "./kernels/registry.js";
import type { Dtype, Kernel, Kernels, Values } from "./memory.js";
import { type Access, visibleMemory } from "./visible.js";
import { Engine, heapOf } from "./wasm/inside.js";
import { outside } from "./wasm/outside.js";
import { type Addressed, WasmProgram } from "./wasm/program.js";

interface Entry {
  readonly id: number;
  readonly memoryOffset: number;
}

/** The parts of the backend that views need. They are not public: the version is pinned, and `openWasm` looks whether they exist. */
interface WasmBackend extends tf.KernelBackend {
  readonly wasm: {
    readonly tfjs: { registerTensor(id: number, size: number, offset: number): void; disposeData(id: number): void };
    readonly HEAPU8: Uint8Array;
  };
  dataIdNextNumber: number;
  readonly dataIdMap: { get(id: DataId): Entry; set(id: DataId, entry: unknown): void; delete(id: DataId): boolean };
  makeOutput(shape: number[], dtype: Dtype): tf.TensorInfo;
}

const isWhole = (b: Partial<WasmBackend>): b is WasmBackend =>
  typeof b.wasm?.tfjs?.registerTensor === "function" &&
  typeof b.wasm.tfjs.disposeData === "function" &&
  typeof b.dataIdNextNumber === "number" &&
  typeof b.dataIdMap?.get === "function" &&
  typeof b.makeOutput === "function";

export async function openWasm(): Promise<Backend> {
  const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
  const folder = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json"));
  setWasmPaths(`${join(folder, "dist")}/`);
  const before = tf.engine().backendName;
  if (!(await tf.setBackend("wasm"))) throw new Error("tfjs's backend wasm does not start");
  const backend = tf.findBackend("wasm");
  if (before) await tf.setBackend(before);
  if (!backend) throw new Error("tfjs has no backend wasm");
  return wasmBackend(backend);
}

/**
 * tfjs's backend as one of this runtime. `inside` are the parts of it that are not public: without those that views need,
 * all goes through its public interface; without those that static plans need, plans run kernel by kernel.
 */
export function wasmBackend(backend: tf.KernelBackend, inside: Partial<WasmBackend> = backend as WasmBackend): Backend {
  const memoryOf = (access: Access) =>
    visibleMemory({
      name: "wasm",
      // of an instruction in the code of a plan: step by step is fastest there
      costs: { call: 300, element: 1.3 },
      backend,
      transposeOperands: true,
      access,
      overrides: (kernels) => ({ ...scaled(kernels), tanh: tanh(kernels, access) }),
    });
  if (!isWhole(inside)) return backendOf("wasm", memoryOf(outside(backend)));
  const access = accessOf(inside);
  const heap = heapOf(inside.wasm);
  if (!heap) return backendOf("wasm", memoryOf(access));
  const engine = new Engine(heap);
  const address = (id: DataId): number => inside.dataIdMap.get(id).memoryOffset;
  const addressed = { ...memoryOf(access), at: access.at, alloc: access.alloc, address };
  return backendOf("wasm", addressed, (plan) => new WasmProgram(plan, addressed, engine));
}

/** Tensors on the heap, and views of them. */
function accessOf(backend: WasmBackend): Access & Pick<Addressed, "at"> {
  const views = new WeakSet<DataId>();
  const bytes = (dtype: Dtype): number => (dtype === "bool" ? 1 : 4);
  const array = (offset: number, n: number, dtype: Dtype): Values => {
    const { buffer } = backend.wasm.HEAPU8;
    if (dtype === "float32") return new Float32Array(buffer, offset, n);
    return dtype === "int32" ? new Int32Array(buffer, offset, n) : new Uint8Array(buffer, offset, n);
  };
  const at = (memoryOffset: number, shape: readonly number[], dtype: Dtype): DataId => {
    const id = backend.dataIdNextNumber++;
    backend.wasm.tfjs.registerTensor(id, size(shape), memoryOffset);
    const dataId = { id };
    backend.dataIdMap.set(dataId, { id, memoryOffset, shape, dtype, refCount: 1 });
    views.add(dataId);
    return dataId;
  };
  return {
    data: (id: DataId, shape: readonly number[], dtype: Dtype): Values =>
      array(backend.dataIdMap.get(id).memoryOffset, size(shape), dtype),
    alloc: (shape: readonly number[], dtype: Dtype): DataId => backend.makeOutput(shape as number[], dtype).dataId,
    at,
    view: (whole: DataId, from: number, shape: readonly number[], dtype: Dtype): DataId =>
      at(backend.dataIdMap.get(whole).memoryOffset + from * bytes(dtype), shape, dtype),
    free: (id: DataId): void => {
      if (!views.has(id)) {
        backend.disposeData(id);
        return;
      }
      backend.wasm.tfjs.disposeData(backend.dataIdMap.get(id).id);
      backend.dataIdMap.delete(id);
    },
  };
}

/** tanh x = 2σ(2x) − 1, which is several times faster here; near 0, where digits would cancel, by its series. */
function tanh(kernels: Kernels<DataId>, access: Access): Kernel<DataId> {
  return (call) => {
    const sigmoid = kernels.sigmoid(call);
    const shape = call.shapes[0] as readonly number[];
    return ([x]) => {
      const twice = access.alloc(shape, "float32");
      const doubled = access.data(twice, shape, "float32") as Float32Array;
      const own = access.data(x as DataId, shape, "float32") as Float32Array;
      for (let i = 0; i < doubled.length; i++) doubled[i] = 2 * (own[i] as number);
      const [result] = sigmoid([twice]) as [DataId];
      access.free(twice);
      const out = access.data(result, shape, "float32") as Float32Array;
      const from = access.data(x as DataId, shape, "float32") as Float32Array;
      for (let i = 0; i < out.length; i++) {
        const v = from[i] as number;
        const s = v * v;
        // x − x³/3 + 2x⁵/15 − 17x⁷/315; below 1/8 what is left out is less than 1e-8 of it
        out[i] = s < 1 / 64 ? v * (1 - s * (1 / 3 - s * (2 / 15 - (s * 17) / 315))) : 2 * (out[i] as number) - 1;
      }
      return [result];
    };
  };
}

/** a·x + b by one call where one is enough. */
function scaled(kernels: Kernels<DataId>): Partial<Kernels<DataId>> {
  return {
    affine: (call) => {
      const { a, b } = call.instr.attrs as unknown as { a: number; b: number };
      const shapes = [call.shapes[0] as readonly number[], []];
      const by = (kernel: "mul" | "add", k: number) => {
        const run = kernels[kernel]({ ...call, shapes, dtypes: ["float32", "float32"] });
        const constant = call.constant(Float32Array.of(k), []);
        return ([x]: readonly DataId[]) => run([x as DataId, constant]);
      };
      if (b === 0) return by("mul", a);
      return a === 1 ? by("add", b) : kernels.affine(call);
    },
  };
}
