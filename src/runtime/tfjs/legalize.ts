/** Rewrites a plan into what a backend does well: truth values where numbers are wanted, flags of matmuls. */
import type { Plan } from "../../compiler/plan/lower.js";
import { Flat } from "../../compiler/plan/tensors.js";
import { type Instr, isConst, liveInstrs, type Ref, type TensorRef } from "../../compiler/plan/types.js";

const TRUTHS = new Set(["mask", "less", "lessEqual", "equal"]);

/** Is a tensor stored as truth values (bool)? */
export function isTruth(instrs: readonly Instr[], r: Ref): boolean {
  if (isConst(r)) return false;
  const i = instrs[r.n] as Instr;
  return TRUTHS.has(i.op) || (i.op === "reshape" && isTruth(instrs, i.args[0] as Ref));
}

export interface Legal {
  /** By `n`. */
  readonly all: readonly Instr[];
  /** Those that the outputs need, in order. */
  readonly live: readonly Instr[];
  readonly outputs: ReadonlyMap<
    string,
    { readonly ref: Ref; readonly shape: readonly number[]; readonly int: boolean }
  >;
}

export function legalize(plan: Plan, transposeOperands: boolean): Legal {
  const flat = new Flat();
  const made = new Map<number, readonly Ref[]>();
  const number = (r: Ref): Ref => (isTruth(flat.instrs, r) ? flat.one("toFloat", [r], {}, (r as TensorRef).shape) : r);
  const renamed = (r: Ref): Ref => (isConst(r) ? r : ((made.get(r.n) as readonly Ref[])[r.out] as Ref));
  for (const i of plan.instrs) {
    flat.origin = i.origin;
    const args = i.args.map(renamed);
    made.set(i.n, rewrite(flat, i, args, number, transposeOperands));
  }
  const outputs = new Map([...plan.outputs].map(([id, o]) => [id, { ...o, ref: number(renamed(o.ref)) }]));
  const live = liveInstrs(
    flat.instrs,
    [...outputs.values()].map((o) => o.ref),
  );
  return { all: flat.instrs, live, outputs };
}

function rewrite(
  flat: Flat,
  i: Instr,
  args: readonly Ref[],
  number: (r: Ref) => Ref,
  transposeOperands: boolean,
): readonly Ref[] {
  if (i.op === "where") return [emit(flat, i, [args[0] as Ref, ...args.slice(1).map(number)])];
  if (i.op === "reshape") return [flat.reshape(args[0] as Ref, i.shapes[0] as number[])];
  const numbers = args.map(number);
  if (transposeOperands && (i.op === "matmul" || i.op === "bmm")) return [product(flat, i, numbers)];
  const n = flat.emit(i.op, numbers, i.attrs, i.shapes, i.int);
  return i.shapes.map((shape, out) => ({ n, out, shape, int: out > 0 && i.op === "draw" ? true : i.int }));
}

const emit = (flat: Flat, i: Instr, args: readonly Ref[]): Ref =>
  flat.one(i.op, args, i.attrs, i.shapes[0] as number[], i.int);

/** aᵀ b as (bᵀ a)ᵀ where that moves less: then one small transpose of h serves the weight gradients of all gates. */
function product(flat: Flat, i: Instr, [a, b]: readonly Ref[]): Ref {
  const { ta, tb } = i.attrs as unknown as { ta: boolean; tb: boolean };
  const [x, y] = [a as TensorRef, b as TensorRef];
  const last = x.shape.length - 1;
  const perm = [...x.shape.keys()];
  perm.splice(last - 1, 2, last, last - 1);
  const turn = (r: Ref): Ref => flat.transpose(r, perm);
  const mul = (p: Ref, q: Ref, shape: readonly number[]): Ref =>
    flat.one(i.op, [p, q], { ta: false, tb: false }, shape);
  const shape = i.shapes[0] as number[];
  const elements = (s: readonly number[]): number => s.reduce((p, d) => p * d, 1);
  if (ta && !tb && elements(y.shape) + elements(shape) < elements(x.shape))
    return turn(
      mul(
        turn(y),
        x,
        perm.map((k) => shape[k] as number),
      ),
    );
  return mul(ta ? turn(x) : x, tb ? turn(y) : y, shape);
}
