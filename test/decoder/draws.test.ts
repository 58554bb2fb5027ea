/** Draws from every distribution: by moments, by enumeration, and through plans and kernels against decoding by definition. */
import { afterAll, describe, expect, it } from "vitest";
import { compile } from "../../src/compiler/index.js";
import type { Model } from "../../src/compiler/model.js";
import { draws } from "../../src/compiler/random.js";
import { product } from "../../src/compiler/system/types.js";
import { openBackend } from "../../src/runtime/backends.js";
import { encoder } from "../../src/runtime/data/index.js";
import { chooseLabels, logProbability, searchLabels } from "../../src/runtime/decoder/ctc.js";
import { Decoder } from "../../src/runtime/decoder/decoder.js";
import { chooseFrom, logDensity, rowOf } from "../../src/runtime/decoder/draws.js";
import type { DecodeOptions, DrawRequest } from "../../src/runtime/decoder/types.js";
import { Engine } from "../../src/runtime/engine.js";
import { instantiate } from "../../src/runtime/index.js";
import type { DataRecord } from "../../src/runtime/types.js";
import { modelOf } from "../check/harness.js";
import { uniform } from "../support/numbers.js";
import { ReferenceEngine } from "./reference-engine.js";

const SAMPLE = { kind: "sample", temperature: 1, top_k: null, top_p: null } as const;
const GREEDY = { kind: "greedy" } as const;

/** One row of parameters, each with its shape after the rows. */
const request = (
  dist: DrawRequest["dist"],
  params: readonly (readonly [readonly number[], readonly number[]])[],
  more: { base?: DrawRequest["dist"]; over?: number } = {},
): DrawRequest => ({
  random: "y",
  dist,
  over: 0,
  index: [],
  params: params.map(([data, shape]) => ({ data: Float32Array.from(data), shape: [1, ...shape] })),
  ...more,
});

const ANY = new Uint8Array(8).fill(1);

describe("sampling", () => {
  const N = 20_000;
  const samples = (r: DrawRequest, method = SAMPLE): number[][] =>
    Array.from({ length: N }, (_, i) => {
      const stream = draws(3, "test", i);
      return [...chooseFrom(rowOf(r, 0), ANY, method, () => stream.uniform()).values];
    });
  const mean = (xs: readonly number[]): number => xs.reduce((s, x) => s + x, 0) / xs.length;
  const covariance = (xs: number[][], i: number, j: number): number => {
    const [a, b] = [mean(xs.map((x) => x[i] as number)), mean(xs.map((x) => x[j] as number))];
    return mean(xs.map((x) => ((x[i] as number) - a) * ((x[j] as number) - b)));
  };

  it("laplace: mean b, variance 2 b², and of a temperature τ, scale b τ", () => {
    const r = request("laplace", [
      [[1, -2], [2]],
      [[0.5, 2], [2]],
    ]);
    const xs = samples(r);
    expect(mean(xs.map((x) => x[0] as number))).toBeCloseTo(1, 1);
    expect(mean(xs.map((x) => x[1] as number)) / -2).toBeCloseTo(1, 1);
    expect(covariance(xs, 0, 0) / (2 * 0.25)).toBeCloseTo(1, 1);
    expect(covariance(xs, 1, 1) / 8).toBeCloseTo(1, 1);
    expect(Math.abs(covariance(xs, 0, 1))).toBeLessThan(0.06);
    expect(covariance(samples(r, { ...SAMPLE, temperature: 0.5 } as never), 1, 1) / 2).toBeCloseTo(1, 1);
  });

  it("uniform stays inside", () => {
    const xs = samples(
      request("uniform", [
        [[-1], [1]],
        [[3], [1]],
      ]),
    ).map((x) => x[0] as number);
    expect(Math.min(...xs)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...xs)).toBeLessThan(3);
    expect(mean(xs)).toBeCloseTo(1, 1);
    expect(() =>
      samples(
        request("uniform", [
          [[3], [1]],
          [[-1], [1]],
        ]),
      ),
    ).toThrow("is empty");
  });

  it("mvnormal has its covariance", () => {
    const xs = samples(
      request("mvnormal", [
        [[1, 2], [2]],
        [
          [2, -0.9, -0.9, 1],
          [2, 2],
        ],
      ]),
    );
    expect(covariance(xs, 0, 0)).toBeCloseTo(2, 1);
    expect(covariance(xs, 0, 1)).toBeCloseTo(-0.9, 1);
    expect(covariance(xs, 1, 1)).toBeCloseTo(1, 1);
    expect(mean(xs.map((x) => x[1] as number))).toBeCloseTo(2, 1);
    expect(() =>
      samples(
        request("mvnormal", [
          [[0, 0], [2]],
          [
            [1, 2, 2, 1],
            [2, 2],
          ],
        ]),
      ),
    ).toThrow("positive definite");
  });

  it("a mixture chooses its components by their weights; −∞ never", () => {
    const w = [Math.log(0.3), Number.NEGATIVE_INFINITY, Math.log(0.7)];
    const r = request(
      "mixture",
      [
        [w, [3]],
        [
          [-5, 0, 5],
          [3, 1],
        ],
        [
          [0.1, Number.NaN, 0.1],
          [3, 1],
        ],
      ],
      { base: "normal", over: 1 },
    );
    const xs = samples(r).map((x) => x[0] as number);
    expect(xs.filter((x) => x < 0).length / N).toBeCloseTo(0.3, 1);
    expect(xs.every((x) => Math.abs(Math.abs(x) - 5) < 1)).toBe(true);
    expect(chooseFrom(rowOf(r, 0), ANY, GREEDY, () => 0).values).toEqual([5]);
  });

  it("a mixture over an axis of choices over another", () => {
    const w = [0, 0, 1, 1]; // [2 components, 2 choices]: the weight repeated
    const r = request(
      "mixture",
      [
        [w, [2, 2]],
        [
          [9, 0, 0, 1],
          [2, 2],
        ],
      ],
      { base: "categorical", over: 2 },
    );
    const density = [0, 1].map((v) => Math.exp(logDensity(rowOf(r, 0), [v])));
    const q = Math.exp(1) / (1 + Math.exp(1));
    const first = 1 / (1 + Math.exp(-9));
    expect(density[0]).toBeCloseTo((1 - q) * first + q / (1 + Math.exp(1)), 6);
    expect((density[0] as number) + (density[1] as number)).toBeCloseTo(1, 10);
    const drawn = samples(r).filter(([v]) => v === 0).length / N;
    expect(drawn).toBeCloseTo(density[0] as number, 1);
    expect(chooseFrom(rowOf(r, 0), ANY, GREEDY, () => 0).values).toEqual([1]);
  });
});

