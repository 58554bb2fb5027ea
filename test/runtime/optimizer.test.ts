import { describe, expect, it } from "vitest";
import type { OptimizerConfig } from "../../src/compiler/blocks/types.js";
import { check } from "../../src/compiler/check/index.js";
import { standardOptimizers } from "../../src/compiler/check/optimizers.js";
import type { OptimizerCell, Optimizers } from "../../src/compiler/optimizer/types.js";
import { planOf } from "../../src/compiler/plan/lower.js";
import { draws } from "../../src/compiler/random.js";
import type { Backend } from "../../src/runtime/backends.js";
import { Scope } from "../../src/runtime/device.js";
import { accumulation, names, Optimizer, updating } from "../../src/runtime/optimizer.js";
import { type Layout, layoutOf } from "../../src/runtime/train/layout.js";
import { backends } from "../support/backends.js";
import { type Numbers, PlainOptimizer, plainSteps } from "./support/reference.js";

const params = [
  { name: "W", shape: [3, 2] },
  { name: "b", shape: [] },
  { name: "U", shape: [2, 2, 2] },
  { name: "v", shape: [5] },
];
const layout = layoutOf(params);

function cellOf(optimizers: Optimizers, name: string): OptimizerCell {
  const found = optimizers.find(name);
  if (found?.kind !== "optimizer") throw new Error(`there is no optimiser ${name}`);
  return found.cell;
}

/** A cell of the library with some hyperparameters changed. */
function config(kind: string, set: Readonly<Record<string, number>> = {}): OptimizerConfig {
  const { lr, ...options } = { ...cellOf(standardOptimizers(), kind).numbers, ...set };
  return { kind, lr: lr as number, options };
}

const make = (c: OptimizerConfig, of: Layout = layout, optimizers = standardOptimizers()): Optimizer =>
  new Optimizer(cellOf(optimizers, c.kind), c, of);

const cases: readonly (readonly [string, OptimizerConfig, number | null])[] = [
  ["sgd", config("sgd", { lr: 0.05 }), null],
  ["sgd with momentum", config("sgd", { lr: 0.05, momentum: 0.9 }), 1],
  ["sgd with Nesterov's momentum", config("sgd", { lr: 0.05, momentum: 0.8, nesterov: 1 }), null],
  ["momentum", config("momentum"), null],
  ["nesterov", config("nesterov"), 1],
  ["adagrad", config("adagrad", { lr: 0.1 }), null],
  ["rmsprop", config("rmsprop", { lr: 0.02 }), 2],
  ["adam", config("adam", { lr: 0.03, beta2: 0.99, eps: 1e-6 }), null],
  ["adam, clipped", config("adam", { lr: 0.03 }), 0.5],
  ["adam with weight decay", config("adam", { lr: 0.03, weight_decay: 0.1 }), null],
  ["adamw", config("adamw", { lr: 0.03, beta2: 0.99 }), 2],
  ["lion", config("lion", { lr: 0.01 }), null],
  ["lion with weight decay", config("lion", { lr: 0.01, weight_decay: 0.1 }), 1],
];

