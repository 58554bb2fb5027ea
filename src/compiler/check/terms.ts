/**
 * Resolved expressions: names are looked up, cells are inlined, indices are positions. Their types are filled in by
 * unification; then they are lowered to the ops of a System.
 */
import type { DistName, Whole } from "../model.js";
import type { Expr } from "../syntax/ast.js";
import type { Clause, Cond, Pos, Slot, Step } from "../system/types.js";
import type { Dim } from "./dims.js";
import type { Names } from "./entities.js";
import type { Builtin } from "./functions/types.js";
import type { Place, Type } from "./types.js";

interface Common {
  readonly span: Place;
  readonly type: Type;
}

export type UnaryOp = "-" | "not";
export type ArithmeticOp = "+" | "-" | "*" | "/" | "^" | "div" | "mod";
export type CompareOp = "==" | "!=" | "<" | "<=" | ">" | ">=";
export type LogicOp = "and" | "or";
export type ReduceKind = "sum" | "mean" | "max" | "min" | "logsumexp" | "argmax";

export type Term = Common &
  (
    | { readonly kind: "number"; readonly value: number }
    /** A dim or the size of a vocabulary, as a number. */
    | { readonly kind: "size"; readonly dim: Dim }
    /** The variable of an axis, as a number. */
    | { readonly kind: "index"; readonly slot: Slot }
    /** `of`: the variable at whose index the length of a nested axis is meant; `around`: it and those around it, the nearest first. */
    | { readonly kind: "extent"; readonly axis: string; readonly of?: string; readonly around?: readonly Slot[] }
    /** `"h"`, `BOS`: which vocabulary it belongs to, its type says. */
    | { readonly kind: "literal"; readonly text: string }
    /** `training`, `observed(y)`: constant in a mode. */
    | { readonly kind: "mode"; readonly test: "training" | { readonly observed: string } }
    /** A value at a position per axis; `picks` choose entries of its leading dims. */
    | {
        readonly kind: "read";
        readonly of: Quantity;
        readonly idx: readonly Pos[];
        readonly picks: readonly Term[];
        /** As written, where the positions do not say it: `h[parent(n)]`. */
        readonly written?: string;
      }
    /** A read at indices that are values: `arg` reads at the bound variables, of which those are chosen. */
    | {
        readonly kind: "gather";
        readonly arg: Extract<Term, { kind: "read" }>;
        readonly at: readonly Gathered[];
      }
    | { readonly kind: "unary"; readonly op: UnaryOp; readonly arg: Term }
    | {
        readonly kind: "binary";
        readonly op: ArithmeticOp | CompareOp | LogicOp;
        readonly left: Term;
        readonly right: Term;
      }
    /** `a @ b`; a transposed side has its flag and stands here without the `'`. */
    | {
        readonly kind: "contract";
        readonly left: Term;
        readonly right: Term;
        readonly leftTransposed: boolean;
        readonly rightTransposed: boolean;
      }
    | { readonly kind: "transpose"; readonly arg: Term }
    | {
        readonly kind: "if";
        readonly cond: Term;
        readonly then: Term;
        readonly else: Term;
        /** Where the condition holds, `else` is 0 by itself: a `then` of 0 needs no branch. */
        readonly isZeroElsewhere?: boolean;
      }
    | { readonly kind: "concat"; readonly parts: readonly Term[] }
    | { readonly kind: "split"; readonly arg: Term; readonly parts: number; readonly part: number }
    | {
        readonly kind: "reduce";
        readonly by: ReduceKind;
        readonly slots: readonly Slot[];
        readonly arg: Term;
        /** Of a mean: how many there are along each slot, where that is not the length of its whole axis. */
        readonly lengths?: readonly Term[];
      }
    /**
     * Over a map of a structure: `arg` at those indices of `over` where the map, at `index`, leads to `at`, reduced to one.
     * Where `over` is `at` itself it is the one entry that the map points at (nothing: 0).
     */
    | {
        readonly kind: "mapped";
        readonly by: "sum" | "max" | "logsumexp";
        readonly over: Slot;
        readonly at: Slot;
        readonly arg: Term;
        readonly index: Extract<Term, { kind: "read" }>;
      }
    /** Softmax over a variable, which stays free. */
    | { readonly kind: "along"; readonly slot: Slot; readonly arg: Term }
    | {
        readonly kind: "call";
        readonly fn: Builtin;
        readonly args: readonly Term[];
        readonly options: Readonly<Record<string, number | string>>;
        /** Dims that a function such as `reshape` was given. */
        readonly dims: readonly Dim[];
        /** Noise that the function draws (dropout). */
        readonly noise: Quantity | null;
      }
    /** What stands in for an expression that was wrong. */
    | { readonly kind: "wrong" }
  );