describe("ctc", () => {
  const frames = [0, 1, 2, 3].map((t) => {
    const p = [0, 1, 2].map((k) => Math.exp(2 * uniform("frames", t, k)));
    const sum = p.reduce((a, b) => a + b, 0);
    return Float64Array.from(p, (x) => Math.log(x / sum));
  });
  const sequences = (n: number): number[][] =>
    n === 0
      ? [[]]
      : sequences(n - 1).flatMap((s) => [
          [...s, 0],
          [...s, 1],
        ]);
  const all = [0, 1, 2, 3, 4].flatMap(sequences);

  it("all sequences of labels have the probability 1 together", () => {
    expect(all.reduce((s, labels) => s + Math.exp(logProbability(frames, labels)), 0)).toBeCloseTo(1, 10);
    expect(logProbability([], [])).toBe(0);
    expect(logProbability([], [1])).toBe(Number.NEGATIVE_INFINITY);
  });

  it("a wide search finds the likeliest sequences, in order", () => {
    const best = all
      .map((labels) => ({ labels, logp: logProbability(frames, labels) }))
      .sort((a, b) => b.logp - a.logp)
      .slice(0, 5);
    const found = searchLabels(frames, 40).slice(0, 5);
    expect(found.map((f) => f.labels)).toEqual(best.map((f) => f.labels));
    for (const [i, f] of found.entries()) expect(f.logp).toBeCloseTo(best[i]?.logp as number, 10);
  });

  it("samples sequences by their probabilities", () => {
    const counts = new Map<string, number>();
    const N = 8000;
    for (let i = 0; i < N; i++) {
      const stream = draws(5, "ctc", i);
      const { labels, logp } = chooseLabels(frames, SAMPLE, () => stream.uniform());
      expect(logp).toBeCloseTo(logProbability(frames, labels), 10);
      counts.set(labels.join(), (counts.get(labels.join()) ?? 0) + 1);
    }
    for (const labels of sequences(2))
      expect((counts.get(labels.join()) ?? 0) / N).toBeCloseTo(Math.exp(logProbability(frames, labels)), 1);
  });

  it("takes the best path and collapses it", () => {
    const path = [0, 0, 2, 0, 1, 1].map((k) => Float64Array.from([0, 1, 2], (i) => (i === k ? 0 : -3)));
    expect(chooseLabels(path, GREEDY, () => 0).labels).toEqual([0, 0, 1]);
  });
});

