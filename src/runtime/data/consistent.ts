/** What must hold among the fields of one record: positions lie on their axis, and CTC's labels fit into its frames. */
import type { FieldInfo, Model } from "../../compiler/model.js";
import { product } from "../../compiler/system/types.js";
import { around, boundsOf, eachIndex, extentIn } from "../lengths.js";
import type { Sample } from "../types.js";
import { DataError } from "./errors.js";
import type { Where } from "./types.js";

/** The length of an axis, at the indices of the axes around it; undefined where nothing of it is given. */
type Extent = (bound: string, outer: readonly number[]) => number | undefined;

/** @throws DataError that names the place. */
export function checkConsistent(
  model: Pick<Model, "axes" | "fields">,
  sample: Pick<Sample, "lengths" | "fields">,
  where: Where | null,
): void {
  const extent = extentIn(model.axes, sample.lengths);
  for (const field of model.fields) {
    const values = sample.fields[field.name];
    if (!values) continue;
    if (field.type.kind === "position") checkPositions(model, field, field.type.axis, values, extent, where);
    if (field.dist === "ctc") checkFrames(model, field, values, extent, where);
  }
}

function checkPositions(
  model: Pick<Model, "axes">,
  field: FieldInfo,
  axis: string,
  values: ArrayLike<number>,
  extent: Extent,
  where: Where | null,
): void {
  const outer = around(model.axes, axis).map((bound) => field.axes.indexOf(bound));
  let k = 0;
  eachIndex(boundsOf(model.axes, field.axes, extent), (index) => {
    const position = values[k++] as number;
    const length = extent(
      axis,
      outer.map((d) => index[d] ?? 0),
    );
    // its length is found by decoding
    if (length === undefined || position < length) return;
    const name = `${field.name}${index.length ? `[${index.join(", ")}]` : ""}`;
    const range = length === 0 ? "which has none here" : `0 to ${length - 1} here`;
    throw new DataError(`\`${name}\` is a position on the axis ${axis}, ${range}, not ${position}`, where);
  });
}

/** Every label needs a frame of its own, and a repeated one a blank between. */
function checkFrames(
  model: Pick<Model, "axes">,
  field: FieldInfo,
  values: Float32Array | Int32Array,
  extent: Extent,
  where: Where | null,
): void {
  const over = field.over as string;
  const outer = field.axes.slice(0, -1);
  const own = field.axes[field.axes.length - 1] as string;
  let from = 0;
  const pick = (bound: string, index: readonly number[]): readonly number[] =>
    around(model.axes, bound).map((b) => index[outer.indexOf(b)] ?? 0);
  eachIndex(boundsOf(model.axes, outer, extent), (index) => {
    const count = extent(own, pick(own, index)) ?? values.length;
    const labels = values.subarray(from, from + count * product(field.shape));
    from += labels.length;
    const frames = extent(over, pick(over, index));
    const needed = framesFor(labels);
    if (frames === undefined || frames >= needed) return;
    const repeats = needed - labels.length;
    const why = repeats ? ` and ${repeats} ${repeats === 1 ? "blank" : "blanks"} between repeated ones` : "";
    const name = `${field.name}${index.length ? `[${index.join(", ")}]` : ""}`;
    throw new DataError(
      `\`${name}\` has ${count} labels${why}, but there are only ${frames} frames along ${over}`,
      where,
      "give more frames, or leave the record out",
    );
  });
}

/** The least number of frames in which CTC can say the labels. */
export function framesFor(labels: ArrayLike<number>): number {
  let n = labels.length;
  for (let u = 1; u < labels.length; u++) if (labels[u] === labels[u - 1]) n++;
  return n;
}
