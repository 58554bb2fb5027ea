/** Equations that speak about variables rather than features: indices, extents, masks, and what normalises along an axis. */
import type { Eq, Reduction, Slot } from "../system/types.js";
import { hostDimsOf, select } from "./masks.js";
import { both, type Extents, endOf, type Frame, overLoop, placesOf, type Truth } from "./places.js";
import type { Flat } from "./tensors.js";
import { isConst, type Ref, size, type TensorRef } from "./types.js";

export interface Around {
  readonly flat: Flat;
  readonly extents: Extents;
  readonly frame: Frame;
}

/** Where the variables of these slots are inside the domain of each sample. */
export function valid({ extents, frame }: Around, slots: readonly Slot[]): Truth {
  return slots
    .filter((s) => s.axis !== "#" && extents.isRagged(s.axis))
    .map((s) => {
      const outer = (frame.outer.get(s.name) ?? []).map(placesOf(frame));
      return extents.less(placesOf(frame)(s.name), endOf(0, outer), s.axis, frame, true);
    })
    .reduce(both, true);
}

/** On the padding of the axes around too there is something to reduce, so that the result is finite. */
export function withSome(truth: Truth, { extents }: Around): Truth {
  if (typeof truth === "boolean") return truth;
  return truth.map((c) => {
    const { end, outer } = c.b;
    if (end === null || !outer || !extents.system.axes.has(end)) return c;
    return { ...c, b: { ...c.b, least: extents.least(end) } };
  });
}

/** The index of a variable, as a number. */
export function indexOf({ flat, extents, frame }: Around, name: string): Ref {
  const { chunk } = frame;
  if (chunk?.dim.v === name) {
    const { around, enter } = chunk.body;
    return enter(indexOf({ flat: around, extents, frame: overLoop(frame) }, name), chunk.step);
  }
  const n = frame.fixed.get(name);
  if (n !== undefined) return flat.constant(n);
  const d = frame.dims.findIndex((dim) => dim.v === name);
  const dim = frame.dims[d];
  if (!dim) throw new Error(`the variable ${name} is not free here`);
  const { from, len } = dim;
  if (len === 1) return flat.constant(from);
  const iota = flat.one("iota", [], { from, len }, [len]);
  return flat.reshape(iota, [...frame.dims.map((_, i) => (i === d ? len : 1)), 1]);
}

/**
 * The length of an axis, as a number or an integer in the layout of the frame: the sample's own, and at the index of the
 * variables around, the nearest first; without a sample, that of the longest.
 */
export function lengthOf(around: Around, axis: string, outer: readonly string[], int = false): Ref {
  const { flat, extents, frame } = around;
  if (!extents.isRagged(axis) || extents.least(axis) === extents.of(axis)) return flat.constant(extents.of(axis), int);
  const side = extents.sideOf(endOf(0, outer.map(placesOf(frame))), axis);
  const { dims, hostDims, rename } = hostDimsOf([side], frame);
  // on the padding of the axes around nothing has a length; as a number it may be divided by
  const least = int ? 0 : extents.least(axis);
  const attrs = { side: rename(side), dims: hostDims, batch: frame.batch, least };
  const lengths = flat.one("lengths", [], attrs, [...dims.map((d) => d.len), frame.batch], int);
  return flat.reshape(lengths, [...frame.dims.map((d) => (dims.includes(d) ? d.len : 1)), frame.batch]);
}

