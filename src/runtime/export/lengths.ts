/** What a run makes on the host from the lengths of the samples, as instructions: then lengths are inputs like others. */
import { offsets } from "../../compiler/plan/known.js";
import type { Plan } from "../../compiler/plan/plan.js";
import {
  type Flat,
  type HostCond,
  type HostDim,
  type Instr,
  isConst,
  type Ref,
  type Side,
  size,
} from "../../compiler/plan/tensors.js";
import { outerAxes } from "../../compiler/system/axes.js";
import { axisOf, type Length, type System } from "../../compiler/system/types.js";
import { type HostInstr, isHostOp } from "../tfjs/host.js";
import { rewritten } from "./rewrite.js";

export interface Sizes {
  readonly system: System;
  readonly batch: number;
  /** Of every axis, padded. */
  extent(axis: string): number;
  /** Axes along which each sample fills all there is. */
  isFull(axis: string): boolean;
}

/** The input with the lengths along an axis: integers [outer axes…, batch], outermost first. */
export const lengthInput = (axis: string): string => `${axis}.length`;

export function withLengthInputs(plan: Plan, sizes: Sizes): Plan {
  return rewritten(plan, (flat, instr) => {
    if (!isHostOp(instr.op)) return null;
    const places = new Places(flat, instr, sizes);
    const found = made(places, instr as HostInstr);
    const shape = instr.shapes[0] as readonly number[];
    return [instr.op === "iota" ? found : flat.reshape(flat.full(found, places.shape), shape)];
  });
}

/** See `makeHost`. Numbers are floats until they are indices: whole numbers of this size are exact. */
function made(places: Places, { op, attrs, shapes, int }: HostInstr): Ref {
  const { flat } = places;
  switch (op) {
    case "iota": {
      const [n] = shapes[0] as readonly [number];
      return flat.float(flat.literal(count(n, attrs["from"] as number), [n]));
    }
    case "lengths": {
      const length = atLeast(flat, places.side(attrs["side"] as Side), (attrs["least"] as number | undefined) ?? 0);
      return int ? flat.int(length) : length;
    }
    case "endRows": {
      const last = flat.constant((attrs["len"] as number) - 1);
      const side = flat.binary("minimum", atLeast(flat, places.side(attrs["side"] as Side), 0), last, Math.min);
      const base = flat.literal(offsets(places.shape, attrs["strides"] as readonly number[]), places.shape);
      return flat.int(flat.add(flat.affine(side, attrs["stride"] as number, 0), flat.float(base)));
    }
    case "mask":
      return (attrs["conds"] as readonly HostCond[])
        .map((c) => places.cond(c))
        .reduce((a, b) => flat.where(a, b, flat.constant(0)), flat.constant(1));
  }
}

const count = (n: number, from: number): number[] => Array.from({ length: n }, (_, i) => from + i);
const atLeast = (flat: Flat, x: Ref, least: number): Ref => flat.binary("maximum", x, flat.constant(least), Math.max);

/** Numbers at all indices of some dims and for all samples: [dims…, batch], where a dim of 1 repeats. */
class Places {
  readonly shape: readonly number[];
  readonly #dims: readonly HostDim[];

  constructor(
    readonly flat: Flat,
    { attrs }: Instr,
    readonly sizes: Sizes,
  ) {
    this.#dims = (attrs["dims"] as readonly HostDim[] | undefined) ?? [];
    this.shape = [...this.#dims.map((d) => d.len), (attrs["batch"] as number | undefined) ?? 1];
  }

  cond({ rel, a, b }: HostCond): Ref {
    const [x, y] = [this.side(a), this.side(b)];
    if (rel === "lt") return this.flat.binary("less", x, y, (p, q) => Number(p < q));
    return this.flat.binary("equal", x, y, (p, q) => Number(p === q));
  }

  side(s: Side): Ref {
    const { flat } = this;
    const index = s.v === null ? flat.constant(0) : this.#index(s.v);
    const length = s.end === null ? flat.constant(0) : this.#length(s);
    return flat.affine(flat.add(index, s.least ? atLeast(flat, length, s.least) : length), 1, s.off);
  }

  #index(v: string): Ref {
    const d = this.#dims.findIndex((dim) => dim.v === v);
    const { from, len } = this.#dims[d] as HostDim;
    const shape = this.shape.map((_, k) => (k === d ? len : 1));
    return this.flat.float(this.flat.literal(count(len, from), shape));
  }

