/** 500 steps of training end where the reference evaluator's end, on every backend. */
import { describe, expect, it } from "vitest";
import type { OptimizerConfig } from "../../src/compiler/blocks/types.js";
import { compile } from "../../src/compiler/index.js";
import { training } from "../../src/compiler/programs.js";
import { draws } from "../../src/compiler/random.js";
import { encode, makeBatch } from "../../src/runtime/data/index.js";
import { Engine } from "../../src/runtime/engine.js";
import { initialValues } from "../../src/runtime/init.js";
import type { Batch } from "../../src/runtime/types.js";
import { backends } from "../support/backends.js";
import { PlainOptimizer, reference } from "./support/reference.js";

const STEPS = 500;
const LR = 0.01;
const adam: OptimizerConfig = {
  kind: "adam",
  lr: LR,
  options: { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0 },
};
const clip = 0.5;
const { model } = compile(`
model tags {
  use std.cells (LSTM)
  dim V = 3
  dim H = 8
  axis t < T
  input x[t] : V
  random y[t] : V
  param Wo, bo
  cell lstm = LSTM(H)
  (h[t], c[t]) = lstm(x[t], h[t-1], c[t-1])
  h[-1] = 0
  c[-1] = 0
  y[t] ~ categorical(Wo @ h[t] + bo)
}`);
const compute = training(model);

/** y is the symbol before it. */
const batchOf = (...records: readonly (readonly number[])[]): Batch =>
  makeBatch(
    model,
    records.map((x) => encode(model, { x, y: [0, ...x.slice(0, -1)] })),
  );
const batches = [
  batchOf([0, 1, 2], [2], [1, 0]),
  batchOf([2, 1, 2, 0], [1]),
  batchOf([2, 2], [1, 2]),
  batchOf([1, 0, 2]),
];

const starting = Object.fromEntries(
  model.params.map((p) => {
    const data = initialValues(p, draws(1, "init", p.name), () => {
      throw new Error("no file");
    });
    return [p.name, { shape: p.shape, data }];
  }),
);

/** The losses of all steps, and the parameters after them. */
function evaluated(): { readonly losses: readonly number[]; readonly params: Record<string, Float64Array> } {
  const params = Object.fromEntries(
    Object.entries(starting).map(([name, { data }]) => [name, Float64Array.from(data)]),
  );
  const plain = new PlainOptimizer(adam, clip);
  const losses = Array.from({ length: STEPS }, (_, step) => {
    const batch = batches[step % batches.length] as Batch;
    const oracle = reference(compute, batch, params, { seed: 1, step, samples: [...Array(batch.size).keys()] });
    const grads = [...compute.gradients].map(([name, id]) => [name, oracle.value(id)] as const);
    const loss = oracle.value("loss")[0] as number;
    plain.step(params, Object.fromEntries(grads), LR);
    return loss;
  });
  return { losses, params };
}

const wanted = evaluated();

describe.each(backends.map((device, k) => [`${k}: ${device.name}`, device] as const))("on %s", (_, device) => {
  it(`${STEPS} steps of Adam with clipping, ragged batches of several shapes`, () => {
    const before = device.tensorCount();
    const engine = new Engine(model, device, { optimizer: adam, clip, normalize: "observation", seed: 1 }, starting);
    const losses = Array.from(
      { length: STEPS },
      (_, step) => engine.step([batches[step % batches.length] as Batch], { step, lr: LR, carry: null }).loss,
    );
    expect(losses[STEPS - 1]).toBeLessThan(0.6 * (losses[0] as number));
    for (const [step, loss] of losses.entries())
      expect(Math.abs(loss - (wanted.losses[step] as number)), `loss of step ${step}`).toBeLessThan(1e-4);
    const params = engine.parameters.read();
    for (const [name, values] of Object.entries(wanted.params))
      for (const [i, x] of values.entries())
        expect(Math.abs((params[name]?.data[i] as number) - x), `${name}[${i}]`).toBeLessThan(1e-4);
    engine.dispose();
    expect(device.tensorCount()).toBe(before);
  });
});
