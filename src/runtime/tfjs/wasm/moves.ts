/** Movements of data: rows by an index, transpositions. Sizes are part of the code. */
import { Body, I32, V128 } from "./body.js";

import type { ModuleWriter } from "./module.js";
import { turn } from "./packing.js";

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
  const vectors = f.newLocals(V128, 4);
  const halves = f.newLocals(V128, 4);
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
