/** The reference evaluator on a batch, and optimisers in plain numbers: what the engine has to agree with. */
import type { OptimizerConfig } from "../../../src/compiler/blocks/types.js";
import type { Compute } from "../../../src/compiler/programs.js";
import { BATCH, getValue, product } from "../../../src/compiler/system/types.js";
import { type Environment, Evaluator } from "../../../src/compiler/targets/reference/evaluator.js";
import { drawNoise, type NoiseKey } from "../../../src/runtime/noise.js";
import type { Batch } from "../../../src/runtime/types.js";

export type Numbers = Readonly<Record<string, ArrayLike<number>>>;

/** Evaluates `compute` on a batch, in float64. `states`: laid out like tensors. `nested`: lengths of axes within others. */
export function reference(
  compute: Compute,
  batch: Batch,
  params: Numbers,
  noise: NoiseKey,
  states: Numbers = {},
  nested: Environment["lengths"] = {},
): Evaluator {
  const { system } = compute;
  const drawn = new Map(
    [...system.values.values()]
      .filter((v) => v.role === "noise")
      .map((v) => [v.id, drawNoise(system, v, batch, noise)] as const),
  );
  const extent = (axis: string): number => batch.extents[axis] ?? (system.axes.get(axis)?.size as number);
  const given = (id: string, index: readonly number[]): ArrayLike<number> => {
    if (id === "#rate") return [batch.sampling ?? 0];
    if (id === "#fresh") return [batch.fresh?.[index[0] as number] ?? 1];
    const v = getValue(system, id);
    const data = params[id] ?? drawn.get(id) ?? batch.fields[id] ?? states[id];
    if (!data) throw new Error(`nothing gives ${id}`);
    const at = new Map(v.slots.map((s, i) => [s.axis, index[i] as number]));
    const axes = v.slots.filter((s) => s.axis !== BATCH.axis).map((s) => s.axis);
    const row = axes.reduce((r, a) => r * extent(a) + (at.get(a) as number), 0);
    const b = at.get(BATCH.axis);
    const n = product(v.shape);
    const from = (b === undefined ? row : row * batch.size + b) * n;
    return Float64Array.from({ length: n }, (_, i) => data[from + i] as number);
  };
  const lengths = Object.fromEntries(Object.entries(batch.lengths).map(([a, l]) => [a, [...l]]));
  return new Evaluator(system, { batch: batch.size, lengths: { ...lengths, ...nested }, given });
}

/** Of one number: what is kept from step to step. */
interface Kept {
  m: number;
  v: number;
}

type PlainStep = (
  options: Readonly<Record<string, number>>,
  facts: { readonly w: number; readonly g: number; readonly kept: Kept; readonly lr: number; readonly t: number },
) => number;

/** The optimisers as their papers print them: the new value of one number. `t`: the step, from 1. */
export const plainSteps: Readonly<Record<string, PlainStep>> = {
  // Robbins and Monro 1951; Polyak 1964; Sutskever et al. 2013, rewritten for the point that is looked ahead to
  sgd(o, { w, g, kept, lr }) {
    kept.m = (o["momentum"] as number) * kept.m + g;
    return w - lr * (o["nesterov"] ? g + (o["momentum"] as number) * kept.m : kept.m);
  },
  momentum(o, { w, g, kept, lr }) {
    const velocity = (o["momentum"] as number) * kept.m - g;
    kept.m = velocity;
    return w + lr * velocity;
  },
  // w is the point θ + μ v that the paper takes the gradient at; v ← μ v − η g, θ ← θ + v. Kept: v, which has η in it.
  nesterov(o, { w, g, kept, lr }) {
    const mu = o["momentum"] as number;
    const theta = w - mu * kept.m;
    kept.m = mu * kept.m - lr * g;
    return theta + kept.m + mu * kept.m;
  },
  adagrad(o, { w, g, kept, lr }) {
    kept.v += g * g;
    return w - (lr * g) / (Math.sqrt(kept.v) + (o["eps"] as number));
  },
  rmsprop(o, { w, g, kept, lr }) {
    const rho = o["rho"] as number;
    kept.v = rho * kept.v + (1 - rho) * g * g;
    return w - (lr / (Math.sqrt(kept.v) + (o["eps"] as number))) * g;
  },
  adam: adam,
  adamw: adam,
  lion(o, { w, g, kept, lr }) {
    const [beta1, beta2] = [o["beta1"] as number, o["beta2"] as number];
    const direction = Math.sign(beta1 * kept.m + (1 - beta1) * g);
    kept.m = beta2 * kept.m + (1 - beta2) * g;
    return w - lr * (direction + (o["weight_decay"] as number) * w);
  },
};

function adam(o: Readonly<Record<string, number>>, { w, g, kept, lr, t }: Parameters<PlainStep>[1]): number {
  const [beta1, beta2] = [o["beta1"] as number, o["beta2"] as number];
  kept.m = beta1 * kept.m + (1 - beta1) * g;
  kept.v = beta2 * kept.v + (1 - beta2) * g * g;
  const mean = kept.m / (1 - beta1 ** t);
  const spread = kept.v / (1 - beta2 ** t);
  return w * (1 - lr * (o["weight_decay"] as number)) - (lr * mean) / (Math.sqrt(spread) + (o["eps"] as number));
}

/** An optimiser of `plainSteps`, one number after the other, in float64. */
export class PlainOptimizer {
  readonly #kept: Record<string, Kept[]> = {};
  #t = 0;

  constructor(
    readonly optimizer: OptimizerConfig,
    readonly clip: number | null,
  ) {}

  /** Changes `params`; returns the norm of the gradient. */
  step(params: Record<string, Float64Array>, grads: Numbers, lr = this.optimizer.lr): number {
    this.#t += 1;
    let squares = 0;
    for (const g of Object.values(grads)) for (let i = 0; i < g.length; i++) squares += (g[i] as number) ** 2;
    const norm = Math.sqrt(squares);
    const scale = this.clip === null ? 1 : Math.min(1, this.clip / norm);
    const step = plainSteps[this.optimizer.kind] as PlainStep;
    for (const [name, g] of Object.entries(grads)) {
      const p = params[name] as Float64Array;
      this.#kept[name] ??= Array.from({ length: g.length }, () => ({ m: 0, v: 0 }));
      for (const [i, kept] of (this.#kept[name] as Kept[]).entries())
        p[i] = step(this.optimizer.options, { w: p[i] as number, g: (g[i] as number) * scale, kept, lr, t: this.#t });
    }
    return norm;
  }
}
