/** Elementwise ops; constants are folded with the op's own arithmetic. */
import { opOf } from "../../ops/index.js";
import { num } from "../../ops/types.js";
import type { Flat } from "../tensors.js";
import {
  type BinaryOp,
  type Instr,
  isConst,
  type Ref,
  sameShape,
  size,
  type TensorRef,
  type UnaryOp,
} from "../types.js";
import { type Call, linear, map, type Rule } from "./types.js";

const fold = (op: string): ((...xs: number[]) => number) => {
  const { eval: evaluate } = opOf(op);
  return (...xs) =>
    evaluate?.(
      xs.map((x) => Float64Array.of(x)),
      {},
      xs.map(() => []),
    )[0] as number;
};

const unary = (op: UnaryOp): Rule => {
  const f = fold(op);
  return map((c) => c.flat.unary(op, c.args[0] as Ref, f));
};
const binary = (op: BinaryOp): Rule => {
  const f = fold(op);
  return map((c) => c.flat.binary(op, c.args[0] as Ref, c.args[1] as Ref, f));
};
/** Small tensors first: what is repeated is combined before it is spread. */
const smallFirst = (c: Call): Ref[] => [...c.args].sort((x, y) => elements(c, x) - elements(c, y));
const elements = (c: Call, x: Ref): number => size(c.flat.shapeOf(x));

export const elementwise = {
  add: map((c) => smallFirst(c).reduce(c.flat.add)),
  affine: map((c) => c.flat.affine(c.args[0] as Ref, num(c.attrs, "a"), num(c.attrs, "b"))),
  div: binary("div"),
  pow: binary("pow"),
  maximum: binary("maximum"),
  minimum: binary("minimum"),
  mod: binary("mod"),
  less: binary("less"),
  lessEqual: binary("lessEqual"),
  equal: binary("equal"),
  where: map((c) => c.flat.where(c.args[0] as Ref, c.args[1] as Ref, c.args[2] as Ref)),
  tanh: unary("tanh"),
  sigmoid: unary("sigmoid"),
  relu: unary("relu"),
  softplus: unary("softplus"),
  exp: unary("exp"),
  log: unary("log"),
  sqrt: unary("sqrt"),
  abs: unary("abs"),
  sign: unary("sign"),
  floor: unary("floor"),
  sin: unary("sin"),
  cos: unary("cos"),
  stop: linear((c) => c.args[0] as Ref),
  id: linear((c) => c.args[0] as Ref),
} as const;

/** A product of all factors, without a sum. y (1 − y) and 1 − y² among them are the derivatives of sigmoid and tanh. */
export function productOf(c: Call): Ref {
  const factors = smallFirst(c);
  for (const [i, f] of factors.entries()) {
    const found = complement(c.flat, f);
    if (!found) continue;
    const { x, square } = found;
    const rest = factors.filter((_, k) => k !== i);
    const same = rest.findIndex((r) => !isConst(r) && r.n === x.n && r.out === x.out);
    if (!square) {
      if (same < 0) continue;
      rest.splice(same, 1);
    }
    const dy = rest.length ? productOf({ ...c, args: rest }) : c.flat.constant(1);
    if (isConst(dy) || !sameShape(dy.shape, x.shape)) continue;
    return c.flat.one(square ? "tanhGrad" : "sigmoidGrad", [x, dy], {}, x.shape);
  }
  return factors.reduce(c.flat.mul);
}

/** What `1 − x` or `1 − x²` was made from: x and the power; null for anything else. */
function complement(flat: Flat, r: Ref): { readonly x: TensorRef; readonly square: boolean } | null {
  if (isConst(r)) return null;
  const def = flat.instrs[r.n] as Instr;
  const x = def.args[0];
  if (def.op !== "affine" || def.attrs["a"] !== -1 || def.attrs["b"] !== 1 || !x || isConst(x)) return null;
  const inner = flat.instrs[x.n] as Instr;
  const [p, q] = inner.args;
  if (inner.op !== "mul" || !p || !q || isConst(p) || isConst(q) || p.n !== q.n || p.out !== q.out)
    return { x, square: false };
  return { x: p, square: true };
}
