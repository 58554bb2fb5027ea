/** Draws that a program computes itself: the same as the host's, on every backend, op by op and as a graph. */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { BEYOND, Choices, Chooser, DRAWN, KNOWN, type Tempering } from "../../src/compiler/choice.js";
import { planOf } from "../../src/compiler/plan/lower.js";
import { Flat } from "../../src/compiler/plan/tensors.js";
import type { Ref } from "../../src/compiler/plan/types.js";
import { draws, uniformsAt } from "../../src/compiler/random.js";
import { Decoder } from "../../src/runtime/decoder/decoder.js";
import { NotFiniteError } from "../../src/runtime/decoder/errors.js";
import type { DecodeOptions } from "../../src/runtime/decoder/types.js";
import { Engine } from "../../src/runtime/engine.js";
import type { Sample } from "../../src/runtime/types.js";
import { backends } from "../support/backends.js";
import * as models from "./models.js";
import { type Params, ReferenceEngine } from "./reference-engine.js";

/** By definition: weights in order, and the first at which their sum exceeds the share u of the whole. */
function byDefinition(z: readonly number[], allowed: Uint8Array, t: Tempering, u: number): number {
  const possible = [...z.keys()].filter((i) => allowed[i] && z[i] !== Number.NEGATIVE_INFINITY);
  const sorted = [...possible].sort((a, b) => (z[b] as number) - (z[a] as number) || a - b);
  const top = z[sorted[0] as number] as number;
  const weight = (i: number): number => Math.exp(((z[i] as number) - top) / t.temperature);
  const sum = (of: readonly number[]): number => of.reduce((s, i) => s + weight(i), 0);
  let order = t.top_k === null && t.top_p === null ? possible : sorted.slice(0, t.top_k ?? sorted.length);
  if (t.top_p !== null) {
    const enough = t.top_p * sum(order);
    order = order.slice(0, 1 + order.findIndex((_, j) => sum(order.slice(0, j + 1)) >= enough * (1 - 1e-12)));
  }
  const at = order.findIndex((_, j) => sum(order.slice(0, j + 1)) > u * sum(order));
  return order[at < 0 ? order.length - 1 : at] as number;
}

const temperings = fc.record({
  temperature: fc.constantFrom(0.3, 1, 2),
  top_k: fc.constantFrom(null, 1, 3, 50),
  top_p: fc.constantFrom(null, 0.2, 0.9),
});

describe("which value is drawn", () => {
  it("as by definition", () => {
    const logits = fc.array(
      fc.integer({ min: -8, max: 8 }).map((i) => i / 2),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(logits, temperings, fc.double({ min: 0.001, max: 0.999, noNaN: true }), (z, t, u) => {
        const allowed = Uint8Array.from(z, (_, i) => (i % 5 === 3 ? 0 : 1));
        expect(new Chooser(z.length).choose(z, 0, allowed, t, u)).toBe(byDefinition(z, allowed, t, u));
      }),
    );
  });

  it("by the uniform number that a draw of the host has, of 24 bits", () => {
    const uniform = uniformsAt(7, "draw", 3, "y");
    for (const t of [0, 1, 99]) {
      const own = draws(7, "draw", 3, "y", t).uniform();
      expect(uniform([t])).toBe(Math.floor(own * 2 ** 24) / 2 ** 24);
      expect(Math.fround(uniform([t]))).toBe(uniform([t]));
    }
  });
});

const ROWS = 40;
const uniforms = Float32Array.from({ length: ROWS }, (_, r) => draws(5, r).uniform());
const givens = Int32Array.from({ length: ROWS }, (_, r) =>
  r % 7 === 0 ? BEYOND : r % 5 === 0 ? KNOWN + (r % 3) : DRAWN,
);
const before = Float32Array.from({ length: ROWS * 3 }, (_, k) => (k % 3 === 2 && k % 11 !== 0 ? 1 : 0));
const ways: Readonly<Record<string, readonly number[]>> = {
  greedy: [],
  sample: [0.8],
  top_k: [1, 4, 1],
  top_p: [1.5, 0, 0.7],
  both: [0.7, 12, 0.8],
};

