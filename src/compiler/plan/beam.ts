/** Steps of beam searches: one instruction for the rows of all samples. */
import { ROW, TERMS } from "../beam.js";
import { num, nums } from "../ops/types.js";
import { getValue, type Read, type Value } from "../system/types.js";
import type { Ref } from "./types.js";
import type { Around } from "./variables.js";

/** `args` in the layout of the frame, which has the dim of the rows and, of a loop, one step. */
export function beamStep({ flat, frame, extents }: Around, v: Value, args: readonly Ref[]): Ref {
  const eq = v.eq as NonNullable<Value["eq"]>;
  const [rows, second] = frame.dims;
  if (!rows || second || rows.v !== eq.along) throw new Error(`${v.id} searches outside of its loop`);
  const [k, count] = [rows.len, frame.batch];
  const [n] = getValue(extents.system, (eq.args[0] as Read).v).shape as [number];
  const [z, given, before, terms] = args as [Ref, Ref, Ref, Ref];
  const all = [
    flat.full(z, [k, count, n]),
    flat.reshape(flat.full(given, [1, count]), [count]),
    flat.full(before, [k, count, ROW.size]),
    flat.reshape(flat.full(terms, [1, count, TERMS.size]), [count, TERMS.size]),
  ];
  const { attrs } = eq;
  const own = { never: nums(attrs, "never"), end: num(attrs, "end"), free: attrs["free"] === true };
  return flat.one("beam", all, own, [k, count, ROW.size]);
}
