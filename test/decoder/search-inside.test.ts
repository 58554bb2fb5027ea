/** Beam search that a program computes itself: what the host's search finds, on every backend and by definition. */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { ROW, STATE, TERMS } from "../../src/compiler/beam.js";
import { compile } from "../../src/compiler/index.js";
import type { Model } from "../../src/compiler/model.js";
import { termsOf } from "../../src/compiler/passes/beam-inside.js";
import { drawInsideOf, givenOf, type Inside } from "../../src/compiler/passes/draw-inside.js";
import { planOf } from "../../src/compiler/plan/lower.js";
import { Flat } from "../../src/compiler/plan/tensors.js";
import type { Ref } from "../../src/compiler/plan/types.js";
import { BeamSearch } from "../../src/runtime/decoder/beam.js";
import { Decoder } from "../../src/runtime/decoder/decoder.js";
import { NotFiniteError } from "../../src/runtime/decoder/errors.js";
import { SearchInside } from "../../src/runtime/decoder/search-inside.js";
import type { Decoded, DecodeEngine, DecodeOptions, Run } from "../../src/runtime/decoder/types.js";
import { Engine } from "../../src/runtime/engine.js";
import type { Batch, Sample } from "../../src/runtime/types.js";
import { backends } from "../support/backends.js";
import * as models from "./models.js";
import { type Params, ReferenceEngine } from "./reference-engine.js";
import { type Toy, toy } from "./toy.js";

const found = (d: readonly Decoded[]): unknown =>
  d.map(({ fields, lengths, ended, alternatives }) => [
    fields,
    lengths,
    ended,
    alternatives?.map((a) => [a.fields, a.ended]),
  ]);

function expectSame(got: readonly Decoded[], want: readonly Decoded[], digits: number): void {
  expect(found(got)).toEqual(found(want));
  const numbers = (d: readonly Decoded[]): number[] =>
    d.flatMap((x) => [x.logp, ...(x.alternatives ?? []).flatMap((a) => [a.logp, a.score])]);
  for (const [i, x] of numbers(got).entries()) expect(x).toBeCloseTo(numbers(want)[i] as number, digits);
}

interface Setting {
  readonly k: number;
  readonly size: number;
  readonly alpha: number;
  readonly never: readonly number[];
  readonly end: number;
  readonly limits: readonly number[];
  readonly prefix: readonly (readonly number[])[];
  readonly logits: readonly Toy[];
}

const setting = fc
  .record({
    seed: fc.integer({ min: 0, max: 1e6 }),
    k: fc.constantFrom(1, 2, 3, 5),
    size: fc.integer({ min: 2, max: 6 }),
    alpha: fc.constantFrom(0, 0.6, 1, 2, -1),
    ends: fc.boolean(),
    forbids: fc.boolean(),
    kind: fc.constantFrom("plain", "ties", "impossible", "equal"),
    limits: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 }),
    known: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 }),
  })
  .map(({ seed, k, size, alpha, ends, forbids, kind, limits, known }): Setting => {
    const logits = limits.map((_, b): Toy => {
      const plain = toy(seed + b, size);
      return (history) => {
        const z = Float64Array.from(Float32Array.from(plain(history)));
        if (kind === "equal") return z.fill(0.5);
        if (kind === "ties") return z.map((_, i) => z[i >> 1] as number);
        if (kind === "impossible") return z.map((x, i) => (i !== size - 1 && x < 0 ? Number.NEGATIVE_INFINITY : x));
        return z;
      };
    });
    const prefix = limits.map((_, b) => Array.from({ length: known[b] as number }, (_, i) => (seed + b + i) % size));
    // as the decoder has it: so many steps beyond what is known
    const bounds = limits.map((n, b) => (n ? n + (prefix[b] as number[]).length : 0));
    const never = forbids && size > 2 ? [0] : [];
    return { k, size, alpha, never, end: ends ? size - 2 : -1, limits: bounds, prefix, logits };
  });

const phase = { randoms: ["y"], loop: { axis: "T", direction: 1, together: true } } as const;
const language = models.languageModel();

