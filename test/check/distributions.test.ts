/** Densities against their textbook formulas; sums over all paths against enumeration; gradients against differences. */
import { describe, expect, it } from "vitest";
import { check } from "../../src/compiler/check/index.js";
import { modelOf, mv, Run, type Sample } from "./harness.js";

const logSumExp = (xs: readonly number[]): number => {
  const m = Math.max(...xs);
  return m === Number.NEGATIVE_INFINITY ? m : m + Math.log(xs.reduce((s, x) => s + Math.exp(x - m), 0));
};
const at = (x: readonly number[], i: number): number => x[i] as number;

/** A run whose parameters are as given; the others are deterministic. */
function run(
  source: string,
  samples: readonly Sample[],
  params: Readonly<Record<string, readonly number[]>> = {},
): Run {
  const r = new Run(modelOf(source), samples);
  for (const [name, data] of Object.entries(params)) r.params.set(name, Float64Array.from(data));
  return r;
}

const logp = (r: Run, b: number, ...index: readonly number[]): number => at(r.value("y.logp", [b, ...index]), 0);

/** y : [2] from the parameters that its distribution mentions. */
const vector = (dist: string): string => {
  const params = ["a : [D]", "b : [D]", "L : [D, D]"].filter((p) => new RegExp(`\\b${p[0]}\\b`).test(dist));
  return `model m {
  dim D = 2
  random y : [D]
  param ${params.map((p) => `${p} ~ normal(0, 1)`).join(", ")}
  y ~ ${dist}
}`;
};

describe("densities", () => {
  const y = [0.3, -1.2];
  const a = [0.5, -0.4];
  const b = [0.7, 1.3];
  const each = (f: (y: number, a: number, b: number) => number): number =>
    y.reduce((s, v, i) => s + f(v, at(a, i), at(b, i)), 0);
  const cases: readonly (readonly [string, number])[] = [
    ["normal(a, b)", each((v, m, s) => -0.5 * ((v - m) / s) ** 2 - Math.log(s) - 0.5 * Math.log(2 * Math.PI))],
    [
      "normal(sd = b, mean = a)",
      each((v, m, s) => -0.5 * ((v - m) / s) ** 2 - Math.log(s) - 0.5 * Math.log(2 * Math.PI)),
    ],
    ["laplace(a, b)", each((v, m, s) => -Math.abs(v - m) / s - Math.log(2 * s))],
    ["laplace(a, 2)", each((v, m) => -Math.abs(v - m) / 2 - Math.log(4))],
    ["uniform(a - 2, a + 2)", -2 * Math.log(4)],
    ["uniform(low = -3, high = b)", each((_, __, h) => -Math.log(h + 3))],
  ];
  it.each(cases)("%s", (dist, expected) => {
    const r = run(vector(dist), [{ y }], { a, b });
    expect(logp(r, 0)).toBeCloseTo(expected, 10);
    r.checkGradients();
  });

  it("uniform gives what lies outside no probability", () => {
    expect(logp(run(vector("uniform(a, b)"), [{ y: [0.6, -5] }], { a, b }), 0)).toBe(Number.NEGATIVE_INFINITY);
  });

  it("mvnormal by its covariance and by a factor of it", () => {
    const L = [1.2, 0, -0.4, 0.8];
    const r = run(vector("mvnormal(a, L @ L')"), [{ y }], { a, L });
    const factor = run(vector("mvnormal(mu = a, chol = L)"), [{ y }], { a, L });
    // z = L⁻¹ (y − a) for a lower triangle
    const d = y.map((v, i) => v - at(a, i));
    const z0 = at(d, 0) / 1.2;
    const z1 = (at(d, 1) + 0.4 * z0) / 0.8;
    const expected = -0.5 * (z0 * z0 + z1 * z1) - Math.log(1.2 * 0.8) - Math.log(2 * Math.PI);
    expect(logp(r, 0)).toBeCloseTo(expected, 10);
    expect(logp(factor, 0)).toBeCloseTo(expected, 10);
    r.checkGradients();
    factor.checkGradients();
  });
});

