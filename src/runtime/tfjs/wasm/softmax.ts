/** Softmax of rows, and cross-entropy with its gradient. Sizes are part of the code. */
import { Body, F32, I32, V128 } from "./body.js";
import { exp, log } from "./functions.js";
import type { ModuleWriter } from "./module.js";

/** (z, out). */
export function addSoftmax(module: ModuleWriter, rows: number, n: number): number {
  const f = new Body([I32, I32]);
  const [z, out] = [0, 1] as const;
  const row = new Row(f, n);
  f.count(f.local(I32), rows, 1, () => {
    row.max(z);
    row.exponentials(z, out);
    row.divide(out);
    for (const pointer of [z, out])
      f.get(pointer)
        .plus(4 * n)
        .set(pointer);
  });
  return module.add(f.func());
}

/** (z, y, loss, gradient): −log softmax(z)[y], and softmax(z) less the one-hot of y. Either may be left out, but not both. */
export function addXent(
  module: ModuleWriter,
  rows: number,
  n: number,
  wanted: { loss: boolean; gradient: boolean },
): number {
  const f = new Body([I32, I32, I32, I32]);
  const [z, y, loss, gradient] = [0, 1, 2, 3] as const;
  const row = new Row(f, n);
  const [token, total, chosen] = [f.local(I32), f.local(V128), f.local(I32)];
  f.count(f.local(I32), rows, 1, () => {
    row.max(z);
    row.exponentials(z, wanted.gradient ? gradient : null);
    // of a token that is missing nothing is read; whatever comes out is masked
    f.get(y)
      .loadI32()
      .tee(token)
      .i32(0)
      .get(token)
      .i32(0)
      .scalar("i32.ge_s")
      .choose()
      .i32(4)
      .scalar("i32.mul")
      .set(token);
    if (wanted.loss) {
      f.get(row.sum).simd("f32x4.splat").set(total);
      f.get(loss);
      log(f, total);
      f.simd("f32x4.extract_lane", 0).get(row.top).scalar("f32.add");
      f.get(z).get(token).scalar("i32.add").loadF32().scalar("f32.sub").storeF32();
    }
    if (wanted.gradient) {
      row.divide(gradient);
      f.get(gradient).get(token).scalar("i32.add").tee(chosen);
      f.get(chosen).loadF32().f32(1).scalar("f32.sub").storeF32();
      f.get(gradient)
        .plus(4 * n)
        .set(gradient);
    }
    f.get(z)
      .plus(4 * n)
      .set(z);
    for (const pointer of [y, loss]) f.get(pointer).plus(4).set(pointer);
  });
  return module.add(f.func());
}

/** A row of n numbers: its maximum, and the sum of the exponentials of what is below it. */
class Row {
  readonly top: number;
  readonly sum: number;
  readonly #at: number;
  readonly #v: number;
  readonly #x: number;
  readonly #whole: number;

  constructor(
    readonly f: Body,
    readonly n: number,
  ) {
    this.top = f.local(F32);
    this.sum = f.local(F32);
    this.#at = f.local(I32);
    this.#v = f.local(V128);
    this.#x = f.local(V128);
    this.#whole = n - (n % 4);
  }

  max(z: number): void {
    const { f } = this;
    f.f32(Number.NEGATIVE_INFINITY).set(this.top);
    if (this.#whole) {
      f.f32x4(Number.NEGATIVE_INFINITY).set(this.#v);
      f.count(this.#at, 4 * this.#whole, 16, () => {
        f.get(z).get(this.#at).scalar("i32.add").load().get(this.#v).simd("f32x4.max").set(this.#v);
      });
      for (let lane = 0; lane < 4; lane++)
        f.get(this.top).get(this.#v).simd("f32x4.extract_lane", lane).scalar("f32.max").set(this.top);
    }
    for (let k = this.#whole; k < this.n; k++)
      f.get(this.top)
        .get(z)
        .loadF32(4 * k)
        .scalar("f32.max")
        .set(this.top);
  }

  exponentials(z: number, out: number | null): void {
    const { f } = this;
    const top = f.local(V128);
    f.get(this.top).simd("f32x4.splat").set(top);
    f.f32x4(0).set(this.#v);
    if (this.#whole)
      f.count(this.#at, 4 * this.#whole, 16, () => {
        f.get(z).get(this.#at).scalar("i32.add").load().get(top).simd("f32x4.sub").set(this.#x);
        exp(f, this.#x);
        f.set(this.#x);
        if (out !== null) f.get(out).get(this.#at).scalar("i32.add").get(this.#x).store();
        f.get(this.#v).get(this.#x).simd("f32x4.add").set(this.#v);
      });
    f.f32(0).set(this.sum);
    for (let lane = 0; lane < 4; lane++)
      f.get(this.sum).get(this.#v).simd("f32x4.extract_lane", lane).scalar("f32.add").set(this.sum);
    for (let k = this.#whole; k < this.n; k++) {
      f.get(z)
        .loadSplat(4 * k)
        .get(top)
        .simd("f32x4.sub")
        .set(this.#x);
      exp(f, this.#x);
      f.set(this.#x);
      if (out !== null)
        f.get(out)
          .get(this.#x)
          .storeLane(0, 4 * k);
      f.get(this.sum).get(this.#x).simd("f32x4.extract_lane", 0).scalar("f32.add").set(this.sum);
    }
  }

  divide(out: number): void {
    const { f } = this;
    const sum = f.local(V128);
    f.get(this.sum).simd("f32x4.splat").set(sum);
    if (this.#whole)
      f.count(this.#at, 4 * this.#whole, 16, () => {
        const place = (): Body => f.get(out).get(this.#at).scalar("i32.add");
        place();
        place().load().get(sum).simd("f32x4.div").store();
      });
    for (let k = this.#whole; k < this.n; k++)
      f.get(out)
        .get(out)
        .loadF32(4 * k)
        .get(this.sum)
        .scalar("f32.div")
        .storeF32(4 * k);
  }
}
