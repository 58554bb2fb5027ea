/** Values of a batch back to those of its samples, unpadded. */
import { BATCH, product, type System, type Value } from "../compiler/system/types.js";
import type { Numbers } from "./feeds.js";
import { boundsIn, boxOf, eachIndex, extentOf } from "./lengths.js";
import type { Batch } from "./types.js";

/**
 * A value of one sample: [axes…, shape…], row-major. An axis within others has the greatest of its lengths in this sample;
 * beyond the others there are zeros.
 */
export interface SampleValue {
  readonly shape: readonly number[];
  readonly data: Numbers;
}

/** Cuts `data`, laid out [axes…, batch, shape…], into samples of their own lengths; what has no sample is all theirs. */
export function unpad(system: System, value: Value, batch: Batch, data: Numbers): SampleValue[] {
  const axes = value.slots.filter((s) => s.axis !== BATCH.axis).map((s) => s.axis);
  const perSample = axes.length < value.slots.length;
  const padded = axes.map((a) => extentOf(system, a, batch));
  const features = product(value.shape);
  const [rows, make] = [perSample ? batch.size : 1, data instanceof Int32Array ? Int32Array : Float32Array];
  return Array.from({ length: batch.size }, (_, b) => {
    const bounds = boundsIn(system, value, batch, b);
    const box = boxOf(bounds);
    const places = axes.map((a) => batch.places?.[a]?.[b]);
    const out = new make(product(box) * features);
    eachIndex(bounds, (index) => {
      let [row, to] = [0, 0];
      for (let d = 0; d < index.length; d++) {
        const i = index[d] as number;
        row = row * (padded[d] as number) + (places[d]?.[i] ?? i);
        to = to * (box[d] as number) + i;
      }
      const from = (row * rows + (perSample ? b : 0)) * features;
      out.set(data.subarray(from, from + features), to * features);
    });
    return { shape: [...box, ...value.shape], data: out };
  });
}