const specs: Readonly<Record<string, { body: string; records: readonly DataRecord[]; beam: boolean }>> = {
  pointer: {
    body: `dim D = 2; axis s < S; axis t < T
      input x[s] : [D]
      random p[t] : s
      param W : [D, D], U : [D, D], v : [D] ~ normal(0, 1)
      d[t] : [D] = tanh(W @ d[t-1] + U @ x[p[t-1]]); d[-1] = 0
      p[-1] = 0
      p[t] ~ categorical[s](dot(d[t] + v, W @ x[s]))`,
    records: [
      { x: [[0.1, 0.9], [-0.7, 0.4], [0.8, -0.2]] }, // biome-ignore format: a point each
      { x: [[0.4, -0.4]] },
      { x: [[1, 1], [-1, 0.5]], p: [1] }, // biome-ignore format: a point each
    ],
    beam: true,
  },
  "tags over an axis of a vocabulary": {
    body: `vocab Tag = ["a", "b", "c"]; axis t < T; axis i < Tag; axis j < Tag
      input x[t] : [Tag]
      random y[t] : Tag
      param A : [Tag, Tag], a0 : [Tag] ~ normal(0, 1)
      m[t,i] = x[t,i] + (if t == T-1 then 0 else logsumexp[j](A[i,j] + m[t+1,j]));  m[T,j] = 0
      y[t] ~ categorical[j]((if t == 0 then a0[j] else A[y[t-1],j]) + m[t,j])`,
    records: [{ x: [[1, 2, 0], [0, -1, 0.5], [0.3, 0.2, 0]] }, { x: [[0, 0, 1]] }], // biome-ignore format: a row each
    beam: true,
  },
  "mixtures along a sequence": {
    body: `dim D = 2; axis m < 3; axis t < T
      input x[t]
      random y[t] : [D]
      random k[t] : m
      param w : [3] ~ normal(0, 1), R, mu : [3, D] ~ normal(0, 1), b
      z[t] : [3] = w * x[t] + R @ y[t-1] + b; y[-1] = 0
      y[t] ~ mixture[m](z[t, m], laplace(mu[m], 0.5))
      k[t] ~ categorical(z[t])`,
    records: [{ x: [0.5, -1, 2] }, { x: [1] }],
    beam: false,
  },
  "a mixture of choices": {
    body: `dim D = 2; axis s < S; axis m < 2; axis t < T
      input x[s] : [D], q[t]
      random y[t] : s
      param w : [2] ~ normal(0, 1), v : [2, D] ~ normal(0, 1)
      y[t] ~ mixture[m](w[m] * q[t], categorical[s](dot(v[m], x[s]) + 0.1 * y[t-1])); y[-1] = 0`,
    records: [{ x: [[0.1, 0.9], [-0.7, 0.4]], q: [1, 2, 3] }, { x: [[0.4, -0.4]], q: [2] }], // biome-ignore format: a row each
    beam: true,
  },
  "vectors, drawn together": {
    body: `dim D = 2; axis t < T
      input x[t] : [D]
      random y[t] : [D]
      random u[t] : [D]
      param W, L : [D, D] ~ identity
      y[t] ~ mvnormal(W @ y[t-1] + x[t], chol = L); y[-1] = 0
      u[t] ~ uniform(-1, 2)`,
    records: [
      {
        x: [
          [1, 2],
          [0, -1],
        ],
      },
      { x: [[0.5, 0.5]] },
    ],
    beam: false,
  },
  "labels of frames": {
    body: `vocab V = ["a", "b"]; axis t < T; axis u < U
      input x[t] : [2]
      random y[u] : V
      param W, b
      y[u] ~ ctc[t](W @ x[t] + b)`,
    records: [
      { x: [[3, 1], [-1, 2], [0.5, -2], [2, 0]] }, // biome-ignore format: a row each
      { x: [[-2, -1]] },
      { x: [[1, 1], [2, -2]] }, // biome-ignore format: a row each
    ],
    beam: true,
  },
};

const methods: Readonly<Record<string, DecodeOptions>> = {
  greedy: { max: 3, seed: 7, method: GREEDY },
  sample: { max: 3, seed: 7, method: { ...SAMPLE, temperature: 0.9 } },
  beam: { max: 3, seed: 7, method: { kind: "beam", k: 3, length_penalty: 0 } },
};

const backends = await Promise.all([openBackend("cpu"), openBackend("wasm")]);
const parametersOf = (model: Model): Record<string, number[]> =>
  Object.fromEntries(
    model.params.map((p) => [p.name, Array.from({ length: product(p.shape) }, (_, i) => 3 * uniform(p.name, i) - 1.5)]),
  );

