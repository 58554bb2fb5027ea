/**
 * Kernels in plain JavaScript over typed arrays, for backends whose memory JavaScript can see. They move data (where the
 * wasm kernels copy whole tensors, or do not exist) or are too small to be worth a call.
 */
import { offsets } from "../../../compiler/plan/known.js";
import { size, type TensorOp } from "../../../compiler/plan/types.js";
import type { Dtype, Kernel, KernelCall, Run, Values } from "../memory.js";
import { eachRun, walk } from "./broadcast.js";

export interface HostMemory<H> {
  /** The numbers themselves; valid until the next allocation. */
  data(handle: H, shape: readonly number[], dtype: Dtype): Values;
  alloc(shape: readonly number[], dtype: Dtype): H;
}

/** A kernel that fills one new tensor: all arguments and the result as arrays. */
const filling =
  <H>(
    memory: HostMemory<H>,
    make: (call: KernelCall<H>) => (out: Values, args: readonly Values[]) => void,
  ): Kernel<H> =>
  (call) => {
    const fill = make(call);
    const shape = call.instr.shapes[0] as readonly number[];
    const { shapes, dtypes, dtype } = call;
    const run: Run<H> = (args) => {
      const result = memory.alloc(shape, dtype);
      fill(
        memory.data(result, shape, dtype),
        args.map((h, i) => memory.data(h, shapes[i] as readonly number[], dtypes[i] as Dtype)),
      );
      return [result];
    };
    return run;
  };

const outShape = (call: KernelCall<unknown>): readonly number[] => call.instr.shapes[0] as readonly number[];
const attr = (call: KernelCall<unknown>, name: string): number => call.instr.attrs[name] as number;

export type HostKernelOp = Extract<
  TensorOp,
  | "where"
  | "rows"
  | "gather"
  | "scatter"
  | "onehot"
  | "concat"
  | "slice"
  | "pad"
  | "unstack"
  | "expand"
  | "toFloat"
  | "toInt"
  | "argmax"
  | "sum"
  | "max"
  | "affine"
  | "split"
  | "sigmoidGrad"
  | "tanhGrad"
>;

