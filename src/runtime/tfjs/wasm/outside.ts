/**
 * Tensors of a backend through its public interface only: numbers are copied out to be looked at or written, and copied in
 * before a kernel takes them. Slow, and right whatever the backend is inside.
 */
import type { KernelBackend } from "@tensorflow/tfjs-core";
import { size } from "../../../compiler/plan/types.js";
import type { DataId } from "../kernels/registry.js";
import type { Dtype, Values } from "../memory.js";
import type { Access } from "../visible.js";

interface Entry {
  readonly values: Values;
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  /** The backend's copy, as long as nobody may have written into `values` since. */
  copy: DataId | null;
}

export interface Outside extends Access {
  /** A tensor as the backend knows it. */
  known(id: DataId): DataId;
  count(): number;
}

export function outside(backend: KernelBackend): Outside {
  const entries = new Map<DataId, Entry>();
  const add = (values: Values, shape: readonly number[], dtype: Dtype, id: DataId = {}): DataId => {
    entries.set(id, { values, shape, dtype, copy: null });
    return id;
  };
  const forget = (entry: Entry): void => {
    if (entry.copy) backend.disposeData(entry.copy);
    entry.copy = null;
  };
  const data = (id: DataId, shape: readonly number[], dtype: Dtype): Values => {
    const entry = entries.get(id);
    if (entry) {
      forget(entry);
      return entry.values;
    }
    const values = backend.readSync(id) as Values;
    backend.disposeData(id);
    add(values, shape, dtype, id);
    return values;
  };
  return {
    data,
    alloc: (shape, dtype) => {
      const n = size(shape);
      const values =
        dtype === "float32" ? new Float32Array(n) : dtype === "int32" ? new Int32Array(n) : new Uint8Array(n);
      return add(values, shape, dtype);
    },
    view: (whole, from, shape, dtype) => {
      const entry = entries.get(whole);
      const values = entry ? entry.values : data(whole, shape, dtype);
      return add(values.slice(from, from + size(shape)), shape, dtype);
    },
    free: (id) => {
      const entry = entries.get(id);
      if (entry) forget(entry);
      else backend.disposeData(id);
      entries.delete(id);
    },
    known: (id) => {
      const entry = entries.get(id);
      if (!entry) return id;
      entry.copy ??= backend.write(entry.values, [...entry.shape], entry.dtype);
      return entry.copy;
    },
    count: () => backend.numDataIds() + [...entries.values()].filter((e) => !e.copy).length,
  };
}
