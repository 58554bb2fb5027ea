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

/** Arguments: images, gradient of the result. */
export function conv2dFilter(call: KernelCall<unknown>): Fill {
  const [kh, kw, ci, co] = call.instr.shapes[0] as unknown as [number, number, number, number];
  const g = geometry(call.shapes[0] as Shape, kh, kw, call);
  return (out, [x, dy]) => {
    out.fill(0);
    eachTap(g, kh, kw, (o, k, i) => {
      for (let c = 0; c < ci; c++) {
        const v = (x as Values)[i * ci + c] as number;
        const to = (k * ci + c) * co;
        for (let q = 0; q < co; q++) out[to + q] = (out[to + q] as number) + v * ((dy as Values)[o * co + q] as number);
      }
    });
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
