/** Draws: each is a call of the caller, made in the order in which the program has them. */
import { getValue, type Value } from "../system/types.js";
import type { Lineage } from "./lineage.js";
import { select } from "./masks.js";
import { restrict } from "./places.js";
import { isConst, type Ref } from "./types.js";
import { concatAlong, type Indices } from "./values.js";
import { type Around, valid } from "./variables.js";

interface Drawing {
  readonly lineage: Lineage;
  /** Does a draw also choose the row that each row continues? */
  readonly beam: boolean;
}

/** Of a level, a draw for each place. */
export function drawAll(drawing: Drawing, v: Value, at: Indices, args: readonly Ref[], around: Around): Ref {
  const { frame, flat } = around;
  const d = frame.dims.findIndex((dim) => dim.isLevelled && v.slots.some((s) => s.name === dim.v));
  const dim = frame.dims[d];
  if (!dim) return draw(drawing, v, at, args, around);
  const each = Array.from({ length: dim.len }, (_, k) => {
    const place = dim.from + k;
    const own = args.map((x) => (isConst(x) || x.shape[d] === 1 ? x : flat.slice(x, d, k, 1)));
    const index = at.map((n, i) => (v.slots[i]?.name === dim.v ? place : n));
    const one = draw(drawing, v, index, own, { ...around, frame: restrict(frame, dim.v, place, 1) });
    return { ref: flat.reshape(one, [1, ...flat.shapeOf(one)]), len: 1 };
  });
  return concatAlong(flat, each, 0, 2 + v.shape.length);
}

/**
 * Its parameters written out in full, one call of the callback: [batch, features…], and where the distribution ranges over
 * variables, [batch, each of them…, features…]. The parameter k holds the logits of the variable k: −∞ on its padding.
 */
function draw({ lineage, beam }: Drawing, v: Value, at: Indices, args: readonly Ref[], around: Around): Ref {
  const eq = v.eq as NonNullable<Value["eq"]>;
  const { flat, frame, extents } = around;
  const vars = eq.red?.vars ?? [];
  const isOver = frame.dims.map((d) => vars.some((s) => s.name === d.v));
  const lead = frame.dims.map((d, i) => (isOver[i] ? d.len : 1));
  const count = lead.length;
  const parameters = args.map((x, k) => {
    const { shape } = getValue(extents.system, (eq.args[k] as { v: string }).v);
    const own = vars[k];
    const none = flat.constant(Number.NEGATIVE_INFINITY);
    const inside = own ? select(flat, valid(around, [own]), x, none, frame, shape.length) : x;
    const full = flat.full(inside, [...lead, frame.batch, ...shape]);
    const perm = [count, ...lead.keys(), ...shape.map((_, i) => count + 1 + i)];
    return flat.reshape(flat.transpose(full, perm), [frame.batch, ...lead.filter((_, i) => isOver[i]), ...shape]);
  });
  const int = v.dtype === "int";
  // all entries of a sequence in one draw
  const whole = frame.dims.filter((d) => d.v === eq.attrs["along"]).map((d) => d.len);
  const shape = [...whole, frame.batch, ...v.shape];
  const { dist, base } = eq.attrs as { dist: string; base?: string };
  const n = flat.emit(
    "draw",
    parameters,
    {
      value: v.id,
      dist,
      over: vars.length,
      index: at.filter((i): i is number => i !== null),
      ...(base === undefined ? {} : { base }),
    },
    beam ? [shape, [frame.batch]] : [shape],
    int,
  );
  if (beam) lineage.drew({ n, out: 1, shape: [frame.batch], int: true });
  return { n, out: 0, shape, int };
}
