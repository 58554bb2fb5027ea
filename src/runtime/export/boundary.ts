/** How tensors look from outside: the samples of a batch come first, then axes, then features. */
import type { Plan } from "../../compiler/plan/plan.js";
import type { Flat, Ref } from "../../compiler/plan/tensors.js";
import { rewritten } from "./rewrite.js";

/** Of a value that a plan has as [axes…, batch where it has one, features…]. */
export interface Shown {
  readonly name: string;
  readonly axes: number;
  readonly perSample: boolean;
  /** The position among the axes of one that has a single index and is not shown. */
  readonly hidden: number | null;
}

/** A plan whose inputs and results are as they are `shown`; null: as the plan has them, under their ids. */
export function batchFirst(plan: Plan, shown: (id: string) => Shown | null): Plan {
  const results = [...plan.outputs].map(([id, output]) => ({ own: shown(id), id, output }));
  const byName = new Map(results.map(({ own, id }) => [own?.name ?? id, own]));
  return rewritten(
    plan,
    (flat, { op, attrs, shapes, int }) => {
      const own = op === "given" ? shown(attrs["id"] as string) : null;
      if (!own) return null;
      const shape = shapes[0] as readonly number[];
      const given = flat.one("given", [], { id: own.name }, outside(shape, own), int);
      return [inwards(flat, given, shape, own)];
    },
    new Map(results.map(({ own, id, output }) => [own?.name ?? id, output])),
    (flat, name, output) => {
      const own = byName.get(name);
      if (!own) return output;
      const shape = outside(output.shape, own);
      return { ...output, ref: outwards(flat, output.ref, output.shape, own), shape };
    },
  );
}

/** Samples first, hidden ones there. */
const first = (shape: readonly number[], { axes, perSample }: Shown): readonly number[] =>
  perSample ? [shape[axes] as number, ...shape.slice(0, axes), ...shape.slice(axes + 1)] : shape;

export function outside(shape: readonly number[], shown: Shown): readonly number[] {
  const { hidden, perSample } = shown;
  return hidden === null ? first(shape, shown) : first(shape, shown).filter((_, k) => k !== hidden + Number(perSample));
}

function inwards(flat: Flat, given: Ref, shape: readonly number[], shown: Shown): Ref {
  const { axes, perSample } = shown;
  const whole = flat.reshape(given, first(shape, shown));
  const perm = shape.map((_, k) => (k < axes ? k + 1 : k === axes ? 0 : k));
  return perSample ? flat.transpose(whole, perm) : whole;
}

function outwards(flat: Flat, ref: Ref, shape: readonly number[], shown: Shown): Ref {
  const { axes, perSample } = shown;
  const perm = shape.map((_, k) => (k === 0 ? axes : k <= axes ? k - 1 : k));
  const full = flat.full(ref, shape);
  return flat.reshape(perSample ? flat.transpose(full, perm) : full, outside(shape, shown));
}