/** Steps an optimiser on a device and a plain one beside it; both must stay together. */
function compare(
  device: Backend,
  optimizer: Optimizer,
  clip: number | null,
  plain: { step(values: Record<string, Float64Array>, grads: Numbers, lr: number): number },
  rate: (step: number) => number,
): void {
  const before = device.tensorCount();
  const { flat, outputs } = updating(optimizer, clip, layout, ["loss", "loss.count"], false);
  const update = device.prepare(planOf(flat, outputs));
  const stream = draws(3, "gradients");
  const values = Object.fromEntries(
    layout.parts.map((p) => [p.name, Float64Array.from({ length: p.size }, () => Math.fround(stream.normal()))]),
  );
  let held = new Scope(device);
  const first = held;
  let given = new Map(
    layout.parts.map((p) => [
      names.param(p.name),
      first.upload(Float32Array.from(values[p.name] as Float64Array), p.shape),
    ]),
  );
  for (const { id, shape } of optimizer.slots) {
    const size = shape.reduce((a, b) => a * b, 1);
    given.set(names.slot(id), held.upload(new Float32Array(size), shape));
  }
  let counters: ReadonlyMap<string, number> = new Map();
  for (let step = 0; step < 50; step++) {
    const scale = 3 * stream.uniform();
    const grads = Object.fromEntries(
      layout.parts.map((p) => [p.name, Float32Array.from({ length: p.size }, () => scale * stream.normal())]),
    );
    const norm = plain.step(values, grads, rate(step));
    for (const p of layout.parts)
      given.set(names.gradient(p.name), held.upload(grads[p.name] as Float32Array, p.shape));
    const host = optimizer.numbers(rate(step), counters);
    counters = host.counters;
    for (const [id, x] of host.numbers) given.set(names.number(id), held.upload(Float32Array.of(x), []));
    given.set(names.scalar("loss"), held.upload(Float32Array.of(step), []));
    given.set(names.scalar("loss.count"), held.upload(Float32Array.of(7), []));
    const out = update.run({ given, lengths: {} });
    if (!out) throw new Error("an update draws nothing");
    const next = new Scope(device);
    next.own(out);
    const read = (id: string) => device.read(out.get(id) as NonNullable<ReturnType<typeof out.get>>);
    const report = read(names.report);
    expect([report[0], report[1]]).toEqual([step, 7]);
    expect(report[2] as number).toBeCloseTo(norm, 4);
    for (const p of layout.parts)
      for (const [i, x] of read(names.param(p.name)).entries())
        expect(x, `${p.name}[${i}] after step ${step}`).toBeCloseTo((values[p.name] as Float64Array)[i] as number, 4);
    held.free();
    held = next;
    given = out;
  }
  held.free();
  update.dispose();
  expect(device.tensorCount()).toBe(before);
}

