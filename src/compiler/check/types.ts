/** Types of values: unknown until unification finds them. */
import type { Span } from "../syntax/ast.js";
import type { Dim } from "./dims.js";
import * as dims from "./dims.js";

/** A span that remembers in which file it is, where that is not the spec itself. */
export interface Place extends Span {
  readonly file?: string;
}

/**
 * `token`: an element of a vocabulary, its one-hot vector in arithmetic. `position`: an index of an axis, a number in
 * arithmetic. `poison`: an error was reported already.
 */
export type Known =
  | { readonly kind: "float"; readonly shape: readonly Dim[] }
  | { readonly kind: "token"; readonly vocab: string }
  | { readonly kind: "position"; readonly axis: string }
  | { readonly kind: "poison" };

/** A type variable; those that are found equal point at one another. */
export interface Type {
  known: Known | null;
  same: Type | null;
}

export const open = (): Type => ({ known: null, same: null });
export const float = (shape: readonly Dim[]): Type => ({ known: { kind: "float", shape }, same: null });
export const token = (vocab: string): Type => ({ known: { kind: "token", vocab }, same: null });
export const onAxis = (axis: string): Type => ({ known: { kind: "position", axis }, same: null });
export const poison = (): Type => ({ known: { kind: "poison" }, same: null });
export const scalar = (): Type => float([]);

/** The last variable of the chain: two types are one if their roots are. */
export function root(t: Type): Type {
  let r = t;
  while (r.same) r = r.same;
  return r;
}

export const knownOf = (t: Type): Known | null => root(t).known;
export const isPoison = (t: Type): boolean => knownOf(t)?.kind === "poison";
export const isToken = (t: Type): boolean => knownOf(t)?.kind === "token";
export const isPosition = (t: Type): boolean => knownOf(t)?.kind === "position";
/** Is it an integer in the System? */
export const isIndex = (t: Type): boolean => isToken(t) || isPosition(t);

export function setKnown(t: Type, known: Known): void {
  root(t).known = known;
}

/** The shape in arithmetic: a token counts as its one-hot vector, a position as a number. Null while unknown (or poisoned). */
export function shapeOf(t: Type): readonly Dim[] | null {
  const k = knownOf(t);
  if (!k || k.kind === "poison") return null;
  if (k.kind === "position") return [];
  return k.kind === "token" ? [dims.named(k.vocab)] : k.shape;
}

export function showType(t: Type): string {
  const k = knownOf(t);
  if (!k) return "a value of unknown shape";
  if (k.kind === "poison") return "wrong already";
  if (k.kind === "position") return `a position on the axis ${k.axis}`;
  return k.kind === "token" ? `a token of ${k.vocab}` : dims.showShape(k.shape);
}