export function hostKernels<H>(memory: HostMemory<H>): Readonly<Record<HostKernelOp, Kernel<H>>> {
  const fills = (make: (call: KernelCall<H>) => (out: Values, args: readonly Values[]) => void): Kernel<H> =>
    filling(memory, make);
  return {
    where: fills((call) => {
      const w = walk(call.shapes, outShape(call));
      const n = w.dims[w.dims.length - 1] as number;
      const [sc, sx, sy] = w.strides.map((s) => s[s.length - 1] as number) as [number, number, number];
      return (out, [c, x, y]) =>
        eachRun(w, (at, [oc, ox, oy]) => {
          if (sc === 0) {
            const chosen = (c as Values)[oc as number] !== 0;
            copyRun(out, at, n, (chosen ? x : y) as Values, (chosen ? ox : oy) as number, chosen ? sx : sy);
            return;
          }
          for (let i = 0; i < n; i++)
            out[at + i] = (
              (c as Values)[(oc as number) + i * sc] !== 0
                ? (x as Values)[(ox as number) + i * sx]
                : (y as Values)[(oy as number) + i * sy]
            ) as number;
        });
    }),
    rows: fills((call) => {
      const [n, from, stride] = [attr(call, "n"), attr(call, "from"), attr(call, "stride")];
      const base = offsets(outShape(call), call.instr.attrs["strides"] as readonly number[]);
      return (out, [index, limit]) => {
        for (let k = 0; k < out.length; k++) {
          const i = ((index as Values)[k] as number) - from;
          const end = limit ? Math.min((limit[k] as number) - from, n) : n;
          out[k] = i >= 0 && i < end ? stride * i + (base[k] as number) : -1;
        }
      };
    }),
    gather: fills((call) => {
      const width = size((call.shapes[0] as readonly number[]).slice(1));
      return (out, [table, index]) => {
        const t = table as Values;
        const rows = index as Values;
        for (let r = 0; r < rows.length; r++) {
          const i = rows[r] as number;
          if (i < 0) out.fill(0, r * width, (r + 1) * width);
          else copyRun(out, r * width, width, t, i * width, 1);
        }
      };
    }),
    scatter: fills((call) => {
      const width = size((call.shapes[0] as readonly number[]).slice(1));
      return (out, [x, index]) => {
        out.fill(0);
        const rows = index as Values;
        const v = x as Values;
        for (let r = 0; r < rows.length; r++) {
          const to = (rows[r] as number) * width;
          if (to < 0) continue;
          const from = r * width;
          for (let k = 0; k < width; k++) out[to + k] = (out[to + k] as number) + (v[from + k] as number);
        }
      };
    }),
    onehot: fills((call) => {
      const n = attr(call, "n");
      return (out, [index]) => {
        out.fill(0);
        (index as Values).forEach((i, r) => {
          if (i >= 0) out[r * n + i] = 1;
        });
      };
    }),
    concat: fills((call) => {
      const axis = attr(call, "axis");
      const outer = size(outShape(call).slice(0, axis));
      const widths = call.shapes.map((s) => size(s.slice(axis)));
      const whole = widths.reduce((a, b) => a + b, 0);
      return (out, args) => {
        let from = 0;
        args.forEach((x, i) => {
          const width = widths[i] as number;
          for (let o = 0; o < outer; o++) copyRun(out, o * whole + from, width, x, o * width, 1);
          from += width;
        });
      };
    }),
    slice: fills((call) => {
      const axis = attr(call, "axis");
      const shape = call.shapes[0] as readonly number[];
      const inner = size(shape.slice(axis + 1));
      const [outer, whole, part] = [size(shape.slice(0, axis)), size(shape.slice(axis)), attr(call, "len") * inner];
      const from = attr(call, "from") * inner;
      return (out, [x]) => {
        for (let o = 0; o < outer; o++) copyRun(out, o * part, part, x as Values, o * whole + from, 1);
      };
    }),
    pad: fills((call) => {
      const axis = attr(call, "axis");
      const shape = call.shapes[0] as readonly number[];
      const inner = size(shape.slice(axis + 1));
      const [outer, part, whole] = [size(shape.slice(0, axis)), size(shape.slice(axis)), attr(call, "total") * inner];
      const from = attr(call, "from") * inner;
      return (out, [x]) => {
        out.fill(0);
        for (let o = 0; o < outer; o++) copyRun(out, o * whole + from, part, x as Values, o * part, 1);
      };
    }),
    unstack: (call) => (args) => {
      const shape = outShape(call);
      const n = size(shape);
      return call.instr.shapes.map((_, i) => {
        if (!call.wanted[i]) return undefined;
        const result = memory.alloc(shape, call.dtype);
        const x = memory.data(args[0] as H, call.shapes[0] as readonly number[], call.dtypes[0] as Dtype);
        copyRun(memory.data(result, shape, call.dtype), 0, n, x, i * n, 1);
        return result;
      });
    },
    split: (call) => (args) => {
      const axis = attr(call, "axis");
      const shape = call.shapes[0] as readonly number[];
      const [outer, whole] = [size(shape.slice(0, axis)), size(shape.slice(axis))];
      let from = 0;
      return call.instr.shapes.map((part, i) => {
        const width = size(part.slice(axis));
        const at = from;
        from += width;
        if (!call.wanted[i]) return undefined;
        const result = memory.alloc(part, call.dtype);
        const x = memory.data(args[0] as H, shape, call.dtypes[0] as Dtype);
        const out = memory.data(result, part, call.dtype);
        for (let o = 0; o < outer; o++) copyRun(out, o * width, width, x, o * whole + at, 1);
        return result;
      });
    },
    expand: fills((call) => {
      const w = walk(call.shapes, outShape(call));
      const n = w.dims[w.dims.length - 1] as number;
      const s = w.strides[0]?.[w.dims.length - 1] as number;
      return (out, [x]) => eachRun(w, (at, [from]) => copyRun(out, at, n, x as Values, from as number, s));
    }),
    toFloat: fills(
      () =>
        (out, [x]) =>
          out.set(x as Values),
    ),
    toInt: fills(
      () =>
        (out, [x]) =>
          out.set(x as Values),
    ),
    argmax: fills((call) => {
      const n = (call.shapes[0] as readonly number[])[1] as number;
      return (out, [x]) => {
        const v = x as Values;
        for (let r = 0; r < out.length; r++) {
          let best = 0;
          for (let k = 1; k < n; k++) if ((v[r * n + k] as number) > (v[r * n + best] as number)) best = k;
          out[r] = best;
        }
      };
    }),
    sum: fills((call) => {
      const { w, n, along } = reduction(call);
      return (out, [x]) => {
        const v = x as Values;
        out.fill(0);
        eachRun(w, (_, [from, to]) => {
          const [f, o] = [from as number, to as number];
          if (along) {
            let s = 0;
            for (let i = 0; i < n; i++) s += v[f + i] as number;
            out[o] = (out[o] as number) + s;
          } else for (let i = 0; i < n; i++) out[o + i] = (out[o + i] as number) + (v[f + i] as number);
        });
      };
    }),
    max: fills((call) => {
      const { w, n, along } = reduction(call);
      return (out, [x]) => {
        const v = x as Values;
        out.fill(Number.NEGATIVE_INFINITY);
        eachRun(w, (_, [from, to]) => {
          const [f, o] = [from as number, to as number];
          for (let i = 0; i < n; i++) {
            const k = along ? o : o + i;
            out[k] = Math.max(out[k] as number, v[f + i] as number);
          }
        });
      };
    }),
    sigmoidGrad: fills(() => (out, [y, dy]) => {
      const [a, b] = [y as Values, dy as Values];
      for (let i = 0; i < out.length; i++) {
        const v = a[i] as number;
        out[i] = (b[i] as number) * v * (1 - v);
      }
    }),
    tanhGrad: fills(() => (out, [y, dy]) => {
      const [a, b] = [y as Values, dy as Values];
      for (let i = 0; i < out.length; i++) {
        const v = a[i] as number;
        out[i] = (b[i] as number) * (1 - v * v);
      }
    }),
    affine: fills((call) => {
      const [a, b] = [attr(call, "a"), attr(call, "b")];
      return (out, [x]) => {
        const v = x as Values;
        for (let i = 0; i < out.length; i++) out[i] = a * (v[i] as number) + b;
      };
    }),
  };
}

/** `n` numbers, or one number `n` times. Short runs are copied by hand: a subarray costs more. */
function copyRun(out: Values, at: number, n: number, x: Values, from: number, stride: number): void {
  if (stride === 0) out.fill(x[from] as number, at, at + n);
  else if (n > 16) out.set(x.subarray(from, from + n), at);
  else for (let i = 0; i < n; i++) out[at + i] = x[from + i] as number;
}

/** How a reduction walks: runs of `n` numbers, which go `along` into one number or else one by one into a row. */
function reduction(call: KernelCall<unknown>): { w: ReturnType<typeof walk>; n: number; along: boolean } {
  const shape = call.shapes[0] as readonly number[];
  const axes = call.instr.attrs["axes"] as readonly number[];
  const kept = shape.map((d, i) => (axes.includes(i) ? 1 : d));
  const w = walk([shape, kept], shape);
  const last = w.dims.length - 1;
  return { w, n: w.dims[last] as number, along: w.strides[1]?.[last] === 0 };
}
