/** Tensors that are made from the lengths of the samples, for each batch anew. */
import { offsets } from "../../compiler/plan/known.js";
import type { HostCond, HostDim, Instr, Side } from "../../compiler/plan/types.js";
import { size } from "../../compiler/plan/types.js";
import type { Values } from "./memory.js";

/** By axis, per sample; of an axis within others [outer axes…, batch], the outermost first, 0 on their padding. */
export type Lengths = Readonly<Record<string, Int32Array>>;

export type HostOp = "mask" | "lengths" | "iota" | "endRows";
export type HostInstr = Instr & { readonly op: HostOp };
export const isHostOp = (op: string): op is HostOp =>
  op === "mask" || op === "lengths" || op === "iota" || op === "endRows";

/** The axes whose lengths an instruction looks at. */
export function axesOf({ op, attrs }: Instr): string[] {
  const sides =
    op === "lengths" || op === "endRows"
      ? [attrs["side"] as Side]
      : op === "mask"
        ? (attrs["conds"] as readonly HostCond[]).flatMap((c) => [c.a, c.b])
        : [];
  const ends = (s: Side): string[] => [
    ...(s.end === null ? [] : [s.end]),
    ...(s.outer ?? []).flatMap((o) => ends(o.at)),
  ];
  return [...new Set(sides.flatMap(ends))];
}

export function makeHost(instr: HostInstr, lengths: Lengths): Values {
  const { attrs, op } = instr;
  const n = size(instr.shapes[0] as readonly number[]);
  if (op === "iota") return Float32Array.from({ length: n }, (_, i) => (attrs["from"] as number) + i);
  const place = new Place(lengths, attrs["dims"] as readonly HostDim[], attrs["batch"] as number);
  switch (op) {
    case "lengths": {
      const out = instr.int ? new Int32Array(n) : new Float32Array(n);
      place.each((k) => {
        out[k] = Math.max(place.side(attrs["side"] as Side), (attrs["least"] as number | undefined) ?? 0);
      });
      return out;
    }
    case "endRows": {
      const { side, len, stride, strides } = attrs as unknown as EndRows;
      const out = new Int32Array(n);
      const base = offsets([...place.dims.map((d) => d.len), place.batch], strides);
      place.each((k) => {
        out[k] = Math.min(Math.max(place.side(side), 0), len - 1) * stride + (base[k] as number);
      });
      return out;
    }
    case "mask": {
      const conds = attrs["conds"] as readonly HostCond[];
      const out = new Uint8Array(n);
      const holds = ({ rel, a, b }: HostCond): boolean =>
        rel === "eq" ? place.side(a) === place.side(b) : place.side(a) < place.side(b);
      place.each((k) => {
        out[k] = conds.every(holds) ? 1 : 0;
      });
      return out;
    }
  }
}

interface EndRows {
  readonly side: Side;
  readonly len: number;
  readonly stride: number;
  readonly strides: readonly number[];
}

/** Runs over all indices of some dims and over the samples. */
class Place {
  readonly #index: Record<string, number> = {};
  #sample = 0;

  constructor(
    readonly lengths: Lengths,
    readonly dims: readonly HostDim[],
    readonly batch: number,
  ) {}

  each(f: (k: number) => void): void {
    let next = 0;
    const go = (d: number): void => {
      const dim = this.dims[d];
      if (!dim) {
        for (this.#sample = 0; this.#sample < this.batch; this.#sample++) f(next++);
        return;
      }
      for (let i = 0; i < dim.len; i++) {
        this.#index[dim.v] = dim.from + i;
        go(d + 1);
      }
    };
    go(0);
  }

  side(s: Side): number {
    return (
      s.off +
      (s.v === null ? 0 : (this.#index[s.v] as number)) +
      (s.end === null ? 0 : Math.max(this.#length(s), s.least ?? 0))
    );
  }

  /** A sample's length; for what has no sample the longest; 0 outside of the axes around. */
  #length({ end, outer = [] }: Side): number {
    const all = this.lengths[end as string];
    if (!all) throw new Error(`no lengths are given for the axis ${end}`);
    const rows = outer.reduce((n, o) => n * o.n, 1);
    if (all.length !== rows * this.batch) return all.reduce((a, n) => Math.max(a, n), 0);
    let row = 0;
    for (const o of outer) {
      const i = this.side(o.at);
      if (i < 0 || i >= o.n) return 0;
      row = row * o.n + i;
    }
    return all[row * this.batch + this.#sample] as number;
  }
}
