/**
 * Images: one element is [height, width, channels] (NHWC without the batch). Cross-correlation (R10).
 * `conv2d`, `conv2dInput` and `conv2dFilter` are the three faces of one trilinear form, so they are closed under differentiation.
 */
import { type Expr, op } from "../system/expr.js";
import { type Attrs, product } from "../system/types.js";
import { at, defineOp, num, nums, ShapeError } from "./types.js";

/** Output size and padding before, by TensorFlow's rule. */
export function window(size: number, k: number, stride: number, pad: string): { out: number; before: number } {
  if (pad === "valid") return { out: Math.floor((size - k) / stride) + 1, before: 0 };
  const out = Math.ceil(size / stride);
  return { out, before: Math.floor(Math.max((out - 1) * stride + k - size, 0) / 2) };
}

const geometry = (x: readonly number[], kh: number, kw: number, attrs: Attrs) => {
  if (x.length !== 3) throw new ShapeError(`an image is [height, width, channels], not [${x}]`);
  const stride = num(attrs, "stride");
  const pad = attrs["pad"] as string;
  const [h, w, c] = x as readonly [number, number, number];
  const [v, u] = [window(h, kh, stride, pad), window(w, kw, stride, pad)];
  if (v.out < 1 || u.out < 1) throw new ShapeError(`a window of ${kh}×${kw} does not fit into ${h}×${w}`);
  return { h, w, c, stride, oh: v.out, ow: u.out, top: v.before, left: u.before };
};

/** Calls `f` for every (output pixel, kernel pixel) whose input pixel exists. */
function eachTap(
  g: ReturnType<typeof geometry>,
  kh: number,
  kw: number,
  f: (o: number, k: number, i: number) => void,
): void {
  for (let r = 0; r < g.oh; r++)
    for (let s = 0; s < g.ow; s++)
      for (let a = 0; a < kh; a++)
        for (let b = 0; b < kw; b++) {
          const [y, x] = [r * g.stride + a - g.top, s * g.stride + b - g.left];
          if (y >= 0 && y < g.h && x >= 0 && x < g.w) f(r * g.ow + s, a * kw + b, y * g.w + x);
        }
}

function correlate(
  g: ReturnType<typeof geometry>,
  kernel: readonly number[],
  f: (out: number, x: number, k: number) => void,
): void {
  const [kh, kw, ci, co] = kernel as readonly [number, number, number, number];
  eachTap(g, kh, kw, (o, k, i) => {
    for (let c = 0; c < ci; c++) for (let q = 0; q < co; q++) f(o * co + q, i * ci + c, (k * ci + c) * co + q);
  });
}
const conv: Attrs = { stride: 1, pad: "valid" };

export const conv2d = defineOp({
  name: "conv2d",
  doc: "Cross-correlation of an image [h, w, c] with a kernel [kh, kw, c, o].",
  params: ["x", "K"],
  multilinear: true,
  zero: "any",
  infer: ([x, K], attrs) => {
    const g = geometry(x as number[], K?.[0] as number, K?.[1] as number, attrs);
    if (K?.length !== 4 || K[2] !== g.c) throw new ShapeError(`kernel [${K}] for ${g.c} channels`);
    return [g.oh, g.ow, K[3] as number];
  },
  eval: ([x, K], attrs, [xs, ks]) => {
    const [kh, kw, , co] = ks as [number, number, number, number];
    const g = geometry(xs as number[], kh, kw, attrs);
    const out = new Float64Array(g.oh * g.ow * co);
    correlate(g, ks as number[], (o, i, k) => (out[o] = at(out, o) + at(x, i) * at(K, k)));
    return out;
  },
  vjp: ({ ct, args: [x, K], attrs, shapes: [xs, ks] }) => [
    op("conv2dInput", [ct, K as Expr], { ...attrs, shape: xs as number[] }),
    op("conv2dFilter", [x as Expr, ct], { ...attrs, shape: ks as number[] }),
  ],
  samples: [
    {
      shapes: [
        [4, 3, 2],
        [2, 2, 2, 2],
      ],
      attrs: conv,
    },
    {
      shapes: [
        [5, 4, 1],
        [3, 3, 1, 2],
      ],
      attrs: { stride: 2, pad: "same" },
    },
  ],
});

