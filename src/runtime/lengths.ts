/** Lengths of ragged axes, also of those within others, and walks over indices that they bound. */
import type { AxisInfo } from "../compiler/model.js";
import { evaluateLength, outerAxes, paddedLength } from "../compiler/system/axes.js";
import { outerNames } from "../compiler/system/positions.js";
import { axisOf, BATCH, type Length, type System, type Value } from "../compiler/system/types.js";
import type { Batch, Lengths } from "./types.js";

/** How far an index goes, given the indices before it. */
export type Bound = (index: readonly number[]) => number;

/** The length at the indices of the axes around, the outermost first; 0 where these do not exist. */
export function lengthAt(lengths: Lengths, outer: readonly number[]): number {
  const found = outer.reduce<Lengths>((l, i) => (typeof l === "number" ? l : (l[i] ?? 0)), lengths);
  return typeof found === "number" ? found : longest(found);
}

export const longest = (lengths: Lengths): number =>
  typeof lengths === "number" ? lengths : lengths.reduce<number>((n, l) => Math.max(n, longest(l)), 0);

/** Calls `f` at all indices in row-major order, the last fastest. The list is the same one each time. */
export function eachIndex(bounds: readonly Bound[], f: (index: readonly number[]) => void): void {
  const index: number[] = [];
  const go = (d: number): void => {
    const bound = bounds[d];
    if (!bound) {
      f(index);
      return;
    }
    const n = bound(index);
    for (let i = 0; i < n; i++) {
      index[d] = i;
      go(d + 1);
    }
    index.length = d;
  };
  go(0);
}

/** The box around all indices; the first axes say their lengths even where others have none. */
export function boxOf(bounds: readonly Bound[]): number[] {
  const box = bounds.map((bound, d) => bound(new Array<number>(d).fill(0)));
  for (let d = 0; d < bounds.length; d++)
    eachIndex(bounds.slice(0, d), (index) => {
      box[d] = Math.max(box[d] as number, (bounds[d] as Bound)(index));
    });
  return box;
}

/** The bounds of the axes around one, outermost first. */
export function around(axes: readonly AxisInfo[], bound: string): string[] {
  const within = axes.find((a) => a.bound === bound)?.within;
  return within === undefined ? [] : [...around(axes, within), within];
}

/**
 * The extent of an axis for a sample with these lengths, at the indices of the axes around it, the outermost first;
 * undefined where its length is not known.
 */
export function extentIn(
  axes: readonly AxisInfo[],
  lengths: Readonly<Record<string, Lengths>>,
): (bound: string, outer: readonly number[]) => number | undefined {
  const extent = (bound: string, outer: readonly number[]): number | undefined => {
    const axis = axes.find((a) => a.bound === bound);
    if (!axis || axis.size !== undefined) return axis?.size;
    if (axis.length === undefined) return lengths[bound] === undefined ? undefined : lengthAt(lengths[bound], outer);
    let isKnown = true;
    const value = evaluateLength(axis.length, (base) => {
      const own = extent(base, outer.slice(0, around(axes, base).length));
      if (own === undefined) isKnown = false;
      return own ?? 0;
    });
    return isKnown ? value : undefined;
  };
  return extent;
}

/** The bounds of the axes of a field, for `eachIndex`. */
export function boundsOf(
  axes: readonly AxisInfo[],
  own: readonly string[],
  extent: (bound: string, outer: readonly number[]) => number | undefined,
): Bound[] {
  return own.map((bound) => {
    const outer = around(axes, bound).map((b) => own.indexOf(b));
    return (index) =>
      extent(
        bound,
        outer.map((d) => index[d] as number),
      ) ?? 0;
  });
}

/** The padded extent of an axis. */
export function extentOf(system: System, axis: string, batch: Batch): number {
  const extent = batch.extents[axis] ?? axisOf(system, axis).size;
  if (extent === undefined) throw new Error(`the batch lacks the axis ${axis}`);
  return extent;
}

/** The batch with the axes that passes have made of others. */
export function withDerived(system: System, batch: Batch): Batch {
  const lengths: Record<string, Int32Array> = { ...batch.lengths };
  const extents: Record<string, number> = { ...batch.extents };
  const isKnown = (axis: string): boolean => lengths[axis] !== undefined || axisOf(system, axis).size !== undefined;
  for (const { id, length, within } of system.axes.values()) {
    if (length === undefined || within !== undefined || lengths[id] || !basesOf(length).every(isKnown)) continue;
    const of = (b: number) => (axis: string) => lengths[axis]?.[b] ?? (axisOf(system, axis).size as number);
    lengths[id] = Int32Array.from({ length: batch.size }, (_, b) => evaluateLength(length, of(b)));
    extents[id] = paddedLength(length, (axis) => extents[axis] ?? (axisOf(system, axis).size as number));
  }
  return { ...batch, lengths, extents };
}

const basesOf = (length: Length): string[] => {
  if (typeof length === "number") return [];
  return "extent" in length ? [length.extent] : [...basesOf(length.a), ...basesOf(length.b)];
};

/** The extents of the slots of a value in sample `b` of a batch, its batch slot left out. */
export function boundsIn(system: System, value: Pick<Value, "slots">, batch: Batch, b: number): Bound[] {
  const slots = value.slots.filter((s) => s.axis !== BATCH.axis);
  return slots.map((slot) => {
    const { kind, size } = axisOf(system, slot.axis);
    if (kind === "static") return () => size as number;
    const lengths = batch.lengths[slot.axis];
    if (!lengths) throw new Error(`the batch lacks the axis ${slot.axis}`);
    const outer = outerNames(slots, slot)
      .reverse()
      .map((name) => slots.findIndex((s) => s.name === name));
    const padded = outerAxes(system, slot.axis)
      .reverse()
      .map((id) => extentOf(system, id, batch));
    return (index) => {
      const row = outer.reduce((r, d, i) => r * (padded[i] as number) + (index[d] as number), 0);
      return lengths[row * batch.size + b] ?? 0;
    };
  });
}
