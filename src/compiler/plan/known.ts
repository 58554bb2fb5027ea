/** Numbers that follow from indices alone: known while the plan is made, whatever the data. */
import type { Flat } from "./tensors.js";
import { broadcast, type Instr, isConst, type Ref, size, type TensorOp } from "./types.js";

type Binary = (a: number, b: number) => number;

const BINARY: Partial<Record<TensorOp, Binary>> = {
  add: (a, b) => a + b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  mod: (a, b) => a - b * Math.floor(a / b),
  maximum: Math.max,
  minimum: Math.min,
};

const UNARY: ReadonlySet<TensorOp> = new Set(["reshape", "toInt", "toFloat", "floor", "affine"]);

/** The numbers of a tensor in its own shape; null where it depends on data or on lengths. */
export function known(flat: Flat, r: Ref): readonly number[] | null {
  if (isConst(r)) return [r.c];
  const { op, args, attrs, shapes } = flat.instrs[r.n] as Instr;
  const [x, y] = args;
  if (op === "literal") return attrs["values"] as readonly number[];
  if (op === "iota") return Array.from({ length: size(r.shape) }, (_, i) => (attrs["from"] as number) + i);
  const combine = BINARY[op];
  if (combine && x && y) {
    const a = spread(flat, x, r.shape);
    const b = a && spread(flat, y, r.shape);
    return b && a.map((n, i) => combine(n, b[i] as number));
  }
  if (op === "expand" && x) return spread(flat, x, shapes[0] as readonly number[]);
  // nothing else is looked into: what is computed step by step is a long chain
  if (!x || !UNARY.has(op)) return null;
  const own = known(flat, x);
  if (!own) return null;
  if (op === "reshape" || op === "toInt" || op === "toFloat") return own;
  if (op === "floor") return own.map(Math.floor);
  return op === "affine" ? own.map((n) => (attrs["a"] as number) * n + (attrs["b"] as number)) : null;
}

/** Repeated to a shape, right-aligned. */
function spread(flat: Flat, r: Ref, shape: readonly number[]): readonly number[] | null {
  const own = known(flat, r);
  if (!own) return null;
  const from = flat.shapeOf(r);
  if (broadcast(from, shape).join() !== shape.join()) throw new Error(`[${from}] is not repeated to [${shape}]`);
  const at = stridesOf(from);
  const strides = shape.map((_, k) => {
    const j = k - (shape.length - from.length);
    return j < 0 || from[j] === 1 ? 0 : (at[j] as number);
  });
  return offsets(shape, strides).map((o) => own[o] as number);
}

/** How far apart the entries of each dim lie in a tensor of this shape, row by row. */
export const stridesOf = (shape: readonly number[]): number[] => shape.map((_, k) => size(shape.slice(k + 1)));

/** For each place of a shape, in order, the sum of index times stride over its dims. */
export function offsets(shape: readonly number[], strides: readonly number[]): number[] {
  return shape.reduce<number[]>(
    (all, n, k) => all.flatMap((o) => Array.from({ length: n }, (_, i) => o + i * (strides[k] as number))),
    [0],
  );
}