/** Both searches over rows that hold their own histories. */
function byHost(s: Setting): BeamSearch {
  const beam = new BeamSearch({ k: s.k, length_penalty: s.alpha, limits: s.limits });
  let rows: number[][] = s.limits.flatMap(() => Array.from({ length: s.k }, () => []));
  for (let step = 0; !beam.done; step++) {
    const logits = new Float64Array(rows.length * s.size);
    for (const [r, history] of rows.entries()) logits.set((s.logits[Math.floor(r / s.k)] as Toy)(history), r * s.size);
    const e = beam.expand({
      random: "y",
      logits,
      size: s.size,
      allowed: Uint8Array.from({ length: s.size }, (_, i) => (s.never.includes(i) ? 0 : 1)),
      end: s.end < 0 ? null : s.end,
      step: (b) => (step < (s.limits[b] as number) ? step : null),
      last: true,
      forced: (b) => s.prefix[b]?.[step] ?? null,
    });
    rows = rows.map((_, r) => [...(rows[e.parent[r] as number] as number[]), e.values[r] as number]);
  }
  return beam;
}

type Step = (z: Float32Array, given: Int32Array, before: Float32Array, terms: Float32Array) => Float32Array;

/** Null where a number is not finite. Logits of rows that are not in use are NaN: they do not matter. */
function byOp(s: Setting, step: Step): SearchInside | null {
  const count = s.limits.length;
  const inside: Inside = {
    randoms: [{ name: "y", never: s.never, end: s.end }],
    open: { axis: "T", leader: "y" },
    how: 0,
    free: false,
    beam: s.k,
  };
  const ending = s.end < 0 ? null : { random: "y", token: s.end };
  const search = new SearchInside(
    {
      model: language,
      phase,
      k: s.k,
      memory: null,
      length_penalty: s.alpha,
      open: new Map([["T", ending]]),
      rows: s.limits.map((n, id) => ({ id, lengths: { T: n }, prefix: { y: s.prefix[id] as number[] } })),
    },
    inside,
  );
  const steps = Math.max(...s.limits);
  const batch = { extents: { T: steps } } as unknown as Batch;
  const fields = search.fields(batch);
  const all = new Float32Array(steps * s.k * count * ROW.size);
  let before: Float32Array = new Float32Array(s.k * count * ROW.size);
  let rows: (number[] | null)[] = Array.from({ length: s.k * count }, (_, r) => (r < count ? [] : null));
  for (let t = 0; t < steps; t++) {
    const z = new Float32Array(rows.length * s.size).fill(Number.NaN);
    for (const [r, history] of rows.entries()) if (history) z.set((s.logits[r % count] as Toy)(history), r * s.size);
    const given = (fields[givenOf("y")] as Int32Array).slice(t * count, (t + 1) * count);
    const terms = (fields[termsOf("y")] as Float32Array).slice(t * count * TERMS.size, (t + 1) * count * TERMS.size);
    const out = step(z, given, before, terms);
    all.set(out, t * out.length);
    before = out;
    rows = rows.map((_, r) => {
      const [token, parent, state] = out.subarray(r * ROW.size) as unknown as [number, number, number];
      return state === STATE.open ? [...(rows[parent * count + (r % count)] as number[]), token] : null;
    });
  }
  return search.take(batch, { [drawInsideOf("y")]: all }) ? search : null;
}

const spec = (equations: string): Model =>
  compile(`
model m {
  vocab V
  dim H = 3
  axis t < T until y[t] == EOS
  axis u < T
  axis s < S
  input x[s] : V
  random y[t] : V
  ${equations}
}`).model.bind({ V: [...models.TOKENS] });

