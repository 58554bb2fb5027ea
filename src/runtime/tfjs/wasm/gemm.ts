/**
 * Matrix products in WebAssembly: C[M, N] = A[M, K] · B[K, N]. B lies in panels of 8 columns, [⌈N / 8⌉, K, 8], or as it is,
 * row by row; A row by row, or in blocks of 4 rows, [⌈M / 4⌉, K, 4]. A kernel keeps 4 × 8 sums in registers; K is
 * walked in pieces, so that the panel that a kernel reads stays in the first cache.
 */
import { Body, I32, V128 } from "./body.js";
import type { ModuleWriter } from "./module.js";
import { BLOCK, PANEL } from "./packing.js";

/** Rows of a panel at a time. */
const PIECE = 256;
/** Rows of A at a time: a piece of them stays in the second cache. */
const STRIP = 128;
/** Panels at a time where A has one row. */
const WIDE = 4;

/** (a, aRow, b, bRow, bPanel, c, cRow, M, N, K), strides in bytes; aRow 0: A lies in blocks. */
export function addMultiply(module: ModuleWriter): number {
  const kernels = (inBlocks: boolean): number[] =>
    [1, 2, 3, 4].map((rows) => kernel(module, { rows, panels: 1, inBlocks }));
  const wide = kernel(module, { rows: 1, panels: WIDE, inBlocks: false });
  return strips(module, multiply(module, kernels(false), kernels(true), wide));
}

interface Tile {
  readonly rows: number;
  readonly panels: number;
  readonly inBlocks: boolean;
}

/** (a, aRow, b, bRow, bPanel, c, cRow, k, n, isFirst): adds to C (or sets it) at `rows` rows and the n ≤ 8 · panels columns. */
function kernel(module: ModuleWriter, { rows, panels, inBlocks }: Tile): number {
  const f = new Body([I32, I32, I32, I32, I32, I32, I32, I32, I32, I32]);
  const [a, aRow, b, bRow, bPanel, c, cRow, k, n, isFirst] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
  const vectors = 2 * panels;
  const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => f.local(V128)));
  const pointers = [a, ...Array.from({ length: inBlocks ? 0 : rows - 1 }, () => f.local(I32))];
  const bs = [b, ...Array.from({ length: panels - 1 }, () => f.local(I32))];
  const factors = Array.from({ length: vectors }, () => f.local(V128));
  const factor = f.local(V128);
  for (let i = 1; i < pointers.length; i++)
    f.get(pointers[i - 1] as number)
      .get(aRow)
      .scalar("i32.add")
      .set(pointers[i] as number);
  for (let p = 1; p < panels; p++)
    f.get(bs[p - 1] as number)
      .get(bPanel)
      .scalar("i32.add")
      .set(bs[p] as number);
  f.repeat(() => {
    for (let v = 0; v < vectors; v++)
      f.get(bs[v >> 1] as number)
        .load(16 * (v & 1))
        .set(factors[v] as number);
    for (const [i, row] of sums.entries()) {
      if (inBlocks)
        f.get(a)
          .loadSplat(4 * i)
          .set(factor);
      else
        f.get(pointers[i] as number)
          .loadSplat()
          .set(factor);
      for (const [v, sum] of row.entries())
        f.get(sum)
          .get(factor)
          .get(factors[v] as number)
          .simd("f32x4.mul")
          .simd("f32x4.add")
          .set(sum);
    }
    for (const pointer of pointers)
      f.get(pointer)
        .plus(inBlocks ? 4 * BLOCK : 4)
        .set(pointer);
    for (const pointer of bs) f.get(pointer).get(bRow).scalar("i32.add").set(pointer);
    f.get(k).plus(-1).tee(k);
  });
  for (const [i, row] of sums.entries()) {
    if (i) f.get(c).get(cRow).scalar("i32.add").set(c);
    f.get(n)
      .i32(8 * panels)
      .scalar("i32.ge_s")
      .when(
        () => {
          f.get(isFirst)
            .scalar("i32.eqz")
            .when(() => {
              for (const [v, sum] of row.entries())
                f.get(sum)
                  .get(c)
                  .load(16 * v)
                  .simd("f32x4.add")
                  .set(sum);
            });
          for (const [v, sum] of row.entries())
            f.get(c)
              .get(sum)
              .store(16 * v);
        },
        () => {
          for (let lane = 0; lane < 4 * vectors - 1; lane++) {
            const at = 4 * lane;
            f.get(n)
              .i32(lane)
              .scalar("i32.gt_s")
              .when(() => {
                f.get(c);
                f.get(row[lane >> 2] as number).simd("f32x4.extract_lane", lane & 3);
                f.get(isFirst)
                  .scalar("i32.eqz")
                  .select(
                    () => f.get(c).loadF32(at),
                    () => f.f32(0),
                  );
                f.scalar("f32.add").storeF32(at);
              });
          }
        },
      );
  }
  return module.add(f.func());
}