describe.each(backends)("on $name", (device) => {
  const open: Engine[] = [];
  afterAll(() => {
    for (const e of open) e.dispose();
  });

  /** [rows, 3] from logits [rows, n]. */
  function choose(z: Float32Array, n: number, how: readonly number[], never: readonly number[], end: number) {
    const flat = new Flat();
    const given = (id: string, shape: readonly number[], int = false): Ref => flat.one("given", [], { id }, shape, int);
    const numbers = how.map((_, k) => given(`how${k}`, [], k === 1));
    const args = [given("z", [ROWS, n]), given("given", [ROWS], true), given("before", [ROWS, 3])];
    const all = how.length ? [...args, given("u", [ROWS]), ...numbers] : args;
    const result = flat.one("choose", all, { never, end, free: false }, [ROWS, 3]);
    const prepared = device.prepare(planOf(flat, new Map([["y", result]])));
    const tensors = new Map([
      ["z", device.upload(z, [ROWS, n])],
      ["given", device.upload(givens, [ROWS])],
      ["before", device.upload(before, [ROWS, 3])],
      ["u", device.upload(uniforms, [ROWS])],
      ...how.map((x, k) => [`how${k}`, device.upload(k === 1 ? Int32Array.of(x) : Float32Array.of(x), [])] as const),
    ]);
    const results = prepared.run({ given: tensors, lengths: {} });
    const y = results?.get("y") as NonNullable<ReturnType<typeof tensors.get>>;
    const out = device.read(y);
    for (const tensor of [...tensors.values(), y]) device.dispose(tensor);
    prepared.dispose();
    return out;
  }

  it.each(Object.entries(ways))("%s: value, −log p and whether it goes on", (_, how) => {
    for (const n of [3, 50, 5000]) {
      const z = Float32Array.from({ length: ROWS * n }, (_, k) => 6 * draws(11, n, k).uniform() - 3);
      const never = n > 3 ? [0, 7] : [2];
      const count = device.tensorCount();
      const got = choose(z, n, how, never, 1);
      expect(device.tensorCount()).toBe(count);
      const choices = new Choices(n, never, 1);
      const [temperature, top_k = 0, top_p = 1] = how;
      const want = new Float64Array(3);
      for (let r = 0; r < ROWS; r++) {
        const cut = temperature === undefined ? null : { temperature, top_k: top_k || null, top_p };
        choices.row(
          want,
          0,
          z,
          r * n,
          givens[r] as number,
          (before[3 * r + 2] as number) > 0,
          cut,
          uniforms[r] as number,
        );
        expect([got[3 * r], got[3 * r + 2]], `row ${r} of ${n}`).toEqual([want[0], want[2]]);
        expect(got[3 * r + 1]).toBeCloseTo(want[1] as number, 4);
      }
    }
  });

  it.each(Object.entries(ways))("%s: what is no number leads to some value", (_, how) => {
    for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]) {
      const got = choose(new Float32Array(ROWS * 20).fill(bad), 20, how, [], -1);
      for (let r = 0; r < ROWS; r++) {
        expect(got[3 * r]).toBeGreaterThanOrEqual(0);
        expect(got[3 * r]).toBeLessThan(20);
        expect(got[3 * r + 1]).not.toBe(0);
      }
    }
  });

  const engineOf = (params: Params, until: boolean): Engine => {
    const model = models.languageModel(until);
    const values = model.params.map((p) => [p.name, { shape: p.shape, data: Float32Array.from(params[p.name] ?? []) }]);
    const optimizer = { kind: "sgd", lr: 0.1, options: {} } as const;
    const options = { optimizer, clip: null, normalize: "observation", seed: 1 } as const;
    const engine = new Engine(model, device, options, Object.fromEntries(values));
    open.push(engine);
    return engine;
  };
  const nothing: Sample = { lengths: {}, fields: {} };
  const samples = [nothing, { lengths: { T: 3 }, fields: { y: Int32Array.of(0, 1, 0) } }, nothing];
  const options: DecodeOptions = {
    method: { kind: "sample", temperature: 1, top_k: null, top_p: null },
    max: 300,
    seed: 3,
  };

  it.each([true, false])("long sequences that end by themselves: %s", (until) => {
    const engine = engineOf(models.languageParams, until);
    const reference = new ReferenceEngine(models.languageModel(until), models.languageParams);
    const graphs = new Set<boolean>();
    engine.watch((plan, executable) => {
      expect(plan.drawn).toEqual([]);
      graphs.add(executable.isGraph);
    });
    for (const given of [samples, [nothing]]) {
      const [got, want] = [engine, reference].map((e) => new Decoder(e).decode(given, options));
      expect(got?.map((d) => [d.fields, d.lengths, d.ended])).toEqual(want?.map((d) => [d.fields, d.lengths, d.ended]));
      for (const [i, d] of (got ?? []).entries()) expect(d.logp).toBeCloseTo(want?.[i]?.logp as number, 2);
    }
    if (device.name !== "tensorflow") expect([...graphs]).toEqual([false]);
    else expect(graphs.size).toBe(1);
  });

  it("tells of numbers that are not finite as the host's draws do", () => {
    const [first = ""] = Object.keys(models.languageParams);
    const params = { ...models.languageParams, [first]: (models.languageParams[first] ?? []).map(() => Number.NaN) };
    expect(() => new Decoder(engineOf(params, true)).decode([nothing], options)).toThrow(NotFiniteError);
  });
});
