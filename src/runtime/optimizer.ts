/**
 * The step of an optimiser as a list of tensor instructions: clipping by the global norm, then the equations of the cell
 * that the spec names. Nothing here knows what they are.
 */
import type { OptimizerConfig } from "../compiler/blocks/types.js";
import type { OptimizerCell, State } from "../compiler/optimizer/types.js";
import { type HostStep, hostStep, type Update, updateOf } from "../compiler/optimizer/update.js";
import { lower } from "../compiler/plan/lower.js";
import { splice } from "../compiler/plan/splice.js";
import { Flat, type Ref } from "../compiler/plan/tensors.js";
import { product } from "../compiler/system/types.js";
import { type Layout, type Part, storedShape } from "./train/layout.js";

/** What steps together: all parameters, one behind the other in a vector (`name` null), or one by itself. */
interface Group {
  readonly name: string | null;
  /** Of a parameter that there is for each index of axes (`W[l]`): their lengths. Each of them steps by itself. */
  readonly lead: readonly number[];
  /** Of one. */
  readonly shape: readonly number[];
  readonly parts: readonly Part[];
  readonly update: Update;
}

/** A tensor that is kept from step to step: of all parameters (`of` null) or of one. */
export interface Slot {
  readonly id: string;
  readonly state: string;
  readonly of: string | null;
  readonly shape: readonly number[];
}

/** An optimiser on the parameters of a model. */
export class Optimizer {
  readonly groups: readonly Group[];
  readonly slots: readonly Slot[];
  readonly #updates: readonly Update[];

  constructor(cell: OptimizerCell, config: OptimizerConfig, layout: Layout) {
    const update = (shape: readonly number[]): Update | null => {
      const equations = cell.step({ ...config.options, lr: config.lr }, shape);
      return equations && updateOf(equations);
    };
    const together = layout.size ? update([layout.size]) : null;
    const byShape = new Map<string, Update>();
    const alone = (name: string, shape: readonly number[]): Update => {
      const known = byShape.get(shape.join());
      const own = known ?? update(shape);
      if (!own) throw new Error(`${cell.name} does not fit ${name} [${shape}]`);
      byShape.set(shape.join(), own);
      return own;
    };
    this.groups = together?.isElementwise
      ? [{ name: null, lead: [], shape: [layout.size], parts: layout.parts, update: together }]
      : layout.parts.map((part) => {
          const [lead, shape] = [part.shape.slice(0, part.axes), part.shape.slice(part.axes)];
          return { name: part.name, lead, shape, parts: [part], update: alone(part.name, shape) };
        });
    this.#updates = [...new Set(this.groups.map((g) => g.update))];
    this.slots = this.groups.flatMap((g) =>
      g.update.states.map((s) => ({
        id: slotId(g, s.name),
        state: s.name,
        of: g.name,
        shape: [...g.lead, ...(s.scalar ? [] : g.shape)],
      })),
    );
  }

  /** Does every entry of every parameter step by itself? */
  get isElementwise(): boolean {
    return this.groups.every((g) => g.update.isElementwise);
  }