/** What follows a row: states, values made of the choice, values of several steps before. */
const further: Readonly<Record<string, Model>> = {
  "several steps back": spec(`
    param W, U, D : [H, V], C : [H, V], O, P : [V, V]
    e[t] = D @ y[t] + 0.5 * e[t-1]
    h[t] : [H] = tanh(U @ h[t-1] + W @ e[t-1] + e[t-2] + C @ y[t-3])
    y[t] ~ categorical(O @ h[t] + O @ h[t-2] + P @ x[0])
    h[-1] = 0; h[-2] = 0; y[-1] = BOS; y[-2] = BOS; y[-3] = EOS; e[-1] = 1; e[-2] = 0`),
  attention: spec(`
    param W : [H, V], U, K : [H, V], O, Q : [H, H]
    k[s] = K @ x[s]
    a[t,s] = softmax[s](dot(k[s], Q @ h[t-1]))
    g[t] = sum[s](a[t,s] * k[s])
    h[t] = tanh(W @ y[t-1] + U @ h[t-1] + g[t])
    y[t] ~ categorical(O @ h[t])
    h[-1] = K @ x[S-1]; y[-1] = BOS`),
  location: spec(`
    param W : [H, V], U, K : [H, V], O, Q : [H, H], c ~ constant(0.5), d ~ constant(0.5)
    k[s] = K @ x[s]
    l[t,s] = c * a[t-1,s-1] + d * a[t-1,s+1]
    a[t,s] = softmax[s](dot(k[s], Q @ h[t-1]) + l[t,s])
    a[-1,s] = 1 / S; a[t,-1] = 0; a[t,S] = 0.5; a[-1,-1] = 0; a[-1,S] = 0
    g[t] = sum[s](a[t,s] * k[s])
    h[t] = tanh(W @ y[t-1] + U @ h[t-1] + g[t])
    y[t] ~ categorical(O @ h[t])
    h[-1] = 0; y[-1] = BOS`),
  guards: spec(`
    param W, D : [H, V], U, O
    h[t] : [H] = tanh(W @ y[t-1] + (if t > 0 then U @ h[t-1] else D @ x[0]))
    y[t] ~ categorical(O @ h[t])
    y[-1] = BOS`),
  "guards behind the choice": spec(`
    param W : [H, H], D : [H, V], U, O
    e[t] : [H] = D @ y[t] + (if t > 0 then U @ e[t-1] else 0)
    h[t] : [H] = tanh(W @ (if t > 0 then e[t-1] else 1) + D @ x[0])
    y[t] ~ categorical(O @ h[t])`),
  "its own past": spec(`
    param W : [H, V], O, Q : [H, H]
    h[t] = W @ y[t-1]
    a[t,u] = softmax[u](if u <= t then dot(h[u], Q @ h[t]) else -inf)
    g[t] = sum[u](if u <= t then a[t,u] * h[u] else 0)
    y[t] ~ categorical(O @ g[t])
    y[-1] = BOS`),
};

const sizes = (model: Model): Record<string, number> =>
  Object.fromEntries(model.params.map((p) => [p.name, p.shape.reduce((a, b) => a * b, 1)]));
const along = (axis: string, tokens: readonly number[], more: Sample["fields"] = {}): Sample => ({
  lengths: { [axis]: tokens.length, ...(more["y"] ? { T: more["y"].length } : {}) },
  fields: { x: Int32Array.from(tokens), ...more },
});
const sources = [along("S", [0, 1]), along("S", [1], { y: Int32Array.of(1, 0) }), along("S", [1, 1, 0])];
const beginnings: Sample[] = [[], [0, 1, 0], []].map((y) => ({
  lengths: y.length ? { T: y.length } : {},
  fields: y.length ? { y: Int32Array.from(y) } : {},
}));

interface Setup {
  readonly model: Model;
  readonly samples: readonly Sample[];
  readonly params: (seed: number) => Params;
  /** Does the program search? */
  readonly inside: boolean;
}
const setup = (model: Model, samples: readonly Sample[], inside = true): Setup => ({
  model,
  samples,
  params: (seed) => models.parameters(sizes(model), seed),
  inside,
});
const setups: Readonly<Record<string, Setup>> = {
  "language model": setup(language, beginnings),
  "without an end": setup(models.languageModel(false), beginnings),
  translator: setup(models.translator(), sources),
  tagger: setup(models.tagger(), [along("T", [0, 1, 1]), along("T", [1]), along("T", [0, 0, 1, 1, 0])]),
  "several steps back": setup(further["several steps back"] as Model, sources),
  guards: setup(further["guards"] as Model, sources),
  "guards behind the choice": setup(further["guards behind the choice"] as Model, sources),
  location: setup(further["location"] as Model, sources),
  attention: setup(further["attention"] as Model, sources),
  "its own past": setup(further["its own past"] as Model, sources, false),
  "two voices": setup(models.twoVoices(), [{ lengths: {}, fields: {} }], false),
};

