/** Mistakes that have nothing to do with one another are told together, whatever their kinds. */
import { describe, expect, test } from "vitest";
import { check } from "../../src/compiler/check/index.js";

const told = (body: string): string[] => {
  const source = `model m {\n${body}\n}`;
  return check(source)
    .diagnostics.filter((d) => d.severity === "error")
    .map((d) => `${d.code}@${source.slice(0, d.labels[0]?.span.start).split("\n").length - 1}`);
};

/** Lines 1 and 2 of each body: nothing is wrong with them. */
const head = `dim H = 3; dim K = 4; vocab V = ["aa", "b"]; axis t < T; axis s < S
  input x[t] : [H], y[t] : [K], v[s], c[t] : V`;

const combinations: Readonly<Record<string, readonly [body: string, told: readonly string[]]>> = {
  "a value missing, shapes that do not fit, a name that is not there": [
    `${head}
  a[t] = tanh(x[t] +* 2)
  b[t] = x[t] + y[t]
  loss sum(b[t]) + sum(xx[t])`,
    ["missing-value@3", "shape-mismatch@4", "unknown-name@5"],
  ],
  "a bracket left open, a row, a token that is not listed": [
    `${head}
  a[t] = tanh(x[t]
  b[t] = x[t]'
  loss if c[t] == "ab" then 1 else 0`,
    ["unclosed-bracket@3", "row-value@4", "unknown-token@5"],
  ],
  "a misspelt declaration, a free axis, an unknown function": [
    `${head}
  parm W
  b = sum(x[t])
  loss sum(tanhh(x[t]))`,
    ["foreign-statement@3", "free-axis@4", "unknown-name@5"],
  ],
  "chained comparisons, an index on the wrong axis, an argument of the wrong shape": [
    `${head}
  a[s] = if 0 < v[s] < 1 then 1 else 0
  b[t] = x[s]
  loss softmax(v[s])`,
    ["chained-comparison@3", "wrong-axis@4", "bad-argument@5"],
  ],
  "an operator of another language, two equations, a matrix product that does not fit": [
    `${head}
  a[t] = x[t] && x[t]
  b[t] = x[t]; b[t] = x[t]
  loss sum(x[t] @ y[t])`,
    ["foreign-operator@3", "duplicate-equation@4", "shape-mismatch@5"],
  ],
  "three mistakes of syntax": [
    `${head}
  a[t] = x[t] x[t]
  b[t] = (x[t] + ) * 2
  loss sum(x[t]) = 1`,
    ["missing-operator@3", "missing-value@4", "unexpected-token@5"],
  ],
  "three mistakes of meaning": [
    `${head}
  random z; z ~ norml(0, 1)
  a[t] = x[t] + a[t - 0.5]; a[-1] = 0
  loss x[t]`,
    ["unknown-name@3", "bad-index@4", "bad-argument@5"],
  ],
  "a cycle without a step, beside a mistake of syntax and a name that is not there": [
    `${head}
  a[t] = x[t] + b[t]; b[t] = a[t]
  d[t] = (x[t]
  loss sum(a[t]) + w`,
    ["causal-cycle@3", "unclosed-bracket@4", "unknown-name@5"],
  ],
  "a cycle without a step, for which nothing has a shape": [
    `${head}; param W
  h[t] = tanh(W @ h[t])
  loss sum(h[t]) + sum(x[t])`,
    ["unknown-shape@3", "causal-cycle@3"],
  ],
  "a choice may break a cycle: it is looked for where everything else is right": [
    `${head}
  a[t] = x[t] + b[t]; b[t] = if t > 0 then a[t] else x[t]
  loss sum(a[t]) + w`,
    ["unknown-name@4"],
  ],
  "a cycle is looked for where everything else is right": [
    `${head}
  a[t] = x[t] + b[t]
  b[t] = a[t]
  loss sum(a[t])`,
    ["causal-cycle@3"],
  ],
};

describe("unrelated mistakes are all told", () => {
  test.each(Object.entries(combinations))("%s", (_, [body, expected]) => expect(told(body)).toEqual(expected));
});

describe("what an unread statement would have said is not missed", () => {
  test("vocabularies, axes, dims and functions", () => {
    expect(told("axis t < T; vocab V[t]; input x[t] : V; loss sum(x[t])")).toEqual(["not-in-language@1"]);
    expect(told("axis t < T; axis s < ; input x[t], v[s]; loss x[t] + sum[s](v[s])")).toEqual(["missing-value@1"]);
    expect(told("axis t < T; dim H = ; input x[t] : [H]; loss sum(x[t])")).toEqual(["missing-value@1"]);
    expect(told("axis t < T; input x[t]; def f(x) = 2 * x; loss f(x[t])")).toEqual(["foreign-statement@1"]);
  });

  test("its name, its clauses, its draws", () => {
    const body = `${head}
  random r[t]; param W
  h[t] = tanh(W @ h[t-1] +* x[t]); h[-1] = 0
  r[t] ~ normal(sum(h[t]), 1`;
    expect(told(body)).toEqual(["missing-value@4", "unclosed-bracket@5"]);
  });
});
