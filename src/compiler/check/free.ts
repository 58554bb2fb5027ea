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
    if (x.kind === "read") for (const [i, p] of x.idx.entries()) if (p.k === "var") note(slotAt(x, i, p.v), x, bound);
    if (x.kind === "index" || x.kind === "along") note(x.slot, x, bound);
    if (x.kind === "extent") for (const s of [...(x.around ?? [])].reverse()) note(s, x, bound);
    if (x.kind === "call" && x.noise) for (const s of x.noise.slots) note(s, x, bound);
    if (x.kind === "gather") {
      go(x.arg, new Set([...bound, ...x.at.map((g) => g.bound.name)]));
      for (const g of x.at) go(g.index, bound);
      return;
    }
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

/** The variable with which a read looks along slot `i`; around a nested one is whatever the read has there. */
function slotAt({ of, idx }: Extract<Term, { kind: "read" }>, i: number, name: string): Slot {
  const { axis, of: outer } = of.slots[i] as Slot;
  if (outer === undefined) return { name, axis };
  const p = idx[of.slots.findIndex((s) => s.name === outer)];
  return { name, axis, of: p?.k === "var" ? p.v : outer };
}

/** In the order of `scope`, then of appearance. What is within another axis brings that with it. */
export function freeSlots(t: Term, scope: readonly Slot[]): Slot[] {
  const free = freeVariables(t);
  const names = new Set(free.keys());
  for (const s of [...scope].reverse()) if (names.has(s.name) && s.of !== undefined) names.add(s.of);
  const known = scope.filter((s) => names.has(s.name));
  return outersFirst([
    ...known,
    ...[...free.values()].map((f) => f.slot).filter((s) => !scope.some((k) => k.name === s.name)),
  ]);
}

/** What is within another axis stands after it. */
function outersFirst(slots: readonly Slot[]): Slot[] {
  const out: Slot[] = [];
  const add = (s: Slot): void => {
    const outer = slots.find((x) => x.name === s.of);
    if (outer) add(outer);
    if (!out.includes(s)) out.push(s);
  };
  for (const s of slots) add(s);
  return out;
}
