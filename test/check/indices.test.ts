/** Indices that are values: any integer or token, proved inside or defined outside; recurrences that look back by data. */
import { expect, it } from "vitest";
import { check } from "../../src/compiler/check/index.js";
import { compile } from "../../src/compiler/index.js";
import { encoder } from "../../src/runtime/data/index.js";
import { problemsOf } from "../support/check-spec.js";

const spec = (body: string): string => `model m {${body.replaceAll("\n    ", "\n  ")}\n}`;

const specs: Readonly<Record<string, string>> = {
  "positions, tokens, strides, mirrors, diagonals, constants": `
    vocab V = ["a", "b", "c"]; dim D = 2; axis t < T; axis s < S; axis o < S; axis i < V; axis r < S div 2; axis e < 2*S+1
    input x[s] : [D], p[t] : s, w[t] : V
    random y[t] : [D]; random z
    param W, b, c : [V] ~ normal(0, 1), M : [D, D]
    h[s] : [D] = tanh(W @ x[s] + b)
    v[i] = c[i] * i
    a[s, o] = dot(x[s], M @ x[o])
    g[e] = 0.5 * g[e-1] + c[0] * e;  g[-1] = c[1]
    y[t] ~ normal(h[p[t]] + v[w[t]] + a[p[t], p[t]], 1)
    z ~ normal(sum(sum[r](h[2*r] * h[2*r+1])) + sum[s](a[s, s] * sum(h[S-1-s])) + g[2*S] + g[0] + sum(h[S div 2]) / (S div 2 + 1), 1)`,
  "a shift around a ring, also of the own past (the head of a neural Turing machine)": `
    dim D = 2; dim N = 5; axis t < T; axis n < N; axis j < 3
    input x[t] : [D]
    random y[t]
    param A : [N, D], B : [3, D], v : [N] ~ normal(0, 1)
    s[t, j] = softmax[j](dot(B[j], x[t]))
    w[t, n] = 0.5 * sum[j](w[t-1, (n + 1 - j) mod N] * s[t, j]) + 0.1 * dot(A[n], x[t])
    w[-1, n] = 1 / N
    y[t] ~ normal(sum[n](v[n] * w[t, n]), 1)`,
  "clauses for both sides, single ones and ranges; two gathers, the clause of each": `
    dim D = 2; axis t < T; axis s < S; axis k < K
    input x[s] : [D], p[t] : s, q[t] : k, e[k] : [D]
    random y[t] : [D]
    param W, b, c : [D] ~ normal(0, 1), d : [D] ~ normal(0, 1)
    h[s] : [D] = tanh(W @ x[s] + b)
    h[-1] = c; h[-2] = 3; h[s >= S] = 2 * c
    g[k, s] : [D] = W @ (x[s] * e[k])
    g[k < 0, s] = d * x[s]; g[k, s >= S] = e[k] + c
    y[t] ~ normal(h[p[t] - 2] + h[p[t] + 1] + g[q[t] - 1, p[t]] + g[q[t], p[t] + 1], 1)`,
  "no clause where parts, lengths, conditions, max and min keep the index inside": `
    axis t < T; axis s < S; axis r < S div 2
    input x[s], p[t] : s, n[t] : int, b[t] : bool
    random y[t]
    param a ~ constant(0.7)
    m[t] = max(p[t] - 2, 0)
    i[t] = p[t] div 2
    y[t] ~ normal(a * x[m[t]] + x[min(p[t] + 1, S - 1)] * x[i[t]] + x[(p[t] + S div 2) div 2]
      + (if n[t] >= 0 and n[t] < S then x[n[t]] else a) + x[n[t] mod S] + (if p[t] > 0 then x[p[t] - 1] else 0)
      + x[if p[t] == S - 1 then 0 else p[t] + 1] + x[p[t] * b[t]], 1)`,
  "integers that a recurrence counts": `
    axis t < T; axis s < S
    input b[t] : bool, x[s] : [2]
    random y[t] : [2]
    param a ~ constant(0.7), c
    n[t] = n[t-1] + b[t]; n[-1] = 0
    x[s >= S] = 1; x[s < 0] = 0
    y[t] ~ normal(a * x[n[t]] + c, 1)`,
  "recurrences that look back by data: a lag, a place before, half the way, the last that was like this one": `
    dim D = 2; axis t < T; axis u < T
    input x[t] : [D], p[t] : t, w[t] : bool
    random y[t] : [D]
    param W, R, c : [D] ~ normal(0, 1)
    h[t] : [D] = tanh(W @ x[t] + R @ h[t - 1 - p[t]]);  h[t < 0] = c
    g[t] : [D] = tanh(W @ x[t] + (if p[t] < t then g[p[t]] else c))
    f[t] : [D] = tanh(W @ x[t] + (if t > 0 then R @ f[t div 2] else c))
    l[t] = argmax[u](if u < t and w[u] == w[t] then u else -1)
    e[t] : [D] = tanh(W @ x[t] + (if l[t] < t then R @ e[l[t]] else c))
    b[t] : [D] = tanh(W @ x[t] + (if t < T - 1 - p[t] then b[t + 1 + p[t]] else 0));  b[T] = 0
    y[t] ~ normal(h[t] + g[t] + f[t] + e[t] + b[t], 1)`,
  "drawn indices": `
    dim D = 2; axis s < S; axis t < T
    input x[s] : [D]
    random y[t] : s
    param W, U
    h[t] : [D] = tanh(W @ x[y[t-1]] + U @ h[t-1]); h[-1] = 0; y[-1] = 0
    y[t] ~ categorical[s](dot(x[s], h[t]))`,
};

