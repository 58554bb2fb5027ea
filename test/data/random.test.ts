import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { draws, fillNormal, fillUniform, normal, permutation, philox, uniform } from "../../src/compiler/random.js";

const hex = (words: Uint32Array) => [...words].map((w) => w.toString(16).padStart(8, "0")).join(" ");

describe("philox", () => {
  // The vectors that the authors publish with Random123 (kat_vectors, philox4x32 10).
  test.each([
    [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], "d16cfe09 94fdcceb 5001e420 24126ea1"],
  ] as const)("%j with key %j", (counter, key, expected) => {
    const out = new Uint32Array(4);
    philox(out, counter, key);
    expect(hex(out)).toBe(expected);
  });
});

function moments(values: ArrayLike<number>) {
  const list = Array.from(values);
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  const central = (k: number) => list.reduce((a, b) => a + (b - mean) ** k, 0) / list.length;
  return { mean, variance: central(2), skew: central(3) / central(2) ** 1.5, kurtosis: central(4) / central(2) ** 2 };
}

describe("distributions", () => {
  test("uniform: mean 1/2, variance 1/12, flat, below 1 in single precision", () => {
    const u = new Float32Array(100_000);
    fillUniform(u, 7, "mask", 3);
    const { mean, variance, kurtosis } = moments(u);
    expect(mean).toBeCloseTo(0.5, 2);
    expect(variance).toBeCloseTo(1 / 12, 2);
    expect(kurtosis).toBeCloseTo(1.8, 1);
    const counts = new Array<number>(20).fill(0);
    for (const x of u) counts[Math.floor(x * 20)]!++;
    const chi = counts.reduce((sum, n) => sum + (n - 5000) ** 2 / 5000, 0);
    expect(chi).toBeLessThan(43.8); // 19 degrees of freedom, p = 0.001
    expect(Math.max(...u)).toBeLessThan(1);
  });

  test("normal: mean 0, variance 1, skew 0, kurtosis 3; neighbours are uncorrelated", () => {
    const z = new Float32Array(100_000);
    fillNormal(z, 7, "eps");
    const { mean, variance, skew, kurtosis } = moments(z);
    expect(Math.abs(mean)).toBeLessThan(0.013);
    expect(Math.abs(variance - 1)).toBeLessThan(0.02);
    expect(Math.abs(skew)).toBeLessThan(0.03);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(0.06);
    let lag = 0;
    for (let i = 1; i < z.length; i++) lag += z[i]! * z[i - 1]!;
    expect(Math.abs(lag / z.length)).toBeLessThan(0.013);
  });

  test("streams whose keys differ in one place are uncorrelated", () => {
    const base = new Float32Array(20_000);
    fillNormal(base, 1, 5, 9, "e");
    const others: [number, (string | number)[]][] = [
      [2, [5, 9, "e"]],
      [1, [6, 9, "e"]],
      [1, [5, 8, "e"]],
      [1, [9, 5, "e"]],
      [1, [5, 9, "f"]],
      [1, [5, 9, "e", "e"]],
    ];
    for (const [seed, keys] of others) {
      const other = new Float32Array(base.length);
      fillNormal(other, seed, ...keys);
      const r = base.reduce((sum, x, i) => sum + x * other[i]!, 0) / base.length;
      expect(Math.abs(r)).toBeLessThan(0.03);
    }
  });

  test("a stream of draws covers its range evenly", () => {
    const stream = draws(3, "dice");
    const counts = new Array<number>(6).fill(0);
    for (let i = 0; i < 60_000; i++) counts[stream.below(6)]!++;
    expect(counts.reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0)).toBeLessThan(20.6); // 5 df, p = 0.001
  });
});

test("a number depends on its keys alone: filling and asking one by one agree", () => {
  const u = new Float32Array(41);
  const z = new Float32Array(41);
  fillUniform(u, 11, 2, "m");
  fillNormal(z, 11, 2, "m");
  for (const i of [40, 3, 17, 0, 1, 2]) {
    expect(uniform(11, 2, "m", i)).toBe(u[i]);
    expect(Math.fround(normal(11, 2, "m", i))).toBe(z[i]);
  }
});

test("keys that are not integers are our own mistake", () => {
  expect(() => uniform(1, 0.5, 0)).toThrow(/not an integer/);
});

test("a permutation holds every index once, and another key gives another order", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), fc.integer(), (n, seed) => {
      expect([...permutation(n, seed, "epoch", 1)].sort((a, b) => a - b)).toEqual([...Array(n).keys()]);
    }),
  );
  expect(permutation(50, 1, 0)).not.toEqual(permutation(50, 1, 1));
  expect(permutation(50, 1, 0)).toEqual(permutation(50, 1, 0));
});

test("every place of a permutation is as likely", () => {
  const counts = Array.from({ length: 4 }, () => new Array<number>(4).fill(0));
  for (let i = 0; i < 8000; i++) for (const [at, v] of permutation(4, 1, i).entries()) counts[at]![v]!++;
  for (const row of counts) for (const n of row) expect(Math.abs(n - 2000)).toBeLessThan(160);
});
