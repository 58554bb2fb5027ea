/** One long sequence as parallel streams of contiguous windows: window k of a stream goes on where window k-1 ended. */
import type { Model } from "../../compiler/model.js";
import type { Reset } from "../../compiler/passes/reset.js";
import { product } from "../../compiler/system/types.js";
import type { Sample } from "../types.js";
import { DataError } from "./errors.js";

/** The axis along which a sequence can be cut: the only ragged one, outermost in every field. Throws `DataError` otherwise. */
export function windowAxis(model: Pick<Model, "axes" | "fields">): string {
  const ragged = model.axes.filter((axis) => axis.kind === "ragged").map((axis) => axis.bound);
  const [axis, ...others] = ragged;
  const structure = model.axes.find(({ family }) => family !== undefined)?.family;
  const whole = model.fields.find((field) => field.axes[0] !== axis);
  if (axis === undefined || others.length || whole) {
    const reason = structure
      ? `\`${structure}\` is no sequence`
      : !axis
        ? "no axis gets its length from the data"
        : others.length
          ? `the data has the axes ${ragged.join(" and ")}`
          : `\`${whole?.name}\` does not run over ${axis}`;
    throw new DataError(
      `\`truncate\` cuts one long sequence into windows, but ${reason}`,
      null,
      "leave `truncate` out",
    );
  }
  return axis;
}

/** Steps `start` … `end`-1 of a sample. */
export function slice(
  model: Pick<Model, "axes" | "fields">,
  sample: Sample,
  axis: string,
  start: number,
  end: number,
): Sample {
  const size = (bound: string) => model.axes.find((a) => a.bound === bound)?.size ?? 1;
  const fields = model.fields.flatMap((field) => {
    const values = sample.fields[field.name];
    const stride = product(field.axes.slice(1).map(size)) * product(field.shape);
    return values ? [[field.name, values.subarray(start * stride, end * stride)] as const] : [];
  });
  return { lengths: { [axis]: end - start }, fields: Object.fromEntries(fields) };
}

/** Documents, each with the token at its end that is to reset what is carried, one after the other. Throws `DataError`. */
export function joined(
  model: Pick<Model, "fields">,
  samples: readonly Sample[],
  axis: string,
  { field, token }: Reset,
): Sample {
  for (const [i, sample] of samples.entries())
    if (sample.fields[field]?.at(-1) !== token)
      throw new DataError(
        `record ${i + 1} does not end with the token at which \`truncate\` resets, so it would run into the next`,
        null,
        `let the model say where a record ends: \`axis t < T until ${field}[t] == EOS\` and \`reset = EOS\``,
      );
  const fields = model.fields.flatMap(({ name }) => {
    const parts = samples.map((sample) => sample.fields[name]);
    const [first] = parts;
    if (!first) return [];
    const all = parts.reduce((n, part) => n + (part?.length ?? 0), 0);
    const out = first instanceof Int32Array ? new Int32Array(all) : new Float32Array(all);
    let from = 0;
    for (const part of parts) {
      out.set(part as Int32Array, from);
      from += part?.length ?? 0;
    }
    return [[name, out] as const];
  });
  const length = samples.reduce((n, sample) => n + (sample.lengths[axis] as number), 0);
  return { lengths: { [axis]: length }, fields: Object.fromEntries(fields) };
}

/** Of one window: the steps of each stream, as [start, end) in the whole sequence. */
export type Window = readonly (readonly [number, number])[];

/** For training: streams of equal length and full windows; what is left over at the ends is dropped. */
export function trainingWindows(count: number, streams: number, length: number): readonly Window[] {
  const stream = Math.floor(count / streams);
  const windows = Math.floor(stream / length);
  return Array.from({ length: windows }, (_, k) =>
    Array.from({ length: streams }, (_, b) => [b * stream + k * length, b * stream + (k + 1) * length] as const),
  );
}

/**
 * For scores: nothing is dropped. Streams differ by at most one step; the last window is shorter, but of no stream empty: where
 * a stream would end before its last window, the windows before give a step away. (Windows of one step may stay empty at first.)
 */
export function scoringWindows(count: number, streams: number, length: number): readonly Window[] {
  const used = Math.max(1, Math.min(streams, count));
  const start = (b: number) => Math.floor((b * count) / used);
  const longest = Math.ceil(count / used);
  const windows = Math.ceil(longest / length);
  return Array.from({ length: windows }, (_, k) =>
    Array.from({ length: used }, (_, b) => {
      const own = start(b + 1) - start(b);
      const border = (k: number) => (k === windows ? own : Math.max(0, Math.min(k * length, own - (windows - k))));
      return [start(b) + border(k), start(b) + border(k + 1)] as const;
    }),
  );
}
