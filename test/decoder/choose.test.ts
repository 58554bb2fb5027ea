import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  chooseBernoulli,
  chooseCategorical,
  chooseNormal,
  logSoftmax,
  type Method,
} from "../../src/runtime/decoder/choose.js";

const sample = (temperature: number, top_k: number | null = null, top_p: number | null = null): Method => ({
  kind: "sample",
  temperature,
  top_k,
  top_p,
});
const greedy: Method = { kind: "greedy" };
const all = (n: number): Uint8Array => new Uint8Array(n).fill(1);

/** Frequencies of the values over a fine grid of uniforms: the distribution itself, up to the grid. */
function frequencies(logits: readonly number[], allowed: Uint8Array, method: Method, n = 20000): number[] {
  const counts = logits.map(() => 0);
  for (let i = 0; i < n; i++) {
    const { value } = chooseCategorical(logits, allowed, method, () => (i + 0.5) / n);
    counts[value] = (counts[value] as number) + 1 / n;
  }
  return counts;
}

const normalised = (weights: readonly number[]): number[] => {
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
};

function expectClose(got: readonly number[], want: readonly number[]): void {
  for (const [i, w] of want.entries()) expect(Math.abs((got[i] as number) - w)).toBeLessThan(1e-3);
}

describe("logSoftmax", () => {
  it("is shift-invariant, sums to 1 and keeps −∞", () => {
    const z = [1000, 1001, Number.NEGATIVE_INFINITY];
    const l = logSoftmax(z);
    expect(l[2]).toBe(Number.NEGATIVE_INFINITY);
    expect(l.reduce((a, x) => a + Math.exp(x), 0)).toBeCloseTo(1, 12);
    expect((l[1] as number) - (l[0] as number)).toBeCloseTo(1, 9);
  });
  it.each([[[0, Number.NaN]], [[Number.POSITIVE_INFINITY, 0]], [[Number.NEGATIVE_INFINITY]]])("refuses %j", (z) => {
    expect(() => logSoftmax(z)).toThrow(/overflowed/);
  });
});

describe("categorical", () => {
  it("greedy takes the first maximum of what is allowed", () => {
    expect(chooseCategorical([1, 3, 3], all(3), greedy, () => 0).value).toBe(1);
    expect(chooseCategorical([1, 3, 2], Uint8Array.of(1, 0, 1), greedy, () => 0).value).toBe(2);
  });

  it("draws from p^(1/temperature)", () => {
    const z = [0.3, -1, 2, 0.3];
    for (const tau of [0.5, 1, 2])
      expectClose(frequencies(z, all(4), sample(tau)), normalised(z.map((x) => Math.exp(x / tau))));
  });

  it("draws only what is allowed, in the same proportions", () => {
    const z = [0.3, -1, 2];
    expectClose(frequencies(z, Uint8Array.of(1, 1, 0), sample(1)), normalised([Math.exp(0.3), Math.exp(-1), 0]));
  });

  it("top_k keeps the k likeliest, the lower index first", () => {
    expectClose(frequencies([1, 2, 1, 0], all(4), sample(1, 2)), normalised([Math.E, Math.E ** 2, 0, 0]));
    expectClose(frequencies([1, 2], all(2), sample(1, 9)), normalised([Math.E, Math.E ** 2]));
  });

  it("top_p keeps the likeliest values that hold that share, after temperature and top_k", () => {
    const z = [0.5, 0.3, 0.2].map(Math.log);
    expectClose(frequencies(z, all(3), sample(1, null, 0.5)), [1, 0, 0]);
    expectClose(frequencies(z, all(3), sample(1, null, 0.51)), [5 / 8, 3 / 8, 0]);
    expectClose(frequencies(z, all(3), sample(1, null, 1)), [0.5, 0.3, 0.2]);
    // of the two that top_k leaves, the first holds 5/8
    expectClose(frequencies(z, all(3), sample(1, 2, 0.6)), [1, 0, 0]);
    // temperature flattens first: 5/8 becomes √5/(√5+√3) = 0.564
    expectClose(frequencies(z, all(3), sample(2, 2, 0.6)), normalised([Math.sqrt(5), Math.sqrt(3), 0]));
  });

  it("reports the log-probability under the model, not under the filter", () => {
    const z = [2, 1, 0];
    const logp = logSoftmax(z);
    for (const m of [greedy, sample(0.3), sample(1, 1), sample(1, null, 0.1)])
      expect(chooseCategorical(z, Uint8Array.of(0, 1, 0), m, () => 0.5)).toEqual({ value: 1, logp: logp[1] });
  });

  it("at temperature 0 is greedy", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 6 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (z, u) =>
          chooseCategorical(z, all(z.length), sample(0), () => u).value ===
          chooseCategorical(z, all(z.length), greedy, () => u).value,
      ),
    );
  });
});

describe("bernoulli", () => {
  it("greedy takes 1 where p > 0.5", () => {
    expect([-1, 0, 1].map((z) => chooseBernoulli(z, greedy, () => 0).value)).toEqual([0, 0, 1]);
  });
  it("draws 1 with the tempered probability and reports the model's", () => {
    const p = (z: number): number => 1 / (1 + Math.exp(-z));
    const { value, logp } = chooseBernoulli(1, sample(2), () => p(0.5) - 1e-9);
    expect(value).toBe(1);
    expect(logp).toBeCloseTo(Math.log(p(1)), 12);
    expect(chooseBernoulli(1, sample(2), () => p(0.5) + 1e-9)).toEqual({
      value: 0,
      logp: expect.closeTo(Math.log(p(-1)), 12),
    });
  });
  it("is exact far out", () => {
    expect(chooseBernoulli(-800, greedy, () => 0)).toEqual({ value: 0, logp: -0 });
    expect(chooseBernoulli(-800, { ...sample(1) }, () => 0).logp).toBeCloseTo(0, 12);
  });
});

describe("normal", () => {
  it("greedy takes the mean, with its density", () => {
    const { value, logp } = chooseNormal(3, 2, greedy, () => 0);
    expect(value).toBe(3);
    expect(logp).toBeCloseTo(-Math.log(2 * Math.sqrt(2 * Math.PI)), 12);
  });
  it("has the mean and the deviation of the tempered distribution", () => {
    const xs: number[] = [];
    const n = 120;
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        const us = [(i + 0.5) / n, (j + 0.5) / n];
        xs.push(chooseNormal(1, 2, sample(0.25), () => us.shift() as number).value);
      }
    const mean = xs.reduce((a, b) => a + b, 0) / xs.length;
    const sd = Math.sqrt(xs.reduce((a, b) => a + (b - mean) ** 2, 0) / xs.length);
    expect(mean).toBeCloseTo(1, 2);
    expect(Math.abs(sd - 1)).toBeLessThan(0.02);
  });
  it("refuses what is not finite", () => {
    expect(() => chooseNormal(Number.NaN, 1, greedy, () => 0)).toThrow(/overflowed/);
  });
});
