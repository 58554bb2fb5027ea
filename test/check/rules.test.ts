/** The rules of the language by number: texts that mean the same, and texts that are refused. */
import { describe, expect, it } from "vitest";
import { check } from "../../src/compiler/check/index.js";
import { compile } from "../../src/compiler/index.js";
import { getValue } from "../../src/compiler/system/types.js";
import { Evaluator } from "../../src/compiler/targets/reference/evaluator.js";
import { uniform } from "../support/numbers.js";
import { sampleRecords } from "../support/sample-records.js";
import { environment } from "../support/spec-cases.js";

const spec = (equations: string): string => `
model m {
  vocab V = ["a", "b", "c"]; vocab Z = ["a", "b"]
  dim D = 2; dim E = 3; dim F = 2; axis t < T; axis s < S; axis i < V; axis l < 2; axis k < K; axis u < U[k]
  input x[t] : [D], z[s] : [D], g[t], w[t] : V, q[t] : t, r[k, u], M : [D, D], N : [D, V], c : [D], e : [V], o : [E]
  random y[t]
  y[t] ~ normal(g[t] + sum(x[t]) + sum(z[0]) + q[t] + (if w[t] == "a" then 1 else 0) + r[0, 0] + sum(M) + sum(N) + sum(c) + sum(e) + sum(o), 1)
${equations}
}`;

/** All numbers of the values `left` and `right`, on a few records. */
function numbers(equations: string): readonly (readonly number[])[] {
  const compiled = compile(spec(equations));
  expect(compiled.diagnostics.filter((d) => d.severity === "error").map((d) => d.message)).toEqual([]);
  const { model } = compiled;
  const system = model.system({ training: true, drawn: [] });
  const params = Object.fromEntries(
    model.params.map((p) => [
      p.name,
      Array.from({ length: p.shape.reduce((a, b) => a * b, 1) }, (_, i) => uniform(p.name, i)),
    ]),
  );
  const evaluator = new Evaluator(system, environment(model, system, sampleRecords(model, 3), params));
  return ["left", "right"].map((id) => {
    const { slots } = getValue(system, id);
    return evaluator.points(slots).flatMap((p) => [
      ...evaluator.value(
        id,
        slots.map((s) => p[s.name] as number),
      ),
    ]);
  });
}

const same: Readonly<Record<string, readonly (readonly [left: string, right: string, more?: string])[]>> = {
  "R1: precedence": [
    ["[t] = 2 * M @ x[t] * g[t]", "[t] = (2 * (M @ x[t])) * g[t]"],
    ["[t] = M @ M @ x[t]", "[t] = M @ (M @ x[t])"],
    ["[t] = -g[t]^2 + 1", "[t] = 1 - (g[t] * g[t])"],
    ["[t] = 7 - 2 - g[t]", "[t] = (7 - 2) - g[t]"],
    ["[t] = if g[t] > 0 then 1 else 2 + g[t]", "[t] = if g[t] > 0 then 1 else (2 + g[t])"],
    [
      "[t] = (if not g[t] > 0 and g[t] > -1 or t == 0 then 1 else 0)",
      "[t] = (if ((not (g[t] > 0)) and (g[t] > -1)) or (t == 0) then 1 else 0)",
    ],
    ["[t] = x[t]' @ M' @ x[t]", "[t] = dot(M @ x[t], x[t])"],
    ["[t] = 7 - 5 div 2 * 2 + g[t]", "[t] = 3 + g[t]"],
    ["[t] =\n  g[t] +\n  1", "[t] = (g[t]\n + 1)"],
  ],
  "R2: vectors are columns": [
    ["[t] = x[t] @ c", "[t] = dot(x[t], c)"],
    ["[t] = c' @ x[t]", "[t] = sum(x[t] * c)"],
    ["[t] = (c @ x[t]') @ x[t]", "[t] = c * dot(x[t], x[t])"],
  ],
  "R3: a bracket after a name is an index, elsewhere it joins": [
    ["[t] = [x[t]; g[t]]", "[t] = [x[t]; [g[t]]]"],
    ["[t] = sum([x[t]; c; g[t]; 1])", "[t] = sum(x[t]) + sum(c) + g[t] + 1"],
    ["[t] = [g[t]; 2 * g[t]]", "[t] = g[t] * [1; 2]"],
  ],
  "R4: axes by union, features equal or scalar": [
    ["[t, s] = x[t] + z[s]", "[t, s] = z[s] + x[t]"],
    ["[t] = g[t] * x[t] + 1", "[t] = [g[t] * x[t, 0] + 1; g[t] * x[t, 1] + 1]"],
    ["[t] = sum[s](z[s] * g[t])", "[t] = g[t] * sum[s](z[s])"],
  ],
  "R7: a token is its one-hot vector in arithmetic": [
    ["[t] = N @ w[t]", "[t] = N @ onehot(w[t])"],
    ["[t] = w[t] * e", "[t] = e * onehot(w[t])"],
    ["[t] = e @ w[t]", "[t] = e[w[t]]"],
    ['[t] = (if w[t] == "b" then 1 else 0)', "[t] = hot[t, 1]", "hot[t] = onehot(w[t])"],
    ["[t] = (g[t] > 0) * 2 + (w[t] != w[0])", "[t] = (if g[t] > 0 then 2 else 0) + (if w[t] == w[0] then 0 else 1)"],
    ["[t] = argmax[s](0 * z[s, 0]) + g[t]", "[t] = g[t]"],
    ["[i] = (if argmax([1; 3; 3]) == i then 1 else 0)", "[i] = (if i == 1 then 1 else 0)"],
  ],
  "R8: exact integers, `mod` floored, `/` real": [
    ["[t] = (t - 3) mod 2", "[t] = t - 3 - 2 * floor((t - 3) / 2)"],
    ["[t] = (-3) mod 2 + (-3) div 2 * 10 + t", "[t] = 1 - 20 + t"],
    ["[t] = 5 mod (-3) + 7 div 2 + 7 / 2 + t", "[t] = -1 + 3 + 3.5 + t"],
    ["[t] = t / T + D / E", "[t] = (1 / T) * t + 2 / 3"],
  ],
  "R9: a binder scopes over its parentheses and may shadow": [
    ["[s] = z[s] / sum[s](sum(z[s])^2 + 1)", "[s] = z[s] / total", "total = sum[s](sum(z[s])^2 + 1)"],
    ["[s] = softmax[s](z[s, 0])", "[s] = exp(z[s, 0]) / sum[s](exp(z[s, 0]))"],
    ["[t] = sum[s](sum[t](g[t]) * z[s]) + g[t]", "[t] = sum[t](g[t]) * sum[s](z[s]) + g[t]"],
  ],
  "R10: reductions over features": [
    [
      "[t] = sum(M * g[t]) + mean(x[t]) + max(x[t]) + min(M)",
      "[t] = g[t] * (M[0,0] + M[0,1] + M[1,0] + M[1,1]) + (x[t,0] + x[t,1]) / 2 + max(x[t,0], x[t,1]) + min(min(M[0]), min(M[1]))",
    ],
    ["[t] = norm(x[t])", "[t] = sqrt(x[t] @ x[t])"],
    ["[t] = layernorm(x[t])", "[t] = (x[t] - mean(x[t])) / sqrt(mean((x[t] - mean(x[t]))^2) + 0.00001)"],
    ["[k] = sum[u](if r[k, u] > 9 then r[k, u] else 0) + mean[u](0 * r[k, u])", "[k] = 0 * r[k, 0]"],
  ],
  "R11: boundaries sit at the sample's own length": [
    ["[t] = f[t+1]", "[t] = if t == T - 1 then 5 else g[t+1]", "f[t] = g[t]; f[T] = 5"],
    [
      "[t] = f[t-2]",
      "[t] = if t == 0 then 7 else if t == 1 then 6 else g[t-2]",
      "f[t] = g[t]; f[t < 0] = 7; f[-1] = 6",
    ],
    [
      "[t] = f[t-1, 0] + f[t-1, -1]",
      "[t] = if t == 0 then 3 + 4 else g[t-1] + 2",
      "f[t, s] = g[t] + 0 * s; f[t, -1] = 2; f[-1, s] = 3; f[-1, -1] = 4",
    ],
    ["[k] = f[k, U[k]] + f[k, U[k]-1]", "[k] = 9 + r[k, U[k]-1]", "f[k, u] = r[k, u]; f[k, U[k]] = 9"],
  ],
  "R13: a bound that is declared is fixed, one that is not is each sample's own": [
    ["[t] = sum[t](1) + sum[i](1) + sum[l](1) + g[t]", "[t] = T + 3 + 2 + g[t]"],
    ["[k] = sum[u](1) + 0 * r[k, 0]", "[k] = U[k]"],
  ],
};

