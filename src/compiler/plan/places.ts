/**
 * Where a read looks, while an equation is lowered: the variables of the loops around it are numbers, the others are
 * dims. What can be decided from the padded extents is decided here; the rest becomes a mask made from the lengths.
 */
import { paddedLength } from "../system/axes.js";
import type { Cond, Pos, System } from "../system/types.js";
import { axisOf } from "../system/types.js";
import type { HostCond, Side } from "./types.js";

/** A free variable of an equation: one dim of its tensors, with indices `from … from + len − 1`. */
export interface Dim {
  readonly v: string;
  readonly axis: string;
  readonly from: number;
  readonly len: number;
}

/** What an equation is computed in. `batch` is 1 where nothing depends on the sample. */
export interface Frame {
  readonly dims: readonly Dim[];
  readonly fixed: ReadonlyMap<string, number>;
  readonly batch: number;
}

export type Place =
  /** One index. `inside`: the reader's own domain guarantees that it is below the sample's length. */
  | { readonly k: "at"; readonly n: number; readonly inside: boolean }
  /** The sample's own length plus `off`; only on ragged axes. */
  | { readonly k: "end"; readonly off: number }
  /** All indices of a dim, shifted. */
  | { readonly k: "span"; readonly v: string; readonly shift: number };

/** True, false, or a conjunction that depends on the lengths or on the index along a dim. */
export type Truth = boolean | readonly HostCond[];

export const both = (a: Truth, b: Truth): Truth => {
  if (a === false || b === false) return false;
  if (a === true) return b;
  return b === true ? a : [...a, ...b];
};

/** Padded extents and least lengths. */
export class Extents {
  constructor(
    readonly system: System,
    readonly batch: number,
    readonly padded: Readonly<Record<string, number>>,
  ) {}

  isRagged = (axis: string): boolean => axisOf(this.system, axis).kind === "ragged";

  of(axis: string): number {
    const a = axisOf(this.system, axis);
    if (a.kind === "batch") return this.batch;
    if (a.length !== undefined) return paddedLength(a.length, (base) => this.of(base));
    const n = a.kind === "static" ? a.size : this.padded[axis];
    if (n === undefined) throw new Error(`no extent is given for the axis ${axis}`);
    return n;
  }

  /** The least length of a sample, in a batch that is padded to `of(axis)`. */
  least = (axis: string): number =>
    this.isRagged(axis) ? Math.min(axisOf(this.system, axis).min, this.of(axis)) : this.of(axis);

  locate(p: Pos, axis: string, place: (v: string) => Place): Place {
    if (p.k === "var") return shiftPlace(place(p.v), p.shift);
    if (p.k === "start") return { k: "at", n: p.off, inside: false };
    return this.isRagged(axis) ? { k: "end", off: p.off } : { k: "at", n: this.of(axis) + p.off, inside: false };
  }

  /** Is a place inside the domain? With `exact`, nothing is assumed about the reader: its own padding counts as outside. */
  inRange(p: Place, axis: string, frame: Frame, exact: boolean): Truth {
    const end = this.#end(axis);
    if (p.k === "at" && p.n < 0) return false;
    if (p.k === "span" && dimOf(frame, p.v).from + p.shift < 0)
      return both(this.less(AT(-1), p, axis, frame, exact), this.less(p, end, axis, frame, exact));
    if (p.k === "end") return p.off >= 0 ? false : this.less(AT(-1), p, axis, frame, exact);
    return this.less(p, end, axis, frame, exact);
  }

  #end = (axis: string): Place => (this.isRagged(axis) ? { k: "end", off: 0 } : AT(this.of(axis)));

  less(a: Place, b: Place, axis: string, frame: Frame, exact: boolean): Truth {
    const [lowA, highA] = this.#bounds(a, axis, frame);
    const [lowB, highB] = this.#bounds(b, axis, frame);
    if (a.k === "span" && b.k === "span" && a.v === b.v) return a.shift < b.shift;
    if (a.k === "end" && b.k === "end") return a.off < b.off;
    if (highA < lowB) return true;
    if (lowA >= highB) return false;
    // t < length is given wherever the reader exists
    if (!exact && b.k === "end" && b.off >= 0 && this.#assumed(a)) return true;
    return [{ rel: "lt", a: sideOf(a, axis), b: sideOf(b, axis) }];
  }

  equal(a: Place, b: Place, axis: string, frame: Frame, exact: boolean): Truth {
    const [lowA, highA] = this.#bounds(a, axis, frame);
    const [lowB, highB] = this.#bounds(b, axis, frame);
    if (a.k === "span" && b.k === "span" && a.v === b.v) return a.shift === b.shift;
    if (a.k === "end" && b.k === "end") return a.off === b.off;
    if (highA < lowB || lowA > highB) return false;
    if (lowA === highA && lowB === highB) return true;
    if (
      !exact &&
      ((b.k === "end" && b.off >= 0 && this.#assumed(a)) || (a.k === "end" && a.off >= 0 && this.#assumed(b)))
    )
      return false;
    return [{ rel: "eq", a: sideOf(a, axis), b: sideOf(b, axis) }];
  }

  #assumed = (p: Place): boolean => (p.k === "at" ? p.inside : p.k === "span" && p.shift <= 0);

  #bounds(p: Place, axis: string, frame: Frame): [number, number] {
    if (p.k === "at") return [p.n, p.n];
    if (p.k === "end") return [this.least(axis) + p.off, this.of(axis) + p.off];
    const { from, len } = dimOf(frame, p.v);
    return [from + p.shift, from + len - 1 + p.shift];
  }

  /** A guard of a read, exactly. */
  cond(c: Cond, place: (v: string) => Place, frame: Frame): Truth {
    const a = this.locate(c.a, c.axis, place);
    if (c.rel === "in") return this.inRange(a, c.axis, frame, true);
    const b = this.locate(c.b, c.axis, place);
    return c.rel === "lt" ? this.less(a, b, c.axis, frame, true) : this.equal(a, b, c.axis, frame, true);
  }
}

const AT = (n: number): Place => ({ k: "at", n, inside: false });

export function shiftPlace(p: Place, by: number): Place {
  if (p.k === "at") return { k: "at", n: p.n + by, inside: p.inside && by <= 0 };
  return p.k === "end" ? { k: "end", off: p.off + by } : { ...p, shift: p.shift + by };
}

const sideOf = (p: Place, axis: string): Side => {
  if (p.k === "at") return { v: null, end: null, off: p.n };
  return p.k === "end" ? { v: null, end: axis, off: p.off } : { v: p.v, end: null, off: p.shift };
};

export function dimOf(frame: Frame, v: string): Dim {
  const dim = frame.dims.find((d) => d.v === v);
  if (!dim) throw new Error(`the variable ${v} is not free here`);
  return dim;
}

/** The places of a frame's variables. A dim of one index is that index. */
export const placesOf =
  (frame: Frame) =>
  (v: string): Place => {
    const n = frame.fixed.get(v);
    if (n !== undefined) return { k: "at", n, inside: true };
    const dim = dimOf(frame, v);
    return dim.len === 1 ? { k: "at", n: dim.from, inside: true } : { k: "span", v, shift: 0 };
  };

/** The frame with a dim cut down to some of its indices. */
export const restrict = (frame: Frame, v: string, from: number, len: number): Frame => ({
  ...frame,
  dims: frame.dims.map((d) => (d.v === v ? { ...d, from, len } : d)),
});
