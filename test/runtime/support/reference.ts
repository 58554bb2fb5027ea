/** The reference evaluator on a batch, and optimisers in plain numbers: what the engine has to agree with. */
import type { Optimizer } from "../../../src/compiler/blocks/types.js";
import type { Compute } from "../../../src/compiler/programs.js";
import { BATCH, getValue, product } from "../../../src/compiler/system/types.js";
import { Evaluator } from "../../../src/compiler/targets/reference/evaluator.js";
import { drawNoise, type NoiseKey } from "../../../src/runtime/noise.js";
import type { Batch } from "../../../src/runtime/types.js";

export type Numbers = Readonly<Record<string, ArrayLike<number>>>;

/** Evaluates `compute` on a batch, in float64. `states`: laid out like tensors. */
export function reference(
  compute: Compute,
  batch: Batch,
  params: Numbers,
  noise: NoiseKey,
  states: Numbers = {},
): Evaluator {
  const { system } = compute;
  const drawn = new Map(
    [...system.values.values()]
      .filter((v) => v.role === "noise")
      .map((v) => [v.id, drawNoise(system, v, batch, noise)] as const),
  );
  const extent = (axis: string): number => batch.extents[axis] ?? (system.axes.get(axis)?.size as number);
  const given = (id: string, index: readonly number[]): ArrayLike<number> => {
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
  return new Evaluator(system, { batch: batch.size, lengths, given });
}

/** The optimisers as their papers print them, one number after the other, in float64. */
export class PlainOptimizer {
  readonly #m: Record<string, Float64Array> = {};
  readonly #v: Record<string, Float64Array> = {};
  #t = 0;

  constructor(
    readonly optimizer: Optimizer,
    readonly clip: number | null,
  ) {}

  /** Changes `params`; returns the norm of the gradient. */
  step(params: Record<string, Float64Array>, grads: Numbers, lr = this.optimizer.lr): number {
    this.#t += 1;
    let squares = 0;
    for (const g of Object.values(grads)) for (let i = 0; i < g.length; i++) squares += (g[i] as number) ** 2;
    const norm = Math.sqrt(squares);
    const scale = this.clip === null ? 1 : Math.min(1, this.clip / norm);
    for (const [name, g] of Object.entries(grads)) {
      const p = params[name] as Float64Array;
      const m = (this.#m[name] ??= new Float64Array(g.length));
      const v = (this.#v[name] ??= new Float64Array(g.length));
      for (let i = 0; i < g.length; i++) {
        const x = (g[i] as number) * scale;
        if (this.optimizer.kind === "sgd") {
          const { momentum, nesterov } = this.optimizer;
          m[i] = momentum * (m[i] as number) + x;
          p[i] = (p[i] as number) - lr * (nesterov ? x + momentum * (m[i] as number) : (m[i] as number));
          continue;
        }
        const { beta1, beta2, eps, weight_decay } = this.optimizer;
        m[i] = beta1 * (m[i] as number) + (1 - beta1) * x;
        v[i] = beta2 * (v[i] as number) + (1 - beta2) * x * x;
        const mean = (m[i] as number) / (1 - beta1 ** this.#t);
        const spread = (v[i] as number) / (1 - beta2 ** this.#t);
        p[i] = (p[i] as number) * (1 - lr * weight_decay) - (lr * mean) / (Math.sqrt(spread) + eps);
      }
    }
    return norm;
  }
}
