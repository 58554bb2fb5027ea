/**
 * Functions of four numbers at a time. Each leaves its value on the stack; arguments are locals. Errors are a few units in
 * the last place, signs of zero apart; NaN goes through.
 */
import { type Body, V128 } from "./body.js";

/** ln 2 = HIGH + LOW, where n · HIGH is exact for the n that occur. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = Math.LN2 - LN2_HIGH;

/** c₀ + c₁ x + …, by Horner's rule. */
function polynomial(f: Body, x: number, coefficients: readonly number[]): void {
  const [last = 0, ...rest] = [...coefficients].reverse();
  f.f32x4(last);
  for (const c of rest) f.get(x).simd("f32x4.mul").f32x4(c).simd("f32x4.add");
}

/** x = n ln 2 + r with |r| ≤ ½ ln 2: e^r − 1 by its series, r + r²/2 + … + r⁷/5040, and n. */
function reduced(f: Body, x: number): { readonly n: number; readonly e: number } {
  const [n, r, e] = [f.local(V128), f.local(V128), f.local(V128)];
  f.get(x).f32x4(Math.LOG2E).simd("f32x4.mul").simd("f32x4.nearest").tee(n);
  f.f32x4(-LN2_HIGH).simd("f32x4.mul").get(x).simd("f32x4.add");
  f.get(n).f32x4(LN2_LOW).simd("f32x4.mul").simd("f32x4.sub").set(r);
  polynomial(f, r, [1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040]);
  f.get(r).simd("f32x4.mul").get(r).simd("f32x4.mul").get(r).simd("f32x4.add").set(e);
  return { n, e };
}

/** 2ⁿ of integers in a local, −126 ≤ n ≤ 127. */
const powerOf2 = (f: Body, n: number): Body => f.get(n).i32x4(127).simd("i32x4.add").i32(23).simd("i32x4.shl");

export function exp(f: Body, x: number): void {
  const [bound, whole, half] = [f.local(V128), f.local(V128), f.local(V128)];
  f.get(x).f32x4(-104).simd("f32x4.max").f32x4(89).simd("f32x4.min").set(bound);
  const { n, e } = reduced(f, bound);
  // 2ⁿ in two factors: the range of exponents is wider than that of one
  f.get(n).simd("i32x4.trunc_sat_f32x4_s").tee(whole).i32(1).simd("i32x4.shr_s").set(half);
  f.get(whole).get(half).simd("i32x4.sub").set(whole);
  f.get(e).f32x4(1).simd("f32x4.add");
  powerOf2(f, half).simd("f32x4.mul");
  powerOf2(f, whole).simd("f32x4.mul");
}

/** e^x − 1 for |x| ≤ 80: 2ⁿ (e^r − 1) + (2ⁿ − 1), so that no digits cancel near 0. */
function expm1(f: Body, x: number): void {
  const [whole, scale] = [f.local(V128), f.local(V128)];
  const { n, e } = reduced(f, x);
  f.get(n).simd("i32x4.trunc_sat_f32x4_s").set(whole);
  powerOf2(f, whole).tee(scale).get(e).simd("f32x4.mul");
  f.get(scale).f32x4(1).simd("f32x4.sub").simd("f32x4.add");
}

/** (e^2x − 1) / (e^2x + 1). */
export function tanh(f: Body, x: number): void {
  const [twice, e] = [f.local(V128), f.local(V128)];
  f.get(x).get(x).simd("f32x4.add").f32x4(-20).simd("f32x4.max").f32x4(20).simd("f32x4.min").set(twice);
  expm1(f, twice);
  f.tee(e).get(e).f32x4(2).simd("f32x4.add").simd("f32x4.div");
}

export function sigmoid(f: Body, x: number): void {
  const negative = f.local(V128);
  f.f32x4(1).get(x).simd("f32x4.neg").set(negative);
  exp(f, negative);
  f.f32x4(1).simd("f32x4.add").simd("f32x4.div");
}

/** ½ ln((1 + s) / (1 − s)) = s + s³/3 + s⁵/5 + …, twice; up to the power 2 · `terms` − 1. */
function twiceArtanh(f: Body, s: number, terms: number): void {
  const square = f.local(V128);
  f.get(s).get(s).simd("f32x4.mul").set(square);
  const coefficients = Array.from({ length: terms }, (_, k) => 2 / (2 * k + 1));
  polynomial(f, square, coefficients);
  f.get(s).simd("f32x4.mul");
}

const SMALLEST = 2 ** -126;
const BITS_OF_SQRT_HALF = 0x3f3504f3;

/** x = 2ⁿ m with √½ ≤ m < √2: n ln 2 + ln m. */
export function log(f: Body, x: number): void {
  const [isSmall, scaled, bits, m, n, s] = f.newLocals(V128, 6);
  f.get(x).f32x4(SMALLEST).simd("f32x4.lt").set(isSmall);
  f.get(x)
    .f32x4(2 ** 23)
    .simd("f32x4.mul")
    .get(x)
    .get(isSmall)
    .simd("v128.bitselect")
    .set(scaled);
  f.get(scaled).i32x4(BITS_OF_SQRT_HALF).simd("i32x4.sub").i32(23).simd("i32x4.shr_s").set(bits);
  f.get(scaled).get(bits).i32(23).simd("i32x4.shl").simd("i32x4.sub").set(m);
  f.get(bits).get(isSmall).i32x4(-23).simd("v128.and").simd("i32x4.add").simd("f32x4.convert_i32x4_s").set(n);
  f.get(m).f32x4(1).simd("f32x4.sub").get(m).f32x4(1).simd("f32x4.add").simd("f32x4.div").set(s);
  const result = f.local(V128);
  twiceArtanh(f, s, 5);
  f.get(n).f32x4(LN2_LOW).simd("f32x4.mul").simd("f32x4.add");
  f.get(n).f32x4(LN2_HIGH).simd("f32x4.mul").simd("f32x4.add").set(result);
  // ln 0 = −∞, of negative numbers NaN; ∞ and NaN stay
  f.f32x4(Number.NEGATIVE_INFINITY).get(result).get(x).f32x4(0).simd("f32x4.eq").simd("v128.bitselect").set(result);
  f.f32x4(Number.NaN).get(result).get(x).f32x4(0).simd("f32x4.lt").simd("v128.bitselect").set(result);
  f.get(result).get(x).get(x).f32x4(Number.POSITIVE_INFINITY).simd("f32x4.lt").simd("v128.bitselect");
}

/** ln(1 + e^x) = max(x, 0) + ln(1 + u), u = e^−|x|, and ln(1 + u) = 2 artanh(u / (2 + u)). */
export function softplus(f: Body, x: number): void {
  const [negative, u, s] = [f.local(V128), f.local(V128), f.local(V128)];
  f.get(x).simd("f32x4.abs").simd("f32x4.neg").set(negative);
  exp(f, negative);
  f.tee(u).get(u).f32x4(2).simd("f32x4.add").simd("f32x4.div").set(s);
  twiceArtanh(f, s, 8);
  f.get(x).f32x4(0).simd("f32x4.max").simd("f32x4.add");
}
