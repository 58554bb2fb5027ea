/**
 * Where a read looks, while an equation is lowered: the variables of the loops around it are numbers, the others are
 * dims. What can be decided from the padded extents is decided here; the rest becomes a mask made from the lengths.
 */
import { outerAxes, paddedLength } from "../system/axes.js";
import type { Cond, Pos, System } from "../system/types.js";
import { axisOf } from "../system/types.js";
import type { ScanBody } from "./scan-body.js";
import type { HostCond, Side } from "./types.js";

/** A free variable of an equation: one dim of its tensors, with indices `from … from + len − 1`. */
export interface Dim {
  readonly v: string;
  readonly axis: string;
  readonly from: number;
  readonly len: number;
  /** Over nodes or edges: its indices are some levels, and never one index by itself. */
  readonly isLevelled?: boolean;
}

/** What an equation is computed in. `batch` is 1 where nothing depends on the sample. */
export interface Frame {
  readonly dims: readonly Dim[];
  readonly fixed: ReadonlyMap<string, number>;
  /** Of a variable over an axis within others: the variables around it, the nearest first. */
  readonly outer: ReadonlyMap<string, readonly string[]>;
  readonly batch: number;
  readonly chunk?: InChunk;
}

/**
 * An equation inside the body of a scan: what is decided about its variable over the loop holds for all of the loop's
 * indices, `dim`; its tensors are those of one step.
 */
export interface InChunk {
  readonly dim: Dim;
  /** Which step of a chunk, by index. */
  readonly step: number;
  readonly body: ScanBody;
}

/** Inside the body of a scan: is a place the index of the step, or some steps from it? */
export const isStep = (p: Place, { chunk }: Frame): boolean => p.k === "span" && p.v === chunk?.dim.v;
/** The step that a place means; null for any other place. */
export const stepAt = (p: Place, frame: Frame): number | null =>
  frame.chunk && p.k === "span" && isStep(p, frame) ? frame.chunk.step + p.shift : null;

/** The frame of the same equation over all indices of the loop, outside of it. */
export function overLoop({ chunk, ...frame }: Frame): Frame {
  return chunk ? { ...frame, dims: [chunk.dim, ...frame.dims] } : frame;
}

