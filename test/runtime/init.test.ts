import { describe, expect, it } from "vitest";
import { check } from "../../src/compiler/check/index.js";
import { standardInit } from "../../src/compiler/check/params.js";
import type { Init, ParamInfo } from "../../src/compiler/model.js";
import { draws } from "../../src/compiler/random.js";
import { UsageError } from "../../src/runtime/errors.js";
import { initialValues } from "../../src/runtime/init.js";
import { orthogonal } from "../../src/runtime/orthogonal.js";

const noFile = (): never => {
  throw new Error("no file is named");
};

const values = (shape: readonly number[], init: Init, seed = 1): Float32Array => {
  const param: ParamInfo = { name: "W", shape, labels: [], frozen: false, init };
  return initialValues(param, draws(seed, "init", "W"), noFile);
};

const mean = (x: Float32Array): number => x.reduce((a, b) => a + b, 0) / x.length;
const variance = (x: Float32Array): number => {
  const m = mean(x);
  return mean(x.map((v) => (v - m) ** 2));
};
const largest = (x: Float32Array): number => x.reduce((a, b) => Math.max(a, Math.abs(b)), 0);

/** The largest |Q Qᵀ − g² I| of the rows of a matrix [rows, cols]. */
function defect(q: ArrayLike<number>, rows: number, cols: number, gain = 1): number {
  let worst = 0;
  for (let i = 0; i < rows; i++)
    for (let j = 0; j <= i; j++) {
      let s = 0;
      for (let k = 0; k < cols; k++) s += (q[i * cols + k] as number) * (q[j * cols + k] as number);
      worst = Math.max(worst, Math.abs(s - (i === j ? gain * gain : 0)));
    }
  return worst;
}

const transpose = (q: ArrayLike<number>, rows: number, cols: number): Float64Array =>
  Float64Array.from({ length: rows * cols }, (_, i) => q[(i % rows) * cols + Math.floor(i / rows)] as number);

