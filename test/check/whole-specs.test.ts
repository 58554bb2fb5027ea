/** Specs with every distribution and with positions: everything that must hold of a spec, on every backend. */
import { expect, it } from "vitest";
import { problemsOf } from "../support/check-spec.js";

const specs: Readonly<Record<string, string>> = {
  "positions: drawn, given, found, compared, followed": `
    vocab V = ["a", "b", "c"]; dim D = 2; axis s < S; axis t < T; axis j < V
    input x[s] : [D], q[t] : [D], p[t] : s, w[t] : V
    random y[t]; random r[t] : s
    param W : [D, D], u : [D] ~ normal(0, 1), v : [V] ~ normal(0, 1)
    z[t, s] = dot(q[t], W @ x[s])
    best[t] = argmax[s](z[t, s])
    k[t] = argmax[j](v[j] * q[t, 0])
    same[t] = if k[t] == w[t] then 1 else 0
    known[t] = sum[j](if w[t] == j then v[j] else 0)
    before[t] = if p[t] > best[t] or not (p[t] == 0) then 1 else 0
    last[t] : s = if p[t] < 1 then p[t] else p[t] - 1
    r[-1] = 0
    y[t] ~ normal(dot(u, x[best[t]] + x[p[t]] + x[r[t-1]] + 0.5 * x[last[t]]) + same[t] + known[t] + before[t] * u[0] + p[t] * u[1], 1)
    r[t] ~ categorical[s](z[t, s] - 0.1 * s)`,
  "a position on a fixed axis, as logits; a position on a nested axis": `
    dim D = 2; axis k < 3; axis s < S; axis u < U[s]
    input x[s, u] : [D]
    random a : k; random b[s] : u
    param w : [3, D] ~ normal(0, 1), v : [D] ~ normal(0, 1)
    h : [D] = mean[s](sum[u](x[s, u]))
    a ~ categorical(w @ h)
    b[s] ~ categorical[u](dot(v, x[s, u]) * w[a, 0])`,
  "laplace, uniform, several features, a weight": `
    dim D = 2; axis t < T
    input x[t] : [D], c[t]
    random a[t] : [D]; random b[t]; random d : [D]
    param W, m, L : [D, D] ~ identity
    f[t] : [D] = W @ x[t] + m
    a[t] ~ laplace(f[t], exp(f[t, 0])) weight c[t]^2
    b[t] ~ uniform(-2 - exp(m[0]), 2 + exp(x[t, 1]))
    d ~ mvnormal(mean[t](f[t]), L @ L' + eye(D))`,
  "probabilities, on ragged axes": `
    vocab V = ["a", "b", "c"]; dim D = 2; axis s < S; axis t < T
    input x[s] : [D], q[t] : [D]
    random a[t] : s; random b[t] : V; random c[t]; random e[s]
    param W : [D, D], Z : [V, D]
    p[t, s] = softmax[s](dot(q[t], W @ x[s]))
    a[t] ~ categorical[s](p = p[t, s])
    b[t] ~ categorical(p = softmax(Z @ q[t]))
    c[t] ~ bernoulli(p = sigmoid(q[t, 0] * W[0, 0]))
    e[s] ~ mixture[t](p = softmax[t](dot(q[t], x[s])), laplace(dot(q[t], W @ x[s]), 1 + p[t, s]))`,
  "mvnormal by a factor": `
    dim D = 3; axis t < T
    input x[t] : [D]
    random y[t] : [D]
    param W, L : [D, D] ~ identity
    y[t] ~ mvnormal(W @ x[t], chol = L + 0.1 * diag(x[t]))`,
  "mixtures of vectors, over a ragged axis, of tokens, of choices": `
    vocab V = ["a", "b", "c"]; dim D = 2; axis s < S; axis t < T; axis m < 2
    input x[s] : [D], q[t] : [D]
    random a[t] : [D]; random b[t] : V; random c[t] : s; random e[t] : [D]
    param W : [D, D], Z : [2, V, D] ~ normal(0, 1), w : [2] ~ normal(0, 1)
    a[t] ~ mixture[s](dot(q[t], W @ x[s]), normal(W @ x[s], 0.7))
    z[t, m] : [V] = Z[m] @ q[t]
    b[t] ~ mixture[m](p = softmax[m](w[m]), categorical(z[t, m]))
    c[t] ~ mixture[m](w[m], categorical[s](w[m] * dot(q[t], x[s])))
    e[t] ~ mixture[m](w[m], bernoulli(W @ q[t] * w[m]))`,
};

it.each(Object.entries(specs))(
  "%s",
  async (_, body) => {
    expect(await problemsOf(`model m {${body.replaceAll("\n    ", "\n  ")}\n}`)).toEqual([]);
  },
  60_000,
);

it("ctc over a recurrence, empty labels and a repeated one among the samples", async () => {
  const source = `model m {
  vocab V = ["a", "b"]; dim H = 2; axis t < T; axis u < U
  input x[t] : [2]
  random y[u] : V
  param W, R, b, O, c
  h[t] : [H] = tanh(W @ x[t] + R @ h[t-1] + b); h[-1] = 0
  y[u] ~ ctc[t](O @ h[t] + c) weight 0.5
}`;
  const x = [[0.5, -1], [0.2, 0.3], [-0.8, 0.1], [0.6, 0.6]]; // biome-ignore format: a frame each
  const records = [
    { x: x.slice(0, 2), y: "ab" },
    { x: x.slice(1), y: "aa" },
    { x, y: "" },
    { x: x.slice(3), y: "b" },
  ];
  expect(await problemsOf(source, { records })).toEqual([]);
});