describe.each(backends)("optimisers on $name", (device) => {
  it.each(cases)("%s does what its paper says, over 50 steps", (_, c, clip) => {
    // the plain Nesterov keeps the rate in its velocity, so there the rate stays
    const rate = (step: number): number => (c.kind === "nesterov" ? c.lr : c.lr * (1 - step / 100));
    compare(device, make(c), clip, new PlainOptimizer(c, clip), rate);
  });

  it("one of a spec's own, that looks at each parameter as a whole and keeps numbers of all kinds", () => {
    // Y. You et al., "Large batch training of convolutional networks", 2017: the step is as long as a share of the parameter.
    const { models, diagnostics } = check(`
cell lars(w : [..], g : [..], v : [..], k, last) -> (w1 : [..], v1 : [..], k1, last1) {
  lr = 0.1; momentum = 0.9; warm = 4
  k1 = k + 1
  last1 = 0.5 * last + norm(g)
  trust = norm(w) / (norm(g) + 0.1 * last + 1e-6)
  v1 = momentum * v + trust * g
  w1 = w - lr * min(1, k1 / warm) * v1
}
model m { random y : [2]; param b; y ~ normal(b, 1)
  train { optimizer = lars(momentum = 0.7) } }`);
    expect(diagnostics).toEqual([]);
    const c = { kind: "lars", lr: 0.1, options: { momentum: 0.7, warm: 4 } };
    const optimizer = make(c, layout, (models[0] as (typeof models)[number]).optimizers);
    expect(optimizer.slots.map((s) => s.id)).toEqual(params.flatMap((p) => [`v/${p.name}`, `last/${p.name}`]));
    expect(optimizer.counters).toEqual(["k"]);
    const length = (x: ArrayLike<number>): number => Math.hypot(...Array.from(x));
    const velocity = new Map(layout.parts.map((p) => [p.name, new Float64Array(p.size)]));
    const last = new Map<string, number>();
    let k = 0;
    const plain = {
      step(values: Record<string, Float64Array>, grads: Numbers, lr: number): number {
        k++;
        for (const [name, w] of Object.entries(values)) {
          const g = grads[name] as ArrayLike<number>;
          const v = velocity.get(name) as Float64Array;
          const trust = length(w) / (length(g) + 0.1 * (last.get(name) ?? 0) + 1e-6);
          last.set(name, 0.5 * (last.get(name) ?? 0) + length(g));
          for (let i = 0; i < w.length; i++) v[i] = 0.7 * (v[i] as number) + trust * (g[i] as number);
          for (let i = 0; i < w.length; i++) w[i] = (w[i] as number) - lr * Math.min(1, k / 4) * (v[i] as number);
        }
        return Math.hypot(...Object.values(grads).map(length));
      },
    };
    compare(device, optimizer, null, plain, (step) => 0.02 / (1 + step));
  });

  it("of a parameter for each index of an axis, each one steps by itself", () => {
    const { models } = check(`
cell far(w : [..], g : [..], v : [..], size) -> (w1 : [..], v1 : [..], size1) {
  lr = 0.1
  size1 = 0.5 * size + norm(g)
  v1 = 0.5 * v + g / (size1 + 1)
  w1 = w - lr * norm(w) * v1
}
model m { random y : [2]; param b; y ~ normal(b, 1); train { optimizer = far } }`);
    const c = { kind: "far", lr: 0.1, options: {} };
    const of = (list: Parameters<typeof layoutOf>[0]): readonly [Optimizer, Layout] => {
      const l = layoutOf(list);
      return [make(c, l, (models[0] as (typeof models)[number]).optimizers), l];
    };
    const together = of([{ name: "W", shape: [2, 3, 2], axes: 1 }]);
    const apart = of([
      { name: "W0", shape: [3, 2] },
      { name: "W1", shape: [3, 2] },
    ]);
    const numbers = (key: string): number[] => {
      const stream = draws(7, key);
      return Array.from({ length: 12 }, () => stream.normal());
    };
    const run = ([optimizer, l]: readonly [Optimizer, Layout]): number[] => {
      const { flat, outputs } = updating(optimizer, null, l, ["loss"], false);
      const update = device.prepare(planOf(flat, outputs));
      const scope = new Scope(device);
      const states: Record<string, Float32Array> = Object.fromEntries(
        optimizer.slots.map((s) => [s.id, new Float32Array(s.shape.reduce((a, b) => a * b, 1))]),
      );
      let values = Float32Array.from(numbers("values"));
      for (let step = 0; step < 3; step++) {
        const g = Float32Array.from(numbers(`g${step}`));
        const given = new Map([[names.scalar("loss"), scope.upload(Float32Array.of(0), [])]]);
        for (const p of l.parts) {
          given.set(names.param(p.name), scope.upload(values.slice(p.from, p.from + p.size), p.shape));
          given.set(names.gradient(p.name), scope.upload(g.slice(p.from, p.from + p.size), p.shape));
        }
        for (const s of optimizer.slots)
          given.set(names.slot(s.id), scope.upload(states[s.id] as Float32Array, s.shape));
        for (const [id, x] of optimizer.numbers(0.1, new Map()).numbers)
          given.set(names.number(id), scope.upload(Float32Array.of(x), []));
        const out = scope.own(update.run({ given, lengths: {} }) as never);
        const read = (id: string) =>
          Float32Array.from(device.read(out.get(id) as NonNullable<ReturnType<typeof out.get>>));
        values = Float32Array.from(l.parts.flatMap((p) => [...read(names.param(p.name))]));
        for (const s of optimizer.slots) states[s.id] = read(names.slot(s.id));
      }
      scope.free();
      update.dispose();
      return [...values];
    };
    const [one, two] = [run(together), run(apart)];
    expect(one).toEqual(two);
    expect(together[0].slots.map((s) => [s.id, s.shape])).toEqual([
      ["v/W", [2, 3, 2]],
      ["size/W", [2]],
    ]);
    expect(one).not.toEqual(numbers("values").map(Math.fround));
  });

  it("gradients of several batches count by what their objectives were divided by", () => {
    const scope = new Scope(device);
    const small = layoutOf([{ name: "W", shape: [2] }]);
    const scalars = ["loss", "loss.count"];
    let sum: ReturnType<typeof scope.upload> | null = null;
    for (const [first, g, loss, n] of [
      [true, [1, 2], 5, 1],
      [false, [5, -2], 1, 3],
    ] as const) {
      const { flat, outputs } = accumulation(small, scalars, first);
      const add = device.prepare(planOf(flat, outputs));
      const given = new Map([
        [names.gradient("W"), scope.upload(Float32Array.from(g), [2])],
        [names.scalar("loss"), scope.upload(Float32Array.of(loss), [])],
        [names.scalar("loss.count"), scope.upload(Float32Array.of(n), [])],
        ...(sum ? [[names.sum, sum] as const] : []),
      ]);
      sum = scope.own(add.run({ given, lengths: {} }) as never).get(names.sum) as NonNullable<typeof sum>;
      add.dispose();
    }
    const optimizer = make(config("sgd"), small);
    const { flat, outputs } = updating(optimizer, null, small, scalars, true);
    const update = device.prepare(planOf(flat, outputs));
    const given = new Map([
      [names.param("W"), scope.upload(Float32Array.of(0, 0), [2])],
      [names.sum, sum as NonNullable<typeof sum>],
    ]);
    for (const [id, x] of optimizer.numbers(1, new Map()).numbers)
      given.set(names.number(id), scope.upload(Float32Array.of(x), []));
    const out = scope.own(update.run({ given, lengths: {} }) as never);
    const read = (id: string): number[] => [...device.read(out.get(id) as NonNullable<ReturnType<typeof out.get>>)];
    // (1·[1, 2] + 3·[5, −2]) / 4, and the loss in the same way; counts add up
    expect(read(names.param("W"))).toEqual([-4, 1]);
    expect(read(names.report)).toEqual([2, 4, Math.fround(Math.hypot(4, 1))]);
    update.dispose();
    scope.free();
  });
});