export const conv2dInput = defineOp({
  name: "conv2dInput",
  doc: "Adjoint of `conv2d` in its image, of the given shape.",
  params: ["g", "K"],
  multilinear: true,
  zero: "any",
  infer: (_, attrs) => [...nums(attrs, "shape")],
  eval: ([o, K], attrs, [, ks]) => {
    const shape = nums(attrs, "shape");
    const out = new Float64Array(product(shape));
    correlate(
      geometry(shape, ks?.[0] as number, ks?.[1] as number, attrs),
      ks as number[],
      (j, i, k) => (out[i] = at(out, i) + at(o, j) * at(K, k)),
    );
    return out;
  },
  vjp: ({ ct, args: [g, K], attrs: { shape: _, ...attrs }, shapes: [, ks] }) => [
    op("conv2d", [ct, K as Expr], attrs),
    op("conv2dFilter", [ct, g as Expr], { ...attrs, shape: ks as number[] }),
  ],
  samples: [
    {
      shapes: [
        [3, 2, 2],
        [2, 2, 2, 2],
      ],
      attrs: { ...conv, shape: [4, 3, 2] },
    },
  ],
});

export const conv2dFilter = defineOp({
  name: "conv2dFilter",
  doc: "Adjoint of `conv2d` in its kernel, of the given shape.",
  params: ["x", "g"],
  multilinear: true,
  zero: "any",
  infer: (_, attrs) => [...nums(attrs, "shape")],
  eval: ([x, o], attrs, [xs]) => {
    const shape = nums(attrs, "shape");
    const out = new Float64Array(product(shape));
    correlate(
      geometry(xs as number[], shape[0] as number, shape[1] as number, attrs),
      shape,
      (j, i, k) => (out[k] = at(out, k) + at(x, i) * at(o, j)),
    );
    return out;
  },
  vjp: ({ ct, args: [x, g], attrs: { shape: _, ...attrs }, shapes: [xs] }) => [
    op("conv2dInput", [g as Expr, ct], { ...attrs, shape: xs as number[] }),
    op("conv2d", [x as Expr, ct], attrs),
  ],
  samples: [
    {
      shapes: [
        [4, 3, 2],
        [3, 2, 2],
      ],
      attrs: { ...conv, shape: [2, 2, 2, 2] },
    },
  ],
});

export const maxpool = defineOp({
  name: "maxpool",
  doc: "Maximum over windows of `size`×`size`, by channel.",
  params: ["x"],
  zero: "never",
  infer: ([x], attrs) => {
    const g = geometry(x as number[], num(attrs, "size"), num(attrs, "size"), attrs);
    return [g.oh, g.ow, g.c];
  },
  eval: ([x], attrs, [xs]) => {
    const size = num(attrs, "size");
    const g = geometry(xs as number[], size, size, attrs);
    const out = new Float64Array(g.oh * g.ow * g.c).fill(-Infinity);
    eachTap(g, size, size, (o, _, i) => {
      for (let c = 0; c < g.c; c++) out[o * g.c + c] = Math.max(at(out, o * g.c + c), at(x, i * g.c + c));
    });
    return out;
  },
  vjp: ({ ct, args, out, attrs }) => [op("maxpoolGrad", [ct, args[0] as Expr, out], attrs)],
  samples: [{ shapes: [[4, 4, 2]], attrs: { size: 2, stride: 2, pad: "valid" } }],
});

export const maxpoolGrad = defineOp({
  name: "maxpoolGrad",
  doc: "Adjoint of `maxpool`: each window's gradient goes to its first maximum.",
  params: ["g", "x", "out"],
  zero: "first",
  infer: ([, x]) => [...(x as readonly number[])],
  eval: ([o, x, y], attrs, [, xs]) => {
    const size = num(attrs, "size");
    const g = geometry(xs as number[], size, size, attrs);
    const grad = new Float64Array(product(xs as number[]));
    const done = new Uint8Array(g.oh * g.ow * g.c);
    eachTap(g, size, size, (p, _, i) => {
      for (let c = 0; c < g.c; c++) {
        const [j, k] = [p * g.c + c, i * g.c + c];
        if (!done[j] && at(x, k) === at(y, j)) {
          grad[k] = at(grad, k) + at(o, j);
          done[j] = 1;
        }
      }
    });
    return grad;
  },
  vjp: ({ ct, args: [, x, out], attrs }) => [op("maxpoolPick", [ct, x as Expr, out as Expr], attrs), null, null],
  samples: [
    {
      shapes: [
        [1, 2, 1],
        [2, 4, 1],
        [1, 2, 1],
      ],
      data: [null, [1, 4, 2, 2, 3, 0, 1, 2], [4, 2]],
      attrs: { size: 2, stride: 2, pad: "valid" },
    },
  ],
});

