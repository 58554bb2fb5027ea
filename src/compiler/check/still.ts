/**
 * Cycles in which nothing steps, as far as the equations tell by themselves. The scheduler finds every cycle (R12), but only
 * of a model in which all else is right; `h[t] = tanh(W @ h[t] + b)` has no shapes either, and this is the reason.
 */
import * as causality from "../diagnostics/check-causality.js";
import { type Edge, findCycle, stepOf, suggestionFor } from "./causality.js";
import type { Context } from "./context.js";
import { guardedReads } from "./guards.js";
import type { Quantity } from "./terms.js";

export function checkStill(cx: Context, lineOf: (offset: number, file?: string) => number): void {
  const loop = findCycle(cx.quantities.flatMap(stillReads));
  if (!loop) return;
  const steps = loop.map((e) => stepOf(lineOf, e));
  cx.report(causality.causalCycle({ steps, suggestion: suggestionFor(cx, loop) }));
}

/** The reads at the reader's own indices that are there in every mode and everywhere. */
function stillReads(q: Quantity): Edge[] {
  if (q.role !== "eq" || !q.definition) return [];
  return guardedReads(q.definition.term).flatMap(({ read, inside }) => {
    const isStill = read.idx.every((p) => p.k === "var" && p.shift === 0 && q.slots.some((s) => s.name === p.v));
    return isStill && !inside.length ? [{ from: q, to: read.of, read, shifts: new Map() }] : [];
  });
}