const asked = fc.record({
  seed: fc.integer({ min: 0, max: 1e6 }),
  k: fc.constantFrom(1, 2, 4),
  length_penalty: fc.constantFrom(0, 0.6, 1.5, -1),
  max: fc.constantFrom(1, 4, 9),
});
interface Asked {
  readonly k: number;
  readonly length_penalty: number;
  readonly max: number;
}
const optionsOf = ({ k, length_penalty, max }: Asked): DecodeOptions => ({
  method: { kind: "beam", k, length_penalty },
  max,
  seed: 1,
});

/** With a look at what runs: does the host move rows? */
function watched(engine: DecodeEngine, drawsInside: boolean) {
  let [beams, runs] = [0, 0];
  const run = (r: Run): ReturnType<DecodeEngine["run"]> => {
    if (r.beam) beams++;
    runs++;
    return engine.run(r);
  };
  return { engine: { model: engine.model, drawsInside, run }, beams: () => beams, runs: () => runs };
}

/** How many runs the search inside took. */
function compare(own: DecodeEngine, s: Setup, options: DecodeOptions, digits: number): number {
  const [inside, host] = [watched(own, true), watched(own, false)];
  const [got, want] = [inside, host].map((w) => new Decoder(w.engine).decode(s.samples, options)) as [
    Decoded[],
    Decoded[],
  ];
  expect(inside.beams() === 0).toBe(s.inside);
  expect(host.beams()).toBeGreaterThan(0);
  expectSame(got, want, digits);
  return inside.runs();
}

describe("by definition", () => {
  it.each(Object.entries(setups))("%s", (_, s) => {
    fc.assert(
      fc.property(asked, (a) => {
        compare(new ReferenceEngine(s.model, s.params(a.seed)), s, optionsOf(a), 5);
      }),
      { numRuns: 4 },
    );
  });
});