export const maxpoolPick = defineOp({
  name: "maxpoolPick",
  doc: "The entry of g at the first maximum of x in each window: the adjoint of `maxpoolGrad`.",
  params: ["g", "x", "out"],
  zero: "first",
  infer: ([, , out]) => [...(out as readonly number[])],
  eval: ([g, x, y], attrs, [, xs]) => {
    const size = num(attrs, "size");
    const window = geometry(xs as number[], size, size, attrs);
    const picked = new Float64Array((y as Float64Array).length);
    const done = new Uint8Array(picked.length);
    eachTap(window, size, size, (p, _, i) => {
      for (let c = 0; c < window.c; c++) {
        const [j, k] = [p * window.c + c, i * window.c + c];
        if (done[j] || at(x, k) !== at(y, j)) continue;
        picked[j] = at(g, k);
        done[j] = 1;
      }
    });
    return picked;
  },
  vjp: ({ ct, args: [, x, out], attrs }) => [op("maxpoolGrad", [ct, x as Expr, out as Expr], attrs), null, null],
  samples: [
    {
      shapes: [
        [2, 4, 1],
        [2, 4, 1],
        [1, 2, 1],
      ],
      data: [null, [1, 4, 2, 2, 3, 0, 1, 2], [4, 2]],
      attrs: { size: 2, stride: 2, pad: "valid" },
    },
  ],
});

export const avgpool = defineOp({
  name: "avgpool",
  doc: "Mean over windows of `size`×`size`, by channel; valid windows only.",
  params: ["x"],
  multilinear: true,
  zero: "all",
  infer: ([x], attrs) => {
    const g = geometry(x as number[], num(attrs, "size"), num(attrs, "size"), { ...attrs, pad: "valid" });
    return [g.oh, g.ow, g.c];
  },
  eval: ([x], attrs, [xs]) => {
    const size = num(attrs, "size");
    const g = geometry(xs as number[], size, size, { ...attrs, pad: "valid" });
    const out = new Float64Array(g.oh * g.ow * g.c);
    eachTap(g, size, size, (o, _, i) => {
      for (let c = 0; c < g.c; c++) out[o * g.c + c] = at(out, o * g.c + c) + at(x, i * g.c + c) / (size * size);
    });
    return out;
  },
  vjp: ({ ct, attrs, shapes }) => [op("avgpoolGrad", [ct], { ...attrs, shape: shapes[0] as number[] })],
  samples: [{ shapes: [[4, 4, 2]], attrs: { size: 2, stride: 2 } }],
});

export const avgpoolGrad = defineOp({
  name: "avgpoolGrad",
  doc: "Adjoint of `avgpool`, of the given shape.",
  params: ["g"],
  multilinear: true,
  zero: "all",
  infer: (_, attrs) => [...nums(attrs, "shape")],
  eval: ([o], attrs) => {
    const size = num(attrs, "size");
    const shape = nums(attrs, "shape");
    const g = geometry(shape, size, size, { ...attrs, pad: "valid" });
    const out = new Float64Array(product(shape));
    eachTap(g, size, size, (j, _, i) => {
      for (let c = 0; c < g.c; c++) out[i * g.c + c] = at(out, i * g.c + c) + at(o, j * g.c + c) / (size * size);
    });
    return out;
  },
  vjp: ({ ct, attrs: { shape: _, ...attrs } }) => [op("avgpool", [ct], attrs)],
  samples: [{ shapes: [[2, 2, 2]], attrs: { size: 2, stride: 2, shape: [4, 4, 2] } }],
});
