/** Factors of matrix products into the order in which a kernel reads them. Sizes are arguments, strides in bytes. */
import { Body, I32, V128 } from "./body.js";
import type { ModuleWriter } from "./module.js";

/** Columns of a panel of the right factor, rows of a block of the left one. */
export const PANEL = 8;
export const BLOCK = 4;

/** (b, bRow, to, K, N): a matrix row by row into panels. */
export function addPanels(module: ModuleWriter): number {
  const f = new Body([I32, I32, I32, I32, I32]);
  const [b, bRow, to, K, N] = [0, 1, 2, 3, 4] as const;
  const [j, k, from, left, lane] = f.newLocals(I32, 5);
  f.countTo(j, N, PANEL, () => {
    f.get(b).get(j).i32(4).scalar("i32.mul").scalar("i32.add").set(from);
    f.get(N).get(j).scalar("i32.sub").set(left);
    f.countTo(k, K, 1, () => {
      f.get(left)
        .i32(PANEL)
        .scalar("i32.ge_s")
        .when(
          () => f.get(to).get(from).load().store().get(to).get(from).load(16).store(16),
          () => {
            f.get(to).f32x4(0).store().get(to).f32x4(0).store(16);
            f.countTo(lane, left, 1, () => {
              const at = (base: number): Body => f.get(base).get(lane).i32(4).scalar("i32.mul").scalar("i32.add");
              at(to);
              at(from).loadF32().storeF32();
            });
          },
        );
      f.get(to)
        .plus(4 * PANEL)
        .set(to);
      f.get(from).get(bRow).scalar("i32.add").set(from);
    });
  });
  return module.add(f.func());
}

/** (b, bCol, to, K, N): a matrix whose transpose is row by row into panels. */
export function addTurnedPanels(module: ModuleWriter): number {
  const f = new Body([I32, I32, I32, I32, I32]);
  const [b, bCol, to, K, N] = [0, 1, 2, 3, 4] as const;
  const [j, k, from, left, lane, whole, column] = f.newLocals(I32, 7);
  const rows = f.newLocals(V128, 4);
  const halves = f.newLocals(V128, 4);
  f.countTo(j, N, PANEL, () => {
    f.get(b).get(j).get(bCol).scalar("i32.mul").scalar("i32.add").set(from);
    f.get(N).get(j).scalar("i32.sub").set(left);
    // four rows of a full panel at a time
    f.get(left)
      .i32(PANEL)
      .scalar("i32.ge_s")
      .select(
        () => f.get(K).i32(-4).scalar("i32.and"),
        () => f.i32(0),
        I32,
      )
      .set(whole);
    f.countTo(k, whole, 4, () => {
      f.get(from).set(column);
      for (const half of [0, 16]) {
        for (const row of rows) f.get(column).load().set(row).get(column).get(bCol).scalar("i32.add").set(column);
        turn(f, rows, halves);
        for (const [r, row] of rows.entries())
          f.get(to)
            .get(row)
            .store(4 * PANEL * r + half);
      }
      f.get(from).plus(16).set(from);
      f.get(to)
        .plus(16 * PANEL)
        .set(to);
    });
    f.get(whole).set(k);
    f.get(k)
      .get(K)
      .scalar("i32.lt_s")
      .when(() => {
        f.repeat(() => {
          f.get(to).f32x4(0).store().get(to).f32x4(0).store(16);
          f.get(left)
            .i32(PANEL)
            .scalar("i32.gt_s")
            .when(() => f.i32(PANEL).set(left));
          f.get(from).set(column);
          f.countTo(lane, left, 1, () => {
            f.get(to).get(lane).i32(4).scalar("i32.mul").scalar("i32.add").get(column).loadF32().storeF32();
            f.get(column).get(bCol).scalar("i32.add").set(column);
          });
          f.get(from).plus(4).set(from);
          f.get(to)
            .plus(4 * PANEL)
            .set(to);
          f.get(k).plus(1).tee(k).get(K).scalar("i32.lt_s");
        });
      });
  });
  return module.add(f.func());
}

/** Transposes four vectors of four numbers. */
export function turn(f: Body, rows: readonly number[], halves: readonly number[]): void {
  const lanes = (...ls: number[]): number[] => ls.flatMap((l) => [4 * l, 4 * l + 1, 4 * l + 2, 4 * l + 3]);
  const mix = (x: number | undefined, y: number | undefined, z: number | undefined, ls: number[]): void => {
    f.get(x as number)
      .get(y as number)
      .simd("i8x16.shuffle", ...ls)
      .set(z as number);
  };
  mix(rows[0], rows[1], halves[0], lanes(0, 4, 1, 5));
  mix(rows[2], rows[3], halves[1], lanes(0, 4, 1, 5));
  mix(rows[0], rows[1], halves[2], lanes(2, 6, 3, 7));
  mix(rows[2], rows[3], halves[3], lanes(2, 6, 3, 7));
  mix(halves[0], halves[1], rows[0], lanes(0, 1, 4, 5));
  mix(halves[0], halves[1], rows[1], lanes(2, 3, 6, 7));
  mix(halves[2], halves[3], rows[2], lanes(0, 1, 4, 5));
  mix(halves[2], halves[3], rows[3], lanes(2, 3, 6, 7));
}

/** (a, aCol, to, M, K): a matrix whose transpose is row by row into blocks. */
export function addBlocks(module: ModuleWriter): number {
  const f = new Body([I32, I32, I32, I32, I32]);
  const [a, aCol, to, M, K] = [0, 1, 2, 3, 4] as const;
  const [i, k, from, left, lane] = f.newLocals(I32, 5);
  f.countTo(i, M, BLOCK, () => {
    f.get(a).get(i).i32(4).scalar("i32.mul").scalar("i32.add").set(from);
    f.get(M).get(i).scalar("i32.sub").set(left);
    f.countTo(k, K, 1, () => {
      f.get(left)
        .i32(BLOCK)
        .scalar("i32.ge_s")
        .when(
          () => f.get(to).get(from).load().store(),
          () => {
            f.countTo(lane, left, 1, () => {
              const at = (base: number): Body => f.get(base).get(lane).i32(4).scalar("i32.mul").scalar("i32.add");
              at(to);
              at(from).loadF32().storeF32();
            });
          },
        );
      f.get(to)
        .plus(4 * BLOCK)
        .set(to);
      f.get(from).get(aCol).scalar("i32.add").set(from);
    });
  });
  return module.add(f.func());
}
