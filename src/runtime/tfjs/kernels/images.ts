/** Adjoints of convolution and pooling in plain JavaScript, for backends that lack them. */
import { window } from "../../../compiler/ops/conv.js";
import { size } from "../../../compiler/plan/types.js";
import type { KernelCall, Values } from "../memory.js";

type Shape = readonly number[];

interface Geometry {
  readonly count: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly oh: number;
  readonly ow: number;
  readonly top: number;
  readonly left: number;
  readonly stride: number;
}

function geometry(image: Shape, kh: number, kw: number, call: KernelCall<unknown>): Geometry {
  const [count, h, w, c] = image as [number, number, number, number];
  const stride = call.instr.attrs["stride"] as number;
  const pad = (call.instr.attrs["pad"] as string | undefined) ?? "valid";
  const [v, u] = [window(h, kh, stride, pad), window(w, kw, stride, pad)];
  return { count, h, w, c, stride, oh: v.out, ow: u.out, top: v.before, left: u.before };
}

/** For every pixel of the result and of the window whose image pixel exists, in this order. */
function eachTap(g: Geometry, kh: number, kw: number, f: (o: number, k: number, i: number) => void): void {
  for (let n = 0; n < g.count; n++)
    for (let r = 0; r < g.oh; r++)
      for (let s = 0; s < g.ow; s++)
        for (let a = 0; a < kh; a++)
          for (let b = 0; b < kw; b++) {
            const [y, x] = [r * g.stride + a - g.top, s * g.stride + b - g.left];
            if (y < 0 || y >= g.h || x < 0 || x >= g.w) continue;
            f((n * g.oh + r) * g.ow + s, a * kw + b, (n * g.h + y) * g.w + x);
          }
}

type Fill = (out: Values, args: readonly Values[]) => void;

/** Output positions whose window pixel `k` lies inside an image of `size` pixels: from … to − 1. */
const inside = (size: number, out: number, k: number, before: number, stride: number): [number, number] => [
  Math.max(0, Math.ceil((before - k) / stride)),
  Math.min(out, Math.floor((size - 1 + before - k) / stride) + 1),
];

/** Arguments: images, gradient of the result. Plain loops, kernel pixels outermost: this one costs as much as the convolution. */
export function conv2dFilter(call: KernelCall<unknown>): Fill {
  const [kh, kw, ci, co] = call.instr.shapes[0] as unknown as [number, number, number, number];
  const g = geometry(call.shapes[0] as Shape, kh, kw, call);
  return (out, [images, gradient]) => {
    const [x, dy] = [images as Float32Array, gradient as Float32Array];
    out.fill(0);
    for (let a = 0; a < kh; a++)
      for (let b = 0; b < kw; b++) {
        const [top, bottom] = inside(g.h, g.oh, a, g.top, g.stride);
        const [left, right] = inside(g.w, g.ow, b, g.left, g.stride);
        const to = (a * kw + b) * ci * co;
        for (let n = 0; n < g.count; n++)
          for (let r = top; r < bottom; r++) {
            const row = (n * g.h + r * g.stride + a - g.top) * g.w + b - g.left;
            for (let s = left; s < right; s++) {
              const from = (row + s * g.stride) * ci;
              const o = ((n * g.oh + r) * g.ow + s) * co;
              for (let c = 0; c < ci; c++) {
                const v = x[from + c] as number;
                if (v === 0) continue;
                const k = to + c * co;
                for (let q = 0; q < co; q++) out[k + q] = (out[k + q] as number) + v * (dy[o + q] as number);
              }
            }
          }
      }
  };
}

/** Arguments: gradient of the result, images, result. Each window's gradient goes to its first maximum. */
export function maxpoolGrad(call: KernelCall<unknown>): Fill {
  const k = call.instr.attrs["size"] as number;
  const g = geometry(call.shapes[1] as Shape, k, k, call);
  const done = new Uint8Array(size(call.shapes[0] as Shape));
  return (out, [dy, x, y]) => {
    out.fill(0);
    done.fill(0);
    eachTap(g, k, k, (o, _, i) => {
      for (let c = 0; c < g.c; c++) {
        const [to, from] = [i * g.c + c, o * g.c + c];
        if (done[from] || (x as Values)[to] !== (y as Values)[from]) continue;
        done[from] = 1;
        out[to] = (out[to] as number) + ((dy as Values)[from] as number);
      }
    });
  };
}

/** Arguments: numbers of the shape of the images, images, result. The number at the first maximum of each window. */
export function maxpoolPick(call: KernelCall<unknown>): Fill {
  const k = call.instr.attrs["size"] as number;
  const g = geometry(call.shapes[1] as Shape, k, k, call);
  const done = new Uint8Array(size(call.shapes[2] as Shape));
  return (out, [v, x, y]) => {
    out.fill(0);
    done.fill(0);
    eachTap(g, k, k, (o, _, i) => {
      for (let c = 0; c < g.c; c++) {
        const [from, to] = [i * g.c + c, o * g.c + c];
        if (done[to] || (x as Values)[from] !== (y as Values)[to]) continue;
        done[to] = 1;
        out[to] = (v as Values)[from] as number;
      }
    });
  };
}

export function avgpoolGrad(call: KernelCall<unknown>): Fill {
  const k = call.instr.attrs["size"] as number;
  const g = geometry(call.instr.shapes[0] as Shape, k, k, call);
  return (out, [dy]) => {
    out.fill(0);
    eachTap(g, k, k, (o, _, i) => {
      for (let c = 0; c < g.c; c++)
        out[i * g.c + c] = (out[i * g.c + c] as number) + ((dy as Values)[o * g.c + c] as number) / (k * k);
    });
  };
}
