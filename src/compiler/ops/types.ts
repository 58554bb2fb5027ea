import type { Expr } from "../system/expr.js";
import type { Attrs, Dtype } from "../system/types.js";

export interface VjpContext {
  /** The adjoint of the result, v̄. */
  readonly ct: Expr;
  /** The result itself. */
  readonly out: Expr;
  readonly args: readonly Expr[];
  readonly attrs: Attrs;
  readonly shapes: readonly (readonly number[])[];
  readonly outShape: readonly number[];
}

/** Arguments of one sample call: shapes with deterministic random numbers, or the numbers themselves. */
export interface OpSample {
  readonly shapes: readonly (readonly number[])[];
  readonly data?: readonly (readonly number[] | null)[];
  readonly attrs?: Attrs;
}

/** The result is 0 where `any` argument is 0, where `all` are, where the `first` is, or not by itself. */
export type ZeroRule = "any" | "all" | "first" | "never";

/**
 * One op of the System: name, documentation, shape rule, reference evaluation (the oracle), derivative rule.
 * It acts on the features of one element; axes and the batch are around it. Everything about an op stands here;
 * each target adds one entry to its own exhaustive table.
 */
export interface OpDef<Name extends string = string> {
  readonly name: Name;
  readonly doc: string;
  /** Names of the arguments; a last name that ends in `…` repeats. */
  readonly params: readonly string[];
  /** Of the result; `float` unless said. */
  readonly dtype?: Dtype | ((args: readonly Dtype[], attrs: Attrs) => Dtype);
  /** Linear in each argument: a sum over axes may be fused into it (`dW = sum[t] outer(dz, h)`). */
  readonly multilinear?: boolean;
  /** Where masks on padding follow from: which arguments must be 0 for the result to be 0. */
  readonly zero: ZeroRule | ((attrs: Attrs) => ZeroRule);
  infer(shapes: readonly (readonly number[])[], attrs: Attrs): number[];
  /** Row-major numbers in, row-major numbers out. Slow and obviously right. Absent: the evaluator knows the op (`index`, `extent`, `…Along`). */
  eval?(args: readonly Float64Array[], attrs: Attrs, shapes: readonly (readonly number[])[]): Float64Array;
  /** One adjoint per argument (null: none). `none`: why all are zero. `open`: why there is no rule; differentiating throws. */
  readonly vjp: ((c: VjpContext) => readonly (Expr | null)[]) | { readonly none: string } | { readonly open: string };
  readonly samples: readonly OpSample[];
  /** Why there are no samples: what tests the op instead. */
  readonly unsampled?: string;
}

/** A wrong shape that reaches an op is our mistake: the checker reports the user's before. */
export class ShapeError extends Error {}

export function defineOp<Name extends string>(def: OpDef<Name>): OpDef<Name> {
  return def;
}

/** The result is a token where the first argument is one. */
export const dtypeOfFirst = (args: readonly Dtype[]): Dtype => args[0] ?? "float";

/** Number `i` of an argument of an evaluation. */
export const at = (x: Float64Array | undefined, i: number): number => (x as Float64Array)[i] as number;

export const num = (attrs: Attrs, key: string): number => {
  const x = attrs[key];
  if (typeof x !== "number") throw new Error(`attribute ${key} must be a number`);
  return x;
};

export const nums = (attrs: Attrs, key: string): readonly number[] => {
  const x = attrs[key];
  if (!Array.isArray(x)) throw new Error(`attribute ${key} must be a list of numbers`);
  return x as readonly number[];
};

export function allEqual(shapes: readonly (readonly number[])[], name: string): number[] {
  const first = shapes[0];
  if (!first) throw new ShapeError(`${name} needs an argument`);
  for (const s of shapes) if (s.join() !== first.join()) throw new ShapeError(`${name} of [${first}] and [${s}]`);
  return [...first];
}
