/**
 * Plans for longer batches than are given: axes are padded to lengths that chunks divide, since steps beside the chunks of a
 * loop would have to be kept.
 */
import { paddedLength } from "../../system/axes.js";
import { axisOf, type System, type Value } from "../../system/types.js";
import type { Shapes } from "../lower.js";
import { finish, type Plan } from "../plan.js";
import { splice } from "../splice.js";
import { Flat, type Ref } from "../tensors.js";
import { isBatch } from "../values.js";

/** The least length from n on that chunks of 16 to 32 steps divide, or of 4 where all is short. */
export function roundedUp(n: number): number {
  if (n <= 64) return n <= 8 ? n : 4 * Math.ceil(n / 4);
  const isDivided = (m: number): boolean => Array.from({ length: 17 }, (_, k) => 16 + k).some((k) => m % k === 0);
  let m = n;
  while (!isDivided(m)) m++;
  return m;
}

/** Longer extents of the axes that have their own lengths; null where nothing changes. */
export function roundedShapes(system: System, shapes: Shapes): Shapes | null {
  const axes = [...system.axes.values()];
  const isFree = (id: string): boolean => !axes.some((a) => a.within === id) && !shapes.widths?.[id];
  // lengths within others are told for the padded extents around them
  if (axes.some((a) => a.within !== undefined && a.length !== undefined)) return null;
  const extents: Record<string, number> = { ...shapes.extents };
  const own = axes.filter((a) => a.kind === "ragged" && a.length === undefined && a.within === undefined);
  for (const { id } of own) {
    const n = extents[id];
    if (n !== undefined && isFree(id)) extents[id] = roundedUp(n);
  }
  for (const { id, length } of axes)
    if (length !== undefined && extents[id] !== undefined)
      extents[id] = paddedLength(length, (base) => extents[base] ?? (axisOf(system, base).size as number));
  const isSame = Object.entries(extents).every(([id, n]) => shapes.extents[id] === n);
  const full = shapes.full?.filter((id) => extents[id] === shapes.extents[id]);
  return isSame ? null : { ...shapes, extents, ...(full && { full }) };
}

/** A plan for longer extents, for what is given and wanted at shorter ones. */
export function narrowed(plan: Plan, system: System, shapes: Shapes): Plan {
  const flat = new Flat();
  const own = (v: Value): number[] => {
    const axes = v.slots.filter((s) => !isBatch(s));
    const sizes = axes.map((s) => shapes.extents[s.axis] ?? (axisOf(system, s.axis).size as number));
    return [...sizes, ...(axes.length < v.slots.length ? [shapes.batch] : []), ...v.shape];
  };
  const value = (id: string): Value => system.values.get(id) as Value;
  const results = splice(flat, plan, (id, shape) => {
    const v = value(id);
    return longer(flat, flat.one("given", [], { id }, own(v), v.dtype === "int"), own(v), shape);
  });
  const outputs = [...plan.outputs].map(([id, { int }]) => {
    const shape = own(value(id));
    const ref = shape.reduce((r, n, d) => flat.slice(r, d, 0, n), results.get(id) as Ref);
    return [id, { ref, shape, int }] as const;
  });
  return finish(flat, new Map(outputs));
}

/** What is beyond the end repeats what stands there: a value that a sample could have. */
function longer(flat: Flat, given: Ref, from: readonly number[], to: readonly number[]): Ref {
  let [x, shape] = [given, [...from]];
  for (const [d, n] of to.entries()) {
    const have = shape[d] as number;
    if (have === n) continue;
    const more = shape.map((m, k) => (k === d ? n - have : m));
    const last = flat.full(flat.slice(x, d, have - 1, 1), more);
    x = flat.concat([x, last], [shape, more], d);
    shape = shape.map((m, k) => (k === d ? n : m));
  }
  return x;
}
