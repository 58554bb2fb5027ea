/** Tensors that are made from the lengths of the samples, for each batch anew. */
import type { HostCond, HostDim, Instr, Side } from "../../compiler/plan/types.js";
import { size } from "../../compiler/plan/types.js";
import type { Values } from "./memory.js";

export type Lengths = Readonly<Record<string, Int32Array>>;

export type HostOp = "mask" | "lengths" | "iota" | "endRows";
export const isHostOp = (op: string): op is HostOp =>
  op === "mask" || op === "lengths" || op === "iota" || op === "endRows";

/** The axes whose lengths an instruction looks at; null where it is no host op. */
export function axesOf(instr: Instr): string[] {
  if (instr.op === "lengths" || instr.op === "endRows") return [instr.attrs["axis"] as string];
  if (instr.op !== "mask") return [];
  const sides = (instr.attrs["conds"] as readonly HostCond[]).flatMap((c) => [c.a, c.b]);
  return [...new Set(sides.flatMap((s) => (s.end === null ? [] : [s.end])))];
}

/** A sample's length; of a whole batch (for what has no sample) the longest. */
function lengthOf(lengths: Lengths, axis: string, b: number, batch: number): number {
  const all = lengths[axis];
  if (!all) throw new Error(`no lengths are given for the axis ${axis}`);
  return batch === 1 ? all.reduce((a, n) => Math.max(a, n), 0) : (all[b] as number);
}

export function makeHost(instr: Instr & { readonly op: HostOp }, lengths: Lengths): Values {
  const { attrs } = instr;
  const shape = instr.shapes[0] as readonly number[];
  switch (instr.op) {
    case "iota":
      return Float32Array.from({ length: attrs["len"] as number }, (_, i) => (attrs["from"] as number) + i);
    case "lengths":
      return lengthsOf(
        instr.int ? new Int32Array(size(shape)) : new Float32Array(size(shape)),
        attrs["axis"] as string,
        lengths,
      );
    case "endRows":
      return endRows(attrs as unknown as EndRows, lengths);
    case "mask":
      return maskOf(
        attrs["conds"] as readonly HostCond[],
        attrs["dims"] as readonly HostDim[],
        attrs["batch"] as number,
        shape,
        lengths,
      );
  }
}

function lengthsOf(out: Values, axis: string, lengths: Lengths): Values {
  for (let b = 0; b < out.length; b++) out[b] = lengthOf(lengths, axis, b, out.length);
  return out;
}

interface EndRows {
  readonly axis: string;
  readonly off: number;
  readonly outer: number;
  readonly len: number;
  readonly inner: number;
  readonly own: number;
  readonly batch: number;
}

/** Rows of a tensor [outer, len, inner, own] at index length + off, for [outer, inner, batch]. */
function endRows({ axis, off, outer, len, inner, own, batch }: EndRows, lengths: Lengths): Int32Array {
  const out = new Int32Array(outer * inner * batch);
  let next = 0;
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++)
      for (let b = 0; b < batch; b++) {
        const n = Math.min(Math.max(lengthOf(lengths, axis, b, batch) + off, 0), len - 1);
        out[next++] = ((o * len + n) * inner + i) * own + (own === 1 ? 0 : b);
      }
  return out;
}

function maskOf(
  conds: readonly HostCond[],
  dims: readonly HostDim[],
  batch: number,
  shape: readonly number[],
  lengths: Lengths,
): Uint8Array {
  const out = new Uint8Array(size(shape));
  const index: Record<string, number> = {};
  const side = (s: Side, b: number): number =>
    s.off + (s.v === null ? 0 : (index[s.v] as number)) + (s.end === null ? 0 : lengthOf(lengths, s.end, b, batch));
  const holds = (c: HostCond, b: number): boolean =>
    c.rel === "eq" ? side(c.a, b) === side(c.b, b) : side(c.a, b) < side(c.b, b);
  let next = 0;
  const fill = (d: number): void => {
    const dim = dims[d];
    if (!dim) {
      for (let b = 0; b < batch; b++) out[next++] = conds.every((c) => holds(c, b)) ? 1 : 0;
      return;
    }
    for (let i = 0; i < dim.len; i++) {
      index[dim.v] = dim.from + i;
      fill(d + 1);
    }
  };
  fill(0);
  return out;
}
