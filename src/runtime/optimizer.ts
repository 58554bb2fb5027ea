/**
 * Optimisers as lists of tensor instructions over all parameters at once: clipping by the global norm, then
 * - sgd (Polyak 1964, Nesterov 1983): m ← μ m + g; θ ← θ − η m, or with Nesterov's look-ahead θ − η (g + μ m)
 * - adam (Kingma and Ba 2015): m ← β₁ m + (1−β₁) g; v ← β₂ v + (1−β₂) g²;
 *   θ ← θ − η m̂ / (√v̂ + ε) with m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ)
 * - adamw (Loshchilov and Hutter 2019): before that θ ← (1 − η λ) θ
 *
 * What changes from step to step enters as numbers: the instructions stay the same.
 */
import type { Optimizer } from "../compiler/blocks/types.js";
import { Flat, type Ref } from "../compiler/plan/tensors.js";
import type { Layout } from "./train/layout.js";

/** The vectors that an optimiser keeps, each as long as the layout. */
export function slotsOf(optimizer: Optimizer): readonly ("m" | "v")[] {
  if (optimizer.kind === "adam") return ["m", "v"];
  return optimizer.momentum ? ["m"] : [];
}

/** The numbers that an update takes at step `step` (from 0) with the learning rate `lr`, by the name of their input. */
export function stepNumbers(optimizer: Optimizer, step: number, lr: number): Readonly<Record<string, number>> {
  if (optimizer.kind === "sgd") return { rate: -lr };
  const { beta1, beta2, weight_decay } = optimizer;
  return {
    rate: -lr / (1 - beta1 ** (step + 1)),
    root: 1 / Math.sqrt(1 - beta2 ** (step + 1)),
    ...(weight_decay ? { keep: 1 - lr * weight_decay } : {}),
  };
}

/** Instructions with named inputs (ops `given`) and named results. */
export interface Instructions {
  readonly flat: Flat;
  readonly outputs: ReadonlyMap<string, Ref>;
}

/** Names of inputs and results. `sum`: see `accumulation`. */
export const names = {
  param: (name: string): string => `p/${name}`,
  gradient: (name: string): string => `g/${name}`,
  scalar: (name: string): string => `s/${name}`,
  slot: (name: string): string => `o/${name}`,
  number: (name: string): string => `n/${name}`,
  sum: "sum",
  report: "report",
} as const;

class Updating {
  readonly flat = new Flat();
  given(id: string, shape: readonly number[]): Ref {
    return this.flat.one("given", [], { id }, shape);
  }
  /** The inputs of a layout's parts as one vector. */
  packed(layout: Layout, id: (name: string) => string): Ref {
    const parts = layout.parts.map((p) => this.flat.reshape(this.given(id(p.name), p.shape), [p.size]));
    return this.flat.concat(
      parts,
      layout.parts.map((p) => [p.size]),
      0,
    );
  }
  scalars(list: readonly string[]): Ref[] {
    return list.map((s) => this.flat.reshape(this.given(names.scalar(s), []), [1]));
  }
  /** Scalars [1] as one vector. */
  row(refs: readonly Ref[]): Ref {
    return this.flat.concat(
      refs,
      refs.map(() => [1]),
      0,
    );
  }
}

/**
 * One step. Inputs: `param`s and `gradient`s in their shapes, `slot`s, `number`s and the reported `scalar`s.
 * With `accumulated`, the gradients and the first scalar (the loss) come from `sum` instead.
 * Results: `param`s, `slot`s and `report`: the scalars, then the gradient's norm before clipping.
 */
export function updating(
  optimizer: Optimizer,
  clip: number | null,
  layout: Layout,
  scalars: readonly string[],
  accumulated: boolean,
): Instructions {
  const u = new Updating();
  const { flat } = u;
  const vector = [layout.size];
  let g: Ref;
  let reported: Ref[];
  if (accumulated) {
    const sum = u.given(names.sum, [layout.size + 1 + scalars.length]);
    const part = (i: number): Ref => flat.slice(sum, 0, layout.size + i, 1);
    g = divide(flat, flat.slice(sum, 0, 0, layout.size), part(0));
    reported = scalars.map((_, i) => (i === 0 ? divide(flat, part(1), part(0)) : part(i + 1)));
  } else {
    g = u.packed(layout, names.gradient);
    reported = u.scalars(scalars);
  }
  const norm = flat.unary("sqrt", flat.sum(flat.mul(g, g), [0], vector), Math.sqrt);
  if (clip !== null) {
    // g · min(1, clip / norm)
    const ratio = flat.binary("div", flat.constant(clip), norm, (a, b) => a / b);
    g = flat.mul(g, flat.binary("minimum", ratio, flat.constant(1), Math.min));
  }
  const outputs = new Map<string, Ref>();
  const number = (name: string): Ref => u.given(names.number(name), [1]);
  const slot = (name: string): Ref => u.given(names.slot(name), vector);
  let p = u.packed(layout, names.param);
  if (optimizer.kind === "sgd") {
    const { momentum, nesterov } = optimizer;
    let direction = g;
    if (momentum) {
      const m = flat.add(flat.affine(slot("m"), momentum, 0), g);
      outputs.set(names.slot("m"), m);
      direction = nesterov ? flat.add(g, flat.affine(m, momentum, 0)) : m;
    }
    p = flat.add(p, flat.mul(direction, number("rate")));
  } else {
    const { beta1, beta2, eps, weight_decay } = optimizer;
    const m = flat.add(flat.affine(slot("m"), beta1, 0), flat.affine(g, 1 - beta1, 0));
    const v = flat.add(flat.affine(slot("v"), beta2, 0), flat.affine(flat.mul(g, g), 1 - beta2, 0));
    outputs.set(names.slot("m"), m);
    outputs.set(names.slot("v"), v);
    const deviation = flat.affine(flat.mul(flat.unary("sqrt", v, Math.sqrt), number("root")), 1, eps);
    const kept = weight_decay ? flat.mul(p, number("keep")) : p;
    p = flat.add(kept, flat.mul(divide(flat, m, deviation), number("rate")));
  }
  for (const part of layout.parts)
    outputs.set(names.param(part.name), flat.reshape(flat.slice(p, 0, part.from, part.size), part.shape));
  outputs.set(names.report, u.row([...reported, flat.reshape(norm, [1])]));
  return { flat, outputs };
}

const divide = (flat: Flat, a: Ref, b: Ref): Ref => flat.binary("div", a, b, (x, y) => x / y);

/**
 * Adds the gradient of one more batch to `sum` = [Σ Nₖ gₖ, Σ Nₖ, Σ Nₖ lossₖ, Σ of the other scalars]: with N the number
 * that the objective of a batch was divided by (`loss.count`), a step over several batches is that of one large batch.
 */
export function accumulation(layout: Layout, scalars: readonly string[], first: boolean): Instructions {
  const u = new Updating();
  const { flat } = u;
  const n = flat.reshape(u.given(names.scalar("loss.count"), []), [1]);
  const [loss, ...others] = u.scalars(scalars);
  const g = flat.mul(u.packed(layout, names.gradient), n);
  const tail = [n, ...(loss ? [flat.mul(loss, n)] : []), ...others];
  const own = flat.concat([g, ...tail], [[layout.size], ...tail.map(() => [1])], 0);
  const sum = first ? own : flat.add(u.given(names.sum, [layout.size + tail.length]), own);
  return { flat, outputs: new Map([[names.sum, sum]]) };
}
