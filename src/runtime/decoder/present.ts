/** What was drawn, as a record: tokens as strings, numbers as (nested lists of) numbers, without the end token. */
import type { FieldInfo, Model } from "../../compiler/model.js";
import { product } from "../../compiler/system/types.js";
import { decodeNumbers, decodeTokens } from "../data/encode.js";
import type { Columns } from "../data/index.js";
import { writeStructure } from "../data/structures.js";
import { crop, endingOf, fieldOf } from "./axes.js";
import type { Alternative, Decoded, Numbers } from "./types.js";

/** What was drawn of one record, by the names of the randoms, and its log-probability. */
export interface Decoding {
  readonly logp: number;
  /** Of a beam search, best first. */
  readonly alternatives?: readonly {
    readonly logp: number;
    readonly score: number;
    readonly [random: string]: unknown;
  }[];
  readonly [random: string]: unknown;
}

/** `{ y: "81", logp: -0.02 }`, and under beam search `alternatives`, each with its `score`. */
export function present(model: Model, d: Decoded, columns?: Columns): Decoding {
  return {
    ...valuesOf(model, d, columns),
    logp: d.logp,
    ...(d.alternatives && {
      alternatives: d.alternatives.map((a) => ({ ...valuesOf(model, a, columns), logp: a.logp, score: a.score })),
    }),
  };
}

function valuesOf(model: Model, d: Decoded | Alternative, columns: Columns | undefined): Record<string, unknown> {
  const structures = model.structures.flatMap((info) => {
    const written = writeStructure(info, d);
    return written === null ? [] : [[info.name, written] as const];
  });
  const isMap = (name: string): boolean => model.structures.some((s) => name.startsWith(`${s.name}.`));
  return Object.fromEntries([
    ...structures,
    ...Object.entries(d.fields).flatMap(([name, data]) => {
      if (isMap(name)) return [];
      const field = fieldOf(model, name);
      const lengths = field.axes.map((a) => lengthOf(model, d, a));
      const shown = lengths.map((n, i) => n - endsAlong(model, d, field.axes[i] as string));
      return [[name, nested(model, field, crop(data, lengths, shown, product(field.shape)), shown, columns)] as const];
    }),
  ]);
}

function lengthOf(model: Model, d: Decoded | Alternative, axis: string): number {
  const length = model.axes.find((a) => a.bound === axis)?.size ?? d.lengths[axis];
  if (length === undefined) throw new Error(`the length of ${axis} is not known`);
  return length;
}

/** 1 where the last step along the axis is the one of the end token. */
function endsAlong(model: Model, d: Decoded | Alternative, axis: string): number {
  const ending = endingOf(model, axis);
  return ending !== null && d.fields[ending.random]?.at(-1) === ending.token ? 1 : 0;
}

/** The innermost axis of tokens is one string or list, those around it are lists. */
function nested(
  model: Model,
  field: FieldInfo,
  data: Numbers,
  lengths: readonly number[],
  columns: Columns | undefined,
): unknown {
  if (field.type.kind !== "token") return decodeNumbers(data, [...lengths, ...field.shape]);
  if (lengths.length <= 1) return decodeTokens(model, field, data, columns);
  const [n = 0, ...rest] = lengths;
  const size = product(rest);
  const below = { ...field, axes: field.axes.slice(1) };
  return Array.from({ length: n }, (_, i) =>
    nested(model, below, data.subarray(i * size, (i + 1) * size), rest, columns),
  );
}