describe.each(Object.entries(specs))("%s", (_, { body, records, beam }) => {
  const model = modelOf(`model m {\n${body}\n}`);
  const params = parametersOf(model);
  const samples = records.map((r) => encoder(model, { partial: true })(r));
  const byDefinition = new ReferenceEngine(model, params);
  describe.each(backends)("on $name", (device) => {
    const values = model.params.map((p) => [p.name, { shape: p.shape, data: Float32Array.from(params[p.name] ?? []) }]);
    const options = {
      optimizer: { kind: "sgd", lr: 0.1, options: {} },
      clip: null,
      normalize: "observation",
      seed: 1,
    } as const;
    const engine = new Engine(model, device, options, Object.fromEntries(values));
    afterAll(() => engine.dispose());
    it.each(Object.entries(methods).filter(([name]) => beam || name !== "beam"))("%s as by definition", (_name, o) => {
      const [got, want] = [engine, byDefinition].map((e) => new Decoder(e).decode(samples, o));
      for (const [i, d] of (got ?? []).entries()) {
        const w = want?.[i];
        expect(d.lengths).toEqual(w?.lengths);
        for (const [name, data] of Object.entries(d.fields))
          for (const [k, x] of data.entries()) expect(x).toBeCloseTo(w?.fields[name]?.[k] as number, 4);
        expect(d.logp).toBeCloseTo(w?.logp as number, 3);
        expect(d.alternatives?.map((a) => a.fields)).toEqual(w?.alternatives?.map((a) => a.fields));
      }
      expect(got).toHaveLength(records.length);
    });
  });
});

describe("records", () => {
  it("go in and come out: labels as a text, positions as integers; the likeliest of all is found", async () => {
    const ctc = await instantiate(compile(`model m {\n${specs["labels of frames"]?.body}\ndecode { beam(8) }\n}`), {
      backend: "cpu",
      seed: 1,
    });
    const pointer = await instantiate(compile(`model m {\n${specs["pointer"]?.body}\ndecode { greedy, max = 2 }\n}`), {
      backend: "cpu",
      seed: 1,
    });
    try {
      const [found] = await ctc.decode([{ x: [[3, 1], [-1, 2], [0.5, -2]] }]); // biome-ignore format: a row each
      expect(found?.["y"]).toMatch(/^[ab]{0,3}$/);
      expect(found?.alternatives?.[0]?.logp).toBe(found?.logp);
      const scores = await Promise.all(
        ["", "a", "b", "ab", "ba", "aa", "bb", "aba", "bab"].map(async (y) => {
          const [s] = await ctc.values([{ x: [[3, 1], [-1, 2], [0.5, -2]], y }], ["y.logp"]); // biome-ignore format: a row each
          return [y, Array.from((s?.["y.logp"]?.data ?? []) as ArrayLike<number>)[0]] as const;
        }),
      );
      const best = scores.reduce((a, b) => ((b[1] as number) > (a[1] as number) ? b : a));
      expect(found?.["y"]).toBe(best[0]);
      expect(found?.logp).toBeCloseTo(best[1] as number, 4);
      const [d] = await pointer.decode([{ x: [[1, 2], [0, 1], [1, 0]] }]); // biome-ignore format: a row each
      expect(d?.["p"]).toHaveLength(2);
      for (const p of (d?.["p"] ?? []) as number[]) expect([0, 1, 2]).toContain(p);
    } finally {
      ctc.dispose();
      pointer.dispose();
    }
  });
});

describe("what cannot be decoded", () => {
  const body = `vocab V = ["a", "b"]; axis k < 2; axis t < T; axis u < U
    input x[t] : [2]
    random y[INDEX] : V
    param W, b
    y[INDEX] ~ ctc[t](W @ x[t] + b)`;
  const decode = (source: string, record: DataRecord): unknown => {
    const model = modelOf(`model m {\n${source}\n}`);
    const sample = encoder(model, { partial: true })(record);
    return new Decoder(new ReferenceEngine(model, parametersOf(model))).decode(
      [sample],
      methods["greedy"] as DecodeOptions,
    );
  };
  const x = [[0, 0], [1, 1]]; // biome-ignore format: a row each
  it.each([
    ["a beginning of labels", body.replaceAll("INDEX", "u"), { x, y: "a" }, "a beginning of them cannot be given"],
    [
      "a known number of labels",
      `${body.replaceAll("INDEX", "u")}\n input z[u]\n loss sum[u](z[u])`,
      { x, z: [1] },
      "is given by something else",
    ],
  ])("%s", (_, source, record, text) => {
    expect(() => decode(source, record)).toThrow(text);
  });
});
