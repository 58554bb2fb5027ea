/** What an executable needs of a backend: raw tensors, made and freed by hand, and one kernel for each op. */

import type { Costs } from "../../compiler/plan/recurrence.js";
import type { FusedOp, Instr, Scan, TensorOp } from "../../compiler/plan/types.js";
import type { Nested } from "./code.js";

export type Dtype = "float32" | "int32" | "bool";
export type Values = Float32Array | Int32Array | Uint8Array;

/** Ops that the executable carries out itself: they bring tensors in, or only name them differently. */
export type OwnOp =
  | "given"
  | "draw"
  | "mask"
  | "lengths"
  | "iota"
  | "endRows"
  | "full"
  | "literal"
  | "reshape"
  | "scan";

/** How a kernel sees its instruction. Everything that does not change from run to run is decided once. */
export interface KernelCall<H> {
  readonly instr: Instr;
  readonly shapes: readonly (readonly number[])[];
  readonly dtypes: readonly Dtype[];
  /** Of the results. */
  readonly dtype: Dtype;
  /** Which results something reads. A kernel may leave the others undefined. */
  readonly wanted: readonly boolean[];
  /** A constant tensor, freed with the executable; equal ones are shared. */
  constant(values: Values, shape: readonly number[]): H;
}

/** Takes ownership of nothing; its results are the caller's. */
export type Run<H> = (args: readonly H[]) => readonly (H | undefined)[];
export type Kernel<H> = (call: KernelCall<H>) => Run<H>;
/** Makes a loop ready: as `scanRun`, which does so for any memory. */
export type Loop<H> = (scan: Scan, call: KernelCall<H>, memory: Memory<H>, body: Nested<H>) => Run<H>;
/** Exhaustive: an op without a kernel does not compile. */
export type Kernels<H> = Readonly<Record<Exclude<TensorOp, OwnOp | FusedOp>, Kernel<H>>>;

/** A kernel for each op of a table, from what the table has for it. */
export const kernelsOf = <Op extends string, A, H>(
  table: Readonly<Record<Op, A>>,
  kernel: (entry: A) => Kernel<H>,
): Record<Op, Kernel<H>> =>
  Object.fromEntries(Object.entries<A>(table).map(([op, entry]) => [op, kernel(entry)])) as Record<Op, Kernel<H>>;

export interface Memory<H> {
  readonly name: string;
  readonly kernels: Kernels<H>;
  /** Measured on x86 in 2026, of plans that run often. */
  readonly costs: Costs;
  /** Do the flags of matmul cost a slow path, so that operands are transposed once before? */
  readonly transposeOperands: boolean;
  write(values: Values, shape: readonly number[]): H;
  /** A copy, in the dtype that the tensor has. */
  read(handle: H, shape: readonly number[], dtype: Dtype): Values;
  copy(handle: H, shape: readonly number[], dtype: Dtype): H;
  free(handle: H): void;
  /** The same numbers under another shape; absent where a handle has no shape of its own, so that a reshape is free. */
  readonly reshape?: (handle: H, shape: readonly number[], dtype: Dtype) => H;
  /** Part of a tensor without a copy; freed like a tensor, before its whole. */
  readonly view?: (handle: H, from: number, shape: readonly number[], dtype: Dtype) => H;
  /** Told before a run whether a token that is given may be −1; absent where kernels look for themselves. */
  readonly expectMissing?: (may: boolean) => void;
  /** How loops run; absent where they run here. */
  readonly loop?: Loop<H>;
  /** Kernels that do what otherwise takes several. */
  readonly fused?: Readonly<Record<FusedOp, Kernel<H>>>;
  /** Live tensors of the backend. */
  count(): number;
}

export const dtypeOf = (values: Values): Dtype =>
  values instanceof Float32Array ? "float32" : values instanceof Int32Array ? "int32" : "bool";