  /** A sample's length; for what has no sample the longest; 0 outside of the axes around. */
  #length({ end, outer = [] }: Side): Ref {
    const { flat, sizes, shape } = this;
    const all = lengthsOf(flat, end as string, sizes);
    if (isConst(all)) return all;
    const one = shape.map(() => 1);
    if (sizes.batch > 1 && shape.at(-1) === 1) {
      const whole = [size(all.shape)];
      return flat.reshape(flat.max(flat.reshape(all, whole), [0], whole), one);
    }
    if (!outer.length) return flat.reshape(all, [...one.slice(1), sizes.batch]);
    // the row of each place in a table with a row for each index of the axes around, −1 where that does not exist
    let row: Ref = flat.constant(0);
    let inside: Ref = flat.constant(1);
    const and = (c: Ref): void => {
      inside = flat.where(c, inside, flat.constant(0));
    };
    for (const { at, n } of outer) {
      const i = this.side(at);
      and(flat.binary("less", flat.constant(-1), i, (p, q) => Number(p < q)));
      and(flat.binary("less", i, flat.constant(n), (p, q) => Number(p < q)));
      row = flat.add(flat.affine(row, n, 0), i);
    }
    const sample = flat.float(flat.literal(count(sizes.batch, 0), [...one.slice(1), sizes.batch]));
    const rows = flat.where(inside, flat.add(flat.affine(row, sizes.batch, 0), sample), flat.constant(-1));
    const places = flat.reshape(flat.int(flat.full(rows, shape)), [size(shape)]);
    const found = flat.one("gather", [flat.reshape(all, [size(all.shape)]), places], { missing: true }, [size(shape)]);
    return flat.reshape(found, shape);
  }
}

/** The lengths along an axis, [extents of the axes around…, batch], 0 on their padding; a number where all are the same. */
function lengthsOf(flat: Flat, id: string, sizes: Sizes): Ref {
  const { system, batch } = sizes;
  const { size: fixed, length } = axisOf(system, id);
  if (fixed !== undefined) return flat.constant(fixed);
  const outer = outerAxes(system, id).reverse();
  const shape = [...outer.map((a) => sizes.extent(a)), batch];
  if (sizes.isFull(id)) return flat.constant(sizes.extent(id));
  const own =
    length === undefined
      ? flat.float(flat.one("given", [], { id: lengthInput(id) }, shape, true))
      : atLeast(flat, derived(flat, length, outer.length, sizes), 0);
  return outer.reduce((all, axis, k) => {
    const index = flat.float(
      flat.literal(
        count(sizes.extent(axis), 0),
        shape.map((n, d) => (d === k ? n : 1)),
      ),
    );
    const inside = flat.binary("less", index, around(flat, axis, outer.length, sizes), (p, q) => Number(p < q));
    return flat.where(inside, all, flat.constant(0));
  }, own);
}

/** A length that depends on fewer axes, repeated along the others. */
function around(flat: Flat, id: string, rank: number, sizes: Sizes): Ref {
  const x = lengthsOf(flat, id, sizes);
  if (isConst(x)) return x;
  const [lead, sample] = [x.shape.slice(0, -1), x.shape.at(-1) as number];
  return flat.reshape(x, [...lead, ...new Array<number>(rank - lead.length).fill(1), sample]);
}

function derived(flat: Flat, l: Length, rank: number, sizes: Sizes): Ref {
  if (typeof l === "number") return flat.constant(l);
  if ("extent" in l) return around(flat, l.extent, rank, sizes);
  const [a, b] = [derived(flat, l.a, rank, sizes), derived(flat, l.b, rank, sizes)];
  const quotient = (): Ref => flat.unary("floor", flat.div(a, b), Math.floor);
  switch (l.op) {
    case "+":
      return flat.add(a, b);
    case "-":
      return flat.sub(a, b);
    case "*":
      return flat.mul(a, b);
    case "div":
      return quotient();
    case "mod":
      return flat.sub(a, flat.mul(b, quotient()));
    case "min":
      return flat.binary("minimum", a, b, Math.min);
    case "max":
      return flat.binary("maximum", a, b, Math.max);
  }
}
