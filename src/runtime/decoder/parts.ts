/** Samples on their way: what is known of them, what is drawn of them, and both together. */
import type { Model } from "../../compiler/model.js";
import type { Sample } from "../types.js";
import type { Row } from "./ancestral.js";
import { fieldOf, openAxes } from "./axes.js";
import { prefixOverAxes } from "./diagnostics.js";
import { DecodeError } from "./errors.js";
import type { Phase } from "./phases.js";
import type { Decoded, Numbers } from "./types.js";

/** A sample on its way: what is known of it so far, and the row that it will be. */
export interface Part {
  readonly sample: Sample;
  readonly row: Row;
}

/** Is no beginning known? */
export const isFree = (parts: readonly Part[], { randoms }: Phase): boolean =>
  !parts.some(({ row }) => randoms.some((random) => row.prefix[random]?.length));

export function prefixOf(model: Model, sample: Sample, randoms: readonly string[]): Row["prefix"] {
  const given = randoms.filter((r) => (sample.fields[r]?.length ?? 0) > 0);
  for (const random of given)
    if (fieldOf(model, random).axes.length > 1) throw new DecodeError(prefixOverAxes({ random }));
  return Object.fromEntries(given.map((r) => [r, sample.fields[r] as Numbers]));
}

/** The sample as far as it is observed. */
export function without(model: Model, { lengths, fields, ...rest }: Sample, randoms: readonly string[]): Sample {
  const open = openAxes(model, randoms);
  return {
    ...rest,
    lengths: Object.fromEntries(Object.entries(lengths).filter(([a]) => !open.includes(a))),
    fields: Object.fromEntries(Object.entries(fields).filter(([f]) => !randoms.includes(f))),
  };
}

export const merge = <S extends Sample>(s: S, d: Decoded): S => ({
  ...s,
  lengths: { ...s.lengths, ...d.lengths },
  fields: { ...s.fields, ...d.fields },
});

export const combine = (a: Decoded, b: Decoded): Decoded => ({
  ...merge(a, b),
  logp: a.logp + b.logp,
  ended: a.ended && b.ended,
  ...((b.alternatives ?? a.alternatives)
    ? { alternatives: (b.alternatives ?? a.alternatives) as NonNullable<Decoded["alternatives"]> }
    : {}),
});
