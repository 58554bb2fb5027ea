/** Noise of a batch (R15): each number is a function of (seed, step, sample, name, index), whatever the padding. */
import { fillNormal, fillUniform } from "../compiler/random.js";
import { BATCH, product, type System, type Value } from "../compiler/system/types.js";
import { boundsIn, eachIndex, extentOf } from "./lengths.js";
import { padEmpty, padSample, type Rows } from "./pad.js";
import type { Batch } from "./types.js";

/** Names the draws of one batch. `samples`: the number of each row's sample, within the step or among all that is decoded. */
export interface NoiseKey {
  readonly seed: number;
  readonly step: number;
  readonly samples: readonly number[];
}

/** Whose noise belongs to no sample. */
const NOBODY = -1;

/**
 * The numbers of a value of role `noise`, laid out [axes…, batch, shape…] (without the batch where it has no sample); padding
 * repeats the number before it. The stream of a sample counts along the innermost axis and the features; outer indices are keys.
 */
export function drawNoise(system: System, value: Value, batch: Batch, key: NoiseKey): Float32Array {
  const axes = value.slots.filter((s) => s.axis !== BATCH.axis).map((s) => s.axis);
  const features = product(value.shape);
  const perSample = axes.length !== value.slots.length;
  const samples = perSample ? batch.size : 1;
  // nodes of trees draw in their own order, wherever they lie in the batch
  const place = (axis: string, b: number, i: number): number => batch.places?.[axis]?.[b]?.[i] ?? i;
  const padded = axes.map((a) => extentOf(system, a, batch));
  const out = new Float32Array(product(padded) * samples * features);
  const inner = axes.length ? (padded[axes.length - 1] as number) : 1;
  const rows: Rows = { out, rows: product(padded), samples, features };
  const empty: number[] = [];
  for (let b = 0; b < samples; b++) {
    const filled = new Uint8Array(rows.rows);
    const bounds = perSample ? boundsIn(system, value, batch, b) : padded.map((n) => () => n);
    eachIndex(bounds.slice(0, -1), (index) => {
      const length = bounds[axes.length - 1]?.(index) ?? 1;
      const numbers = new Float32Array(length * features);
      fill(numbers, value, key.seed, key.step, perSample ? (key.samples[b] as number) : NOBODY, value.id, ...index);
      const row = index.reduce((at, i, k) => at * (padded[k] as number) + place(axes[k] as string, b, i), 0);
      for (let t = 0; t < length; t++) {
        const to = row * inner + (axes.length ? place(axes[axes.length - 1] as string, b, t) : 0);
        filled[to] = 1;
        out.set(numbers.subarray(t * features, (t + 1) * features), (to * samples + b) * features);
      }
    });
    if (!filled.includes(1)) empty.push(b);
    else if (filled.includes(0)) padSample(rows, b, filled);
  }
  const full = empty.length ? Array.from({ length: samples }, (_, b) => b).find((b) => !empty.includes(b)) : undefined;
  if (full !== undefined) padEmpty(rows, empty, full);
  return out;
}

function fill(out: Float32Array, { noise, id }: Value, seed: number, ...keys: readonly (number | string)[]): void {
  if (!noise) throw new Error(`${id} is noise without a distribution`);
  const [a = 0, b = 1] = noise.params;
  switch (noise.dist) {
    case "normal":
      fillNormal(out, seed, ...keys);
      for (let i = 0; i < out.length; i++) out[i] = a + b * (out[i] as number);
      return;
    case "uniform":
      fillUniform(out, seed, ...keys);
      for (let i = 0; i < out.length; i++) out[i] = a + (b - a) * (out[i] as number);
      return;
    case "bernoulli":
      fillUniform(out, seed, ...keys);
      for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) < a ? 1 : 0;
      return;
  }
}