describe("mixtures", () => {
  const source = (params: string, draw: string, type: string): string => `model m {
  dim D = 2
  dim M = 3
  vocab V = ["u", "v", "w"]
  axis m < M
  axis t < T
  input x[t]
  random y[t] : ${type}
  param w : [M] ~ normal(0, 1), ${params}
  ${draw}
}`;
  const samples = [
    { x: [1, 2], y: [[0.1, -0.3], [1.2, 0.4]] }, // biome-ignore format: one sample a line
    { x: [0], y: [[-0.5, 0.9]] },
  ];

  it("of normals, by logits", () => {
    const r = run(
      source(
        "mu : [M, D] ~ normal(0, 1), sd : [M, D] ~ normal(0, 1)",
        "y[t] ~ mixture[m](w[m] * x[t], normal(mu[m], exp(sd[m])))",
        "[D]",
      ),
      samples,
    );
    const [w, mu, sd] = [r.vector("w"), r.matrix("mu"), r.matrix("sd")];
    for (const [b, { x, y }] of samples.entries())
      for (const [t, v] of y.entries()) {
        const logits = w.map((wm) => wm * at(x, t));
        const joint = logits.map((z, m) =>
          v.reduce((sum, e, i) => {
            const s = Math.exp(at(sd[m] as number[], i));
            return sum - 0.5 * ((e - at(mu[m] as number[], i)) / s) ** 2 - Math.log(s) - 0.5 * Math.log(2 * Math.PI);
          }, z),
        );
        expect(logp(r, b, t)).toBeCloseTo(logSumExp(joint) - logSumExp(logits), 10);
      }
    r.checkGradients();
  });

  it("of tokens, by probabilities: a mixture of softmaxes", () => {
    const tokens = [{ x: [1, 2], y: ["v", "u"] }];
    const draw = "q : [M] = softmax(w)\n  y[t] ~ mixture[m](p = q[m], categorical(Z[m] * x[t]))";
    const r = run(source("Z : [M, V] ~ normal(0, 1)", draw, "V"), tokens);
    const [w, Z] = [r.vector("w"), r.matrix("Z")];
    const joint = w.map((wm, m) => wm - logSumExp(w) + at(Z[m] as number[], 1) - logSumExp(Z[m] as number[]));
    expect(logp(r, 0, 0)).toBeCloseTo(logSumExp(joint), 10);
    r.checkGradients();
  });
});

