/** What was drawn, as a record: tokens as strings, numbers as (nested lists of) numbers, without the end token. */
import type { FieldInfo, Model } from "../../compiler/model.js";
import { product } from "../../compiler/system/types.js";
import { decodeNumbers, decodeTokens } from "../data/encode.js";
import type { Columns } from "../data/index.js";
import { writeStructure } from "../data/structures.js";
import { around, type Bound, boundsOf, eachIndex, extentIn } from "../lengths.js";
import { endingOf, fieldOf } from "./axes.js";
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
      return [[name, listed(model, d, field, data, columns)] as const];
    }),
  ]);
}

/** Lists nested as the axes are, each at its own length; the innermost axis of tokens is one string or list. */
function listed(
  model: Model,
  d: Decoded | Alternative,
  field: FieldInfo,
  data: Numbers,
  columns: Columns | undefined,
): unknown {
  const rank = field.axes.length;
  const size = product(field.shape);
  const bounds = boundsOf(model.axes, field.axes, extentIn(model.axes, d.lengths));
  const ends = field.axes.map((axis) => endsAlong(model, d, axis));
  const outer = field.axes.map((axis) => around(model.axes, axis).map((a) => field.axes.indexOf(a)));
  const isToken = field.type.kind === "token";
  let next = 0;
  const take = (n: number): Numbers => {
    next += n * size;
    return data.subarray(next - n * size, next);
  };
  const go = (index: readonly number[]): unknown => {
    const k = index.length;
    if (k === rank) return isToken ? decodeTokens(model, field, take(1), columns) : decodeNumbers(take(1), field.shape);
    const n = (bounds[k] as Bound)(index);
    const at = (outer[k] as number[]).map((i) => index[i] as number);
    const shown = n - (ends[k] as EndsAt)(at);
    if (isToken && k === rank - 1) {
      const below = { ...field, axes: field.axes.slice(k) };
      return decodeTokens(model, below, take(n).subarray(0, shown), columns);
    }
    return Array.from({ length: n }, (_, i) => go([...index, i])).slice(0, shown);
  };
  return go([]);
}

/** At the indices of the axes around, the outermost first: 1 where the last step is the one of the end token. */
type EndsAt = (outer: readonly number[]) => 0 | 1;

function endsAlong(model: Model, d: Decoded | Alternative, axis: string): EndsAt {
  const ending = endingOf(model, axis);
  const data = ending && d.fields[ending.random];
  if (!ending || !data) return () => 0;
  const { axes } = fieldOf(model, ending.random);
  const outer = around(model.axes, axis).map((a) => axes.indexOf(a));
  // the last step of each sequence comes last
  const last = new Map<string, number>();
  let k = 0;
  eachIndex(boundsOf(model.axes, axes, extentIn(model.axes, d.lengths)), (index) => {
    last.set(outer.map((i) => index[i]).join(), data[k++] as number);
  });
  return (at) => (last.get(at.join()) === ending.token ? 1 : 0);
}
