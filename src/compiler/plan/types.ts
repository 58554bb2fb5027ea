/**
 * The level between Program and targets: a flat, hash-consed list of tensor instructions with concrete shapes. A target
 * only knows these ops. A tensor has one dim per free axis (outermost first), then the batch, then the features; a dim of
 * 1 where the extent is larger stands for a repeated one, as in broadcasting.
 */

/** A tensor, or a number that stands for a tensor of any shape (also for every tensor without elements). */
export type Ref =
  | { readonly n: number; readonly out: number; readonly shape: readonly number[]; readonly int: boolean }
  | { readonly c: number; readonly int: boolean };

export type TensorRef = Extract<Ref, { n: number }>;
/** Names a tensor among those of a plan. */
export const keyOf = (r: TensorRef): string => `${r.n}.${r.out}`;
export const isConst = (r: Ref): r is Extract<Ref, { c: number }> => "c" in r;

const UNARY = [
  ...(["tanh", "sigmoid", "relu", "softplus", "exp", "log", "sqrt", "rsqrt"] as const),
  ...(["abs", "sign", "floor", "sin", "cos"] as const),
] as const;
const COMPARE = ["less", "lessEqual", "equal"] as const;
const BINARY = ["add", "mul", "div", "pow", "maximum", "minimum", "mod", ...COMPARE] as const;

export type UnaryOp = (typeof UNARY)[number];
export type CompareOp = (typeof COMPARE)[number];
export type BinaryOp = (typeof BINARY)[number];

/**
 * A side of a host-made mask: an index of a dim (or 0) plus `off`, or the sample's length of axis `end` plus `off`. Of an
 * axis within others, the length at their indices `outer`, the outermost first; `n` are their padded extents.
 */
export interface Side {
  readonly v: string | null;
  readonly end: string | null;
  readonly off: number;
  readonly outer?: readonly { readonly at: Side; readonly n: number }[];
  /** A length counts as at least so much: on the padding of the axes around it is 0. */
  readonly least?: number;
}
export interface HostCond {
  readonly rel: "eq" | "lt";
  readonly a: Side;
  readonly b: Side;
}
/** A dim of a host-made mask: `v` runs over `from … from + len − 1`. */
export interface HostDim {
  readonly v: string;
  readonly from: number;
  readonly len: number;
}

export type Attr = number | string | boolean | readonly number[] | Side | readonly HostCond[] | readonly HostDim[];

/**
 * What only some targets have, see `fuse`.
 * - `addN`: a sum of several tensors of one shape
 * - `squares`: the sum of the squares of all elements
 * - `rowSum`: the sum over all dims but the last
 * - `turned`: a matrix's transpose, stored as such, for many products
 * - `sorted`: integers [R] in ascending order, all below 0 as −1, and the places where they stood
 * - `segmentSum`: a `scatter` of which the index was sorted
 */
export type FusedOp = "addN" | "squares" | "rowSum" | "turned" | "sorted" | "segmentSum";

/**
 * The ops of the flat list.
 * - `given`: a parameter, input, noise or state
 * - `mask`, `lengths`, `iota`, `endRows`: made on the host from the lengths of the samples. `endRows` are the rows, for a
 *   `gather`, of the index `side` along a dim of a tensor [dims…, batch]: 0 … len − 1, `stride` apart, the other dims by
 *   their `strides`
 * - `draw`: made by the caller's callback; a second output is the row that each row continues (beam search)
 * - `choose`: of rows [R, n] of logits, as the op of that name has it: `given` [R], `before` [R, 3], and where it is no
 *   maximum that is taken uniform numbers [R], then the temperature, perhaps `top_k` and `top_p`; gives [R, 3]. `free`: no
 *   value is known
 * - `beam`: of rows [k, B, n] of logits, k for each of B samples, as the op of that name has it: `given` [B], `before`
 *   [k, B, 8], `terms` [B, 4]; gives [k, B, 8]. `free`: no value is known
 * - `sigmoidGrad`, `tanhGrad`: dy · y (1 − y) and dy · (1 − y²) of arguments y, dy
 * - `literal`: the integers in `values`
 * - `rows`: stride · index + the offset of the place, by the `strides` of its dims, where 0 ≤ index < n (and < the second
 *   argument), else −1
 * - `gather`: rows of dim 0 by an index tensor; a negative index gives zeros (`missing`: there may be some that are no
 *   tokens). `scatter`: its adjoint, a sum by index
 * - `solve`, `logdet`: of matrices [rows, n, n], the former with right sides [rows, n, k]
 * - `scan`: a loop, see `Scan`
 */
