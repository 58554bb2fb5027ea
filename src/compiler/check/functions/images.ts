/** Convolutions and pools: NHWC, cross-correlation, valid unless said, stride 1 (R10). */
import { E, op } from "../../system/expr.js";
import type { Dim } from "../dims.js";
import * as dims from "../dims.js";
import { arg, type Builtin, type CallContext, type CallTerm, reject, result, whenKnown } from "./types.js";

const stride = (t: CallTerm): number => t.options["stride"] as number;

/** Size after a window of `k` was moved over `n`. */
function outSize(c: CallContext, n: Dim, k: Dim): Dim | null {
  const room =
    c.call.options["pad"] === "same"
      ? dims.plus(n, dims.number(stride(c.call) - 1))
      : dims.plus(dims.minus(n, k), dims.number(stride(c.call)));
  if (stride(c.call) === 1) return room;
  const size = c.size(room);
  return size === null ? null : dims.number(Math.floor(size / stride(c.call)));
}

function windows(c: CallContext, n: readonly Dim[], k: readonly Dim[], rest: readonly Dim[]): void {
  const out = n.map((d, i) => outSize(c, d, k[i] as Dim));
  if (out.some((d) => d === null)) return reject(c, arg(c.call), "sizes that are numbers where the stride is not 1");
  if (out.some((d) => (c.size(d as Dim) ?? 1) < 1))
    return reject(c, arg(c.call), "an image that is at least as large as the window");
  result(c, [...(out as Dim[]), ...rest]);
}

function pool(name: "maxpool" | "avgpool", doc: string): Builtin {
  return {
    name,
    doc,
    params: ["x"],
    options: { size: null, stride: 0, ...(name === "maxpool" ? { pad: "valid" } : {}) },
    positional: ["size", "stride"],
    check: (c) =>
      whenKnown(c, c.call.args, (s) => {
        if (s.length !== 3) return reject(c, arg(c.call), "an image [height, width, channels]");
        const k = dims.number(c.call.options["size"] as number);
        windows(c, s.slice(0, 2), [k, k], s.slice(2));
      }),
    lower: (l, t) => op(name, [l.tensor(arg(t))], t.options),
  };
}

export const imageFunctions: readonly Builtin[] = [
  {
    name: "conv2d",
    doc: "An image [h, w, c] with a kernel [kh, kw, c, o].",
    params: ["x", "K"],
    options: { stride: 1, pad: "valid" },
    check: (c) =>
      whenKnown(c, c.call.args, (x, K) => {
        if (x.length !== 3) return reject(c, arg(c.call), "an image [height, width, channels]");
        if (K.length !== 4) return reject(c, arg(c.call, 1), "a kernel [height, width, channels in, channels out]");
        const wrong = (): void => reject(c, arg(c.call, 1), `a kernel for ${dims.show(x[2] as Dim)} channels`);
        c.solver.equalDims(x[2] as Dim, K[2] as Dim, wrong);
        windows(c, x.slice(0, 2), K.slice(0, 2), K.slice(3));
      }),
    lower: (l, t) => op("conv2d", [l.tensor(arg(t)), l.tensor(arg(t, 1))], t.options),
  },
  {
    name: "conv1d",
    doc: "A sequence [n, c] with a kernel [k, c, o].",
    params: ["x", "K"],
    options: { stride: 1 },
    check: (c) =>
      whenKnown(c, c.call.args, (x, K) => {
        if (x.length !== 2) return reject(c, arg(c.call), "a sequence [length, channels]");
        if (K.length !== 3) return reject(c, arg(c.call, 1), "a kernel [length, channels in, channels out]");
        const wrong = (): void => reject(c, arg(c.call, 1), `a kernel for ${dims.show(x[1] as Dim)} channels`);
        c.solver.equalDims(x[1] as Dim, K[1] as Dim, wrong);
        windows(c, x.slice(0, 1), K.slice(0, 1), K.slice(2));
      }),
    lower: (l, t) => {
      const [n, ci] = l.shape(arg(t)) as [number, number];
      const [k, , co] = l.shape(arg(t, 1)) as [number, number, number];
      // An image one pixel wide; the stride would also move it sideways, where there is nothing to move to.
      const image = E.reshape(l.tensor(arg(t)), [n, 1, ci]);
      const kernel = E.reshape(l.tensor(arg(t, 1)), [k, 1, ci, co]);
      return E.reshape(op("conv2d", [image, kernel], { stride: stride(t), pad: "valid" }), l.shape(t));
    },
  },
  pool("maxpool", "Maximum over windows, by channel; the stride is the size unless said."),
  pool("avgpool", "Mean over windows, by channel; the stride is the size unless said."),
];
