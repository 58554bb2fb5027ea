import { describe, expect, it } from "vitest";
import type { OptimizerConfig } from "../../src/compiler/blocks/types.js";
import { scoring, training } from "../../src/compiler/programs.js";
import { draws } from "../../src/compiler/random.js";
import { getValue } from "../../src/compiler/system/types.js";
import type { Backend } from "../../src/runtime/backends.js";
import { encode, makeBatch } from "../../src/runtime/data/index.js";
import { type Carry, Engine, type EngineOptions } from "../../src/runtime/engine.js";
import { DivergedError } from "../../src/runtime/errors.js";
import { initialValues } from "../../src/runtime/init.js";
import type { Tensors } from "../../src/runtime/parameters.js";
import type { Batch } from "../../src/runtime/types.js";
import { backends } from "../support/backends.js";
import { character } from "./support/models.js";
import { PlainOptimizer, reference } from "./support/reference.js";

const model = character();
const adam: OptimizerConfig = {
  kind: "adam",
  lr: 0.05,
  options: { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0 },
};
const options: EngineOptions = { optimizer: adam, clip: 0.5, normalize: "observation", seed: 3 };
const learnt = model.params.filter((p) => !p.frozen);

const startingValues = (): Tensors =>
  Object.fromEntries(
    model.params.map((p) => {
      const data = initialValues(p, draws(1, "init", p.name), () => {
        throw new Error("no file");
      });
      return [p.name, { shape: p.shape, data }];
    }),
  );
const floats = (tensors: Tensors): Record<string, Float64Array> =>
  Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, Float64Array.from(data)]));

const engineOn = (device: Backend, more: Partial<EngineOptions> = {}): Engine =>
  new Engine(model, device, { ...options, ...more }, startingValues());

const batchOf = (...texts: readonly string[]): Batch =>
  makeBatch(
    model,
    texts.map((c) => encode(model, { c })),
  );
const batch = batchOf("abcd", "dd", "bacadaba");
const noise = (step: number, b: Batch, first = 0) => ({
  seed: 3,
  step,
  samples: Array.from({ length: b.size }, (_, i) => first + i),
});

/** Windows of two streams, the first of each fresh. */
function windows(): Batch[] {
  const texts = ["abcdabcddcba", "bbdaacdbacbd"];
  return [0, 1, 2].map((k) => ({
    ...batchOf(...texts.map((text) => text.slice(4 * k, 4 * k + 4))),
    fresh: new Float32Array(2).fill(k === 0 ? 1 : 0),
  }));
}

const near = (got: ArrayLike<number>, wanted: ArrayLike<number>, digits: number): void => {
  expect(got.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++) expect(got[i] as number).toBeCloseTo(wanted[i] as number, digits);
};

