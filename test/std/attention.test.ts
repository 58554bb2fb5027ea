/** The cells of specs/std/attention.rcv against the formulas of their papers in plain numbers, and their gradients. */
import { describe, expect, test } from "vitest";
import { compile } from "../../src/compiler/index.js";
import type { ParamInfo } from "../../src/compiler/model.js";
import { std } from "../../src/compiler/std.js";
import { instantiate } from "../../src/runtime/index.js";
import * as a from "../check/harness.js";
import { modelOf, Run, type Vec } from "../check/harness.js";

const { add, dot, mv, softmax, tanh } = a;
const [H, E] = [2, 3];
const numbers = (name: string, n: number): number[] => Array.from({ length: n }, (_, i) => a.noiseOf(name, i));
const mean = (weights: Vec, values: readonly Vec[]): number[] =>
  (values[0] as Vec).map((_, i) => weights.reduce((s, w, k) => s + w * ((values[k] as Vec)[i] as number), 0));
const closeAll = (got: Vec, want: Vec, what: string): void => {
  expect(got.length, what).toBe(want.length);
  for (const [i, v] of got.entries()) expect(Math.abs(v - (want[i] as number)), `${what}[${i}]`).toBeLessThan(1e-9);
};

/** Row `i` of a parameter `f.NAME[i]` as a matrix. */
function each(run: Run, name: string, i: number): number[][] {
  const info = run.model.params.find((q) => q.name === `f.${name}`) as ParamInfo;
  const [, rows, cols] = info.shape as [number, number, number];
  const data = run.params.get(`f.${name}`) as Float64Array;
  return Array.from({ length: rows }, (_, r) => [...data.slice((i * rows + r) * cols, (i * rows + r + 1) * cols)]);
}

interface Seen {
  readonly run: Run;
  readonly q: Vec;
  readonly e: readonly Vec[];
  /** The weights of the step before. */
  readonly before: Vec;
}

interface Case {
  readonly sizes: string;
  readonly call: string;
  /** Size of an entry. */
  readonly entry: number;
  /** The weights, and what is found. */
  found(seen: Seen): { readonly a: Vec | null; readonly g: Vec };
}

const weighted = (weights: Vec, values: readonly Vec[]) => ({ a: weights, g: mean(weights, values) });

const cases: Readonly<Record<string, Case>> = {
  DotAttention: {
    sizes: "",
    call: "(g[t], a[t,s]) = f(q[t], e[s])",
    entry: H,
    found: ({ q, e }) => weighted(softmax(e.map((x) => dot(q, x))), e),
  },
  GeneralAttention: {
    sizes: "",
    call: "(g[t], a[t,s]) = f(q[t], e[s])",
    entry: E,
    found: ({ run, q, e }) => weighted(softmax(e.map((x) => dot(q, mv(run.matrix("f.W"), x)))), e),
  },
  AdditiveAttention: {
    sizes: "A = 4",
    call: "(g[t], a[t,s]) = f(q[t], e[s])",
    entry: E,
    found: ({ run, q, e }) => {
      const fromQ = add(mv(run.matrix("f.Wq"), q), run.vector("f.b"));
      return weighted(softmax(e.map((x) => dot(run.vector("f.v"), tanh(add(fromQ, mv(run.matrix("f.We"), x)))))), e);
    },
  },
  LocationAttention: {
    sizes: "A = 4, F = 2",
    call: "(g[t], a[t,s]) = f(q[t], e[s], a[t-1,s]);  a[-1,s] = if s == 0 then 1 else 0",
    entry: E,
    found: ({ run, q, e, before }) => {
      const fromQ = add(mv(run.matrix("f.Wq"), q), run.vector("f.b"));
      const scores = e.map((x, s) => {
        const places = mv(run.matrix("f.K"), [before[s - 1] ?? 0, before[s] as number, before[s + 1] ?? 0]);
        const hidden = add(fromQ, mv(run.matrix("f.We"), x), mv(run.matrix("f.Wf"), places));
        return dot(run.vector("f.v"), tanh(hidden));
      });
      return weighted(softmax(scores), e);
    },
  },
  ScaledDotAttention: {
    sizes: "",
    call: "(g[t], a[t,s]) = f(q[t], e[s], tanh(e[s]))",
    entry: H,
    found: ({ q, e }) => weighted(softmax(e.map((x) => dot(q, x) / Math.sqrt(H))), e.map(tanh)),
  },
  MultiHeadAttention: {
    sizes: "N = 3, D = 2, O = 4",
    call: "g[t] = f(q[t], e[s], e[s])",
    entry: E,
    found({ run, q, e }) {
      const heads = [0, 1, 2].map((i) => {
        const query = mv(each(run, "Wq", i), q);
        const weights = softmax(e.map((x) => dot(query, mv(each(run, "Wk", i), x)) / Math.sqrt(2)));
        return mv(
          each(run, "Wo", i),
          mean(
            weights,
            e.map((x) => mv(each(run, "Wv", i), x)),
          ),
        );
      });
      return { a: null, g: add(...heads) };
    },
  },
};

