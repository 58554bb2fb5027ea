import { badArgument } from "../../diagnostics/check-shapes.js";
import type { Diagnostic } from "../../diagnostics/types.js";
import type { Expr } from "../../system/expr.js";
import type { Dim } from "../dims.js";
import { give, type Solver, spoil } from "../solve.js";
import type { Term } from "../terms.js";
import { isPoison, shapeOf, showType } from "../types.js";

export type Shape = readonly Dim[];

export type CallTerm = Extract<Term, { kind: "call" }>;

/** A call while its types are found. */
export interface CallContext {
  readonly call: CallTerm;
  readonly solver: Solver;
  readonly report: (d: Diagnostic) => void;
  /** The vocabulary whose size a dim is. */
  vocabulary(d: Dim): string | null;
  /** The number that a dim is, where no vocabulary from the data is in it. */
  size(d: Dim): number | null;
}

/** What lowering offers to a function: numeric shapes, and arguments as tensors. */
export interface Lowering {
  /** The numeric shape in arithmetic; a token is its one-hot vector. */
  shape(t: Term): readonly number[];
  /** As a float tensor of its own shape. */
  tensor(t: Term): Expr;
  /** As it is: a token stays an index. */
  raw(t: Term): Expr;
  /** Broadcast to a shape. */
  as(t: Term, shape: readonly number[]): Expr;
  readonly training: boolean;
  noise(t: CallTerm): Expr;
}

/**
 * A function of the language. Everything about it stands in one place: how it is called, its shapes, and what ops it is.
 */
export interface Builtin {
  readonly name: string;
  readonly doc: string;
  readonly params: readonly string[];
  /** Named options with their defaults; null: must be given. */
  readonly options?: Readonly<Record<string, number | string | null>>;
  /** Positional arguments from here on are constants that set these options, in order: `maxpool(x, 2)`. */
  readonly positional?: readonly string[];
  /** Are the remaining arguments dims, as in `reshape(x, H, 4)`? */
  readonly dims?: boolean;
  /** Does it draw noise while training? */
  readonly noisy?: boolean;
  check(c: CallContext): void;
  lower(l: Lowering, t: CallTerm): Expr;
}

/** Argument `i` of a call; how many there are was checked before. */
export const arg = (t: CallTerm, i = 0): Term => t.args[i] as Term;

/** A rule that waits for the shapes of the arguments; a poisoned one poisons the result. */
export function whenKnown(c: CallContext, args: readonly Term[], then: (...shapes: Shape[]) => void): void {
  c.solver.add(() => {
    if (args.some((a) => isPoison(a.type))) {
      spoil(c.call.type);
      return true;
    }
    const shapes = args.map((a) => shapeOf(a.type));
    if (shapes.some((s) => s === null)) return false;
    then(...(shapes as Shape[]));
    return true;
  });
}

/** The result has this shape. */
export function result(c: CallContext, shape: Shape): void {
  give(c.solver, c.call.type, shape);
}

/** Tells that an argument is wrong and poisons the result. */
export function reject(c: CallContext, arg: Term, needs: string, help?: string): void {
  c.report(badArgument({ fn: c.call.fn.name, needs, arg: { place: arg.span, type: showType(arg.type) }, help }));
  spoil(c.call.type);
}
