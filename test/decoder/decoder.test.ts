import { describe, expect, it } from "vitest";
import type { Model } from "../../src/compiler/model.js";
import { chooseCategorical } from "../../src/runtime/decoder/choose.js";
import { Decoder } from "../../src/runtime/decoder/decoder.js";
import { present } from "../../src/runtime/decoder/present.js";
import type { Decoded, DecodeOptions } from "../../src/runtime/decoder/types.js";
import type { Sample } from "../../src/runtime/types.js";
import * as models from "./models.js";
import { type Params, ReferenceEngine } from "./reference-engine.js";
import { enumerate, type Toy, type Whole } from "./toy.js";

const { BOS, EOS } = models;
const allowed = Uint8Array.of(1, 1, 0, 1);
const greedy: DecodeOptions = { method: { kind: "greedy" }, max: 5, seed: 1 };
const sampling: DecodeOptions = { ...greedy, method: { kind: "sample", temperature: 1, top_k: null, top_p: null } };
const beam = (k: number, length_penalty = 0): DecodeOptions => ({
  ...greedy,
  method: { kind: "beam", k, length_penalty },
});

const decoder = (model: Model, params: Params): Decoder => new Decoder(new ReferenceEngine(model, params));
const nothing: Sample = { lengths: {}, fields: {} };
const along = (axis: string, name: string, tokens: readonly number[]): Sample => ({
  lengths: { [axis]: tokens.length },
  fields: { [name]: Int32Array.from(tokens) },
});

/** Greedy decoding by its definition. */
function greedily(toy: Toy, max: number, start: readonly number[] = []): Whole {
  const tokens = [...start];
  let logp = 0;
  while (tokens.length < start.length + max && tokens.at(-1) !== EOS) {
    const choice = chooseCategorical(toy(tokens), allowed, { kind: "greedy" }, () => 0);
    tokens.push(choice.value);
    logp += choice.logp;
  }
  return { tokens, logp };
}

function expectSame(d: Decoded | undefined, want: Whole): void {
  expect([...(d?.fields["y"] ?? [])]).toEqual(want.tokens);
  expect(d?.logp).toBeCloseTo(want.logp, 4);
}

const sources = [[0], [1, 0, 1], [1], [0, 0, 1, 1, 0], [0, 1], [1, 1, 1]];
const inputs = sources.map((x) => along("S", "x", x));
const toys = sources.map((x) =>
  models.recurrentToy(models.translatorParams, models.encoded(models.translatorParams, x)),
);

describe("an open axis", () => {
  it("greedy: each sample its own sequence, in the order of the records", () => {
    for (const rows of [2, 100]) {
      const got = decoder(models.translator(), models.translatorParams).decode(inputs, { ...greedy, rows });
      for (const [i, toy] of toys.entries()) expectSame(got[i], greedily(toy, 5));
      expect(got.map((d) => d.lengths["T"])).toEqual(toys.map((toy) => greedily(toy, 5).tokens.length));
      expect(got.map((d) => d.ended)).toEqual(toys.map((toy) => greedily(toy, 5).tokens.at(-1) === EOS));
    }
    const lengths = new Set(toys.map((toy) => greedily(toy, 5).tokens.length));
    expect(lengths.size).toBeGreaterThan(1); // else the test says little
  });

  it("stops as soon as every sample has ended", () => {
    const engine = new ReferenceEngine(models.translator(), models.translatorParams);
    const ending = inputs.filter((_, i) => greedily(toys[i] as Toy, 5).tokens.at(-1) === EOS);
    expect(ending.length).toBeGreaterThan(1);
    const got = new Decoder(engine).decode(ending, { ...greedy, max: 60 });
    expect(engine.draws).toBe(Math.max(...got.map((d) => d.lengths["T"] as number)));
    expect(engine.draws).toBeLessThan(60);
  });

  it("beam with room for everything: the best sequence of all", () => {
    const got = decoder(models.translator(), models.translatorParams).decode(inputs.slice(0, 3), {
      ...beam(40, 0.6),
      max: 3,
    });
    for (const [i, toy] of toys.slice(0, 3).entries()) {
      const all = enumerate(toy, allowed, EOS, 3, { tokens: [], logp: 0 });
      const score = (w: Whole): number => w.logp / ((5 + w.tokens.length) / 6) ** 0.6;
      const best = [...all].sort((a, b) => score(b) - score(a))[0] as Whole;
      expectSame(got[i], best);
      expect(got[i]?.alternatives?.[0]?.score).toBeCloseTo(score(best), 4);
    }
  });

  it("beam of 1 is greedy", () => {
    const d = decoder(models.translator(), models.translatorParams);
    const plain = d.decode(inputs, greedy);
    for (const [i, b] of d.decode(inputs, beam(1, 0.6)).entries())
      expectSame(b, { tokens: [...(plain[i]?.fields["y"] ?? [])], logp: plain[i]?.logp as number });
  });

  it("draws depend on the seed and the sample, not on batches", () => {
    const d = decoder(models.translator(), models.translatorParams);
    const all = d.decode(inputs, sampling);
    expect(d.decode(inputs, { ...sampling, rows: 1 })).toEqual(all);
    expect(d.decode(inputs, { ...sampling, seed: 2 })).not.toEqual(all);
    for (const [i, r] of all.entries()) {
      const whole = enumerate(toys[i] as Toy, allowed, EOS, 5, { tokens: [], logp: 0 });
      expectSame(r, whole.find((w) => w.tokens.join() === [...(r.fields["y"] ?? [])].join()) as Whole);
    }
  });

  it("without a bound or an end is an error that says what to write", () => {
    const d = decoder(models.languageModel(false), models.languageParams);
    expect(() => d.decode(Array(1).fill(nothing), { ...greedy, max: null })).toThrow(/decode \{ max = 100 \}/);
  });
});

