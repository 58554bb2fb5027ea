/** What a program is given for a batch: parameters, fields, noise, carried states. */
import { FRESH } from "../compiler/passes/carry.js";
import { RATE } from "../compiler/passes/scheduled-sampling.js";
import { BATCH, product, type System, type Value } from "../compiler/system/types.js";
import { extentOf } from "./lengths.js";
import { drawNoise, type NoiseKey } from "./noise.js";
import type { Batch } from "./types.js";

export type Numbers = Float32Array | Int32Array;

/** The shape of a value as a tensor of a batch: [axes…, batch where it has one, shape…]. */
export function tensorShape(system: System, { slots, shape }: Value, batch: Batch): number[] {
  const axes = slots.filter((s) => s.axis !== BATCH.axis).map((s) => extentOf(system, s.axis, batch));
  return [...axes, ...(axes.length < slots.length ? [batch.size] : []), ...shape];
}

/** The numbers of a value that is neither a parameter nor a state: a field, noise, or which sequences start here. */
export function hostNumbers(system: System, value: Value, batch: Batch, noise: NoiseKey): Numbers {
  if (value.role === "noise") return drawNoise(system, value, batch, noise);
  if (value.id === FRESH) return batch.fresh ?? new Float32Array(batch.size).fill(1);
  if (value.id === RATE) return Float32Array.of(batch.sampling ?? 0);
  const field = batch.fields[value.id];
  if (!field) throw new Error(`the batch lacks the field ${value.id}`);
  const size = product(tensorShape(system, value, batch));
  if (field.length !== size) throw new Error(`${value.id} has ${field.length} numbers of ${size}`);
  return field;
}

/** What a state is where nothing was carried: every sequence starts there, so nothing reads it. */
export function noState(system: System, value: Value, batch: Batch): Numbers {
  const size = product(tensorShape(system, value, batch));
  return value.dtype === "int" ? new Int32Array(size) : new Float32Array(size);
}