/** One slot of what a gather reads: the variable that stands for it, and the index that is chosen. */
export interface Gathered {
  readonly slot: Slot;
  readonly bound: Slot;
  readonly index: Extract<Term, { kind: "read" }>;
  /** That of its axis, where the index may lie beyond it. */
  readonly length: Term;
  /** How the index lies to variables around, once that is found out. */
  readonly guards: readonly Cond[];
}

/** A clause as written: positions on the pinned slots; a range `t < 0` pins every index that is read there. */
export interface ClauseDef {
  readonly pins: readonly { readonly slot: string; readonly at: Pos | "below" | "beyond" }[];
  /** The variables of the slots that are not pinned, as the clause names them: slot of the owner → variable. */
  readonly vars: ReadonlyMap<string, Slot>;
  readonly term: Term;
  readonly span: Place;
  /** As written, `h[-1]`. */
  readonly text: string;
}

/** How the parameters of a distribution are given: `categorical(p = …)` has probabilities instead of logits. */
export type Given = "logits" | "p" | "moments" | "chol";

/** What is drawn from. */
export interface Drawing {
  readonly dist: DistName;
  readonly given: Given;
  readonly params: readonly Term[];
  /** The variable that it ranges over: `categorical[s]`. */
  readonly over: Slot | null;
  /** Of a mixture: what each component is. */
  readonly base: Drawing | null;
}

/** The distribution of a random. */
export interface Sampling extends Drawing {
  readonly weight: Term | null;
  readonly span: Place;
}

export type QuantityRole = "param" | "frozen" | "input" | "random" | "noise" | "eq";

/** Anything that becomes a value of the System. */
export interface Quantity {
  readonly id: string;
  /** As the user calls it: `W` inside a cell, where the id is `enc.W`. */
  readonly name: string;
  readonly role: QuantityRole;
  /** Without the batch. */
  slots: readonly Slot[];
  /** So many of the first slots are those around the cell that it belongs to: inside the cell they go unsaid. */
  readonly around: number;
  readonly type: Type;
  readonly span: Place;
  /** Is the shape stated? */
  readonly declared: boolean;
  definition: { readonly term: Term; readonly span: Place } | null;
  readonly clauses: ClauseDef[];
  sampling: Sampling | null;
  readonly noise: { readonly dist: "normal" | "bernoulli" | "uniform"; readonly params: readonly number[] } | null;
  /** Written by the user, against a part of an expression that the compiler named. */
  readonly named: boolean;
  /** Of a parameter: what the spec says about its start. */
  readonly start: { readonly expr: Expr; readonly form: "init" | "value"; readonly scope: Names } | null;
  /** Where it was read, in order. */
  readonly reads: Place[];
  /** Found from how it is used: packed blocks, and whether it is only ever added. */
  readonly uses: ParamUses;
  /** Only in the System of training (the noise of dropout). */
  readonly trainingOnly: boolean;
  /** Of an input: `int` or `bool`, numbers that may index. */
  readonly whole: Whole | null;
  /** Of an input that is a map of a structure, not a field of the record. */
  readonly map: { readonly step?: Step } | null;
  /** By its slots over nodes: what it is at the parent of the root, a value of its own. */
  readonly above: Map<string, Quantity>;
  /** By its slots over edges: how the text writes an edge, `f[n, k in kids(n)]`. */
  readonly ends: ReadonlyMap<string, Ends>;
}

/** Is it a key of the records? */
export const isField = (q: Quantity): boolean => (q.role === "input" || q.role === "random") && q.map === null;

export interface Ends {
  readonly first: "child" | "parent";
  readonly second: "child" | "parent";
  readonly text: readonly [string, string];
  readonly over: string;
}

export interface ParamUses {
  blocks: number | null;
  added: number;
  contracted: number;
  scaled: number;
}

/** A boundary box: all slots pinned or in range, none overlapping another. */
export interface Boundary {
  readonly pins: Clause["pins"];
  /** Null: conditions keep every read away from here. */
  readonly clause: ClauseDef | null;
}
