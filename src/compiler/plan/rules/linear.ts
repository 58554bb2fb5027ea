/** Contractions: each is described by the labels of its features. */

import { contract, type Labels } from "../contract.js";
import type { Ref } from "../types.js";
import { productOf } from "./elementwise.js";
import { type Call, leadOf, linear, type Rule, sums } from "./types.js";

const leadLabels = (c: Call): string[] => c.lead.map((_, i) => `d${i}`);

/** The contraction of two arguments with the given feature labels, summing the reduced dims too. */
export function contraction(
  c: Call,
  a: { ref: Ref; features: Labels },
  b: { ref: Ref; features: Labels },
  out: Labels,
  features: ReadonlyMap<string, number>,
): Ref {
  const dims = leadLabels(c);
  const kept = dims.filter((_, i) => !c.reduced.includes(i));
  const sizes = new Map([...dims.map((d, i) => [d, c.lead[i] as number] as const), ...features]);
  const result = contract(
    c.flat,
    { ref: a.ref, labels: [...dims, ...a.features] },
    { ref: b.ref, labels: [...dims, ...b.features] },
    [...kept, ...out],
    kept.length,
    sizes,
  );
  const shape = c.flat.shapeOf(result);
  let next = 0;
  return c.flat.reshape(result, [
    ...dims.map((_, i) => (c.reduced.includes(i) ? 1 : (shape[next++] as number))),
    ...shape.slice(kept.length),
  ]);
}

const letters = (rank: number): string[] => Array.from({ length: rank }, (_, i) => `f${i}`);

/** `a`, `b`, `out`: labels of the features, one letter each; `*` stands for those of the last argument. */
const contracting = (a: string, b: string, out: string): Rule =>
  sums((c) => {
    const all = letters((c.shapes[1] as number[]).length);
    const spell = (s: string): string[] => (s === "*" ? all : [...s]);
    const sizes = new Map<string, number>();
    for (const [i, s] of [a, b].entries())
      for (const [k, l] of spell(s).entries()) sizes.set(l, c.shapes[i]?.[k] as number);
    return contraction(
      c,
      { ref: c.args[0] as Ref, features: spell(a) },
      { ref: c.args[1] as Ref, features: spell(b) },
      spell(out),
      sizes,
    );
  });

const pair = contracting("*", "*", "*");

export const contractions = {
  mv: contracting("mn", "n", "m"),
  mvT: contracting("mn", "m", "n"),
  mm: contracting("mk", "kn", "mn"),
  outer: contracting("m", "n", "mn"),
  dot: contracting("*", "*", ""),
  scale: contracting("", "*", "*"),
  mul: sums((c) => {
    if (!c.reduced.length) return productOf(c);
    const last = c.args.length - 1;
    const shapes = [c.shape, c.shape];
    if (last === 0) return c.flat.sum(c.args[0] as Ref, c.reduced, [...c.lead, ...c.shape]);
    const first = productOf({ ...c, args: c.args.slice(0, last) });
    return pair.f({ ...c, args: [first, c.args[last] as Ref], shapes });
  }),
  transpose: linear((c) => {
    const n = c.lead.length;
    return c.flat.transpose(c.args[0] as Ref, [...c.lead.keys(), n + 1, n]);
  }),
  fill: linear((c) => {
    const x = c.args[0] as Ref;
    return c.flat.reshape(x, [...leadOf(c, x), ...c.shape.map(() => 1)]);
  }),
  sumf: linear((c) => {
    const x = c.args[0] as Ref;
    const features = c.shapes[0] as number[];
    const axes = features.map((_, i) => c.lead.length + i);
    return c.flat.reshape(c.flat.sum(x, axes, [...c.lead, ...features]), leadOf(c, x));
  }),
} as const;
