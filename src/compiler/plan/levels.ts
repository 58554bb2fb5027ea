/** Loops over trees and graphs: an equation at one level goes along a map to other levels only. */
import { BATCH, getValue, type Read, type Step, type Value } from "../system/types.js";
import { type Extents, type Frame, restrict } from "./places.js";
import type { Indices } from "./values.js";

/** What a level that is one step of this kind away from level `l` can be. */
const reach: Readonly<Record<Step, (l: number) => readonly [number, number]>> = {
  same: (l) => [l, l],
  below: (l) => [0, l - 1],
  above: (l) => [l + 1, Number.POSITIVE_INFINITY],
};
const opposite: Readonly<Record<Step, Step>> = { same: "same", below: "above", above: "below" };

/**
 * The frame of a gather or scatter along a map, at one level, cut down to where the map leads: the entries of other levels
 * may not be computed yet.
 */
export function reachable(v: Value, at: Indices, frame: Frame, extents: Extents): Frame {
  const { eq } = v;
  const own = v.slots.findIndex((s, i) => extents.isLevelled(s.axis) && at[i] !== null);
  if (eq?.op !== "only" || !eq.red || own < 0) return frame;
  const index = eq.args[1] as Read;
  const { step } = getValue(extents.system, index.v);
  const over = index.idx.find((p) => p.k === "var" && p.v !== BATCH.name);
  if (!step || over?.k !== "var") return frame;
  const name = v.slots[own]?.name as string;
  const chosen = eq.attrs["slot"] as string;
  const isGather = over.v === name && eq.red.vars.some((s) => s.name === chosen);
  const isScatter = chosen === name && eq.red.vars.some((s) => s.name === over.v);
  if (!isGather && !isScatter) return frame;
  const [other, way] = isGather ? [chosen, step] : [over.v, opposite[step]];
  const axis = eq.red.vars.find((s) => s.name === other)?.axis as string;
  const { from, len } = extents.levels(axis, ...reach[way](at[own] as number));
  return restrict(frame, other, from, len);
}

/** What an equation is where a dim has no entries: a sum of nothing, the maximum of nothing, or no value at all. */
export function emptyOf({ eq }: Value, frame: Frame): number {
  const overNothing = frame.dims.some((d) => d.len === 0 && eq?.red?.vars.some((s) => s.name === d.v));
  return overNothing && eq?.red?.kind !== "sum" ? Number.NEGATIVE_INFINITY : 0;
}
