/** Equations that speak about variables rather than features: indices, extents, masks, and what normalises along an axis. */
import type { Eq, Slot } from "../system/types.js";
import { select } from "./masks.js";
import { both, type Extents, type Frame, placesOf, type Truth } from "./places.js";
import type { Flat } from "./tensors.js";
import { isConst, type Ref, size } from "./types.js";

export interface Around {
  readonly flat: Flat;
  readonly extents: Extents;
  readonly frame: Frame;
}

const END = { k: "end", off: 0 } as const;

/** Where the variables of these slots are inside the domain of each sample. */
export function valid({ extents, frame }: Around, slots: readonly Slot[]): Truth {
  return slots
    .filter((s) => s.axis !== "#" && extents.isRagged(s.axis))
    .map((s) => extents.less(placesOf(frame)(s.name), END, s.axis, frame, true))
    .reduce(both, true);
}

/** The index of a variable, as a number. */
export function indexOf({ flat, frame }: Around, name: string): Ref {
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

/** The lengths along a slot, as numbers or integers in the layout of the frame. */
export function lengthsOf({ flat, extents, frame }: Around, { axis }: Slot, int: boolean): Ref {
  if (!extents.isRagged(axis) || extents.least(axis) === extents.of(axis)) return flat.constant(extents.of(axis), int);
  const lengths = flat.one("lengths", [], { axis, batch: frame.batch }, [frame.batch], int);
  return flat.reshape(lengths, [...frame.dims.map(() => 1), frame.batch]);
}

/** The length of an axis: the sample's own; without a sample, that of the longest. */
export function extentOf({ flat, extents, frame }: Around, axis: string): Ref {
  if (!extents.isRagged(axis) || extents.least(axis) === extents.of(axis)) return flat.constant(extents.of(axis));
  const lengths = flat.one("lengths", [], { axis, batch: frame.batch }, [frame.batch]);
  return flat.reshape(lengths, [...frame.dims.map(() => 1), frame.batch]);
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

/** max or log-sum-exp over variables and, where it is among them, the batch: its dims become 1. */
export function reduceOver(
  around: Around,
  kind: "max" | "lse",
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
  const top = flat.max(low, axes, full);
  if (kind === "max") return top;
  const base = flat.binary("maximum", top, flat.constant(LOWEST), Math.max);
  const terms = flat.exp(flat.sub(low, base));
  const sum = flat.sum(terms, axes, full);
  return flat.add(flat.unary("log", sum, Math.log), base);
}
