/** Lengths as several fields of one record have them: they must be the same, and those that follow from others must do so. */
import type { Model } from "../../compiler/model.js";
import { around, boundsOf, eachIndex, extentIn, lengthAt, longest } from "../lengths.js";
import type { Lengths } from "../types.js";
import { DataError } from "./errors.js";
import type { Where } from "./types.js";

/** Where two lengths of one axis differ. */
export function difference(
  a: Lengths,
  b: Lengths,
  at: readonly number[] = [],
): { a: number; b: number; at: string } | null {
  if (typeof a === "number" || typeof b === "number")
    return a === b ? null : { a: longest(a), b: longest(b), at: at.length ? ` at [${at.join(", ")}]` : "" };
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const found = difference(a[i] ?? 0, b[i] ?? 0, [...at, i]);
    if (found) return found;
  }
  return null;
}

/** Lengths that follow from others are not a sample's own: what fields over such axes have must agree. Throws `DataError`. */
export function leaveDerived(
  model: Model,
  lengths: Record<string, Lengths>,
  owner: Readonly<Record<string, string>>,
  where: Where | null,
): void {
  const derived = model.axes.filter((axis) => axis.length !== undefined && lengths[axis.bound] !== undefined);
  const given = derived.map((axis) => [axis.bound, lengths[axis.bound] as Lengths] as const);
  for (const [bound] of given) delete lengths[bound];
  const extent = extentIn(model.axes, lengths);
  for (const [bound, own] of given)
    eachIndex(boundsOf(model.axes, around(model.axes, bound), extent), (index) => {
      const [got, wanted] = [lengthAt(own, index), extent(bound, index)];
      if (wanted === undefined || got === wanted) return;
      const place = index.length ? ` at [${index.join(", ")}]` : "";
      throw new DataError(`\`${owner[bound]}\` has ${got} steps along ${bound}${place}, which has ${wanted}`, where);
    });
}
