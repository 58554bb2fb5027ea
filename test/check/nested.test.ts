/** Axes within axes (R13): every place of a nested axis that a text can name, and the lengths as numbers. */
import { expect, it } from "vitest";
import { problemsOf } from "../support/check-spec.js";

const specs: Readonly<Record<string, string>> = {
  "both directions, the ends, attention, a mean by its length": `
    dim H = 2; axis k < K; axis u < U[k]
    input w[k, u] : [H]
    random y[k]; random z[k, u] : [H]
    param W, R, b, c : [H], e : [H], v : [H] ~ normal(0, 1), M
    f[k, u] : [H] = tanh(W @ w[k, u] + R @ f[k, u-1] + b);  f[k, -1] = c
    g[k, u] : [H] = tanh(W @ w[k, u] + R @ g[k, u+1] + b);  g[k, U[k]] = e
    a[k, u] = softmax[u](dot(v, f[k, u] + g[k, u]))
    s[k] : [H] = tanh(M @ s[k-1] + sum[u](a[k, u] * f[k, u]) + f[k, U[k]-1] + g[k, 0] / U[k]);  s[-1] = 0
    y[k] ~ normal(dot(v, s[k]) + U[k] * v[0], 1)
    z[k, u] ~ normal(f[k, u] + g[k, u], 1)`,
  "maxima and sums of exponentials, also inside a recurrence over the outer axis": `
    axis k < K; axis u < U[k]
    input x[k, u]
    random y
    param a ~ constant(0.7)
    m[k] = max[u](a * x[k, u]) + min[u](x[k, u]) * a + mean[u](sin(a * x[k, u]))
    i[k] = argmax[u](a * x[k, u])
    r[k] = tanh(a * logsumexp[u](a * x[k, u] + r[k-1]));  r[-1] = 0
    y ~ normal(sum[k](m[k] * x[k, i[k]]) + r[K-1], 1)`,
  "a state that goes on where the sentence before ended": `
    dim H = 2; axis k < K; axis u < U[k]
    input w[k, u] : [H]
    random y
    param W, R, c
    f[k, u] : [H] = tanh(W @ w[k, u] + R @ f[k, u-1]);  f[k, -1] = f[k-1, U[k-1]-1];  f[-1, u] = c
    y ~ normal(sum(f[K-1, U[K-1]-1]), 1)`,
  "what the sentence before had at the same place, and first": `
    dim H = 2; axis k < K; axis u < U[k]
    input w[k, u] : [H]
    random y[k, u] : [H]
    param W, V
    w[k < 0, u] = 0;  w[k, u >= U[k]] = 1
    y[k, u] ~ normal(W @ w[k-1, u] + V @ w[k-1, 0], 1)`,
  "two variables over words of one sentence, and of two": `
    dim H = 2; axis k < K; axis j < K; axis u < U[k]; axis v < U[k]; axis o < U[j]
    input w[k, u] : [H]
    random y
    param W : [H, H]
    a[k, u, v] = softmax[v](if v <= u then dot(w[k, u], W @ w[k, v]) else -inf)
    p[k, u] : [H] = sum[v](if v <= u then a[k, u, v] * w[k, v] else 0)
    q[k, j] = sum[u](sum[o](dot(w[k, u], W @ w[j, o])))
    y ~ normal(sum[k](sum[u](sum(p[k, u])) + sum[j](q[k, j] * U[j] / U[k])), 1)`,
  "gathers: a word of the own sentence, a sentence, its last word, its length, backwards": `
    dim H = 2; axis k < K; axis j < K; axis u < U[k]; axis t < T
    input w[k, u] : [H], p[k] : u, i[t] : k
    random y[t]; random z[k, u]
    param v : [H] ~ normal(0, 1)
    y[t] ~ normal(dot(v, w[i[t], 0] + w[i[t], U[i[t]]-1]) + v[0] * (U[i[t]] + U[0] + U[K-1]) + sum[j](dot(v, w[j, p[j]])), 1)
    z[k, u] ~ normal(dot(v, w[k, p[k]] * w[k, U[k]-1-u]), 1)`,
  "letters in words in sentences": `
    dim H = 2; axis k < K; axis u < U[k]; axis c < C[k, u]; axis d < C[k, u]
    input w[k, u, c] : [H]
    random y[k, u]
    param W, R, v : [H] ~ normal(0, 1), Q
    f[k, u, c] : [H] = tanh(W @ w[k, u, c] + R @ f[k, u, c-1]);       f[k, u, -1] = 0
    b[k, u, c] : [H] = tanh(w[k, u, c] + b[k, u, c+1]);               b[k, u, C[k, u]] = v
    m[k, u] : [H] = mean[c](softmax[c](dot(v, f[k, u, c])) * w[k, u, c] + max[d](b[k, u, d])) / C[k, u]
    g[k, u] : [H] = tanh(f[k, u, C[k, u]-1] + m[k, u] + Q @ g[k, u-1]);  g[k, -1] = 0
    y[k, u] ~ normal(dot(v, g[k, u]), 1)`,
  "lengths that follow from that of a nested axis": `
    axis k < K; axis u < U[k]; axis v < U[k] - 1; axis r < U[k] div 2
    input x[k, u]
    random y
    param a ~ constant(0.7)
    d[k, v] = tanh(a * x[k, v] * x[k, v+1])
    e[k, r] = a * x[k, 2*r] + x[k, 2*r+1]
    y ~ normal(sum[k](sum[v](d[k, v])) + sum[k](sum[r](e[k, r])), 1)`,
};

it.each(Object.entries(specs))(
  "%s",
  async (_, body) => {
    expect(await problemsOf(`model m {${body.replaceAll("\n    ", "\n  ")}\n}`)).toEqual([]);
  },
  60_000,
);
