/** Samples → one padded, time-major batch. */
import type { FieldInfo, Model } from "../../compiler/model.js";
import { product } from "../../compiler/system/types.js";
import type { Batch, Sample } from "../types.js";
import { DataError } from "./errors.js";
import { type Layout, layOut, type Widths } from "./layout.js";

/**
 * Pads samples to one shape: to their longest along each ragged axis, or to `extents` where given (at least the longest);
 * levels of trees and graphs to the widest, or to `least`.
 * Fields are [axes…, batch, shape…], padding 0. A field that all samples lack is left out; if only some lack it, `DataError`.
 */
export function makeBatch(
  model: Pick<Model, "axes" | "fields" | "structures">,
  samples: readonly Sample[],
  extents: Readonly<Record<string, number>> = {},
  least: Widths = {},
): Batch {
  const size = samples.length;
  const padded: Record<string, number> = {};
  const lengths: Record<string, Int32Array> = {};
  for (const { bound, kind } of model.axes) {
    if (kind !== "ragged" || !samples.some((sample) => sample.lengths[bound] !== undefined)) continue;
    const own = samples.map((sample, i) => {
      const length = sample.lengths[bound];
      if (length === undefined)
        throw new DataError(`sample ${i} has no length along ${bound}, but others of its batch have`);
      return length;
    });
    lengths[bound] = Int32Array.from(own);
    padded[bound] = Math.max(extents[bound] ?? 0, ...own);
  }
  const layout = model.structures.length ? layOut(model.structures, samples, least) : null;
  for (const [axis, widths] of Object.entries(layout?.widths ?? {})) padded[axis] = widths.reduce((a, b) => a + b, 0);
  const fields: Record<string, Float32Array | Int32Array> = { ...layout?.maps };
  for (const field of model.fields) {
    const has = samples.filter((sample) => sample.fields[field.name]).length;
    if (has === 0) continue;
    if (has < size) throw new DataError(`\`${field.name}\` is given for ${has} samples of a batch of ${size}`);
    fields[field.name] = padField(model, field, samples, padded, layout?.places ?? {});
  }
  const { widths, places } = layout ?? {};
  return { size, lengths, extents: padded, fields, ...(widths && places ? { widths, places } : {}) };
}

function padField(
  model: Pick<Model, "axes">,
  field: FieldInfo,
  samples: readonly Sample[],
  extents: Readonly<Record<string, number>>,
  places: Layout["places"],
): Float32Array | Int32Array {
  const inner = product(field.shape);
  const size = samples.length;
  const fixed = field.axes.map((bound) => model.axes.find((axis) => axis.bound === bound)?.size);
  const outer = field.axes.map((bound, i) => extents[bound] ?? fixed[i] ?? 0);
  const cells = product(outer) * size * inner;
  const out = field.type.kind === "float" ? new Float32Array(cells) : new Int32Array(cells);
  for (const [b, sample] of samples.entries()) {
    const values = sample.fields[field.name]!;
    const own = field.axes.map((bound, i) => sample.lengths[bound] ?? fixed[i] ?? 0);
    if (values.length !== product(own) * inner) {
      throw new Error(
        `data: ${field.name} of sample ${b} has ${values.length} values, its lengths say ${own.join(" × ")}`,
      );
    }
    // One run of `inner` values per index along the axes: row-major in the sample, with the batch between in the batch.
    const index = own.map(() => 0);
    const here = field.axes.map((bound) => places[bound]?.[b]);
    for (let from = 0; from < values.length; from += inner) {
      const row = index.reduce((sum, at, i) => sum * outer[i]! + (here[i]?.[at] ?? at), 0);
      const to = (row * size + b) * inner;
      for (let k = 0; k < inner; k++) out[to + k] = values[from + k]!;
      for (let i = own.length - 1; i >= 0; i--) {
        if (++index[i]! < own[i]!) break;
        index[i] = 0;
      }
    }
  }
  return out;
}