describe("over an axis", () => {
  const pointer = (dist: string): string => `model m {
  dim D = 2
  axis s < S
  axis t < T
  input x[s] : [D], q[t] : [D]
  random y[t] : s
  param W : [D, D]
  z[t, s] = dot(q[t], W @ x[s])
  best[t] = argmax[s](z[t, s])
  metric right = if best[t] == y[t] then 1 else 0
  y[t] ~ ${dist}
}`;
  const samples = [
    { x: [[0.1, 0.4], [-0.7, 0.2], [0.9, -0.5]], q: [[1, 0.5], [-0.3, 0.8]], y: [2, 0] }, // biome-ignore format: one sample a line
    { x: [[0.3, 0.3]], q: [[0.2, -1]], y: [0] },
  ];
  const scores = (r: Run, b: number, t: number): number[] => {
    const { x, q } = samples[b] as (typeof samples)[number];
    return x.map((v) => mv(r.matrix("W"), v).reduce((s, e, i) => s + e * at(q[t] as number[], i), 0));
  };

  it("scores at the indices of a ragged axis", () => {
    const r = run(pointer("categorical[s](z[t, s])"), samples);
    let hits = 0;
    for (const [b, { y }] of samples.entries())
      for (const [t, k] of y.entries()) {
        const z = scores(r, b, t);
        expect(logp(r, b, t)).toBeCloseTo(at(z, k) - logSumExp(z), 10);
        hits += Number(z.indexOf(Math.max(...z)) === k);
        expect(r.value("best", [b, t])).toEqual([z.indexOf(Math.max(...z))]);
      }
    expect(r.value("y.hits")).toEqual([hits]);
    expect(r.value("metric.right.sum")).toEqual([hits]);
    r.checkGradients();
  });

  it("probabilities", () => {
    const r = run(pointer("categorical[s](p = softmax[s](z[t, s]))"), samples);
    const z = scores(r, 0, 1);
    expect(logp(r, 0, 1)).toBeCloseTo(at(z, 0) - logSumExp(z), 10);
    r.checkGradients();
  });

  it("a fixed axis, also as logits of a vector; a == k compares", () => {
    const source = (dist: string): string => `model m {
  axis k < 3
  input x
  random y : k
  param w : [3] ~ normal(0, 1)
  z : [3] = x * w
  metric same = sum[k](if y == k then z[k] else 0)
  y ~ ${dist}
}`;
    const one = run(source("categorical[k](z[k])"), [{ x: 2, y: 1 }]);
    const other = run(source("categorical(z)"), [{ x: 2, y: 1 }]);
    const z = one.vector("w").map((v) => 2 * v);
    for (const r of [one, other]) {
      expect(logp(r, 0)).toBeCloseTo(at(z, 1) - logSumExp(z), 10);
      expect(at(r.value("metric.same.sum"), 0)).toBeCloseTo(at(z, 1), 10);
      r.checkGradients();
    }
  });

  it("the tags of a CRF: all sequences enumerated", () => {
    const r = run(
      `model m {
  vocab Tag = ["a", "b", "c"]
  axis t < T
  axis i < Tag
  axis j < Tag
  input x[t] : [Tag]
  random y[t] : Tag
  param A : [Tag, Tag], a0 : [Tag]
  m[t,i] = x[t][i] + (if t == T-1 then 0 else logsumexp[j](A[i,j] + m[t+1,j]));  m[T,j] = 0
  y[t] ~ categorical[j]((if t == 0 then a0[j] else A[y[t-1],j]) + m[t,j])
}`.replace("x[t][i]", "x[t,i]"),
      [
        { x: [[0.1, 0.4, -0.3], [-0.7, 0.2, 0.5], [0.9, -0.5, 0.2], [0.3, 0.1, -0.6]], y: ["b", "a", "a", "c"] }, // biome-ignore format: one sample a line
        { x: [[0.5, -0.1, 0.2]], y: ["c"] },
      ],
    );
    const [A, a0] = [r.matrix("A"), r.vector("a0")];
    const score = (x: number[][], tags: readonly number[]): number =>
      tags.reduce(
        (s, k, t) => s + at(x[t] as number[], k) + (t === 0 ? at(a0, k) : at(A[tags[t - 1] as number] as number[], k)),
        0,
      );
    for (const [b, sample] of r.samples.entries()) {
      const { x, y } = sample as { x: number[][]; y: string[] };
      const ids = y.map((tag) => "abc".indexOf(tag));
      const all = sequences(3, x.length).map((tags) => score(x, tags));
      const total = ids.reduce((s, _, t) => s + logp(r, b, t), 0);
      expect(total).toBeCloseTo(score(x, ids) - logSumExp(all), 10);
    }
    r.checkGradients();
  });
});

/** All sequences of `n` of `k` symbols. */
const sequences = (k: number, n: number): number[][] =>
  n === 0 ? [[]] : sequences(k, n - 1).flatMap((s) => Array.from({ length: k }, (_, i) => [...s, i]));

