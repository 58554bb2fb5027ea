/** Recurrences over two variables of one axis: a loop along one, a loop inside along the other. */
import { describe, expect, test } from "vitest";
import { modelOf, noiseOf, Run } from "../check/harness.js";
import { problemsOf } from "../support/check-spec.js";

const close = (x: number | undefined, y: number): void => expect(Math.abs((x as number) - y)).toBeLessThan(1e-12);
const numbers = (name: string, n: number): number[] => Array.from({ length: n }, (_, i) => noiseOf(name, i));
const param = (run: Run, id: string): number => run.vector(id)[0] as number;

const square = `
model square {
  axis i < N;  axis j < N
  input x[i], z[i,j];  random y
  param a ~ constant(0.5), b ~ constant(0.4)
  D[i,j] = x[i] * x[j] + a * D[i-1,j] + b * D[i,j-1] + z[j,i] * D[i-1,j-1]
  D[-1,j] = j * a;  D[i,-1] = b;  D[-1,-1] = 1
  y ~ normal(D[N-1,N-1], 1)
}`;

/** From short spans to long ones, as a chart parser goes: two ends of a span on one axis, one moves down, the other up. */
const spans = `
model spans {
  axis i < N;  axis j < N
  input x[i];  random y
  param a ~ constant(0.5), b ~ constant(0.4)
  S[i,j] = if i > j then 0 else if i == j then x[i] * a else logsumexp([S[i+1,j] + x[i]; S[i,j-1] * b])
  S[N,j] = 0;  S[i,-1] = 0
  y ~ normal(S[0,N-1], 1)
}`;

const depths = `
model depths {
  dim H = 2
  axis l < 2;  axis k < 2;  axis t < T
  input x[t] : [H];  random y[t] : [H]
  param W[l,k] : [H, H], U[l,k] : [H, H]
  h[l,k,t] : [H] = tanh(W[l,k] @ h[l,k-1,t] + U[l,k] @ h[l,k,t-1])
  h[l,-1,t] = g[l-1,t]
  g[l,t] = h[l,1,t] + g[l-1,t]
  g[-1,t] = x[t];  h[l,k,-1] = 0
  y[t] ~ normal(g[1,t], 1)
}`;

describe("means what a recursion by hand means", () => {
  test.each([1, 2, 4])("a square of %i", (n) => {
    const [x, flat] = [numbers("x", n), numbers("z", n * n)];
    const z = Array.from({ length: n }, (_, i) => flat.slice(i * n, (i + 1) * n));
    const run = new Run(modelOf(square), [{ x, z, y: 0.3 }]);
    const [a, b] = [param(run, "a"), param(run, "b")];
    const D = (i: number, j: number): number => {
      if (i < 0 || j < 0) return i < 0 && j < 0 ? 1 : i < 0 ? j * a : b;
      const own = (x[i] as number) * (x[j] as number);
      return own + a * D(i - 1, j) + b * D(i, j - 1) + (z[j]?.[i] as number) * D(i - 1, j - 1);
    };
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) close(run.value("D", [0, i, j])[0], D(i, j));
    run.checkGradients();
  });

  test.each([1, 2, 4])("spans of %i", (n) => {
    const x = numbers("x", n);
    const run = new Run(modelOf(spans), [{ x, y: 0.3 }]);
    const [a, b] = [param(run, "a"), param(run, "b")];
    const S = (i: number, j: number): number => {
      if (i > j || i === n || j < 0) return 0;
      if (i === j) return (x[i] as number) * a;
      return Math.log(Math.exp(S(i + 1, j) + (x[i] as number)) + Math.exp(S(i, j - 1) * b));
    };
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) close(run.value("S", [0, i, j])[0], S(i, j));
    run.checkGradients();
  });
});

test.each(Object.entries({ square, spans, depths }))("%s on every backend as by the evaluator", async (_, source) => {
  expect(await problemsOf(source)).toEqual([]);
});