describe("starting values", () => {
  it("constants, identity and gates are what they say", () => {
    expect([...values([2, 2], { kind: "zeros" })]).toEqual([0, 0, 0, 0]);
    expect([...values([3], { kind: "constant", value: 0.5 })]).toEqual([0.5, 0.5, 0.5]);
    expect([...values([2, 3], { kind: "identity", gain: 2 })]).toEqual([2, 0, 0, 0, 2, 0]);
    expect([...values([8], { kind: "gates", values: [0, 1, 0, 0] })]).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
    expect(() => values([7], { kind: "gates", values: [0, 1] })).toThrow(UsageError);
    expect(() => values([4], { kind: "identity", gain: 1 })).toThrow(UsageError);
  });

  it.each([
    ["glorot", [200, 100], 1, 2 / 300],
    ["glorot", [800, 100], 4, 2 / 300],
    ["he", [200, 100], 1, 2 / 100],
    ["lecun", [200, 100], 1, 1 / 100],
    ["glorot", [3, 3, 16, 32], 1, 2 / (9 * 16 + 9 * 32)],
    ["glorot", [4000], 1, 2 / 4001],
  ] as const)("%s of [%s] in %i blocks has the variance that it promises", (kind, shape, blocks, wanted) => {
    const x = values(shape, standardInit(kind, {}, blocks));
    expect(Math.abs(mean(x))).toBeLessThan(4 * Math.sqrt(wanted / x.length));
    expect(variance(x) / wanted).toBeGreaterThan(0.94);
    expect(variance(x) / wanted).toBeLessThan(1.06);
    expect(largest(x)).toBeLessThanOrEqual(Math.sqrt(3 * wanted) * (1 + 1e-6));
  });

  it("uniform and normal have their own mean and spread", () => {
    const u = values([20000], standardInit("uniform", { low: -1, high: 3 }));
    expect(mean(u)).toBeCloseTo(1, 1);
    expect(variance(u)).toBeCloseTo(16 / 12, 1);
    const n = values([20000], standardInit("normal", { mean: 2, sd: 0.5 }));
    expect(mean(n)).toBeCloseTo(2, 1);
    expect(variance(n)).toBeCloseTo(0.25, 1);
  });

  it("a start of the spec's own is drawn from its noise, for each gate by itself", () => {
    const { models, diagnostics } = check(`
# C. Tallec, Y. Ollivier, "Can recurrent neural networks warp time?", ICLR 2018: memories of 1 to T steps.
cell chrono() -> b : [..] { T = 50; noise u : [..] ~ uniform(1, 49); b = log(u) * T / 50 }
cell rows(fan_in) -> w : [M, N] {
  noise z : [M, N] ~ normal(0, 1)
  noise keep : [M, N] ~ bernoulli(0.5)
  w = z * keep / fan_in
}
cell filled() -> w : [..] { value = 3; w = value / 2 }
model m {
  dim X = 5
  dim H = 40
  input x : [X]
  random y : [H]
  param W : [4*H, X] ~ rows, b : [4*H] ~ chrono(25), d : [H] ~ filled(value = 4)
  (i, f, o, g) = split(W @ x + b, 4)
  y ~ normal(i * f * o * g + d, 1)
}`);
    expect(diagnostics).toEqual([]);
    const of = (name: string): Float32Array => {
      const param = models[0]?.params.find((p) => p.name === name) as ParamInfo;
      return initialValues(param, draws(1, "init", name), noFile);
    };
    const b = of("b");
    expect(Math.min(...b)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...b)).toBeLessThanOrEqual(Math.log(49) / 2);
    expect(mean(b.map((x) => Math.exp(2 * x)))).toBeCloseTo(25, -1);
    expect([...of("d")]).toEqual(Array(40).fill(2));
    const W = of("W");
    expect(W.length).toBe(800);
    expect(W.filter((x) => x === 0).length / 800).toBeCloseTo(0.5, 1);
    expect(variance(W)).toBeCloseTo(0.5 / 25, 2);
    for (let k = 1; k < 4; k++) expect(W.subarray(0, 200)).not.toEqual(W.subarray(k * 200, (k + 1) * 200));
  });

  it("depends on the seed and on nothing else", () => {
    const init = standardInit("glorot");
    expect(values([5, 4], init, 3)).toEqual(values([5, 4], init, 3));
    expect(values([5, 4], init, 3)).not.toEqual(values([5, 4], init, 4));
  });

  it.each([
    [6, 6],
    [5, 9],
    [9, 5],
    [7, 7],
    [1, 4],
    [4, 1],
    [64, 64],
  ])("an orthogonal [%i, %i] has orthonormal rows or columns", (rows, cols) => {
    const q = values([rows, cols], { kind: "orthogonal", gain: 1.5, blocks: 1 });
    if (rows <= cols) expect(defect(q, rows, cols, 1.5)).toBeLessThan(1e-5);
    if (rows >= cols) expect(defect(transpose(q, rows, cols), cols, rows, 1.5)).toBeLessThan(1e-5);
  });

  it("each block of packed gates is orthogonal by itself", () => {
    const q = values([12, 3], { kind: "orthogonal", gain: 1, blocks: 4 });
    for (let b = 0; b < 4; b++) expect(defect(q.subarray(b * 9, (b + 1) * 9), 3, 3)).toBeLessThan(1e-5);
    expect(q.subarray(0, 9)).not.toEqual(q.subarray(9, 18));
  });

  it("of a parameter for each index of axes, each starts by itself, as its own shape says", () => {
    const each = (shape: readonly number[], axes: number, init: Init): Float32Array =>
      initialValues({ name: "W", shape, axes, labels: [], frozen: false, init }, draws(1, "init", "W"), noFile);
    const q = each([2, 3, 4, 4], 2, { kind: "orthogonal", gain: 1, blocks: 1 });
    for (let k = 0; k < 6; k++) expect(defect(q.subarray(k * 16, (k + 1) * 16), 4, 4)).toBeLessThan(1e-5);
    expect(new Set(Array.from({ length: 6 }, (_, k) => q[k * 16])).size).toBe(6);
    const g = each([50, 20, 10], 1, standardInit("glorot"));
    expect(variance(g) / (2 / 30)).toBeCloseTo(1, 1);
    expect(largest(g)).toBeLessThanOrEqual(Math.sqrt(6 / 30) * (1 + 1e-6));
    expect([...each([2, 4], 1, { kind: "gates", values: [0, 1] })]).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
  });

  it("orthogonal matrices are uniform: the first entry of many 2×2 ones is as often negative, and of both determinants", () => {
    const stream = draws(5, "haar");
    let [negative, reflections] = [0, 0];
    for (let i = 0; i < 2000; i++) {
      const [a, b, c, d] = orthogonal(2, 2, () => stream.normal()) as unknown as [number, number, number, number];
      if (a < 0) negative += 1;
      if (a * d - b * c < 0) reflections += 1;
    }
    expect(Math.abs(negative - 1000)).toBeLessThan(100);
    expect(Math.abs(reflections - 1000)).toBeLessThan(100);
  });

  it("a large orthogonal matrix takes seconds at most, not minutes", () => {
    const stream = draws(6, "large");
    const began = performance.now();
    orthogonal(512, 2048, () => stream.normal());
    expect(performance.now() - began).toBeLessThan(4000);
  });
});
