/** Finds the first equation, in the order of computation, with a value that is not finite. */
import type { Compute } from "../../compiler/programs.js";
import type { Item } from "../../compiler/schedule/types.js";
import { BATCH, getValue, product, type System, type Value } from "../../compiler/system/types.js";
import type { Origin } from "../errors.js";
import type { Numbers } from "../feeds.js";
import { type Bound, boundsIn, extentOf, withDerived } from "../lengths.js";
import type { Batch } from "../types.js";

/** Computes the named values of the batch in question, laid out [axes…, batch, shape…]. */
export type Look = (ids: readonly string[]) => ReadonlyMap<string, Numbers>;

/** Values looked at together: each look runs the whole program before them. */
const TOGETHER = 24;

/**
 * −∞ alone is no fault (a masked score is −∞), so it only counts if there is no NaN and no +∞.
 * null: everything is finite.
 */
export function firstNotFinite({ system, program }: Compute, given: Batch, look: Look): Origin | null {
  const batch = withDerived(system, given);
  const groups = program.items.map((item) => (item.kind === "eq" ? [item.v] : members(item.body)));
  let below: Origin | null = null;
  for (const part of chunks(groups)) {
    const numbers = look(part.flat());
    for (const group of part) {
      const found = group.map((id) => search(system, getValue(system, id), batch, numbers.get(id) as Numbers));
      // within a loop the earliest time comes first, then the order of the equations
      const worst = earliest(found.map((f) => f.fault));
      if (worst) return worst;
      below ??= earliest(found.map((f) => f.below));
    }
  }
  return below;
}

const members = (items: readonly Item[]): string[] =>
  items.flatMap((item) => (item.kind === "eq" ? [item.v] : members(item.body)));

function* chunks(groups: readonly (readonly string[])[]): Generator<(readonly string[])[]> {
  let part: (readonly string[])[] = [];
  let size = 0;
  for (const group of groups) {
    part.push(group);
    size += group.length;
    if (size < TOGETHER) continue;
    yield part;
    part = [];
    size = 0;
  }
  if (part.length) yield part;
}

interface Found {
  readonly at: number;
  readonly origin: Origin;
}

function earliest(found: readonly (Found | null)[]): Origin | null {
  let best: Found | null = null;
  for (const f of found) if (f && (best === null || f.at < best.at)) best = f;
  return best?.origin ?? null;
}

/** The first NaN or +∞ of a value inside its samples, and the first −∞. `at` counts steps along its outermost axis. */
function search(
  system: System,
  value: Value,
  batch: Batch,
  data: Numbers,
): { fault: Found | null; below: Found | null } {
  const axes = value.slots.filter((s) => s.axis !== BATCH.axis);
  const perSample = axes.length < value.slots.length;
  const rows = perSample ? batch.size : 1;
  const padded = axes.map((s) => extentOf(system, s.axis, batch));
  const features = product(value.shape);
  const bounds = perSample ? Array.from({ length: rows }, (_, b) => boundsIn(system, value, batch, b)) : [];
  let below: Found | null = null;
  for (let i = 0; i < data.length; i++) {
    const number = data[i] as number;
    if (Number.isFinite(number)) continue;
    let row = Math.floor(i / features);
    const b = row % rows;
    row = Math.floor(row / rows);
    const index = padded.map(() => 0);
    for (let k = padded.length - 1; k >= 0; k--) {
      index[k] = row % (padded[k] as number);
      row = Math.floor(row / (padded[k] as number));
    }
    // nodes of a tree by their own numbers, wherever they lie in the batch
    const own = axes.map((s, k) => batch.places?.[s.axis]?.[b]?.indexOf(index[k] as number) ?? (index[k] as number));
    const inside = !perSample || axes.every((_, k) => isInside(own[k] as number, bounds[b]?.[k], own));
    if (!inside) continue;
    const found: Found = {
      at: index[0] ?? 0,
      origin: {
        value: readable(system, value),
        index: Object.fromEntries(axes.map((s, k) => [s.name, own[k] as number])),
        sample: perSample ? b : null,
        number,
      },
    };
    if (number !== Number.NEGATIVE_INFINITY) return { fault: found, below };
    below ??= found;
  }
  return { fault: null, below };
}

/** An index along one axis, given those before it. */
const isInside = (i: number, bound: Bound | undefined, index: readonly number[]): boolean =>
  i >= 0 && i < (bound?.(index) ?? 0);

/** `h.0.1` is a part of the right side of `h`. */
function readable(system: System, value: Value): string {
  let { id } = value;
  for (let v: Value | undefined = value; !v?.named && id.includes("."); v = system.values.get(id))
    id = id.slice(0, id.lastIndexOf("."));
  return system.values.get(id)?.named ? id : value.id;
}
