/** Equations that have no value at 0 are computed on padding too: nothing of that reaches a loss or a gradient. */
import { describe, expect, it } from "vitest";
import { training } from "../../src/compiler/programs.js";
import type { Environment } from "../../src/compiler/targets/reference/evaluator.js";
import { encode, makeBatch } from "../../src/runtime/data/index.js";
import { instantiate } from "../../src/runtime/index.js";
import { names } from "../support/backends.js";
import { reference } from "./support/reference.js";
import { compiled } from "./support/specs.js";

interface Spec {
  readonly source: string;
  readonly records: readonly Record<string, unknown>[];
  readonly nested?: Environment["lengths"];
}

const specs: Readonly<Record<string, Spec>> = {
  "log(x[t]) and 1/x[t]": {
    source: `model m {
  dim H = 3
  axis t < T
  input x[t] : [2]
  random y : [2]
  param W, U, a ~ normal(0, 1), b, O
  h[t] : [H] = tanh(W @ log(x[t]) + U @ (a / x[t]) + h[t-1] + b)
  h[-1] = 0
  y ~ normal(O @ h[T-1], 1)
}`,
    records: [
      {
        x: [
          [1, 2],
          [0.5, 3],
          [0.25, 1],
        ],
        y: [0.3, -0.2],
      },
      { x: [[2, 0.7]], y: [1, 0] },
      {
        x: [
          [4, 1],
          [3, 2],
        ],
        y: [0.1, 0.4],
      },
    ],
  },
  "a density on padding, with weights from the data": {
    source: `model m {
  axis t < T
  input s[t]
  random y[t]
  param a ~ normal(1, 0.1), b
  h[t] = a * log(s[t]) + b + 0.1 * h[t-1]
  h[-1] = 0
  y[t] ~ normal(h[t], s[t]) weight 1 / s[t]
  decode { greedy }
}`,
    records: [
      { s: [0.5, 1, 2], y: [1, 2, 0] },
      { s: [3], y: [1] },
    ],
  },
  "words within sentences": {
    source: `model m {
  axis k < K
  axis u < U[k]
  input x[k,u]
  random y[k]
  param a ~ normal(1, 0.1), c ~ normal(1, 0.1)
  m[k] = sum[u](log(x[k,u]) * c + a / x[k,u])
  y[k] ~ normal(m[k], 1)
}`,
    records: [
      { x: [[1, 2, 3], [0.5]], y: [1, 2] },
      { x: [[2], [1, 0.25], [4, 2]], y: [0, 1, 2] },
    ],
    nested: {
      U: [
        [3, 1],
        [1, 2, 2],
      ],
    },
  },
  "noise that is divided by": {
    source: `model m {
  axis t < T
  input x[t]
  random y[t]
  noise e[t] ~ uniform(1, 2)
  param a ~ normal(1, 0.1)
  y[t] ~ normal(a * log(e[t]) / e[t] + x[t], 1)
  decode { greedy }
}`,
    records: [
      { x: [1, 2, 3], y: [1, 2, 0] },
      { x: [4], y: [1] },
    ],
  },
};

describe.each(names)("%s", (backend) => {
  it.each(Object.keys(specs))("%s", async (name) => {
    const { source, records, nested = {} } = specs[name] as Spec;
    const network = await instantiate(compiled(source), { backend });
    const { loss, grads } = await network.gradients(records);
    const { model, seed } = network;
    const compute = training(model);
    const batch = makeBatch(
      model,
      records.map((r) => encode(model, r)),
    );
    const params = Object.fromEntries(Object.entries(network.params()).map(([k, v]) => [k, v.data]));
    const key = { seed, step: 0, samples: records.map((_, i) => i) };
    const e = reference(compute, batch, params, key, {}, nested);
    e.run(compute.program);
    expect(loss).toBeCloseTo(e.value("loss")[0] as number, 4);
    for (const [id, { data }] of Object.entries(grads)) {
      expect(data.every(Number.isFinite), id).toBe(true);
      for (const [i, x] of e.value(compute.gradients.get(id) as string).entries()) expect(data[i]).toBeCloseTo(x, 3);
    }
    network.dispose();
  });
});

it("padding repeats what the sample has; a sample that has nothing borrows a number, and its tokens are 0", () => {
  const model = compiled(`model m {
  vocab V = ["a", "b", "c"]
  axis s < S
  axis t < T
  input x[s] : [2], w[s] : V, p[s] : s
  random y[t]
  param a ~ normal(1, 0.1)
  y[t] ~ normal(a * sum[s](sum(x[s]) + sum(onehot(w[s])) + sum(x[p[s]])), 1)
}`).model;
  const sample = (s: number) => ({
    lengths: { S: s, T: 1 },
    fields: {
      x: Float32Array.from({ length: 2 * s }, (_, i) => i + 1),
      w: Int32Array.from({ length: s }, (_, i) => 2 - i),
      p: Int32Array.from({ length: s }, () => s - 1),
      y: new Float32Array(1),
    },
  });
  const { fields } = makeBatch(model, [sample(2), sample(0), sample(1)], { S: 3 });
  expect([...(fields["x"] as Float32Array)]).toEqual([1, 2, 1, 2, 1, 2, 3, 4, 1, 2, 1, 2, 3, 4, 1, 2, 1, 2]);
  expect([...(fields["w"] as Int32Array)]).toEqual([2, 0, 2, 1, 0, 2, 1, 0, 2]);
  expect([...(fields["p"] as Int32Array)]).toEqual([1, 0, 0, 1, 0, 0, 1, 0, 0]);
});
