/** What must hold among the fields of one record: positions lie on their axis, and CTC's labels fit into its frames. */
import type { FieldInfo, Model } from "../../compiler/model.js";
import { DataError } from "./errors.js";
import type { Where } from "./types.js";

/** A sample while it is read: lengths of the ragged axes, fields by name. */
interface Read {
  readonly lengths: Readonly<Record<string, number>>;
  readonly fields: Readonly<Record<string, Float32Array | Int32Array>>;
}

/** @throws DataError that names the place. */
export function checkConsistent(model: Pick<Model, "axes" | "fields">, sample: Read, where: Where | null): void {
  const lengthOf = (axis: string): number | undefined =>
    model.axes.find((a) => a.bound === axis)?.size ?? sample.lengths[axis];
  for (const field of model.fields) {
    const values = sample.fields[field.name];
    if (!values) continue;
    if (field.type.kind === "position") checkPositions(field, values, lengthOf, where);
    if (field.dist === "ctc") checkFrames(field, values, lengthOf(field.over as string), where);
  }
}

function checkPositions(
  field: FieldInfo,
  values: ArrayLike<number>,
  lengthOf: (axis: string) => number | undefined,
  where: Where | null,
): void {
  if (field.type.kind !== "position") return;
  const { axis } = field.type;
  const length = lengthOf(axis);
  if (length === undefined) return; // nothing of this axis is given: its length is found by decoding
  for (let k = 0; k < values.length; k++) {
    const position = values[k] as number;
    if (position < length) continue;
    const name = `${field.name}${placeOf(k, field.axes.map(lengthOf))}`;
    const range = length === 0 ? `which has none here` : `0 to ${length - 1} here`;
    throw new DataError(`\`${name}\` is a position on the axis ${axis}, ${range}, not ${position}`, where);
  }
}

/** `[1, 3]`: where the entry `k` stands in row-major order. */
function placeOf(k: number, lengths: readonly (number | undefined)[]): string {
  const index: number[] = [];
  for (const n of [...lengths].reverse()) {
    index.unshift(n ? k % n : k);
    k = n ? Math.floor(k / n) : 0;
  }
  return index.length ? `[${index.join(", ")}]` : "";
}

/** Every label needs a frame of its own, and a repeated one a blank between. */
function checkFrames(
  field: FieldInfo,
  labels: ArrayLike<number>,
  frames: number | undefined,
  where: Where | null,
): void {
  if (frames === undefined) return;
  const needed = framesFor(labels);
  if (frames >= needed) return;
  const repeats = needed - labels.length;
  const why = repeats ? ` and ${repeats} ${repeats === 1 ? "blank" : "blanks"} between repeated ones` : "";
  throw new DataError(
    `\`${field.name}\` has ${labels.length} labels${why}, but there are only ${frames} frames along ${field.over}`,
    where,
    "give more frames, or leave the record out",
  );
}

/** The least number of frames in which CTC can say the labels. */
export function framesFor(labels: ArrayLike<number>): number {
  let n = labels.length;
  for (let u = 1; u < labels.length; u++) if (labels[u] === labels[u - 1]) n++;
  return n;
}
