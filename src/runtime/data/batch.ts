/** Samples → one padded, time-major batch. */
import type { AxisInfo, FieldInfo, Model } from "../../compiler/model.js";
import { paddedLength } from "../../compiler/system/axes.js";
import { product } from "../../compiler/system/types.js";
import { around, boundsOf, eachIndex, extentIn } from "../lengths.js";
import { padEmpty, padSample, type Rows } from "../pad.js";
import type { Batch, Sample } from "../types.js";
import { DataError } from "./errors.js";
import { type Layout, layOut, type Widths } from "./layout.js";

/**
 * Pads samples to one shape: to their longest along each ragged axis, or to `extents` where given (at least the longest),
 * and where a length follows from others to the greatest that it can have;
 * levels of trees and graphs to the widest, or to `least`.
 * Fields are [axes…, batch, shape…]. Padding repeats the sample's own last entry before it (see `pad.ts`); a sample without
 * any has an entry of another one, tokens and positions 0. A field that all samples lack is left out; if only some lack it, `DataError`.
 */
export function makeBatch(
  model: Pick<Model, "axes" | "fields" | "structures">,
  samples: readonly Sample[],
  extents: Readonly<Record<string, number>> = {},
  least: Widths = {},
): Batch {
  const size = samples.length;
  const { lengths, padded } = padLengths(model.axes, samples, extents);
  const layout = model.structures.length ? layOut(model.structures, samples, least) : null;
  for (const [axis, widths] of Object.entries(layout?.widths ?? {})) padded[axis] = widths.reduce((a, b) => a + b, 0);
  const fields: Record<string, Float32Array | Int32Array> = {};
  for (const field of model.fields) {
    const has = samples.filter((sample) => sample.fields[field.name]).length;
    if (has === 0) continue;
    if (has < size) throw new DataError(`\`${field.name}\` is given for ${has} samples of a batch of ${size}`);
    fields[field.name] = padField(model, field, samples, padded, layout?.places ?? {});
  }
  const { widths, places } = layout ?? {};
  return {
    size,
    lengths,
    extents: padded,
    fields: { ...fields, ...layout?.maps },
    ...(widths && places ? { widths, places } : {}),
  };
}

/** Lengths of the ragged axes that samples have or that follow from theirs, and what they are padded to. */
function padLengths(
  axes: readonly AxisInfo[],
  samples: readonly Sample[],
  least: Readonly<Record<string, number>>,
): { lengths: Record<string, Int32Array>; padded: Record<string, number> } {
  const padded: Record<string, number> = {};
  const lengths: Record<string, Int32Array> = {};
  const own = samples.map((sample) => extentIn(axes, sample.lengths));
  const paddedOf = (bound: string): number => {
    const axis = axes.find((a) => a.bound === bound);
    if (axis) add(axis);
    return padded[bound] ?? axis?.size ?? 0;
  };
  const add = (axis: AxisInfo): void => {
    const { bound, kind, length } = axis;
    const outer = around(axes, bound);
    const first = outer.map(() => 0);
    const known = own.map((extent) => extent(bound, first) !== undefined);
    if (kind !== "ragged" || bound in padded || !known.includes(true)) return;
    if (known.includes(false))
      throw new DataError(`sample ${known.indexOf(false)} has no length along ${bound}, but others of its batch have`);
    const widths = outer.map(paddedOf);
    const all = new Int32Array(product(widths) * samples.length);
    for (const [b, extent] of own.entries())
      eachIndex(boundsOf(axes, outer, extent), (index) => {
        const row = index.reduce((r, i, d) => r * widths[d]! + i, 0);
        all[row * samples.length + b] = extent(bound, index)!;
      });
    lengths[bound] = all;
    padded[bound] =
      length === undefined ? all.reduce((a, n) => Math.max(a, n), least[bound] ?? 0) : paddedLength(length, paddedOf);
  };
  for (const axis of axes) add(axis);
  return { lengths, padded };
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
  const height = product(outer);
  const cells = height * size * inner;
  const out = field.type.kind === "float" ? new Float32Array(cells) : new Int32Array(cells);
  const rows: Rows = { out, rows: height, samples: size, features: inner };
  const empty: number[] = [];
  for (const [b, sample] of samples.entries()) {
    const values = sample.fields[field.name]!;
    const here = field.axes.map((bound) => places[bound]?.[b]);
    // a position among nodes points at the place of its node
    const target = field.type.kind === "position" ? places[field.type.axis]?.[b] : undefined;
    const bounds = boundsOf(model.axes, field.axes, extentIn(model.axes, sample.lengths));
    // One run of `inner` values per index along the axes: row-major in the sample, with the batch between in the batch.
    let from = 0;
    const filled = new Uint8Array(height);
    eachIndex(bounds, (index) => {
      let row = 0;
      for (let i = 0; i < index.length; i++) row = row * outer[i]! + (here[i]?.[index[i]!] ?? index[i]!);
      const to = (row * size + b) * inner;
      filled[row] = 1;
      for (let k = 0; k < inner; k++) out[to + k] = target?.[values[from + k]!] ?? values[from + k]!;
      from += inner;
    });
    if (from !== values.length)
      throw new Error(`data: ${field.name} of sample ${b} has ${values.length} values, its lengths say ${from}`);
    if (from === 0) empty.push(b);
    else if (from < height * inner) padSample(rows, b, filled);
  }
  const full = samples.findIndex((_, b) => !empty.includes(b));
  if (field.type.kind === "float" && full >= 0) padEmpty(rows, empty, full);
  return out;
}