describe("generating", () => {
  const lm = decoder(models.languageModel(), models.languageParams);
  const toy = models.recurrentToy(models.languageParams);

  it("goes on from a prefix, on top of which max counts; only what is drawn has a probability", () => {
    const want = greedily(toy, 3, [0, 1]);
    expectSame(lm.decode([along("T", "y", [0, 1])], { ...greedy, max: 3 })[0], want);
    const exact = lm.decode([along("T", "y", [0, 1])], { ...beam(50), max: 3 })[0] as Decoded;
    const rest = enumerate(toy, allowed, EOS, 5, { tokens: [0, 1], logp: 0 }).sort((a, b) => b.logp - a.logp);
    expectSame(exact, rest[0] as Whole);
  });

  it("gives as many samples as asked for, all different draws of the same distribution", () => {
    const got = lm.decode(Array(400).fill(nothing), { ...sampling, max: 1 });
    const z = toy([]).filter((_, i) => i !== BOS);
    const norm = z.reduce((a, x) => a + Math.exp(x), 0);
    for (const [i, x] of [z[0], z[1], z[2]].entries()) {
      const share = got.filter((d) => d.fields["y"]?.[0] === [0, 1, EOS][i]).length / 400;
      expect(Math.abs(share - Math.exp(x as number) / norm)).toBeLessThan(0.08); // three standard deviations
    }
  });

  it("in parts with carried state gives what the whole gives", () => {
    const d = decoder(models.languageModel(false), models.languageParams);
    const toyGreedy: number[] = [];
    const long = 150;
    const ban = Uint8Array.of(1, 1, 0, 1);
    while (toyGreedy.length < long)
      toyGreedy.push(chooseCategorical(toy(toyGreedy), ban, { kind: "greedy" }, () => 0).value);
    const got = d.decode(Array(2).fill(nothing), { ...greedy, max: long });
    expect([...(got[1]?.fields["y"] ?? [])]).toEqual(toyGreedy);
    expect(new Set(toyGreedy).size).toBeGreaterThan(1);
    // a draw's numbers depend on its index in the sequence, not in the part
    const sampled = d.decode(Array(1).fill(nothing), { ...sampling, max: 150 })[0]?.fields["y"]?.slice(0, 90);
    expect(d.decode(Array(1).fill(nothing), { ...sampling, max: 90 })[0]?.fields["y"]).toEqual(sampled);
  });

  it("of real numbers: the mode, draws, and no beam", () => {
    const d = decoder(models.walk(), models.walkParams);
    const got = d.decode(Array(1).fill(nothing), { ...greedy, max: 3 })[0] as Decoded;
    expect([...(got.fields["s"] ?? [])]).toEqual([0.75, 0.625, 0.5625]);
    expect(got.logp).toBeCloseTo(-3 * Math.log(0.1 * Math.sqrt(2 * Math.PI)), 5);
    const drawn = d.decode(Array(200).fill(nothing), { ...sampling, max: 1 }).map((x) => x.fields["s"]?.[0] as number);
    const mean = drawn.reduce((a, b) => a + b, 0) / 200;
    expect(Math.abs(mean - 0.75)).toBeLessThan(0.03);
    expect(() => d.decode(Array(1).fill(nothing), { ...beam(2), max: 3 })).toThrow(/drawn as real numbers/);
  });
});