/** softmax or first maximum over one variable; `x` has `rank` feature dims. */
export function along(around: Around, eq: Eq, slot: Slot, x: Ref, rank: number): Ref {
  const { flat, frame } = around;
  const d = frame.dims.findIndex((dim) => dim.v === slot.name);
  const n = (frame.dims[d] as Frame["dims"][number]).len;
  if (n === 0) return flat.constant(0);
  const truth = valid(around, [slot]);
  const shape = [...frame.dims.map((dim) => dim.len), frame.batch];
  // one dim, even where the argument does not depend on it
  const spread = isConst(x) || x.shape[d] === 1 ? spreadAlong(flat, x, d, n, shape.length + rank) : x;
  const low = select(flat, truth, spread, flat.constant(LOWEST), frame, rank);
  if (isConst(low)) return low;
  if (eq.op === "firstMaxAlong") {
    const full = low.shape;
    const top = flat.max(low, [d], full);
    const isTop = flat.binary("equal", low, top, (a, b) => (a === b ? 1 : 0));
    const iota = flat.reshape(
      flat.one("iota", [], { from: 0, len: n }, [n]),
      full.map((_, i) => (i === d ? n : 1)),
    );
    // the least index with a maximum
    const places = flat.where(isTop, flat.affine(iota, -1, 0), flat.constant(-n));
    const first = flat.max(places, [d], full);
    const hit = flat.binary("equal", flat.affine(iota, -1, 0), first, (a, b) => (a === b ? 1 : 0));
    return select(flat, truth, hit, flat.constant(0), frame, rank);
  }
  const last = low.shape.length - 1;
  const perm = [...low.shape.keys()].filter((i) => i !== d);
  const turned = flat.transpose(low, [...perm, d]);
  const dims = flat.shapeOf(turned);
  const rows = size(dims.slice(0, last));
  const p = flat.one("softmax", [flat.reshape(turned, [rows, n])], {}, [rows, n]);
  const back = low.shape.map((_, i) => (i === d ? last : i < d ? i : i - 1));
  return select(flat, truth, flat.transpose(flat.reshape(p, dims), back), flat.constant(0), frame, rank);
}

/** Below every number that occurs, and finite: a row without a single valid entry stays finite. */
const LOWEST = -3e38;

function spreadAlong(flat: Flat, x: Ref, d: number, n: number, rank: number): Ref {
  const shape = isConst(x) ? new Array<number>(rank).fill(1) : x.shape;
  return flat.full(
    x,
    shape.map((k, i) => (i === d ? n : k)),
  );
}

/** max, its first index, or log-sum-exp over variables and, where it is among them, the batch: its dims become 1. */
export function reduceOver(
  around: Around,
  kind: Exclude<Reduction["kind"], "sum" | "draw">,
  axes: readonly number[],
  truth: Truth,
  x: Ref,
  rank: number,
  shape: readonly number[],
): Ref {
  const { flat, frame } = around;
  const full = [...frame.dims.map((d) => d.len), frame.batch, ...shape];
  const none = flat.constant(Number.NEGATIVE_INFINITY);
  // a mask gives a repeated tensor its dims, so that only its valid entries count
  const low = select(flat, truth, x, none, frame, rank);
  if (kind === "argmax") return firstOf(around, low, axes[0] as number);
  const top = flat.max(low, axes, full);
  if (kind === "max") return top;
  const base = flat.binary("maximum", top, flat.constant(LOWEST), Math.max);
  const terms = flat.exp(flat.sub(low, base));
  const sum = flat.sum(terms, axes, full);
  return flat.add(flat.unary("log", sum, Math.log), base);
}

/** The index of the first maximum along a dim, which becomes 1; −1 where the axis is empty. */
function firstOf(around: Around, x: Ref, d: number): Ref {
  const { flat, extents, frame } = around;
  const { v, axis, len } = frame.dims[d] as Frame["dims"][number];
  if (len === 0) return flat.constant(-1, true);
  const lengths = lengthOf(around, axis, frame.outer.get(v) ?? [], true);
  const isEmpty = flat.binary("equal", lengths, flat.constant(0, true), (a, b) => (a === b ? 1 : 0));
  const none = extents.isRagged(axis) ? isEmpty : flat.constant(0);
  const at = isConst(x) || x.shape[d] === 1 ? flat.constant(0, true) : argmaxAlong(flat, x, d);
  return flat.where(none, flat.constant(-1, true), at);
}

function argmaxAlong(flat: Flat, x: TensorRef, d: number): Ref {
  const n = x.shape[d] as number;
  const rest = x.shape.filter((_, i) => i !== d);
  const turned = flat.transpose(x, [...[...x.shape.keys()].filter((i) => i !== d), d]);
  const found = flat.one("argmax", [flat.reshape(turned, [size(rest), n])], {}, [size(rest)], true);
  return flat.reshape(
    found,
    x.shape.map((k, i) => (i === d ? 1 : k)),
  );
}
