/** Conditions on axis variables: which reads they allow, and in which order that lets equations be computed (R12). */
import { expect, it } from "vitest";
import { check } from "../../src/compiler/check/index.js";
import { problemsOf } from "../support/check-spec.js";

const spec = (body: string): string => `model m {${body.replaceAll("\n    ", "\n  ")}\n}`;

const generator = (attention: string): string => `
    vocab V = ["a", "b"]; dim D = 2; axis t < T; axis u < T
    random c[t] : V
    param E : [D, V], Q : [D, D], K : [D, D], W, o
    x[t] = E @ c[t-1];  c[-1] = BOS
    q[t] = Q @ x[t];  k[t] = K @ x[t]${attention}
    c[t] ~ categorical(W @ z[t] + o)`;

const past = (read: string): string => `
    dim D = 2; axis t < T; axis u < T
    input x[t] : [D]
    random y[t] : [D]
    param W, R
    h[t] : [D] = tanh(W @ x[t] + R @ sum[u](${read}))
    y[t] ~ normal(h[t], 1)`;

const specs: Readonly<Record<string, string>> = {
  "masked self-attention, the sum under the same condition": generator(`
    a[t, u] = softmax[u](if u <= t then dot(q[t], k[u]) else -inf)
    z[t] : [D] = sum[u](if u <= t then a[t, u] * x[u] else 0)`),
  "masked self-attention as papers write it: what is masked is 0": generator(`
    a[t, u] = softmax[u](if u <= t then dot(q[t], k[u]) / sqrt(D) else -inf)
    z[t] : [D] = sum[u](a[t, u] * x[u])`),
  "masked self-attention in one expression, by hand": generator(`
    s[t, u] = if not (u > t) then dot(q[t], k[u]) else -inf
    e[t, u] = exp(s[t, u])
    z[t] : [D] = sum[u](e[t, u] / sum[u](e[t, u]) * x[u])`),
  "attention over the own past, nothing at the first step": `
    dim D = 2; axis t < T; axis u < T
    input x[t] : [D]
    random y[t] : [D]
    param W, R
    s[t, u] = if u < t then dot(h[u], x[t]) else -inf
    a[t, u] = if t == 0 then 0 else softmax[u](s[t, u])
    h[t] : [D] = tanh(W @ x[t] + R @ sum[u](a[t, u] * h[u]))
    y[t] ~ normal(h[t], 1)`,
  "a window, however the condition is written": past("if t - u > 0 and 2 * u + 4 >= 2 * t then h[u] else 0"),
  "a window on the other side of an else": past("if u >= t or t - 2 > u then 0 else h[u]"),
  "the time to come": past("if u > t then sigmoid(dot(h[u], x[t])) * h[u] else 0"),
  "a span from its shorter parts: the inside recursion of a grammar": `
    axis i < T; axis j < T; axis k < T
    input x[i]
    random y
    param a ~ constant(0.7)
    c[i, j] = if i == j then a * x[i] else if i > j then 0 else logsumexp[k](if i <= k and k < j then c[i, k] + c[k+1, j] else -inf)
    c[T, j] = 0
    y ~ normal(c[0, T-1], 1)`,
  "a clockwork": `
    dim D = 2; dim G = 3; axis t < T; axis g < G
    input x[t] : [D]
    random y[t] : [D]
    param W[g] : [D, D], R[g] : [D, D]
    h[t, g] : [D] = if t mod 2^g == 0 then tanh(W[g] @ x[t] + R[g] @ h[t-1, g]) else h[t-1, g]
    h[-1, g] = 0
    y[t] ~ normal(sum[g](h[t, g]), 1)`,
};

it.each(Object.entries(specs))(
  "%s",
  async (_, body) => {
    expect(await problemsOf(spec(body))).toEqual([]);
  },
  60_000,
);

const codes = (body: string): string[] => check(spec(body)).diagnostics.map((d) => d.code);

it.each([
  ["without a condition", "h[u]"],
  ["at the own time too", "if u <= t then h[u] else 0"],
  ["where the condition says nothing about order", "if u != t then h[u] else 0"],
  ["where only one side of an or does", "if u < t or x[t, 0] > 0 then h[u] else 0"],
  ["times a factor that is not always 0", "(if u < t then 1 else 0.5) * h[u]"],
])("not causal: %s", (_, read) => {
  expect(codes(past(read))).toEqual(["constant-in-cycle"]);
});