const specOf = (name: string, { sizes, call, entry }: Case): string => `
model look {
  use std.attention (${name})
  axis s < S
  axis t < T
  input e[s] : [${entry}], q[t] : [${H}]
  random y[t]
  cell f = ${name}(${sizes})
  ${call}
  y[t] ~ normal(sum(g[t]^2), 1)
}`;

const samples = (entry: number) =>
  [
    [4, 3],
    [1, 2],
  ].map(([S, T], b) => ({
    e: Array.from({ length: S as number }, (_, s) => numbers(`e${b}${s}`, entry)),
    q: Array.from({ length: T as number }, (_, t) => numbers(`q${b}${t}`, H)),
    y: numbers(`y${b}`, T as number),
  }));

describe("attention", () => {
  test.each(Object.entries(cases))("%s", (name, c) => {
    const all = samples(c.entry);
    const run = new Run(modelOf(specOf(name, c)), all);
    for (const [b, { e, q }] of all.entries()) {
      let before: Vec = e.map((_, s) => Number(s === 0));
      for (const [t, qt] of q.entries()) {
        const want = c.found({ run, q: qt, e, before });
        closeAll(run.value("g", [b, t]), want.g, `g[${t}] of sample ${b}`);
        if (!want.a) continue;
        before = want.a;
        closeAll(
          e.map((_, s) => run.value("a", [b, t, s])[0] as number),
          want.a,
          `a[${t}] of sample ${b}`,
        );
      }
    }
    run.checkGradients();
  });

  test.each(Object.entries(cases))("%s on a backend", async (name, c) => {
    const source = specOf(name, c).replace(/}$/, "train { optimizer = adam(lr = 0.01), steps = 1 } }");
    const isLearnt = compile(source).model.params.length > 0;
    const network = await instantiate(compile(source), { backend: "cpu", seed: 1 });
    const values = await network.values(samples(c.entry), ["g"]);
    const params = Object.fromEntries(Object.entries(network.params()).map(([k, p]) => [k, p.data]));
    const run = new Run(modelOf(source), samples(c.entry));
    for (const [k, data] of Object.entries(params)) run.params.set(k, Float64Array.from(data));
    for (const [b, { q }] of samples(c.entry).entries())
      for (const t of q.keys()) {
        const want = run.value("g", [b, t]);
        const got = [...((values[b]?.["g"]?.data ?? []) as ArrayLike<number> as Float32Array)];
        for (const [i, x] of want.entries()) expect(got[t * want.length + i]).toBeCloseTo(x, 4);
      }
    if (isLearnt) {
      const losses: number[] = [];
      for (let step = 0; step < 15; step++) losses.push(await network.step(samples(c.entry)));
      expect(losses.at(-1) as number).toBeLessThan(losses[0] as number);
    }
    network.dispose();
  });

  test("a sequence that looks at itself, with a cell from the library inside a cell of the spec", () => {
    const run = new Run(
      modelOf(`
use std.attention (MultiHeadAttention)
cell Block(x[t] : [X]) -> y[t] : [X] {
  cell look = MultiHeadAttention(N = 2, D = 2, O = X)
  y[t] = layernorm(x[t] + look(x[t], x, x))
}
model encoder {
  dim X = 3
  axis t < T
  input x[t] : [X]
  random z[t] : [X]
  cell block = Block()
  z[t] ~ normal(block(x[t]), 1)
}`),
      [{ x: [0, 1, 2].map((t) => numbers(`x${t}`, 3)), z: [0, 1, 2].map((t) => numbers(`z${t}`, 3)) }],
    );
    run.checkGradients();
  });

  test("every cell of the library is tested here", () => {
    const all = [...(std["attention"] as string).matchAll(/^cell (\w+)/gm)].map(([, name]) => name);
    expect(Object.keys(cases).sort()).toEqual(all.sort());
  });
});