describe("a known axis", () => {
  const { taggerParams: p } = models;
  const score = (x: readonly number[], ys: readonly number[]): number[][] =>
    x.map((xi, i) => {
      const before = i === 0 ? BOS : (ys[i - 1] as number);
      return [0, 1, 2, 3].map((v) => (p["W"]?.[v * 4 + xi] as number) + (p["A"]?.[v * 4 + before] as number));
    });
  const logp = (x: readonly number[], ys: readonly number[]): number =>
    score(x, ys)
      .map((z, i) => (z[ys[i] as number] as number) - Math.log(z.reduce((a, v) => a + Math.exp(v), 0)))
      .reduce((a, b) => a + b, 0);
  const records = [[0, 1, 1], [1], [0, 0]];
  const samples = records.map((x) => along("T", "x", x));

  it("has the sample's length; what comes after the loop sees its last value", () => {
    for (const options of [greedy, { ...greedy, rows: 1 }, beam(1)]) {
      const got = decoder(models.tagger(), p).decode(samples, options);
      for (const [i, x] of records.entries()) {
        const y: number[] = [];
        while (y.length < x.length)
          y.push(chooseCategorical(score(x, y)[y.length] as number[], allowed, { kind: "greedy" }, () => 0).value);
        expect([...(got[i]?.fields["y"] ?? [])]).toEqual(y);
        const z = (score(x, y).at(-1) as number[]).reduce((a, v, k) => a + v * (p["v"]?.[k] as number), 0);
        expect(got[i]?.fields["b"]?.[0]).toBe(Number(z > 0));
        const bit = -Math.log1p(Math.exp(-Math.abs(z)));
        expect(got[i]?.logp).toBeCloseTo(logp(x, y) + bit, 4);
      }
    }
  });

  it("beam finds the best tags of each sample", () => {
    const got = decoder(models.tagger(), p).decode(samples, beam(30));
    for (const [i, x] of records.entries()) {
      const all = x.reduce<number[][]>((ys) => ys.flatMap((y) => [0, 1, EOS].map((v) => [...y, v])), [[]]);
      const best = all.sort((a, b) => logp(x, b) - logp(x, a))[0];
      expect([...(got[i]?.fields["y"] ?? [])]).toEqual(best);
      expect(got[i]?.alternatives).toHaveLength(Math.min(30, all.length));
    }
  });

  it("forces what is known and draws the rest; targets are not looked at where that is asked", () => {
    const known: Sample = { ...(samples[0] as Sample), fields: { ...samples[0]?.fields, y: Int32Array.of(1, 1) } };
    const d = decoder(models.tagger(), p);
    expect([...(d.decode([known], greedy)[0]?.fields["y"] ?? [])].slice(0, 2)).toEqual([1, 1]);
    expect(d.decode([known], { ...greedy, prefix: false })).toEqual(d.decode([samples[0] as Sample], greedy));
  });
});

describe("several randoms", () => {
  const { twoVoicesParams: p } = models;

  it("are drawn in dependency order; what is outside of the loop is drawn along the length that was found", () => {
    const got = decoder(models.twoVoices(), p).decode([nothing], sampling)[0] as Decoded;
    const n = got.lengths["T"] as number;
    expect(Object.values(got.fields).map((f) => f.length)).toEqual([n, n, n]);
    expect(got.fields["y"]?.slice(0, -1)).not.toContain(EOS);
  });

  it("beam is joint over the loop: with room for everything, the likeliest pair of sequences", () => {
    const steps = (h: readonly (readonly [number, number])[]): { tokens: typeof h; logp: number }[] => {
      if (h.length === 2 || h.at(-1)?.[0] === EOS) return [{ tokens: h, logp: 0 }];
      const given = (z: readonly number[], v: number): number =>
        (z[v] as number) - Math.log(z.reduce((a, x) => a + Math.exp(x), 0));
      return [0, 1, EOS].flatMap((y) =>
        [0, 1, EOS].flatMap((w) => {
          const [zy, zw] = models.voices(p, h, y);
          const here = given(zy, y) + given(zw, w);
          return steps([...h, [y, w]]).map((rest) => ({ ...rest, logp: rest.logp + here }));
        }),
      );
    };
    const all = steps([]).sort((a, b) => b.logp - a.logp);
    const got = decoder(models.twoVoices(), p).decode([nothing], { ...beam(200), max: 2 })[0] as Decoded;
    const best = got.alternatives?.[0];
    expect([...(best?.fields["y"] ?? [])]).toEqual(all[0]?.tokens.map((t) => t[0]));
    expect([...(best?.fields["w"] ?? [])]).toEqual(all[0]?.tokens.map((t) => t[1]));
    expect(best?.logp).toBeCloseTo(all[0]?.logp as number, 4);
    expect(got.fields["z"]).toHaveLength(got.lengths["T"] as number);
  });
});

describe("records", () => {
  it("show tokens without the end, with probability and alternatives", () => {
    const model = models.languageModel();
    const d: Decoded = {
      fields: { y: Int32Array.of(0, 1, EOS) },
      lengths: { T: 3 },
      logp: -1,
      ended: true,
      alternatives: [{ fields: { y: Int32Array.of(0) }, lengths: { T: 1 }, logp: -2, score: -3, ended: false }],
    };
    const shown = present(model, d, { y: { kind: "chars", column: "y", lower: false } });
    expect(shown).toEqual({ y: "ab", logp: -1, alternatives: [{ y: "a", logp: -2, score: -3 }] });
  });

  it("show numbers as lists, and a bit as a number", () => {
    const d: Decoded = {
      fields: { y: Int32Array.of(1), b: Float32Array.of(1) },
      lengths: { T: 1 },
      logp: 0,
      ended: true,
    };
    expect(present(models.tagger(), d)["b"]).toBe(1);
    const s: Decoded = { fields: { s: Float32Array.of(0.5, 0.25) }, lengths: { T: 2 }, logp: 0, ended: true };
    expect(present(models.walk(), s)["s"]).toEqual([0.5, 0.25]);
  });
});
