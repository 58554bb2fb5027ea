/** Clauses (R11): what lies outside the domain, and what takes the place of an equation inside it. */
import { expect, it } from "vitest";
import { problemsOf } from "../support/check-spec.js";

const specs: Readonly<Record<string, string>> = {
  "a clause inside the domain: the equation has no gradient there": `
    dim D = 2; axis t < T
    input x[t] : [D]
    random y[t] : [D]
    param W : [D, D], c, d
    h[t] : [D] = tanh(W @ x[t] + h[t-1]); h[0] = c
    b[t] : [D] = tanh(W @ x[t] + b[t+1]); b[T-1] = d
    y[t] ~ normal(h[t] + b[t], 1)`,
  "a clause inside, of what normalises or takes a maximum": `
    dim D = 2; axis t < T; axis s < S
    input x[t] : [D], z[s] : [D]
    random y[t] : [D]
    param W : [D, D], e ~ constant(0.2)
    a[t, s] = softmax[s](dot(x[t], W @ z[s])); a[t, 0] = e * 2
    m[t] = logsumexp[s](dot(x[t], W @ z[s])); m[0] = 1
    b[t] = max[s](dot(x[t], W @ z[s])); b[T-1] = e
    y[t] ~ normal(sum[s](a[t, s] * z[s]) + m[t] + b[t], 1)`,
  "an edge of a grid inside, the other one outside": `
    axis t < T; axis s < S
    input x[t], z[s]
    random y
    param w ~ constant(0.7), c
    h[t, s] = tanh(w * (x[t] + z[s]) + h[t-1, s] + w * h[t, s-1])
    h[0, s] = c;  h[t, -1] = 0
    y ~ normal(h[T-1, S-1], 1)`,
  "a recurrence that begins inside, and is read from before its start on": `
    axis t < T
    input x[t]
    random y[t]
    param r ~ constant(0.5), c
    h[t] = x[t] + r * h[t-1];  h[0] = c;  h[-1] = 0.5
    y[t] ~ normal(h[t-1], 1)`,
  "a clause that leads back to its own value: each row goes on where the last one ended": `
    axis t < T; axis s < S
    input x[t], z[s]
    random y
    param w ~ constant(0.4), c
    h[t, s] = tanh(w * x[t] + z[s] + h[t, s-1])
    h[t, -1] = h[t-1, S-1];  h[-1, s] = c
    y ~ normal(h[T-1, S-1], 1)`,
  "a clause that follows from another one of the same value, and from the end of another recurrence": `
    axis t < T
    input x[t]
    random y
    param w ~ constant(0.4), c
    b[t] = tanh(w * x[t] + b[t+1]);  b[T] = c
    h[t] = tanh(w * x[t] + h[t-1] + h[t-2]);  h[-1] = 2 * h[-2] + b[0];  h[-2] = w
    y ~ normal(h[T-1], 1)`,
};

it.each(Object.entries(specs))(
  "%s",
  async (_, body) => {
    expect(await problemsOf(`model m {${body.replaceAll("\n    ", "\n  ")}\n}`)).toEqual([]);
  },
  60_000,
);