  /** The names of the numbers that are kept from step to step. */
  get counters(): readonly string[] {
    return (this.#updates[0]?.counters ?? []).map((s) => s.name);
  }

  /** What a step takes beside the tensors, by the name of its input, and the new counters. */
  numbers(rate: number, counters: ReadonlyMap<string, number>): HostStep {
    const steps = this.#updates.map((u) => hostStep(u, rate, counters));
    const numbers = steps.flatMap((s, i) => [...s.numbers].map(([id, x]) => [`${i}/${id}`, x] as const));
    return { numbers: new Map(numbers), counters: steps[0]?.counters ?? new Map() };
  }

  /** Adds the equations of a group to a list. `given`: the parameter, its gradient and what has a name of its own. */
  step(
    flat: Flat,
    group: Group,
    given: { parameter: Ref; gradient: Ref; named: (id: string, shape: readonly number[]) => Ref },
  ): ReadonlyMap<string, Ref> {
    const { update, lead, shape } = group;
    const before = new Map(update.states.map((s) => [s.before, s]));
    const shapes = new Map([[update.next, shape], ...update.states.map((s) => [s.after, ownShape(group, s)] as const)]);
    const plan = lower(update.compute, { batch: 1, extents: {} }, [...shapes.keys()]);
    const index = this.#updates.indexOf(update);
    const entry = (x: Ref, k: number, own: readonly number[]): Ref => {
      const n = product(own);
      return lead.length ? flat.reshape(flat.slice(flat.reshape(x, [product(lead) * n]), 0, k * n, n), own) : x;
    };
    const each = Array.from({ length: product(lead) }, (_, k) =>
      splice(flat, plan, (id) => {
        if (id === update.parameter) return entry(given.parameter, k, shape);
        if (id === update.gradient) return entry(given.gradient, k, shape);
        const state = before.get(id);
        if (!state) return given.named(names.number(`${index}/${id}`), []);
        const own = ownShape(group, state);
        return entry(given.named(names.slot(slotId(group, state.name)), [...lead, ...own]), k, own);
      }),
    );
    if (!lead.length) return each[0] as ReadonlyMap<string, Ref>;
    const all = [...shapes].map(([id, own]) => {
      const parts = each.map((results) => flat.reshape(results.get(id) as Ref, [product(own)]));
      const joined = flat.concat(
        parts,
        parts.map(() => [product(own)]),
        0,
      );
      return [id, flat.reshape(joined, [...lead, ...own])] as const;
    });
    return new Map(all);
  }
}

const ownShape = (group: Group, state: State): readonly number[] => (state.scalar ? [] : group.shape);

const slotId = (group: Group, state: string): string => (group.name === null ? state : `${state}/${group.name}`);

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

const KINDS = { p: "param", g: "gradient", s: "scalar", o: "slot", n: "number" } as const;

/** The inverse of `names`. */
export function parse(id: string): { readonly kind: (typeof KINDS)[keyof typeof KINDS] | null; readonly name: string } {
  const [letter, slash] = [id[0] as keyof typeof KINDS, id[1]];
  return slash === "/" ? { kind: KINDS[letter] ?? null, name: id.slice(2) } : { kind: null, name: id };
}

class Updating {
  readonly flat = new Flat();
  given(id: string, shape: readonly number[]): Ref {
    return this.flat.one("given", [], { id }, shape);
  }
  /** Parameters as one vector, in the order in which the device keeps their numbers. */
  parameters({ parts }: Layout): Ref {
    return this.#vector(parts.map((p) => this.given(names.param(p.name), storedShape(p))));
  }
  /** Gradients in the same order. */
  gradients({ parts }: Layout): Ref {
    return this.#vector(
      parts.map((p) => {
        const g = this.given(names.gradient(p.name), p.shape);
        return p.isTable ? this.flat.transpose(g, [1, 0]) : g;
      }),
    );
  }
  #vector(tensors: readonly Ref[]): Ref {
    const shapes = tensors.map((t) => [product(this.flat.shapeOf(t))]);
    const parts = tensors.map((t, k) => this.flat.reshape(t, shapes[k] as number[]));
    return this.flat.concat(parts, shapes, 0);
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
 * One step. Inputs: `param`s as the device keeps them, `gradient`s in their shapes, `slot`s, `number`s and the reported `scalar`s.
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
    g = u.gradients(layout);
    reported = u.scalars(scalars);
  }
  const norm = flat.unary("sqrt", flat.sum(flat.mul(g, g), [0], vector), Math.sqrt);
  if (clip !== null) {
    // g · min(1, clip / norm)
    const ratio = flat.binary("div", flat.constant(clip), norm, (a, b) => a / b);
    g = flat.mul(g, flat.binary("minimum", ratio, flat.constant(1), Math.min));
  }
  const outputs = new Map<string, Ref>();
  for (const group of optimizer.groups) {
    const [part] = group.parts as [Part];
    const isAll = group.name === null;
    const result = optimizer.step(flat, group, {
      parameter: isAll ? u.parameters(layout) : u.given(names.param(part.name), part.shape),
      gradient: isAll ? g : flat.reshape(flat.slice(g, 0, part.from, part.size), part.shape),
      named: (id, shape) => u.given(id, shape),
    });
    for (const state of group.update.states)
      outputs.set(names.slot(slotId(group, state.name)), result.get(state.after) as Ref);
    const p = result.get(group.update.next) as Ref;
    if (!isAll) outputs.set(names.param(part.name), p);
    else
      for (const part of layout.parts) {
        const own = flat.slice(p, 0, part.from, part.size);
        outputs.set(names.param(part.name), flat.reshape(own, storedShape(part)));
      }
  }
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
  const g = flat.mul(u.gradients(layout), n);
  const tail = [n, ...(loss ? [flat.mul(loss, n)] : []), ...others];
  const own = flat.concat([g, ...tail], [[layout.size], ...tail.map(() => [1])], 0);
  const sum = first ? own : flat.add(u.given(names.sum, [layout.size + tail.length]), own);
  return { flat, outputs: new Map([[names.sum, sum]]) };
}