export type Place = (
  | /** One index. `inside`: the reader's own domain guarantees that it is below the sample's length. */
  { readonly k: "at"; readonly n: number; readonly inside: boolean }
  /** The sample's own length plus `off`; only on ragged axes. */
  | { readonly k: "end"; readonly off: number }
  /** All indices of a dim, shifted. */
  | { readonly k: "span"; readonly v: string; readonly shift: number }
) & {
  /** Of an axis within others: where those are, the nearest first; the length is meant there. */
  readonly outer?: readonly Place[];
};

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
    /** Of nodes and edges: how many places each level has. */
    readonly widths: Readonly<Record<string, readonly number[]>> = {},
    /** Axes along which no sample is padded. */
    readonly full: readonly string[] = [],
  ) {}

  /** Nodes and edges of a structure lie level by level; a loop over them takes a level at a time. */
  isLevelled = (axis: string): boolean => axisOf(this.system, axis).family !== undefined;

  /** How many steps a loop over an axis takes. */
  steps = (axis: string): number => (this.isLevelled(axis) ? this.#widths(axis).length : this.of(axis));

  /** The places of the levels `first … last` of nodes or edges. */
  levels(axis: string, first: number, last: number): { readonly from: number; readonly len: number } {
    const count = (widths: readonly number[]): number => widths.reduce((a, b) => a + b, 0);
    const widths = this.#widths(axis);
    return { from: count(widths.slice(0, first)), len: count(widths.slice(first, last + 1)) };
  }

  #widths(axis: string): readonly number[] {
    const widths = this.widths[axis];
    if (!widths) throw new Error(`no levels are given for the axis ${axis}`);
    return widths;
  }

  /** May samples be shorter than the extent? */
  isRagged = (axis: string): boolean => axisOf(this.system, axis).kind === "ragged" && !this.full.includes(axis);

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

  /** `outer`: where the axes around `axis` are read, the nearest first. */
  locate(p: Pos, axis: string, place: (v: string) => Place, outer: readonly Place[]): Place {
    if (p.k === "var") return shiftPlace(place(p.v), p.shift);
    if (p.k === "start") return { k: "at", n: p.off, inside: false };
    return this.isRagged(axis) ? endOf(p.off, outer) : { k: "at", n: this.of(axis) + p.off, inside: false };
  }

  /** Is a place inside the domain? With `exact`, nothing is assumed about the reader: its own padding counts as outside. */
  inRange(p: Place, axis: string, outer: readonly Place[], frame: Frame, exact: boolean): Truth {
    const end: Place = this.isRagged(axis) ? endOf(0, outer) : AT(this.of(axis));
    if (p.k === "at" && p.n < 0) return false;
    if (p.k === "span" && dimOf(frame, p.v).from + p.shift < 0)
      return both(this.less(AT(-1), p, axis, frame, exact), this.less(p, end, axis, frame, exact));
    if (p.k === "end") return p.off >= 0 ? false : this.less(AT(-1), p, axis, frame, exact);
    return this.less(p, end, axis, frame, exact);
  }

  less(a: Place, b: Place, axis: string, frame: Frame, exact: boolean): Truth {
    const [lowA, highA] = this.#bounds(a, axis, frame);
    const [lowB, highB] = this.#bounds(b, axis, frame);
    if (a.k === "span" && b.k === "span" && a.v === b.v) return a.shift < b.shift;
    if (a.k === "end" && b.k === "end") return a.off < b.off;
    if (highA < lowB) return true;
    if (lowA >= highB) return false;
    // t < length is given wherever the reader exists
    if (!exact && b.k === "end" && b.off >= 0 && isAssumed(a, b, frame)) return true;
    if (b.k === "end" && this.isLevelled(axis)) return [this.#isNode(a, axis)];
    return [{ rel: "lt", a: this.sideOf(a, axis), b: this.sideOf(b, axis) }];
  }

  /** Which places of a level a sample fills is no length: `validOf` is the extent at a place that it fills, else 0. */
  #isNode(p: Place, axis: string): HostCond {
    const a = this.sideOf(p, axis);
    return { rel: "lt", a, b: { v: null, end: validOf(axis), off: 0, outer: [{ at: a, n: this.of(axis) }] } };
  }

  equal(a: Place, b: Place, axis: string, frame: Frame, exact: boolean): Truth {
    const [lowA, highA] = this.#bounds(a, axis, frame);
    const [lowB, highB] = this.#bounds(b, axis, frame);
    if (a.k === "span" && b.k === "span" && a.v === b.v) return a.shift === b.shift;
    if (a.k === "end" && b.k === "end") return a.off === b.off;
    if (highA < lowB || lowA > highB) return false;
    if (lowA === highA && lowB === highB) return true;
    const beyond = (end: Place, p: Place): boolean => end.k === "end" && end.off >= 0 && isAssumed(p, end, frame);
    if (!exact && (beyond(b, a) || beyond(a, b))) return false;
    return [{ rel: "eq", a: this.sideOf(a, axis), b: this.sideOf(b, axis) }];
  }

  /** What the host needs to know of a place. */
  sideOf(p: Place, axis: string): Side {
    if (p.k === "at") return { v: null, end: null, off: p.n };
    if (p.k === "span") return { v: p.v, end: null, off: p.shift };
    const side = { v: null, end: axis, off: p.off };
    const around = outerAxes(this.system, axis);
    if (!around.length) return side;
    const outer = around.map((id, i) => ({ at: this.sideOf((p.outer ?? [])[i] as Place, id), n: this.of(id) }));
    return { ...side, outer: outer.reverse() };
  }

  #bounds(p: Place, axis: string, frame: Frame): [number, number] {
    if (p.k === "at") return [p.n, p.n];
    if (p.k === "end") return [this.least(axis) + p.off, this.of(axis) + p.off];
    const { from, len } = dimOf(frame, p.v);
    return [from + p.shift, from + len - 1 + p.shift];
  }

  /** A guard of a read, exactly. */
  cond(c: Cond, place: (v: string) => Place, frame: Frame): Truth {
    const axes = outerAxes(this.system, c.axis);
    const outer: Place[] = [];
    for (const [i, p] of [...(c.within ?? []).entries()].reverse())
      outer.unshift(this.locate(p, axes[i] as string, place, [...outer]));
    const a = this.locate(c.a, c.axis, place, outer);
    if (c.rel === "in") return this.inRange(a, c.axis, outer, frame, true);
    const b = this.locate(c.b, c.axis, place, outer);
    return c.rel === "lt" ? this.less(a, b, c.axis, frame, true) : this.equal(a, b, c.axis, frame, true);
  }
}