export type TensorOp =
  | "given"
  | "mask"
  | "lengths"
  | "iota"
  | "endRows"
  | "full"
  | "literal"
  | "draw"
  | "choose"
  | "beam"
  | UnaryOp
  | BinaryOp
  | "affine"
  | "sigmoidGrad"
  | "tanhGrad"
  | "where"
  | "matmul"
  | "bmm"
  | "transpose"
  | "reshape"
  | "concat"
  | "slice"
  | "pad"
  | "split"
  | "unstack"
  | "expand"
  | "rows"
  | "gather"
  | "scatter"
  | "onehot"
  | "toFloat"
  | "toInt"
  | "argmax"
  | "sum"
  | "max"
  | "softmax"
  | "xent"
  | "solve"
  | "logdet"
  | "conv2d"
  | "conv2dInput"
  | "conv2dFilter"
  | "maxpool"
  | "maxpoolGrad"
  | "maxpoolPick"
  | "avgpool"
  | "avgpoolGrad"
  | "scan"
  | FusedOp;

/** Ops whose result has, at each place, a function of what their arguments have there. */
export const ELEMENTWISE: ReadonlySet<TensorOp> = new Set<TensorOp>([
  ...UNARY,
  ...BINARY,
  ...(["affine", "where", "sigmoidGrad", "tanhGrad", "toFloat", "toInt"] as const),
]);

export interface Instr {
  readonly n: number;
  readonly op: TensorOp;
  readonly args: readonly Ref[];
  readonly attrs: Readonly<Record<string, Attr>>;
  readonly shapes: readonly (readonly number[])[];
  readonly int: boolean;
  /** The value of the System that it was made for, for messages: `h[3]`. */
  readonly origin: string;
  /** Of the op `scan`. */
  readonly scan?: Scan;
}

/**
 * A loop whose body runs `count` times; a pure function. Arguments, in this order: the initial carries; `blocks` tensors
 * that are cut along dim 0 into `count` equal blocks; tensors that every run sees whole.
 *
 * In the body the instructions `given` with the ids `carry0 …`, `block0 …`, `whole0 …` stand for these; of the blocks a run
 * has one each: the run k those with the number k (direction 1) or count − 1 − k (direction −1).
 *
 * Results, in this order: the carries `finals` as the last run leaves them; for each of `stacked` the tensors [m, …] of all
 * runs, side by side along dim 0 in the order of the numbers of the blocks (not of time): [count · m, …].
 *
 * A loop may end before: no run begins where the carry `until`, one number, is not above 0. Of runs that were not made, the
 * stacked results are 0.
 */
export interface Scan {
  readonly count: number;
  readonly direction: 1 | -1;
  /** Needs nothing but what is given, draws nothing and makes nothing from lengths; a part of a list of its own. */
  readonly body: readonly Instr[];
  /** For each carry, what it is for the next run; in the body, with the shape and the dtype of the carry. */
  readonly next: readonly TensorRef[];
  readonly blocks: number;
  readonly finals: readonly number[];
  readonly stacked: readonly TensorRef[];
  readonly until?: number;
}

/** The results of a scan, as the body's tensors. */
export const scanResults = ({ finals, next, stacked }: Scan): TensorRef[] => [
  ...finals.map((k) => next[k] as TensorRef),
  ...stacked,
];

export const scanShapes = (scan: Scan): (readonly number[])[] =>
  scanResults(scan).map(({ shape }, k) => {
    const [first = 1, ...rest] = shape;
    return k < scan.finals.length ? shape : [scan.count * first, ...rest];
  });

/** Is a result of an instruction integers? */
export const isIntResult = (i: Instr, out: number): boolean =>
  i.scan ? (scanResults(i.scan)[out] as TensorRef).int : i.int || (i.op === "draw" && out > 0);

/** The number of elements of a tensor. */
export { product as size } from "../system/types.js";

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

/** Numpy's broadcasting, right-aligned. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const n = Math.max(a.length, b.length);
  return Array.from({ length: n }, (_, i) => {
    const [x, y] = [a[a.length - n + i] ?? 1, b[b.length - n + i] ?? 1];
    if (x !== y && x !== 1 && y !== 1) throw new Error(`shapes [${a}] and [${b}] do not broadcast`);
    return x === 1 ? y : x;
  });
}

/** Instructions that the results need, in order. */
export function liveInstrs(instrs: readonly Instr[], results: Iterable<Ref>): Instr[] {
  const needed = new Set<number>();
  const want = (r: Ref): void => {
    if (!isConst(r)) needed.add(r.n);
  };
  for (const r of results) want(r);
  const live: Instr[] = [];
  // whatever reads an instruction comes after it
  for (const i of [...instrs].reverse()) {
    if (!needed.has(i.n)) continue;
    live.push(i);
    i.args.forEach(want);
  }
  return live.reverse();
}
