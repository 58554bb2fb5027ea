/** How an op of the System becomes instructions: one rule per op. */
import type { Attrs } from "../../system/types.js";
import type { Flat } from "../tensors.js";
import { broadcast, isConst, type Ref, size } from "../types.js";

/**
 * One equation. A tensor here has the dims `lead` (free variables, outermost first, then the batch), then features; any
 * dim may be 1 and is then repeated.
 */
export interface Call {
  readonly flat: Flat;
  readonly attrs: Attrs;
  /** Full extents. */
  readonly lead: readonly number[];
  /** Positions among `lead` that a sum fused into the equation removes; they become 1. */
  readonly reduced: readonly number[];
  readonly args: readonly Ref[];
  /** Features of the arguments and of the result. */
  readonly shapes: readonly (readonly number[])[];
  readonly shape: readonly number[];
}

/**
 * - `map`: computes every element; a fused sum follows
 * - `linear`: linear in its only argument, so a fused sum may come first
 * - `sums`: does the fused sum itself
 */
export interface Rule {
  readonly kind: "map" | "linear" | "sums";
  f(c: Call): Ref;
}

export const map = (f: (c: Call) => Ref): Rule => ({ kind: "map", f });
export const linear = (f: (c: Call) => Ref): Rule => ({ kind: "linear", f });
export const sums = (f: (c: Call) => Ref): Rule => ({ kind: "sums", f });

export function apply(rule: Rule, c: Call): Ref {
  const { flat, lead, reduced } = c;
  if (!reduced.length || rule.kind === "sums") return rule.f(c);
  if (rule.kind === "linear") {
    const x = flat.sum(c.args[0] as Ref, reduced, [...lead, ...(c.shapes[0] as number[])]);
    return rule.f({ ...c, args: [x], lead: lead.map((d, i) => (reduced.includes(i) ? 1 : d)), reduced: [] });
  }
  return flat.sum(rule.f({ ...c, reduced: [] }), reduced, [...lead, ...c.shape]);
}

/** The dims of a tensor before its features; numbers have none of their own. */
export const leadOf = (c: Call, x: Ref): number[] =>
  isConst(x) ? c.lead.map((d) => (d === 0 ? 0 : 1)) : x.shape.slice(0, c.lead.length);

/** The dims that several tensors have together. */
export const commonLead = (c: Call, xs: readonly Ref[]): number[] => xs.map((x) => leadOf(c, x)).reduce(broadcast);

/** Argument `i` with all of its features written out. */
export const withFeatures = (c: Call, i: number, lead?: readonly number[]): Ref => {
  const x = c.args[i] as Ref;
  return c.flat.full(x, [...(lead ?? leadOf(c, x)), ...(c.shapes[i] as number[])]);
};

/** A tensor as rows: all of its dims before the features as one. */
export const rows = (c: Call, x: Ref, lead: readonly number[], features: readonly number[]): Ref =>
  c.flat.reshape(x, [size(lead), ...features]);

/** Does a tensor depend on no variable and no sample? */
export const isUniform = (c: Call, x: Ref): boolean => leadOf(c, x).every((d) => d === 1);
