import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BeamSearch, type Found } from "../../src/runtime/decoder/beam.js";
import { chooseCategorical } from "../../src/runtime/decoder/choose.js";
import { enumerate, type Toy, toy } from "./toy.js";

interface Setting {
  readonly k: number;
  readonly alpha: number;
  readonly size: number;
  readonly allowed: Uint8Array;
  readonly end: number | null;
  readonly limits: readonly number[];
  readonly prefix?: readonly (readonly number[])[];
}

/** Runs a search over rows that hold their own histories, reordered by `parent` as the plan reorders tensors. */
function search(models: readonly Toy[], s: Setting): { found: Found[][]; steps: number } {
  const beam = new BeamSearch({ k: s.k, length_penalty: s.alpha, limits: s.limits });
  let rows: number[][] = models.flatMap(() => Array.from({ length: s.k }, () => []));
  let steps = 0;
  for (; !beam.done && steps < 20; steps++) {
    const logits = new Float64Array(rows.length * s.size);
    for (const [r, history] of rows.entries()) logits.set((models[Math.floor(r / s.k)] as Toy)(history), r * s.size);
    const e = beam.expand({
      random: "y",
      logits,
      size: s.size,
      allowed: s.allowed,
      end: s.end,
      step: () => steps,
      last: true,
      forced: (b) => s.prefix?.[b]?.[steps] ?? null,
    });
    rows = rows.map((_, r) => [...(rows[e.parent[r] as number] as number[]), e.values[r] as number]);
  }
  return { found: models.map((_, b) => beam.found(b)), steps };
}

const penalised = (logp: number, length: number, alpha: number): number => logp / ((5 + length) / 6) ** alpha;

const settings = fc.record({
  seed: fc.integer({ min: 0, max: 1e6 }),
  size: fc.integer({ min: 2, max: 4 }),
  max: fc.integer({ min: 1, max: 4 }),
  alpha: fc.constantFrom(0, 0.6, 1, 2),
  ends: fc.boolean(),
});