describe.each(backends)("the engine on $name", (device) => {
  it.each(["observation", "sample"] as const)(
    "loss and gradients are those of the equations, normalised by %s",
    (normalize) => {
      const engine = engineOn(device, { normalize });
      const compute = training(model, { normalize });
      const oracle = reference(compute, batch, floats(startingValues()), noise(4, batch));
      const { loss, grads } = engine.gradients(batch, 4);
      expect(loss).toBeCloseTo(oracle.value("loss")[0] as number, 5);
      expect(Object.keys(grads)).toEqual(learnt.map((p) => p.name));
      for (const { name, shape } of learnt) {
        expect(grads[name]?.shape).toEqual(shape);
        near(grads[name]?.data as Float32Array, oracle.value(compute.gradients.get(name) as string), 5);
      }
      engine.dispose();
    },
  );

  it("after many steps the parameters are those of the equations with the optimiser in plain numbers", () => {
    const engine = engineOn(device);
    const compute = training(model);
    const plain = new PlainOptimizer(adam, options.clip);
    const params = floats(startingValues());
    const batches = [batch, batchOf("dcba", "abab"), batchOf("c", "cc", "ccc", "cccc")];
    for (let step = 0; step < 24; step++) {
      const b = batches[step % 3] as Batch;
      const oracle = reference(compute, b, params, noise(step, b));
      const grads = Object.fromEntries(
        learnt.map(({ name }) => [name, oracle.value(compute.gradients.get(name) as string)]),
      );
      const norm = plain.step(params, grads, 0.05 - step / 1000);
      const result = engine.step([b], { step, lr: 0.05 - step / 1000, carry: null });
      expect(result.loss).toBeCloseTo(oracle.value("loss")[0] as number, 4);
      expect(result.gradNorm).toBeCloseTo(norm, 4);
      expect(result.count).toBe(oracle.value("loss.count")[0]);
      expect(result.observations).toBe(result.count);
      expect((result.accuracy as number) * result.count).toBeCloseTo(oracle.value("c.hits")[0] as number, 4);
    }
    const values = engine.parameters.read();
    for (const { name } of model.params) near(values[name]?.data as Float32Array, params[name] as Float64Array, 4);
    engine.dispose();
  });

  it("state goes from window to window, with the gradient stopped", () => {
    const engine = engineOn(device);
    const compute = training(model, { carry: "T" });
    const plain = new PlainOptimizer(adam, options.clip);
    const params = floats(startingValues());
    const carry: Carry = { axis: "T", states: null };
    const sizes = [...compute.states.keys()].map(
      (id) => [id, 2 * (getValue(compute.system, id).shape[0] ?? 1)] as const,
    );
    let states = Object.fromEntries(sizes.map(([id, n]) => [id, new Float64Array(n)]));
    for (const [step, window] of [...windows(), ...windows()].entries()) {
      const oracle = reference(compute, window, params, noise(step, window), states);
      const grads = learnt.map(({ name }) => [name, oracle.value(compute.gradients.get(name) as string)] as const);
      const next = [...compute.states].map(([id, to]) => {
        const rows = [0, 1].map((b) => [...oracle.value(to, [b])]);
        return [id, Float64Array.from(rows.flat())] as const;
      });
      const loss = oracle.value("loss")[0] as number;
      states = Object.fromEntries(next);
      plain.step(params, Object.fromEntries(grads));
      expect(engine.step([window], { step, lr: 0.05, carry }).loss).toBeCloseTo(loss, 4);
    }
    engine.drop(carry);
    engine.dispose();
  });

  it("carried state comes back as it was written", () => {
    const engine = engineOn(device);
    const [first, second] = windows() as [Batch, Batch];
    const carry: Carry = { axis: "T", states: null };
    engine.step([first], { step: 0, lr: 0.05, carry });
    const saved = engine.readCarry(carry);
    const params = engine.parameters.read();
    const slots = engine.parameters.readSlots();
    const counters = Object.fromEntries(engine.parameters.counters);
    expect(counters).toEqual({ k: 1 });
    const there = engine.step([second], { step: 1, lr: 0.05, carry });
    engine.drop(carry);
    const other = engineOn(device);
    other.parameters.set(params);
    other.parameters.setSlots(slots, counters);
    const again = other.restoreCarry("T", saved as Tensors);
    expect(other.step([second], { step: 1, lr: 0.05, carry: again })).toEqual(there);
    expect(other.parameters.read()).toEqual(engine.parameters.read());
    other.drop(again);
    other.dispose();
    engine.dispose();
  });

  it("several batches make the step of one large batch", () => {
    const texts = ["abcd", "ddc", "bacadaba", "cc"];
    const whole = engineOn(device);
    const parts = engineOn(device);
    for (let step = 0; step < 3; step++) {
      const one = whole.step([batchOf(...texts)], { step, lr: 0.05, carry: null });
      const group = [batchOf(...texts.slice(0, 1)), batchOf(...texts.slice(1))];
      const many = parts.step(group, { step, lr: 0.05, carry: null });
      expect(many.loss).toBeCloseTo(one.loss, 5);
      expect(many.gradNorm).toBeCloseTo(one.gradNorm, 5);
      expect([many.count, many.observations]).toEqual([one.count, one.observations]);
      expect(many.accuracy).toBeCloseTo(one.accuracy as number, 5);
    }
    for (const { name } of learnt)
      near(parts.parameters.read()[name]?.data as Float32Array, whole.parameters.read()[name]?.data as Float32Array, 5);
    whole.dispose();
    parts.dispose();
  });

  it("scores are sums, without dropout", () => {
    const engine = engineOn(device);
    const oracle = reference(scoring(model, ["c.logp"]), batch, floats(startingValues()), noise(0, batch));
    const { sums, logp } = engine.score(batch, null);
    for (const id of ["loss.total", "loss.count", "c.hits", "c.count"])
      expect(sums[id]).toBeCloseTo(oracle.value(id)[0] as number, 4);
    expect(logp["c"]).toBeCloseTo(-(oracle.value("loss.total")[0] as number), 4);
    engine.dispose();
  });

  it("values are those of each sample, unpadded", () => {
    const engine = engineOn(device);
    const oracle = reference(scoring(model, ["h", "c.logp"]), batch, floats(startingValues()), noise(0, batch));
    const got = engine.values(batch, ["h", "c.logp", "loss.total"], 0);
    expect(got.map((s) => s["h"]?.shape)).toEqual([
      [4, 5],
      [2, 5],
      [8, 5],
    ]);
    for (const [b, sample] of got.entries())
      for (let t = 0; t < (batch.lengths["T"]?.[b] as number); t++) {
        near(sample["h"]?.data.subarray(5 * t, 5 * t + 5) ?? [], oracle.value("h", [b, t]), 5);
        expect(sample["c.logp"]?.data[t]).toBeCloseTo(oracle.value("c.logp", [b, t])[0] as number, 5);
      }
    expect(got[1]?.["loss.total"]).toEqual(got[0]?.["loss.total"]);
    engine.dispose();
  });

  it("leaves as many tensors as before, whatever it does, and none at the end", () => {
    const empty = device.tensorCount();
    const engine = engineOn(device);
    const carry: Carry = { axis: "T", states: null };
    const scored: Carry = { axis: "T", states: null };
    const [first, second] = windows() as [Batch, Batch];
    const all = (step: number): void => {
      engine.step([batch], { step, lr: 0.01, carry: null });
      engine.step([batch, batchOf("ab")], { step, lr: 0.01, carry: null });
      engine.step([first, second], { step, lr: 0.01, carry });
      engine.gradients(batch, step);
      engine.score(batch, null);
      engine.score(first, scored);
      engine.values(batch, ["h"], step);
      engine.parameters.set(engine.parameters.read());
      engine.parameters.setSlots(engine.parameters.readSlots(), Object.fromEntries(engine.parameters.counters));
    };
    all(0);
    const count = device.tensorCount();
    for (let step = 1; step < 4; step++) {
      all(step);
      expect(device.tensorCount()).toBe(count);
    }
    expect(() => engine.step([{ ...batch, fields: {} }], { step: 4, lr: 0.01, carry: null })).toThrow(
      /lacks the field/,
    );
    expect(device.tensorCount()).toBe(count);
    engine.drop(carry);
    engine.drop(scored);
    engine.dispose();
    expect(device.tensorCount()).toBe(empty);
  });

  it("a step whose loss is not finite changes nothing and names the first equation, its index and its sample", () => {
    const engine = engineOn(device);
    const W = startingValues()["W"] as Tensors[string];
    const data = W.data.slice();
    data[2] = Number.NaN; // in the column of "c", which is first read as c[t-1] at t = 3 of "bacadaba"
    engine.parameters.set({ W: { ...W, data } });
    const before = [device.tensorCount(), engine.parameters.read(), engine.parameters.readSlots()];
    let error: unknown;
    try {
      engine.step([batchOf("abad", "bacadaba", "dd")], { step: 7, lr: 0.05, carry: null });
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(DivergedError);
    const { origin, exitCode, step, message } = error as DivergedError;
    expect([exitCode, step]).toEqual([5, 7]);
    expect(origin).toMatchObject({ value: "h", index: { t: 3 }, sample: 1, number: Number.NaN });
    expect(message).toMatch(/h\[t = 3\] = NaN of sample 1/);
    // the third look at the tensors is the same as the first: nothing moved, nothing was left behind
    const again = device.tensorCount();
    expect(() => engine.step([batchOf("abad", "bacadaba", "dd")], { step: 7, lr: 0.05, carry: null })).toThrow();
    expect(device.tensorCount()).toBe(again);
    expect([engine.parameters.read(), engine.parameters.readSlots()]).toEqual(before.slice(1));
    engine.dispose();
  });
});
