/** Values of a batch back to those of its samples, unpadded. */
import { axisOf, BATCH, product, type System, type Value } from "../compiler/system/types.js";
import { extentOf, type Numbers } from "./feeds.js";
import type { Batch } from "./types.js";

/** A value of one sample: [axes…, shape…], row-major. */
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
    const own = axes.map((a, i) =>
      axisOf(system, a).kind === "ragged" ? (batch.lengths[a]?.[b] as number) : (padded[i] as number),
    );
    const out = new make(product(own) * features);
    const places = product(own);
    for (let place = 0; place < places; place++) {
      // place → index on each axis → row in the padded layout
      let rest = place;
      let row = 0;
      let stride = 1;
      for (let i = own.length - 1; i >= 0; i--) {
        const index = rest % (own[i] as number);
        row += (batch.places?.[axes[i] as string]?.[b]?.[index] ?? index) * stride;
        rest = Math.floor(rest / (own[i] as number));
        stride *= padded[i] as number;
      }
      const from = (row * rows + (perSample ? b : 0)) * features;
      out.set(data.subarray(from, from + features), place * features);
    }
    return { shape: [...own, ...value.shape], data: out };
  });
}
