import { describe, expect, it } from "vitest";
import type { Optimizer } from "../../src/compiler/blocks/types.js";
import { planOf } from "../../src/compiler/plan/lower.js";
import { draws } from "../../src/compiler/random.js";
import { Scope } from "../../src/runtime/device.js";
import { accumulation, names, slotsOf, stepNumbers, updating } from "../../src/runtime/optimizer.js";
import { layoutOf } from "../../src/runtime/train/layout.js";
import { backends } from "./support/backends.js";
import { PlainOptimizer } from "./support/reference.js";

const adam = { kind: "adam", lr: 0.03, beta1: 0.9, beta2: 0.99, eps: 1e-6, weight_decay: 0 } as const;
const sgd = { kind: "sgd", lr: 0.05, momentum: 0, nesterov: false } as const;
const cases: readonly (readonly [string, Optimizer, number | null])[] = [
  ["sgd", sgd, null],
  ["sgd with momentum", { ...sgd, momentum: 0.9 }, 1],
  ["sgd with Nesterov's momentum", { ...sgd, momentum: 0.8, nesterov: true }, null],
  ["adam", adam, null],
  ["adam, clipped", adam, 0.5],
  ["adamw", { ...adam, weight_decay: 0.1 }, 2],
];

const params = [
  { name: "W", shape: [3, 2] },
  { name: "b", shape: [] },
  { name: "U", shape: [2, 2, 2] },
];
const layout = layoutOf(params);

describe.each(await backends())("optimisers on $name", (device) => {
  it.each(cases)("%s does what its paper says, over 50 steps", (_, optimizer, clip) => {
    const before = device.tensorCount();
    const { flat, outputs } = updating(optimizer, clip, layout, ["loss", "loss.count"], false);
    const update = device.prepare(planOf(flat, outputs));
    const stream = draws(3, "gradients");
    const plain = new PlainOptimizer(optimizer, clip);
    const values = Object.fromEntries(
      layout.parts.map((p) => [p.name, Float64Array.from({ length: p.size }, () => Math.fround(stream.normal()))]),
    );
    let held = new Scope(device);
    const held0 = held;
    let given = new Map(
      layout.parts.map((p) => [
        names.param(p.name),
        held0.upload(Float32Array.from(values[p.name] as Float64Array), p.shape),
      ]),
    );
    for (const s of slotsOf(optimizer))
      given.set(names.slot(s), held.upload(new Float32Array(layout.size), [layout.size]));
    for (let step = 0; step < 50; step++) {
      const scale = 3 * stream.uniform();
      const grads = Object.fromEntries(
        layout.parts.map((p) => [p.name, Float32Array.from({ length: p.size }, () => scale * stream.normal())]),
      );
      const lr = optimizer.lr * (1 - step / 100);
      const norm = plain.step(values, grads, lr);
      for (const p of layout.parts)
        given.set(names.gradient(p.name), held.upload(grads[p.name] as Float32Array, p.shape));
      for (const [id, x] of Object.entries(stepNumbers(optimizer, step, lr)))
        given.set(names.number(id), held.upload(Float32Array.of(x), [1]));
      given.set(names.scalar("loss"), held.upload(Float32Array.of(step), []));
      given.set(names.scalar("loss.count"), held.upload(Float32Array.of(7), []));
      const out = update.run({ given, lengths: {} });
      if (!out) throw new Error("an update draws nothing");
      const next = new Scope(device);
      next.own(out);
      const report = device.read(out.get(names.report) as NonNullable<ReturnType<typeof out.get>>);
      expect([report[0], report[1]]).toEqual([step, 7]);
      expect(report[2] as number).toBeCloseTo(norm, 4);
      for (const p of layout.parts) {
        const got = device.read(out.get(names.param(p.name)) as NonNullable<ReturnType<typeof out.get>>);
        for (const [i, x] of got.entries()) expect(x).toBeCloseTo((values[p.name] as Float64Array)[i] as number, 4);
      }
      held.free();
      held = next;
      given = out;
    }
    held.free();
    update.dispose();
    expect(device.tensorCount()).toBe(before);
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
    const { flat, outputs } = updating(sgd, null, small, scalars, true);
    const update = device.prepare(planOf(flat, outputs));
    const given = new Map([
      [names.param("W"), scope.upload(Float32Array.of(0, 0), [2])],
      [names.sum, sum as NonNullable<typeof sum>],
      [names.number("rate"), scope.upload(Float32Array.of(-1), [1])],
    ]);
    const out = scope.own(update.run({ given, lengths: {} }) as never);
    const read = (id: string): number[] => [...device.read(out.get(id) as NonNullable<ReturnType<typeof out.get>>)];
    // (1·[1, 2] + 3·[5, −2]) / 4, and the loss in the same way; counts add up
    expect(read(names.param("W"))).toEqual([-4, 1]);
    expect(read(names.report)).toEqual([2, 4, Math.fround(Math.hypot(4, 1))]);
    update.dispose();
    scope.free();
  });
});
