/** Expression trees over reads: what the checker and the derivative rules write; the builder flattens them into equations. */
import type { Attrs, Pos, Read, Reduction, Slot } from "./types.js";

export type Expr =
  | { readonly e: "read"; readonly read: Read }
  | { readonly e: "op"; readonly op: string; readonly args: readonly Expr[]; readonly attrs: Attrs }
  | { readonly e: "red"; readonly kind: Reduction["kind"]; readonly vars: readonly Slot[]; readonly body: Expr }
  | { readonly e: "along"; readonly op: string; readonly var: string; readonly arg: Expr };

export const read = (v: string, idx: readonly Pos[], when: Read["when"] = []): Expr => ({
  e: "read",
  read: { v, idx, when },
});
export const ofRead = (r: Read): Expr => ({ e: "read", read: r });
export const op = (name: string, args: readonly Expr[], attrs: Attrs = {}): Expr => ({
  e: "op",
  op: name,
  args,
  attrs,
});
export const sumOver = (vars: readonly Slot[], body: Expr): Expr =>
  vars.length ? { e: "red", kind: "sum", vars, body } : body;
export const maxOver = (vars: readonly Slot[], body: Expr): Expr => ({ e: "red", kind: "max", vars, body });
export const lseOver = (vars: readonly Slot[], body: Expr): Expr => ({ e: "red", kind: "lse", vars, body });
export const argmaxOver = (v: Slot, body: Expr): Expr => ({ e: "red", kind: "argmax", vars: [v], body });
/** `body`: the op `draw`, whose distribution ranges over `vars`. */
export const drawOver = (vars: readonly Slot[], body: Expr): Expr =>
  vars.length ? { e: "red", kind: "draw", vars, body } : body;
export const softmaxAlong = (v: string, arg: Expr): Expr => ({ e: "along", op: "softmaxAlong", var: v, arg });
export const firstMaxAlong = (v: string, arg: Expr): Expr => ({ e: "along", op: "firstMaxAlong", var: v, arg });

/** Short names of the ops, for derivative rules and for the checker. Shapes must agree exactly: see `fill` and `scale`. */
export const E = {
  id: (x: Expr) => op("id", [x]),
  add: (...xs: Expr[]): Expr => (xs.length === 1 ? (xs[0] as Expr) : op("add", xs)),
  mul: (...xs: Expr[]): Expr => (xs.length === 1 ? (xs[0] as Expr) : op("mul", xs)),
  /** a·x + b with numbers a, b */
  affine: (a: number, b: number, x: Expr) => op("affine", [x], { a, b }),
  neg: (x: Expr) => op("affine", [x], { a: -1, b: 0 }),
  sub: (x: Expr, y: Expr) => op("add", [x, op("affine", [y], { a: -1, b: 0 })]),
  div: (x: Expr, y: Expr) => op("div", [x, y]),
  pow: (x: Expr, y: Expr) => op("pow", [x, y]),
  /** Any elementwise function of one argument. */
  map: (f: string, x: Expr) => op(f, [x]),
  exp: (x: Expr) => op("exp", [x]),
  where: (c: Expr, x: Expr, y: Expr) => op("where", [c, x, y]),
  less: (x: Expr, y: Expr) => op("less", [x, y]),
  equal: (x: Expr, y: Expr) => op("equal", [x, y]),
  /** scalar · tensor */
  scale: (s: Expr, x: Expr) => op("scale", [s, x]),
  mv: (W: Expr, x: Expr) => op("mv", [W, x]),
  mvT: (W: Expr, y: Expr) => op("mvT", [W, y]),
  mm: (A: Expr, B: Expr) => op("mm", [A, B]),
  transpose: (A: Expr) => op("transpose", [A]),
  outer: (x: Expr, y: Expr) => op("outer", [x, y]),
  dot: (x: Expr, y: Expr) => op("dot", [x, y]),
  concat: (...xs: Expr[]): Expr => (xs.length === 1 ? (xs[0] as Expr) : op("concat", xs)),
  slice: (x: Expr, from: number, len: number) => op("slice", [x], { from, len }),
  pad: (x: Expr, from: number, total: number) => op("pad", [x], { from, total }),
  reshape: (x: Expr, shape: readonly number[]) => op("reshape", [x], { shape }),
  fill: (s: Expr, shape: readonly number[]): Expr => (shape.length ? op("fill", [s], { shape }) : s),
  sumf: (x: Expr) => op("sumf", [x]),
  softmax: (x: Expr) => op("softmax", [x]),
  /** x where the variable `slot` has the index i, else `fill`: a sum over `slot` is a gather, over others a scatter. */
  only: (x: Expr, i: Expr, slot: string, fill = 0) => op("only", [x, i], fill === 0 ? { slot } : { slot, fill }),
  stop: (x: Expr) => op("stop", [x]),
  num: (value: number, shape: readonly number[] = []) => op("const", [], { value, shape }),
  /** x, or a very low finite number where x = −∞: so that e − x is −∞ and not undefined where e = −∞ too. */
  floored: (x: Expr, shape: readonly number[] = []) => op("maximum", [x, E.num(-1e30, shape)]),
  /** x inside the domain of the variables, 0 on the padding of ragged axes. */
  mask: (x: Expr, slots: readonly string[]): Expr => (slots.length ? op("mask", [x], { slots }) : x),
};