describe.each(Object.entries(same))("%s", (_, pairs) => {
  it.each(pairs)("left%s  is  right%s", (left, right, more) => {
    const [a, b] = numbers(`  left${left}\n  right${right}\n  ${more ?? ""}`) as [number[], number[]];
    expect(a.length).toBeGreaterThan(0);
    expect(b.length).toBe(a.length);
    for (const [i, x] of a.entries()) expect(x).toBeCloseTo(b[i] as number, 10);
  });
});

/** The first error; the equations define v. */
const refused: Readonly<Record<string, readonly (readonly [equations: string, code: string])[]>> = {
  "R1: comparisons do not chain": [["v[t] = if 0 < g[t] < 1 then 1 else 0", "chained-comparison"]],
  "R2: a row is no value": [["v[t] = x[t]'", "row-value"]],
  "R4: features, axes, shifts": [
    ["v[t] = x[t] + o", "shape-mismatch"],
    ["v[t] = x[t] + z[s]", "free-axis"],
    ["v[t] = z[t-1]; z[-1] = 0", "wrong-axis"],
    ["v[t, s] = g[t]; h[t, s] = v[s, t]", "wrong-axis"],
  ],
  "R5: numeric dims unify with equal numbers only": [
    ["v[t] : [E] = x[t]", "shape-mismatch"],
    ["v[t] : [F] = x[t]", "shape-mismatch"],
    ["param P, Q; v[t] = sum(P * Q) * g[t]", "unknown-shape"],
  ],
  "R6: a gain must say how it starts": [["param P : [D]; v[t] = P * x[t]", "missing-start"]],
  "R7: tokens": [
    ['v[t] = if w[t] == "d" then 1 else 0', "unknown-token"],
    ["v[t] = if w[t] < w[0] then 1 else 0", "bad-argument"],
  ],
  "R9: one namespace": [["g2 = 1; v[t] = g2[t]", "wrong-kind"]],
  "R11: clauses": [
    ["v[t] = g[t] + v[t-1]", "missing-boundary"],
    ["v[t, s] = g[t] + v[t-1, s-1]; v[-1, s] = 0; v[t, -1] = 1", "overlapping-clauses"],
  ],
  "R12: an order": [["v[t] = g[t] + v[t]", "causal-cycle"]],
  "R13: a length that nothing tells": [["axis o < O; v[o] = 1 + v[o-1]; v[-1] = 0", "unbound-axis"]],
};

describe.each(Object.entries(refused))("%s", (_, cases) => {
  it.each(cases)("%s", (equations, code) => {
    const errors = check(spec(`  ${equations}`)).diagnostics.filter((d) => d.severity === "error");
    expect(errors.map((d) => d.code)).toContain(code);
  });
});