describe.each(backends)("on $name", (device) => {
  const open: { dispose(): void }[] = [];
  afterAll(() => {
    for (const e of open) e.dispose();
  });

  const prepared = new Map<string, ReturnType<typeof device.prepare>>();
  const stepOf = ({ k, size, never, end, limits }: Setting): Step => {
    const count = limits.length;
    const shapes = { z: [k, count, size], given: [count], before: [k, count, ROW.size], terms: [count, TERMS.size] };
    const key = JSON.stringify([shapes, never, end]);
    if (!prepared.has(key)) {
      const flat = new Flat();
      const args = Object.entries(shapes).map(
        ([id, shape]): Ref => flat.one("given", [], { id }, shape, id === "given"),
      );
      const out = flat.one("beam", args, { never, end, free: false }, shapes.before);
      const plan = planOf(flat, new Map([["out", out]]));
      prepared.set(key, device.prepare(plan));
      open.push(prepared.get(key) as { dispose(): void });
    }
    return (z, given, before, terms) => {
      const tensors = new Map(
        Object.entries({ z, given, before, terms }).map(([id, data]) => [
          id,
          device.upload(data, shapes[id as keyof typeof shapes]),
        ]),
      );
      const results = prepared.get(key)?.run({ given: tensors, lengths: {} });
      const tensor = results?.get("out") as Parameters<typeof device.read>[0];
      const out = device.read(tensor) as Float32Array;
      for (const t of [...tensors.values(), tensor]) device.dispose(t);
      return out.slice();
    };
  };

  it("finds what the host finds: lengths, ends, prefixes, ties, what is impossible", () => {
    fc.assert(
      fc.property(setting, (s) => {
        const count = device.tensorCount();
        const step = stepOf(s);
        step(
          new Float32Array(s.k * s.limits.length * s.size),
          new Int32Array(s.limits.length),
          new Float32Array(s.k * s.limits.length * ROW.size),
          new Float32Array(s.limits.length * TERMS.size).fill(1),
        );
        expect(device.tensorCount() - count).toBeLessThan(40); // constants, the first time
        const [got, want] = [byOp(s, step), byHost(s)];
        for (const b of s.limits.keys()) {
          const found = got?.results()[b]?.alternatives;
          expect(found?.map((f) => [...(f.fields["y"] ?? [])])).toEqual(want.found(b).map((f) => f.tokens["y"] ?? []));
          if (s.end >= 0) expect(found?.map((f) => f.ended)).toEqual(want.found(b).map((f) => f.ended));
          for (const [i, f] of want.found(b).entries()) {
            expect(found?.[i]?.logp).toBeCloseTo(f.logp, 9);
            expect(found?.[i]?.score).toBeCloseTo(f.score, 9);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ["NaN", Number.NaN],
    ["∞", Number.POSITIVE_INFINITY],
    ["−∞ wherever a token may be taken", Number.NEGATIVE_INFINITY],
  ])("says that there is no saying: %s", (_, bad) => {
    const logits: Toy = (history) =>
      Float64Array.of(0.5, history.length === 2 ? bad : 0.25, history.length === 2 ? bad : 1);
    const fine: Toy = () => Float64Array.of(0.5, 0.25, 1);
    const s = {
      k: 2,
      size: 3,
      alpha: 0,
      never: [0],
      end: -1,
      limits: [4, 4],
      prefix: [[], []],
      logits: [fine, logits],
    };
    expect(byOp(s, stepOf(s))).toBeNull();
    expect(byOp({ ...s, logits: [fine, fine] }, stepOf(s))).not.toBeNull();
    // where a token is known, nobody asks
    const known = { ...s, prefix: [[], [1, 1, 1]] };
    expect(byOp(known, stepOf(known))).not.toBeNull();
  });

  const engineOf = (model: Model, params: Params): Engine => {
    const values = model.params.map((p) => [p.name, { shape: p.shape, data: Float32Array.from(params[p.name] ?? []) }]);
    const options = { optimizer: { kind: "sgd", lr: 0.1, options: {} }, clip: null, normalize: "observation" } as const;
    const engine = new Engine(model, device, { ...options, seed: 1 }, Object.fromEntries(values));
    open.push(engine);
    return engine;
  };

  it.each(Object.entries(setups))("%s as the host searches it", (_, s) => {
    const engine = engineOf(s.model, s.params(0));
    fc.assert(
      fc.property(asked, (a) => {
        const params = s.params(a.seed);
        engine.parameters.set(
          Object.fromEntries(
            s.model.params.map((p) => [p.name, { shape: p.shape, data: Float32Array.from(params[p.name] ?? []) }]),
          ),
        );
        compare(engine, s, optionsOf(a), 4);
      }),
      { numRuns: 3 },
    );
  });

  it.each([true, false])("long sequences, in windows, that end by themselves: %s", (until) => {
    const model = models.languageModel(until);
    const engine = engineOf(model, models.languageParams);
    const before = device.tensorCount();
    const runs = compare(engine, setup(model, beginnings), optionsOf({ k: 3, length_penalty: 0.7, max: 140 }), 3);
    expect(runs).toBe(until ? 1 : 2);
    expect(device.tensorCount() - before).toBeLessThan(200); // constants of plans, and no more
    const settled = device.tensorCount();
    compare(engine, setup(model, beginnings), optionsOf({ k: 3, length_penalty: 0.7, max: 140 }), 3);
    expect(device.tensorCount()).toBe(settled);
  });

  it("tells of numbers that are not finite as the host's search does", () => {
    const params = { ...models.languageParams, O: (models.languageParams["O"] ?? []).map(() => Number.NaN) };
    const options = optionsOf({ k: 2, length_penalty: 0, max: 5 });
    expect(() => new Decoder(engineOf(language, params)).decode(beginnings, options)).toThrow(NotFiniteError);
  });
});