/** The name, among lengths, of where samples have nodes or edges: [places, batch]. */
export const validOf = (axis: string): string => `${axis}.valid`;

export const BATCH_PLACE: Place = { k: "span", v: "#", shift: 0 };

const AT = (n: number): Place => ({ k: "at", n, inside: false });

/** The sample's own length plus `off`, at the indices of the axes around. */
export const endOf = (off: number, outer: readonly Place[]): Place => ({
  k: "end",
  off,
  ...(outer.length ? { outer } : {}),
});

/** Does the reader's own domain say that an index is below this end? It speaks of the axes around at its own places. */
function isAssumed(p: Place, end: Place, frame: Frame): boolean {
  const inside = p.k === "at" ? p.inside : p.k === "span" && p.shift <= 0;
  if (!inside) return false;
  const [mine, other] = [p.outer ?? [], end.outer ?? []];
  return mine.length === other.length && mine.every((q, i) => isSame(q, other[i] as Place, frame));
}

function isSame(a: Place, b: Place, frame: Frame): boolean {
  const text = (p: Place): string => {
    if (p.k === "at") return `${p.n}`;
    if (p.k === "end") return `end ${p.off} ${p.outer?.map(text)}`;
    const { from, len } = dimOf(frame, p.v);
    return len === 1 ? `${from + p.shift}` : `${p.v} ${p.shift}`;
  };
  return text(a) === text(b);
}

export function shiftPlace(p: Place, by: number): Place {
  if (p.k === "at") return { ...p, n: p.n + by, inside: p.inside && by <= 0 };
  return p.k === "end" ? { ...p, off: p.off + by } : { ...p, shift: p.shift + by };
}

export function dimOf(frame: Frame, v: string): Dim {
  const dim = frame.chunk?.dim.v === v ? frame.chunk.dim : frame.dims.find((d) => d.v === v);
  if (!dim) throw new Error(`the variable ${v} is not free here`);
  return dim;
}

/** The places of a frame's variables. A dim of one index is that index, but for nodes and edges. */
export const placesOf =
  (frame: Frame) =>
  (v: string): Place => {
    const names = frame.outer.get(v);
    const own = names ? { outer: names.map(placesOf(frame)) } : {};
    const n = frame.fixed.get(v);
    if (n !== undefined) return { k: "at", n, inside: true, ...own };
    const dim = dimOf(frame, v);
    return dim.len === 1 && !dim.isLevelled && dim !== frame.chunk?.dim
      ? { k: "at", n: dim.from, inside: true, ...own }
      : { k: "span", v, shift: 0, ...own };
  };

/** The frame with a dim cut down to some of its indices. */
export const restrict = (frame: Frame, v: string, from: number, len: number): Frame => ({
  ...frame,
  dims: frame.dims.map((d) => (d.v === v ? { ...d, from, len } : d)),
});

/** The second of two slots that one variable indexes; null if there is none. */
export function diagonal(places: readonly Place[]): number | null {
  const seen = new Set<string>();
  for (const [i, p] of places.entries())
    if (p.k === "span" && p.v !== "#") {
      if (seen.has(p.v)) return i;
      seen.add(p.v);
    }
  return null;
}