describe("beam search", () => {
  it("with room for everything finds the best sequence of all", () => {
    fc.assert(
      fc.property(settings, ({ seed, size, max, alpha, ends }) => {
        const allowed = new Uint8Array(size).fill(1);
        const end = ends ? size - 1 : null;
        const model = toy(seed, size);
        const all = enumerate(model, allowed, end, max, { tokens: [], logp: 0 })
          .map((w) => ({ ...w, score: penalised(w.logp, w.tokens.length, alpha) }))
          .sort((a, b) => b.score - a.score);
        const { found } = search([model], { k: all.length, alpha, size, allowed, end, limits: [max] });
        const best = found[0]?.[0] as Found;
        expect(best.tokens["y"]).toEqual(all[0]?.tokens);
        expect(best.logp).toBeCloseTo(all[0]?.logp as number, 9);
        expect(best.score).toBeCloseTo(all[0]?.score as number, 9);
      }),
      { numRuns: 200 },
    );
  });

  it("of one hypothesis is greedy decoding, whatever the length penalty", () => {
    fc.assert(
      fc.property(settings, ({ seed, size, max, alpha, ends }) => {
        const allowed = new Uint8Array(size).fill(1);
        const end = ends ? size - 1 : null;
        const model = toy(seed, size);
        const tokens: number[] = [];
        while (tokens.length < max && (tokens.length === 0 || tokens.at(-1) !== end))
          tokens.push(chooseCategorical(model(tokens), allowed, { kind: "greedy" }, () => 0).value);
        const { found } = search([model], { k: 1, alpha, size, allowed, end, limits: [max] });
        expect(found[0]).toHaveLength(1);
        expect(found[0]?.[0]?.tokens["y"]).toEqual(tokens);
      }),
    );
  });

  it("gives each sequence the log-probability and the score that its tokens say", () => {
    fc.assert(
      fc.property(settings, fc.integer({ min: 1, max: 9 }), ({ seed, size, max, alpha, ends }, k) => {
        const allowed = new Uint8Array(size).fill(1);
        const end = ends ? size - 1 : null;
        const model = toy(seed, size);
        const all = enumerate(model, allowed, end, max, { tokens: [], logp: 0 });
        const { found } = search([model], { k, alpha, size, allowed, end, limits: [max] });
        for (const f of found[0] as Found[]) {
          const same = all.find((w) => w.tokens.join() === f.tokens["y"]?.join());
          expect(f.logp).toBeCloseTo(same?.logp as number, 9);
          expect(f.score).toBeCloseTo(penalised(f.logp, f.tokens["y"]?.length as number, alpha), 9);
          expect(f.ended).toBe(f.tokens["y"]?.at(-1) === end);
        }
      }),
    );
  });

  it("searches each sample as if it were alone, with its own limit", () => {
    const models = [toy(1, 4), toy(2, 4), toy(3, 4)];
    const allowed = Uint8Array.of(1, 1, 1, 1);
    const common = { k: 3, alpha: 0.6, size: 4, allowed, end: 3 };
    const together = search(models, { ...common, limits: [4, 0, 2] }).found;
    expect(together[1]).toEqual([{ tokens: {}, logp: 0, score: 0, ended: false }]);
    for (const [b, limit] of [
      [0, 4],
      [2, 2],
    ] as const)
      expect(together[b]).toEqual(search([models[b] as Toy], { ...common, limits: [limit] }).found[0]);
  });

  it("never produces what is not allowed, and takes more places than tokens", () => {
    const allowed = Uint8Array.of(0, 1, 1);
    const model = toy(7, 3);
    const { found } = search([model], { k: 50, alpha: 0, size: 3, allowed, end: 2, limits: [3] });
    const all = enumerate(model, allowed, 2, 3, { tokens: [], logp: 0 }).sort((a, b) => b.logp - a.logp);
    expect(all).toHaveLength(4);
    expect(found[0]?.[0]?.tokens["y"]).toEqual(all[0]?.tokens);
    for (const f of found[0] as Found[]) expect(f.tokens["y"]).not.toContain(0);
  });

  it("goes on from a known prefix, whose probability and length do not count", () => {
    const model = toy(11, 3);
    const allowed = Uint8Array.of(1, 1, 1);
    const prefix = [[1, 0]];
    const { found } = search([model], { k: 30, alpha: 1, size: 3, allowed, end: 2, limits: [4], prefix });
    const rest = enumerate(model, allowed, 2, 4, { tokens: [1, 0], logp: 0 });
    const scored = rest.map((w) => ({ w, score: penalised(w.logp, w.tokens.length - 2, 1) }));
    const best = scored.sort((a, b) => b.score - a.score)[0];
    expect(found[0]?.[0]?.tokens["y"]).toEqual(best?.w.tokens);
    expect(found[0]?.[0]?.logp).toBeCloseTo(best?.w.logp as number, 9);
  });

  it("breaks ties by the earlier row and the lower token", () => {
    const flat: Toy = () => new Float64Array(3);
    const { found } = search([flat], {
      k: 4,
      alpha: 0,
      size: 3,
      allowed: Uint8Array.of(1, 1, 1),
      end: null,
      limits: [2],
    });
    expect(found[0]?.map((f) => f.tokens["y"])).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 0],
    ]);
  });

  it("stops early where nothing open can win", () => {
    const sure: Toy = (h) => Float64Array.of(0, h.length === 0 ? 0.5 : 9);
    const s = { k: 2, alpha: 0, size: 2, allowed: Uint8Array.of(1, 1), end: 1, limits: [19] };
    expect(search([sure], s).steps).toBe(1);
  });

  it("is joint over the draws of a step", () => {
    // y = 0 is likelier at first sight, but only y = 1 makes z nearly certain
    const z = (y: number): readonly number[] => (y === 0 ? [0, 0] : [0, 8]);
    const beam = new BeamSearch({ k: 2, length_penalty: 0, limits: [1] });
    const common = { size: 2, allowed: Uint8Array.of(1, 1), end: null, step: () => 0 };
    const first = beam.expand({ ...common, random: "y", logits: Float64Array.of(0.3, 0, 0.3, 0), last: false });
    expect([...first.values]).toEqual([0, 1]);
    expect(first.done).toBe(false);
    const logits = Float64Array.from([...first.values].flatMap((y) => z(y)));
    expect(beam.expand({ ...common, random: "z", logits, last: true }).done).toBe(true);
    expect(beam.found(0)[0]?.tokens).toEqual({ y: [1], z: [1] });
  });
});
