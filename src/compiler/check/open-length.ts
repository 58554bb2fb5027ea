/**
 * R18: an axis that a token ends has no length until the last draw, so nothing that leads to a draw along it may need the
 * length: no number `T`, no index from its end, no step towards it. (A reduction over the axis may look at the past only.)
 */
import * as randoms from "../diagnostics/check-randoms.js";
import type { Context } from "./context.js";
import { partsOf } from "./shapes.js";
import type { Quantity, Term } from "./terms.js";
import { termsOf } from "./walk.js";

export function checkOpenLengths(cx: Context): void {
  for (const axis of cx.axes.values()) {
    const random = cx.quantities.find((q) => q.role === "random" && q.name === axis.until?.random);
    const isGiven = cx.quantities.some((q) => q.role === "input" && q.slots.some((s) => s.axis === axis.bound));
    if (!random || isGiven) continue;
    const found = leadingTo(random, axis.bound);
    if (found)
      cx.report(
        randoms.openLength({
          place: found.span,
          random: random.name,
          length: axis.bound,
          axis: axis.place,
          token: axis.until?.token.replace(/^<(.*)>$/, "$1") ?? "",
        }),
      );
  }
}

/** The first term that needs the length of `axis`, among all that a draw of `random` is computed from. */
function leadingTo(random: Quantity, axis: string): Term | null {
  const seen = new Set<Quantity>([random]);
  for (const q of seen)
    for (const t of termsOf(q)) {
      const found = needing(t, axis, seen);
      if (found) return found;
    }
  return null;
}

/** Notes in `seen` what is read on the way. What stands behind a test of the mode is not for decoding alone. */
function needing(t: Term, axis: string, seen: Set<Quantity>): Term | null {
  if (t.kind === "extent" && t.axis === axis) return t;
  if (t.kind === "if" && t.cond.kind === "mode") return null;
  if (t.kind === "read") {
    if (t.idx.some((p, i) => t.of.slots[i]?.axis === axis && (p.k === "end" || (p.k === "var" && p.shift > 0))))
      return t;
    seen.add(t.of);
  }
  for (const part of partsOf(t)) {
    const found = needing(part, axis, seen);
    if (found) return found;
  }
  return null;
}
