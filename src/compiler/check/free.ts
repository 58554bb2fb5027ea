/** The variables that a term depends on, in order of appearance. */

import type { Slot } from "../system/types.js";
import { partsOf } from "./shapes.js";
import type { Term } from "./terms.js";

/** With the term that first mentions each. */
export function freeVariables(t: Term): Map<string, { readonly slot: Slot; readonly term: Term }> {
  const out = new Map<string, { slot: Slot; term: Term }>();
  const note = (slot: Slot, term: Term, bound: ReadonlySet<string>): void => {
    if (!bound.has(slot.name) && !out.has(slot.name)) out.set(slot.name, { slot, term });
  };
  const go = (x: Term, bound: ReadonlySet<string>): void => {
    if (x.kind === "read")
      for (const [i, p] of x.idx.entries())
        if (p.k === "var") note({ name: p.v, axis: x.of.slots[i]?.axis as string }, x, bound);
    if (x.kind === "index" || x.kind === "along") note(x.slot, x, bound);
    if (x.kind === "call" && x.noise) for (const s of x.noise.slots) note(s, x, bound);
    if (x.kind === "mapped") {
      if (x.at.name !== x.over.name) note(x.at, x, bound);
      go(x.arg, new Set([...bound, x.over.name]));
      // the map of a gather is read outside of what it chooses
      go(x.index, x.at.name === x.over.name ? bound : new Set([...bound, x.over.name]));
      return;
    }
    const inner = x.kind === "reduce" ? new Set([...bound, ...x.slots.map((s) => s.name)]) : bound;
    for (const part of partsOf(x)) go(part, inner);
  };
  go(t, new Set());
  return out;
}

/** In the order of `scope`, then of appearance. */
export function freeSlots(t: Term, scope: readonly Slot[]): Slot[] {
  const free = freeVariables(t);
  const known = scope.filter((s) => free.has(s.name));
  return [...known, ...[...free.values()].map((f) => f.slot).filter((s) => !scope.some((k) => k.name === s.name))];
}