/** Strip by strip. */
function strips(module: ModuleWriter, multiply: number): number {
  const f = new Body([I32, I32, I32, I32, I32, I32, I32, I32, I32, I32]);
  const [a, aRow, b, bRow, bPanel, c, cRow, M, N, K] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
  const rows = f.local(I32);
  f.repeat(() => {
    f.i32(STRIP).get(M).get(M).i32(STRIP).scalar("i32.gt_s").choose().set(rows);
    f.get(a).get(aRow).get(b).get(bRow).get(bPanel).get(c).get(cRow).get(rows).get(N).get(K).call(multiply);
    // a row of a block takes as much as one by itself
    f.get(a);
    f.get(aRow).select(
      () => f.get(aRow),
      () => f.get(K).i32(4).scalar("i32.mul"),
      I32,
    );
    f.i32(STRIP).scalar("i32.mul").scalar("i32.add").set(a);
    f.get(c).get(cRow).i32(STRIP).scalar("i32.mul").scalar("i32.add").set(c);
    f.get(M).plus(-STRIP).tee(M).i32(0).scalar("i32.gt_s");
  });
  return module.add(f.func());
}

function multiply(module: ModuleWriter, rows: readonly number[], inBlocks: readonly number[], wide: number): number {
  const f = new Body([I32, I32, I32, I32, I32, I32, I32, I32, I32, I32]);
  const [a, aRow, b, bRow, bPanel, c, cRow, M, N, K] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
  const [k, piece, j, i, aAt, cAt, aPiece, bPiece, aStep, left] = f.newLocals(I32, 10);
  const bAt = f.local(I32);
  f.get(aRow)
    .select(
      () => f.get(aRow).i32(4).scalar("i32.mul"),
      () =>
        f
          .get(K)
          .i32(4 * BLOCK)
          .scalar("i32.mul"),
      I32,
    )
    .set(aStep);
  const call = (kernel: number): void => {
    f.get(aAt).get(aRow).get(bAt).get(bRow).get(bPanel).get(cAt).get(cRow).get(piece);
    f.get(N).get(j).scalar("i32.sub").get(k).scalar("i32.eqz").call(kernel);
  };
  f.get(a).set(aPiece).get(b).set(bPiece);
  f.i32(0).set(k);
  f.repeat(() => {
    f.get(K).get(k).scalar("i32.sub").set(piece);
    f.get(piece)
      .i32(PIECE)
      .scalar("i32.gt_s")
      .when(() => f.i32(PIECE).set(piece));
    f.get(bPiece).set(bAt);
    f.i32(0).set(j);
    f.repeat(() => {
      f.get(aPiece).set(aAt);
      f.get(c).get(j).i32(4).scalar("i32.mul").scalar("i32.add").set(cAt);
      const step = (panels: number): void => {
        f.get(bAt).get(bPanel).i32(panels).scalar("i32.mul").scalar("i32.add").set(bAt);
        f.get(j)
          .plus(PANEL * panels)
          .set(j);
      };
      const one = (): void => {
        f.countTo(i, M, BLOCK, () => {
          f.get(M).get(i).scalar("i32.sub").set(left);
          f.get(aRow).when(
            () => byRows(f, left, rows, call),
            () => byRows(f, left, inBlocks, call),
          );
          f.get(aAt).get(aStep).scalar("i32.add").set(aAt);
          f.get(cAt).get(cRow).i32(BLOCK).scalar("i32.mul").scalar("i32.add").set(cAt);
        });
        step(1);
      };
      f.get(M).i32(2).scalar("i32.lt_s").get(aRow).i32(0).scalar("i32.gt_s").scalar("i32.and");
      f.get(N)
        .get(j)
        .scalar("i32.sub")
        .i32(PANEL * WIDE)
        .scalar("i32.ge_s")
        .scalar("i32.and");
      f.when(() => {
        call(wide);
        step(WIDE);
      }, one);
      f.get(j).get(N).scalar("i32.lt_s");
    });
    f.get(aPiece)
      .get(aRow)
      .select(
        () => f.i32(4 * PIECE),
        () => f.i32(4 * BLOCK * PIECE),
        I32,
      )
      .scalar("i32.add")
      .set(aPiece);
    f.get(bPiece).get(bRow).i32(PIECE).scalar("i32.mul").scalar("i32.add").set(bPiece);
    f.get(k).plus(PIECE).tee(k).get(K).scalar("i32.lt_s");
  });
  return module.add(f.func());
}

/** Calls the kernel for as many rows as are left, at most 4. */
function byRows(f: Body, left: number, kernels: readonly number[], call: (kernel: number) => void, rows = BLOCK): void {
  if (rows === 1) return call(kernels[0] as number);
  f.get(left)
    .i32(rows)
    .scalar("i32.ge_s")
    .when(
      () => call(kernels[rows - 1] as number),
      () => byRows(f, left, kernels, call, rows - 1),
    );
}
