/** Rewrites a plan into what a backend does well: truth values where numbers are wanted, flags of matmuls. */

import { copied } from "../../compiler/plan/copy.js";
import type { Plan } from "../../compiler/plan/lower.js";
import { Flat } from "../../compiler/plan/tensors.js";
import {
  type Instr,
  isConst,
  liveInstrs,
  type Ref,
  type Scan,
  size,
  type TensorRef,
} from "../../compiler/plan/types.js";

const TRUTHS = new Set(["mask", "less", "lessEqual", "equal"]);

/** Is a tensor stored as truth values (bool)? */
export function isTruth(instrs: readonly Instr[], r: Ref): boolean {
  if (isConst(r)) return false;
  const i = instrs[r.n] as Instr;
  return TRUTHS.has(i.op) || i.attrs["truth"] === true || (i.op === "reshape" && isTruth(instrs, i.args[0] as Ref));
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

export interface Habits {
  /** Are matmuls with flags slow? */
  readonly transposeOperands: boolean;
  /** Does one split cost less than several slices? */
  readonly split: boolean;
}

export function legalize(plan: Plan, { transposeOperands, split }: Habits): Legal {
  const flat = new Flat();
  const made = new Map<number, readonly Ref[]>();
  const number = (r: Ref): Ref => (isTruth(flat.instrs, r) ? flat.one("toFloat", [r], {}, (r as TensorRef).shape) : r);
  const parts = split ? slicesOf(plan.instrs) : new Map<number, Split>();
  const renamed = (r: Ref): Ref => (isConst(r) ? r : ((made.get(r.n) as readonly Ref[])[r.out] as Ref));
  for (const i of plan.instrs) {
    flat.origin = i.origin;
    const args = i.args.map(renamed);
    const group = parts.get(i.n);
    if (group) {
      made.set(i.n, [partOf(flat, i, args[0] as Ref, group, number)]);
      continue;
    }
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
  if (i.scan) return copied(flat, { ...i, scan: withTruths(flat, i.scan, args) }, scanArgs(i.scan, args, number));
  if (i.op === "where") return [emit(flat, i, [args[0] as Ref, ...args.slice(1).map(number)])];
  if (i.op === "reshape") return copied(flat, i, args);
  const numbers = args.map(number);
  if (transposeOperands && (i.op === "matmul" || i.op === "bmm")) return [product(flat, i, numbers)];
  if (transposeOperands && i.op === "sum") {
    const summed = rowsSum(flat, i, numbers[0] as Ref);
    if (summed) return [summed];
  }
  return copied(flat, i, numbers);
}

/** What is carried from run to run is numbers; all else may be truth values. */
const scanArgs = ({ next }: Scan, args: readonly Ref[], number: (r: Ref) => Ref): Ref[] =>
  args.map((r, k) => (k < next.length ? number(r) : r));

/** A scan that says of what its body is given whether it is truth values. Bodies are made legal when they are compiled. */
function withTruths(flat: Flat, scan: Scan, args: readonly Ref[]): Scan {
  const from = scan.next.length;
  const truths = new Set(
    args.flatMap((r, k) => {
      if (k < from || !isTruth(flat.instrs, r)) return [];
      return [k < from + scan.blocks ? `block${k - from}` : `whole${k - from - scan.blocks}`];
    }),
  );
  const body = scan.body.map((i) =>
    i.op === "given" && truths.has(i.attrs["id"] as string) ? { ...i, attrs: { ...i.attrs, truth: true } } : i,
  );
  return { ...scan, body };
}

/** A sum over many leading rows as a row of ones times a matrix: the matmul of a weight gradient has packed that matrix already. */
function rowsSum(flat: Flat, i: Instr, x: Ref): Ref | null {
  if (isConst(x)) return null;
  const axes = i.attrs["axes"] as readonly number[];
  const rows = size(x.shape.slice(0, axes.length));
  const cols = size(x.shape.slice(axes.length));
  if (!axes.every((a, k) => a === k) || rows < 64 || cols < 16) return null;
  const ones = flat.full(flat.constant(1), [1, rows]);
  const product = flat.one("matmul", [ones, flat.reshape(x, [rows, cols])], { ta: false, tb: false }, [1, cols]);
  return flat.reshape(product, i.shapes[0] as number[]);
}

interface Split {
  readonly sizes: readonly number[];
  readonly starts: readonly number[];
}

/** Slices of one tensor that share nothing and leave nothing out are one split. */
function slicesOf(instrs: readonly Instr[]): Map<number, Split> {
  const groups = new Map<string, Instr[]>();
  for (const i of instrs) {
    const source = i.args[0] as Ref;
    if (i.op !== "slice" || isConst(source)) continue;
    const key = `${source.n}.${source.out}|${i.attrs["axis"]}`;
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  const found = new Map<number, Split>();
  for (const group of groups.values()) {
    const sorted = group.sort((a, b) => (a.attrs["from"] as number) - (b.attrs["from"] as number));
    const starts = sorted.map((i) => i.attrs["from"] as number);
    const sizes = sorted.map((i) => i.attrs["len"] as number);
    const whole = ((sorted[0] as Instr).args[0] as TensorRef).shape[(sorted[0] as Instr).attrs["axis"] as number];
    const tiles = starts.every(
      (from, k) => from === (k === 0 ? 0 : (starts[k - 1] as number) + (sizes[k - 1] as number)),
    );
    const end = (starts[starts.length - 1] as number) + (sizes[sizes.length - 1] as number);
    if (sorted.length > 1 && tiles && end === whole) for (const i of sorted) found.set(i.n, { sizes, starts });
  }
  return found;
}

function partOf(flat: Flat, i: Instr, source: Ref, { sizes, starts }: Split, number: (r: Ref) => Ref): Ref {
  const x = number(source);
  if (isConst(x)) return x;
  const axis = i.attrs["axis"] as number;
  const shapes = sizes.map((n) => x.shape.map((d, k) => (k === axis ? n : d)));
  const n = flat.emit("split", [x], { axis, sizes }, shapes, i.int);
  return { n, out: starts.indexOf(i.attrs["from"] as number), shape: i.shapes[0] as number[], int: i.int };
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
  if (ta && !tb && size(y.shape) + size(shape) < size(x.shape))
    return turn(
      mul(
        turn(y),
        x,
        perm.map((k) => shape[k] as number),
      ),
    );
  return mul(ta ? turn(x) : x, tb ? turn(y) : y, shape);
}
