/** Rows by an index, and sums and maxima over dims. Sizes are part of the code. */
import { Body, I32, V128 } from "./body.js";
import { turn } from "./gemm.js";
import { F64, type ModuleWriter } from "./module.js";

export interface Rows {
  /** How many there are, and the numbers of each. */
  readonly count: number;
  readonly width: number;
  /** From one row to the next, in numbers: of the table (`gather`) or of what is added up (`scatter`). */
  readonly stride: number;
}

/** (table, index, out): a row of zeros where the index is negative. */
export function addGather(module: ModuleWriter, { count, width, stride }: Rows): number {
  const f = new Body([I32, I32, I32]);
  const [table, index, out] = [0, 1, 2] as const;
  const [k, row, at] = [f.local(I32), f.local(I32), f.local(I32)];
  f.count(k, count, 1, () => {
    f.get(index).loadI32().tee(row).i32(0).scalar("i32.lt_s");
    f.when(
      () =>
        f
          .get(out)
          .i32(0)
          .i32(4 * width)
          .memoryFill(),
      () => {
        f.get(table)
          .get(row)
          .i32(4 * stride)
          .scalar("i32.mul")
          .scalar("i32.add")
          .set(row);
        if (width % 4 === 0 && width <= 64)
          for (let w = 0; w < width; w += 4)
            f.get(out)
              .get(row)
              .load(4 * w)
              .store(4 * w);
        else if (width >= 16)
          f.get(out)
            .get(row)
            .i32(4 * width)
            .memoryCopy();
        else
          f.count(at, 4 * width, 4, () => {
            f.get(out).get(at).scalar("i32.add").get(row).get(at).scalar("i32.add").loadI32().storeI32();
          });
      },
    );
    f.get(index).plus(4).set(index);
    f.get(out)
      .plus(4 * width)
      .set(out);
  });
  return module.add(f.func());
}

/** (x, index, out): adds each row to that of its index, if it has one; `n` rows in all, which begin at 0. */
export function addScatter(module: ModuleWriter, { count, width, stride }: Rows, n: number): number {
  const f = new Body([I32, I32, I32]);
  const [x, index, out] = [0, 1, 2] as const;
  const [k, row, at] = [f.local(I32), f.local(I32), f.local(I32)];
  const whole = width - (width % 4);
  f.get(out)
    .i32(0)
    .i32(4 * n * width)
    .memoryFill();
  f.count(k, count, 1, () => {
    f.get(index).loadI32().tee(row).i32(0).scalar("i32.ge_s");
    f.when(() => {
      f.get(out)
        .get(row)
        .i32(4 * width)
        .scalar("i32.mul")
        .scalar("i32.add")
        .set(row);
      const both = (): Body => f.get(row).get(at).scalar("i32.add");
      const own = (): Body => f.get(x).get(at).scalar("i32.add");
      if (whole)
        f.count(at, 4 * whole, 16, () => {
          both();
          both().load();
          own().load().simd("f32x4.add").store();
        });
      else f.i32(0).set(at);
      for (let w = whole; w < width; w++) {
        both();
        both().loadF32();
        own().loadF32().scalar("f32.add").storeF32();
        f.get(at).plus(4).set(at);
      }
    });
    f.get(index).plus(4).set(index);
    f.get(x)
      .plus(4 * stride)
      .set(x);
  });
  return module.add(f.func());
}

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

/** (x, out): a copy that swaps the last two dims: `from` ends in 1, s; `to` in s, 1. 4 × 4 numbers at a time. */
export function addTurn(
  module: ModuleWriter,
  dims: readonly number[],
  from: readonly number[],
  to: readonly number[],
): number {
  const f = new Body([I32, I32]);
  const [x, out] = [0, 1] as const;
  const last = dims.length - 1;
  const [rows, columns] = [dims[last - 1] as number, dims[last] as number];
  const [step, line] = [4 * (from[last] as number), 4 * (to[last - 1] as number)];
  const [r, c, source, target] = [f.local(I32), f.local(I32), f.local(I32), f.local(I32)];
  const vectors = Array.from({ length: 4 }, () => f.local(V128));
  const halves = Array.from({ length: 4 }, () => f.local(V128));
  const [wholeRows, wholeColumns] = [rows - (rows % 4), columns - (columns % 4)];
  const aim = (): void => {
    f.get(x)
      .get(r)
      .i32(4)
      .scalar("i32.mul")
      .scalar("i32.add")
      .get(c)
      .i32(step)
      .scalar("i32.mul")
      .scalar("i32.add")
      .set(source);
    f.get(out)
      .get(r)
      .i32(line)
      .scalar("i32.mul")
      .scalar("i32.add")
      .get(c)
      .i32(4)
      .scalar("i32.mul")
      .scalar("i32.add")
      .set(target);
  };
  /** Row by row, number by number: what is left over. */
  const single = (rowFrom: number, columnFrom: number): void => {
    if (rowFrom === rows || columnFrom === columns) return;
    f.i32(rowFrom).set(r);
    f.repeat(() => {
      f.i32(columnFrom).set(c);
      f.repeat(() => {
        aim();
        f.get(target).get(source).loadI32().storeI32();
        f.get(c).plus(1).tee(c).i32(columns).scalar("i32.lt_u");
      });
      f.get(r).plus(1).tee(r).i32(rows).scalar("i32.lt_u");
    });
  };
  const matrix = (): void => {
    if (wholeRows && wholeColumns)
      f.count(r, wholeRows, 4, () => {
        f.count(c, wholeColumns, 4, () => {
          aim();
          for (const [k, v] of vectors.entries())
            f.get(source)
              .load(k * step)
              .set(v);
          turn(f, vectors, halves);
          for (const [k, v] of vectors.entries())
            f.get(target)
              .get(v)
              .store(k * line);
        });
      });
    single(wholeRows, 0);
    if (wholeRows) singleUpTo(wholeRows);
  };
  const singleUpTo = (rowEnd: number): void => {
    if (wholeColumns === columns) return;
    f.count(r, rowEnd, 1, () => {
      f.i32(wholeColumns).set(c);
      f.repeat(() => {
        aim();
        f.get(target).get(source).loadI32().storeI32();
        f.get(c).plus(1).tee(c).i32(columns).scalar("i32.lt_u");
      });
    });
  };
  const dim = (d: number): void => {
    if (d === last - 1) return matrix();
    f.count(f.local(I32), dims[d] as number, 1, () => {
      dim(d + 1);
      const inner = d + 1 === last - 1 ? 0 : (dims[d + 1] as number);
      for (const [pointer, strides] of [
        [x, from],
        [out, to],
      ] as const) {
        const move = (strides[d] as number) - inner * (strides[d + 1] as number);
        if (move)
          f.get(pointer)
            .plus(4 * move)
            .set(pointer);
      }
    });
  };
  dim(0);
  return module.add(f.func());
}
