/**
 * The System: single-assignment equations over axes, `v[slots] : [shape] = op(reads…)`.
 *
 * It is the one form in which everything mathematical happens: differentiation and every pass map a System to a System.
 * A System is immutable; `SystemBuilder` makes one.
 */
import type { Span } from "../syntax/ast.js";

/**
 * The domain of an index. `batch`: the samples. `static`: `size` indices for every sample.
 * `ragged`: each sample has its own length, at least `min`.
 */
export interface Axis {
  readonly id: string;
  readonly kind: "batch" | "static" | "ragged";
  readonly size?: number;
  readonly min: number;
  /** Ragged within another axis: each index of that one has its own length. */
  readonly within?: string;
  /** A length that follows from other lengths; otherwise it is given with the sample. */
  readonly length?: Length;
  /** Of the nodes and of the edges of one tree or graph: the id of its axis of nodes. They are computed level by level. */
  readonly family?: string;
  /** Made by the pass `wavefront`: the diagonals i + j, or i − j + J − 1, of two other axes. */
  readonly diagonal?: { readonly i: string; readonly j: string; readonly sign: 1 | -1 };
}

/** An integer expression of extents. */
export type Length =
  | number
  | { readonly extent: string }
  | { readonly op: "+" | "-" | "*" | "div" | "mod" | "min" | "max"; readonly a: Length; readonly b: Length };

/** A variable that ranges over an axis. A variable is not an axis: self-attention reads one axis with two variables. */
export interface Slot {
  readonly name: string;
  readonly axis: string;
  /** On an axis within another one: the variable, before it among the same slots, at whose index its length is meant. */
  readonly of?: string;
}

/** The batch is an ordinary first slot, which printers hide. */
export const BATCH: Slot = { name: "#", axis: "#" };

/** Where a read looks along one slot of what it reads. */
export type Pos =
  /** `t + shift` */
  | { readonly k: "var"; readonly v: string; readonly shift: number }
  /** The index `off`, which may be negative: the boundary before the domain. */
  | { readonly k: "start"; readonly off: number }
  /**
   * The sample's own extent plus `off`: `T-1` is −1, `T` is 0, the boundary after the domain. On an axis within another
   * one, the extent at the index at which the same read (or guard) looks along that one.
   */
  | { readonly k: "end"; readonly off: number };

/** A guard of a read, in the reader's variables. `in`: 0 ≤ a < extent. */
export type Cond = {
  readonly axis: string;
  /** On an axis within others: the indices of those, the nearest first. */
  readonly within?: readonly Pos[];
} & ({ readonly rel: "eq" | "lt"; readonly a: Pos; readonly b: Pos } | { readonly rel: "in"; readonly a: Pos });

/** The value `v` at one position per slot; contributes 0 where a guard fails. */
export interface Read {
  readonly v: string;
  readonly idx: readonly Pos[];
  readonly when: readonly Cond[];
}

/**
 * A boundary clause `h[-1] = …`: pins on slots of its owner; the other slots are in range. Its value is a read in the
 * owner's remaining variables. The boxes of the clauses of one value are disjoint.
 */
export interface Clause {
  readonly pins: readonly { readonly slot: string; readonly at: Pos }[];
  readonly read: Read;
}

export type Attrs = Readonly<Record<string, number | string | boolean | readonly number[] | readonly string[]>>;

export interface Eq {
  readonly op: string;
  readonly attrs: Attrs;
  readonly args: readonly Read[];
  /** The slot along which an op such as `softmaxAlong` or `beam` acts. */
  readonly along: string | null;
  /** A reduction fused into the equation: over more variables than the value has slots. */
  readonly red: Reduction | null;
}

/**
 * - `argmax`: over one variable, the index of the first maximum; an integer, −1 over nothing
 * - `draw`: of the op `draw`: the variables that its distribution ranges over
 */
export interface Reduction {
  readonly kind: "sum" | "max" | "lse" | "argmax" | "draw";
  readonly vars: readonly Slot[];
}

/** `int` values are indices and tokens; they never have a derivative. */
export type Dtype = "float" | "int";

/**
 * - `param`: learnt (or `frozen`: then it is not differentiated), has no batch slot
 * - `input`: given by the sample: inputs, observed randoms
 * - `noise`: drawn by the runtime from the distribution in `noise`
 * - `state`: carried over from the window before (truncated BPTT)
 * - `eq`: defined by an equation
 */
export type Role = "param" | "frozen" | "input" | "noise" | "state" | "eq";

export interface Value {
  readonly id: string;
  readonly slots: readonly Slot[];
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  readonly role: Role;
  readonly eq: Eq | null;
  readonly clauses: readonly Clause[];
  /** What a read outside the domain means where no clause applies: adjoints are zero there, which is δ[T] = 0. */
  readonly outside: "error" | "zero";
  /** `h` was written by the user; `h.0` is a part of its right side and prints inlined. */
  readonly named: boolean;
  /**
   * Of an input that maps nodes or edges of a structure to nodes (−1 where there is none, and on padding): the level of
   * what it points at, compared with the level of its own index. Nodes stand above their children, edges on the level of
   * their upper end.
   */
  readonly step?: Step;
  /** Dims in the user's names, for printing. */
  readonly labels?: readonly string[];
  readonly origin?: Span;
  /** For `noise`: `normal` with [mean, sd], `bernoulli` with [p], `uniform` with [low, high]. */
  readonly noise?: { readonly dist: "normal" | "bernoulli" | "uniform"; readonly params: readonly number[] };
}

export type Step = "same" | "below" | "above";

export interface System {
  readonly axes: ReadonlyMap<string, Axis>;
  readonly values: ReadonlyMap<string, Value>;
}

export const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The value `id`; a System that reads an undefined value is our mistake, not the user's. */
export function getValue(system: System, id: string): Value {
  const value = system.values.get(id);
  if (!value) throw new Error(`the System has no value ${id}`);
  return value;
}

export function axisOf(system: System, id: string): Axis {
  const axis = system.axes.get(id);
  if (!axis) throw new Error(`the System has no axis ${id}`);
  return axis;
}
