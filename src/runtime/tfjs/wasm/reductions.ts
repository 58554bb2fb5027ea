/** Sums and maxima over dims, and where maxima are. Sizes are part of the code. */
import { Body, I32, V128 } from "./body.js";
import { F32, F64, type ModuleWriter } from "./module.js";

export interface Reduction {
  readonly op: "sum" | "max";
  readonly dims: readonly number[];
  /** Of what is reduced, and of the result: 0 where a dim is summed over. */
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** The numbers of the result, one after the other. */
  readonly size: number;
}

/** (x, out). Sums along the last dim are made in float64. */
export function addReduction(module: ModuleWriter, { op, dims, from, to, size }: Reduction): number {
  const f = new Body([I32, I32]);
  const [x, out] = [0, 1] as const;
  const last = dims.length - 1;
  const n = dims[last] as number;
  const whole = n - (n % 4);
  const at = f.local(I32);
  const start = f.local(I32);
  if (op === "sum")
    f.get(out)
      .i32(0)
      .i32(4 * size)
      .memoryFill();
  else
    f.count(start, 4 * size, 4, () => {
      f.get(out).get(start).scalar("i32.add").f32(Number.NEGATIVE_INFINITY).storeF32();
    });
  const combine = op === "sum" ? "f32.add" : "f32.max";
  const stride = from[last] as number;
  const scalars = (along: boolean): void => {
    const element = (): Body => {
      f.get(x).get(at);
      if (stride !== 1) f.i32(stride).scalar("i32.mul");
      return f.scalar("i32.add").loadF32();
    };
    const place = (): Body =>
      along
        ? f.get(out)
        : f
            .get(out)
            .get(at)
            .i32(to[last] as number)
            .scalar("i32.mul")
            .scalar("i32.add");
    place();
    place().loadF32();
    element().scalar(combine).storeF32();
  };
  const along = to[last] === 0;
  const line = (): void => {
    f.i32(0).set(at);
    const vectors = stride === 1 && (along || to[last] === 1) ? whole : 0;
    if (vectors && along && op === "sum") {
      const [v, low, high] = [f.local(V128), f.local(V128), f.local(V128)];
      f.f32x4(0).set(low).f32x4(0).set(high);
      f.count(at, 4 * vectors, 16, () => {
        f.get(x)
          .get(at)
          .scalar("i32.add")
          .load()
          .tee(v)
          .simd("f64x2.promote_low_f32x4")
          .get(low)
          .simd("f64x2.add")
          .set(low);
        f.get(v).get(v).simd("i8x16.shuffle", 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
        f.simd("f64x2.promote_low_f32x4").get(high).simd("f64x2.add").set(high);
      });
      const total = f.local(F64);
      f.get(low).get(high).simd("f64x2.add").tee(v).simd("f64x2.extract_lane", 0);
      f.get(v).simd("f64x2.extract_lane", 1).scalar("f64.add").set(total);
      f.get(out).get(out).loadF32().scalar("f64.promote_f32").get(total).scalar("f64.add");
      f.scalar("f32.demote_f64").storeF32();
    } else if (vectors && along) {
      const v = f.local(V128);
      f.f32x4(Number.NEGATIVE_INFINITY).set(v);
      f.count(at, 4 * vectors, 16, () => {
        f.get(x).get(at).scalar("i32.add").load().get(v).simd("f32x4.max").set(v);
      });
      for (let lane = 0; lane < 4; lane++)
        f.get(out).get(out).loadF32().get(v).simd("f32x4.extract_lane", lane).scalar("f32.max").storeF32();
    } else if (vectors)
      f.count(at, 4 * vectors, 16, () => {
        const place = (): Body => f.get(out).get(at).scalar("i32.add");
        place();
        place().load();
        f.get(x).get(at).scalar("i32.add").load();
        f.simd(op === "sum" ? "f32x4.add" : "f32x4.max").store();
      });
    if (vectors === n) return;
    f.repeat(() => {
      scalars(along);
      f.get(at)
        .plus(4)
        .tee(at)
        .i32(4 * n)
        .scalar("i32.lt_u");
    });
  };
  const dim = (d: number): void => {
    if (d === last) return line();
    f.count(f.local(I32), dims[d] as number, 1, () => {
      dim(d + 1);
      const inner = d + 1 === last ? 0 : (dims[d + 1] as number);
      for (const [pointer, strides] of [
        [x, from],
        [out, to],
      ] as const) {
        const step = (strides[d] as number) - inner * (strides[d + 1] as number);
        if (step)
          f.get(pointer)
            .plus(4 * step)
            .set(pointer);
      }
    });
  };
  dim(0);
  return module.add(f.func());
}

/** (x, out): of each row the index of its first largest number. */
export function addArgmax(module: ModuleWriter, rows: number, n: number): number {
  const f = new Body([I32, I32]);
  const [x, out] = [0, 1] as const;
  const [k, best, top, own] = [f.local(I32), f.local(I32), f.local(F32), f.local(F32)];
  f.count(f.local(I32), rows, 1, () => {
    f.i32(0).set(best).get(x).loadF32().set(top);
    f.count(k, 4 * n, 4, () => {
      f.get(x).get(k).scalar("i32.add").loadF32().tee(own).get(top).scalar("f32.gt");
      f.when(() => f.get(own).set(top).get(k).set(best));
    });
    f.get(out).get(best).i32(4).scalar("i32.div_u").storeI32();
    f.get(x)
      .plus(4 * n)
      .set(x);
    f.get(out).plus(4).set(out);
  });
  return module.add(f.func());
}