it.each(Object.entries(specs))(
  "%s",
  async (_, body) => {
    expect(await problemsOf(spec(body))).toEqual([]);
  },
  60_000,
);

const read = (what: string): string => `
    axis t < T; axis s < S
    input x[s], p[t] : s, q[t] : t, n[t] : int, f[t]
    random y[t]
    param a ~ constant(0.5)
    h[s] = a * x[s]; h[-1] = 1
    g[t] = f[t]${what.includes("g[") ? ` + ${what}` : ""}
    y[t] ~ normal(h[0]${what.includes("g[") ? "" : ` + ${what}`} + q[t] + g[t] + h[p[t] - 1] + n[t], 1)`;

it.each([
  ["a single clause says nothing about the places beyond it", "h[p[t] - 2]", ["missing-boundary"]],
  ["nor about the other side", "h[p[t] + 1]", ["missing-boundary"]],
  ["any integer may leave on both", "h[n[t]]", ["missing-boundary", "missing-boundary"]],
  ["a condition about something else", "(if n[t] > 0 then h[p[t] + 1] else 0)", ["missing-boundary"]],
  ["a condition that goes not far enough", "(if p[t] < S then h[p[t] + 1] else 0)", ["missing-boundary"]],
  ["the other branch", "(if p[t] < S - 1 then 0 else h[p[t] + 1])", ["missing-boundary"]],
  ["a number that need not be whole", "h[f[t] / 2]", ["bad-index"]],
  ["a mean of positions", "h[(p[t] + 0) / 1]", ["bad-index"]],
  ["itself, at any place", "g[q[t]]", ["constant-in-cycle"]],
  ["itself, at the same place or before", "(if n[t] <= t and n[t] >= 0 then g[n[t]] else 0)", ["constant-in-cycle"]],
])("%s", (_, what, codes) => {
  const found = check(spec(read(what))).diagnostics.filter((d) => d.severity === "error");
  expect(found.map((d) => d.code)).toEqual(codes);
});

it("a whole number, true or false in a record are what they say", () => {
  const compiled = compile(spec(specs["integers that a recurrence counts"] as string));
  const encode = encoder(compiled.model);
  const rest = { x: [[1, 2]], y: [[0, 0]] };
  expect(Array.from(encode({ ...rest, b: [true] }).fields["b"] as ArrayLike<number>)).toEqual([1]);
  expect(() => encode({ ...rest, b: [2] })).toThrow("`b[0]` is true or false, 1 or 0, not 2");
  const counted = compile(spec("\n    axis t < T\n    input n[t] : int\n    random y[t]\n    y[t] ~ normal(n[t], 1)"));
  expect(() => encoder(counted.model)({ n: [0.5], y: [1] })).toThrow("`n[0]` is a whole number, not 0.5");
});
