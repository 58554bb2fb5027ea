/** Clauses at corners, along edges and inside the domain, against recursions by hand. */
import { describe, expect, test } from "vitest";
import { problemsOf } from "../support/check-spec.js";
import { modelOf, noiseOf, Run, type Sample } from "./harness.js";

type Grid = (i: number, j: number) => number;

/** All of a grid's values, and its gradients. */
function agrees(source: string, name: string, sizes: readonly [number, number], of: (run: Run, x: Grid) => Grid): void {
  const [I, J] = sizes;
  const x = Array.from({ length: I }, (_, i) => Array.from({ length: J }, (_, j) => noiseOf("x", i * J + j)));
  const run = new Run(modelOf(source), [{ x, y: 0.3 } as Sample]);
  const known = new Map<string, number>();
  const f = of(run, (i, j) => x[i]?.[j] as number);
  const value: Grid = (i, j) => {
    const key = `${i},${j}`;
    if (!known.has(key)) known.set(key, f(i, j));
    return known.get(key) as number;
  };
  for (let i = 0; i < I; i++)
    for (let j = 0; j < J; j++)
      expect(Math.abs((run.value(name, [0, i, j])[0] as number) - value(i, j)), `${name}[${i},${j}]`).toBeLessThan(
        1e-12,
      );
  run.checkGradients();
}

const grid = (lines: string): string => `
model grid {
  axis i < I;  axis j < J
  input x[i,j];  random y
  param a ~ constant(0.5), b ~ constant(0.4)
  ${lines}
  y ~ normal(D[I-1,J-1] + b, 1)
}`;

const number = (run: Run, id: string): number => run.vector(id)[0] as number;
const sizes = [
  [3, 4],
  [1, 3],
  [3, 1],
  [1, 1],
] as const;

describe.each(sizes)("a grid of %i × %i", (I, J) => {
  test("edges inside the domain that go on along themselves, and their corner: an edit distance", () => {
    const source = grid(`
  D[i,j] = min(D[i-1,j] + a, min(D[i,j-1] + b, D[i-1,j-1] + x[i,j]))
  D[0,j] = x[0,j] + b * D[0,j-1]
  D[i,0] = x[i,0] + a * D[i-1,0]
  D[0,0] = x[0,0]`);
    agrees(source, "D", [I, J], (run, x) => {
      const [a, b] = [number(run, "a"), number(run, "b")];
      const D: Grid = (i, j) => {
        if (i === 0 && j === 0) return x(0, 0);
        if (i === 0) return x(0, j) + b * D(0, j - 1);
        if (j === 0) return x(i, 0) + a * D(i - 1, 0);
        return Math.min(D(i - 1, j) + a, D(i, j - 1) + b, D(i - 1, j - 1) + x(i, j));
      };
      return D;
    });
  });

  test("a place on an edge outside, a row from the end", () => {
    const source = grid(`
  D[i,j] = D[i-1,j] * a + D[i,j-1] * b + D[i-1,j-1] * x[i,j]
  D[-1,j] = j * a;  D[i,-1] = i * b;  D[0,-1] = 0.3;  D[-1,-1] = 1
  D[I-1,j] = x[I-1,j] * D[I-2,j]`);
    agrees(source, "D", [I, J], (run, x) => {
      const [a, b] = [number(run, "a"), number(run, "b")];
      const D: Grid = (i, j) => {
        if (i < 0 && j < 0) return 1;
        if (i < 0) return j * a;
        if (j < 0) return i === 0 ? 0.3 : i * b;
        if (i === I - 1) return x(i, j) * D(i - 1, j);
        return D(i - 1, j) * a + D(i, j - 1) * b + D(i - 1, j - 1) * x(i, j);
      };
      return D;
    });
  });

  test("ranges outside, an exact clause within one of them, a corner", () => {
    const source = grid(`
  D[i,j] = b * x[i,j] + 0.5 * D[i-1,j] + 0.3 * D[i,j-2] + a * D[i-1,j-1]
  D[i < 0, j] = 0.1;  D[i, j < 0] = 0.2;  D[i, -2] = i * a;  D[-1, -1] = 0.4`);
    agrees(source, "D", [I, J], (run, x) => {
      const [a, b] = [number(run, "a"), number(run, "b")];
      const D: Grid = (i, j) => {
        if (i < 0 && j < 0) return 0.4;
        if (i < 0) return 0.1;
        if (j < 0) return j === -2 ? i * a : 0.2;
        return b * x(i, j) + 0.5 * D(i - 1, j) + 0.3 * D(i, j - 2) + a * D(i - 1, j - 1);
      };
      return D;
    });
  });
});

test("the first two of a sequence, and the last", () => {
  const source = `
model three {
  axis t < T
  input x[t];  random y[t]
  param a ~ constant(0.5), b ~ constant(0.4)
  h[t] = a * h[t-1] + b * h[t-2] + x[t]
  h[0] = x[0];  h[1] = x[1] + a * h[0];  h[T-1] = b * h[T-2] + x[T-1]
  h[-1] = 0
  y[t] ~ normal(h[t], 1)
}`;
  for (const T of [4, 3, 2]) {
    const x = Array.from({ length: T }, (_, t) => noiseOf("x", t));
    const run = new Run(modelOf(source), [{ x, y: x }]);
    const [a, b] = [number(run, "a"), number(run, "b")];
    const h = (t: number): number => {
      if (t === 0) return x[0] as number;
      const own = x[t] as number;
      // of two clauses that meet in a short sequence, the one that stands later counts
      if (t === T - 1) return own + b * h(t - 1);
      return t === 1 ? own + a * h(0) : own + a * h(t - 1) + b * h(t - 2);
    };
    for (let t = 0; t < T; t++) expect(run.value("h", [0, t])[0]).toBeCloseTo(h(t), 12);
    run.checkGradients();
  }
});

test("on every backend as by the evaluator", async () => {
  const source = grid(`
  D[i,j] = tanh(D[i-1,j] * a + D[i,j-1] * b + D[i-1,j-1] * x[i,j])
  D[0,j] = x[0,j] + b * D[0,j-1];  D[i,0] = x[i,0] + a * D[i-1,0];  D[0,0] = x[0,0]`);
  expect(await problemsOf(source)).toEqual([]);
});