describe("the instructions of a step", () => {
  it("every optimiser of the library is compared with its paper", () => {
    expect([...standardOptimizers().names].sort()).toEqual(Object.keys(plainSteps).sort());
    expect(new Set(cases.map(([, c]) => c.kind))).toEqual(new Set(standardOptimizers().names));
  });

  it.each([
    // what a step takes beside moving data: so many kernels on the vector of all parameters
    ["sgd", {}, 2],
    ["sgd", { momentum: 0.9 }, 4],
    ["sgd", { momentum: 0.9, nesterov: 1 }, 6],
    ["adam", {}, 13],
    ["adam", { weight_decay: 0.1 }, 14],
  ] as const)("%s %j takes %i kernels, whatever the number of parameters", (kind, set, count) => {
    const kernels = (optimizer: Optimizer, clip: number | null): number => {
      const { flat, outputs } = updating(optimizer, clip, layout, ["loss"], false);
      const moves = ["given", "reshape", "slice", "concat"];
      return planOf(flat, outputs).instrs.filter((i) => !moves.includes(i.op)).length;
    };
    const norm = 3; // g·g, its sum, the root
    expect(kernels(make(config(kind, set)), null) - norm).toBe(count);
  });

  it("states that the new parameter does not depend on are not kept; counters are the host's, in float64", () => {
    const kept = (c: OptimizerConfig) => make(c).slots.map((s) => s.id);
    expect(kept(config("sgd"))).toEqual([]);
    expect(kept(config("sgd", { momentum: 0.5 }))).toEqual(["v"]);
    const adam = make(config("adam"));
    expect([adam.slots.map((s) => s.id), adam.counters]).toEqual([["m", "v"], ["k"]]);
    expect(adam.numbers(1, new Map([["k", 2 ** 24]])).counters.get("k")).toBe(2 ** 24 + 1);
  });
});