describe("ctc", () => {
  const source = `model m {
  vocab V = ["a", "b"]
  axis t < T
  axis u < U
  input x[t] : [2]
  random y[u] : V
  param W, b
  y[u] ~ ctc[t](W @ x[t] + b)
}`;
  const collapse = (path: readonly number[]): string => path.filter((k, t) => k !== path[t - 1] && k !== 2).join("");
  const frames = [
    [0.3, -0.8],
    [1.1, 0.4],
    [-0.6, 0.9],
    [0.2, 0.5],
  ];
  const cases: readonly (readonly [string, number])[] = [
    ["", 3],
    ["a", 1],
    ["a", 4],
    ["ab", 2],
    ["ab", 4],
    ["aa", 3],
    ["aa", 4],
    ["aba", 4],
    ["baa", 4],
  ];
  const sampleOf = (labels: string, n: number): Sample => ({ x: frames.slice(0, n), y: [...labels] });

  it("sums over all alignments, several samples in a batch", () => {
    const r = run(
      source,
      cases.map(([labels, n]) => sampleOf(labels, n)),
    );
    const [W, bias] = [r.matrix("W"), r.vector("b")];
    for (const [b, [labels, n]] of cases.entries()) {
      const logs = frames.slice(0, n).map((x) => {
        const z = mv(W, x).map((v, i) => v + at(bias, i));
        return z.map((v) => v - logSumExp(z));
      });
      const ids = [...labels].map((c) => "ab".indexOf(c)).join("");
      const paths = sequences(3, n).filter((path) => collapse(path) === ids);
      expect(paths.length).toBeGreaterThan(0);
      const expected = logSumExp(paths.map((path) => path.reduce((s, k, t) => s + at(logs[t] as number[], k), 0)));
      expect(logp(r, b), `${labels} in ${n}`).toBeCloseTo(expected, 10);
    }
    r.checkGradients();
  });

  it("gives labels that do not fit into the frames no probability", () => {
    const r = run(source, [sampleOf("aa", 2), sampleOf("ab", 1)]);
    expect([logp(r, 0), logp(r, 1)]).toEqual([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  });

  it("gives all sequences together the probability 1", () => {
    const all = [0, 1, 2, 3].flatMap((n) => sequences(2, n)).map((s) => s.map((i) => "ab"[i] as string));
    const r = run(
      source,
      all.map((y) => ({ x: frames.slice(0, 3), y })),
    );
    expect(all.reduce((sum, _, b) => sum + Math.exp(logp(r, b)), 0)).toBeCloseTo(1, 10);
  });
});

describe("what cannot be", () => {
  const spec = (declaration: string, draw: string): string => `model m {
  vocab V = ["a", "b"]
  dim D = 2
  axis s < S
  axis t < T
  input x[s], z[t] : [D]
  ${declaration}
  ${draw}
}`;
  it.each([
    ["random y[t] : V", "y[t] ~ categorical[s](x[s])", "bad-distribution", "draws a position on the axis S"],
    ["random y[t] : s", "y[t] ~ categorical(z[t])", "bad-distribution", "its own number of"],
    ["random y[t] : s", "y[t] ~ normal(0, 1)", "bad-distribution", "`normal` draws numbers"],
    ["random y[t]", "y[t] ~ mvnormal(0, 1)", "bad-distribution", "draws a vector"],
    ["random y[t]", "y[t] ~ mixture(x, normal(0, 1))", "bad-distribution", "ranges over an axis"],
    ["random y[t]", "y[t] ~ mixture[s](x[s], x[s])", "bad-distribution", "a component is a distribution"],
    ["random y[t]", "y[t] ~ mixture[s](x[s], mixture[s](x[s], normal(0, 1)))", "bad-distribution", "components"],
    ["random y[t]", "y[t] ~ normal[s](x[s], 1)", "bad-distribution", "ranges over no axis"],
    ["random y[t]", "y[t] ~ laplace(0, b = 1, 2)", "bad-distribution", "is called as"],
    ["random y[t]", "y[t] ~ normal(x[s], 1)", "free-axis", "`s`"],
    ["random y : V", "y ~ ctc[t](z[t])", "bad-distribution", "has no axis"],
    ["random y[t] : V", "y[t] ~ ctc[t](z[t])", "bad-distribution", "both run over T"],
    ["random y[s] : V", "y[s] ~ ctc[t](z[t])", "shape-mismatch", "`ctc`"],
    ["random y[t]", "y[t] ~ gamma(1, 1)", "unknown-name", "gamma"],
  ])("%s, %s", (declaration, draw, code, text) => {
    const { diagnostics } = check(spec(declaration, draw));
    const found = diagnostics.find((d) => d.code === code);
    expect(`${found?.message} ${found?.help}`, diagnostics.map((d) => d.message).join()).toContain(text);
  });
});
