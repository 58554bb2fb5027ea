/** What is probably a slip in a model in which nothing is wrong. */
import * as lints from "../diagnostics/check-lints.js";
import type { ModelDef } from "../syntax/ast.js";
import { printIndices } from "../syntax/print.js";
import type { Context } from "./context.js";
import type { Names } from "./entities.js";
import { partsOf } from "./shapes.js";
import type { Quantity, Term } from "./terms.js";
import { shapeOf } from "./types.js";
import { allTerms, readsIn, termsOf, visit } from "./walk.js";

export function lint(cx: Context, model: ModelDef, own: Names): void {
  unusedValues(cx, model, own);
  unreadStarts(cx);
  silentGains(cx);
  probabilitiesAsLogits(cx);
  const decode = model.body.find((s) => s.kind === "block" && s.name === "decode");
  if (decode?.kind === "block" && !cx.quantities.some((q) => q.role === "random"))
    cx.report(lints.unusedBlock({ place: decode.nameSpan, name: decode.name }));
}

/** The softmax of a softmax is nearly uniform: `categorical(softmax(z))`, also by way of a value that is called p. */
function probabilitiesAsLogits(cx: Context): void {
  const names = new Map([
    ["categorical", "softmax"],
    ["bernoulli", "sigmoid"],
    ["ctc", "softmax"],
  ]);
  for (const { sampling } of cx.quantities) {
    const fn = names.get(sampling?.dist ?? "");
    const [param] = sampling?.params ?? [];
    if (!sampling || !fn || !param || sampling.given !== "logits") continue;
    const made = (param.kind === "read" && param.of.definition?.term) || param;
    const name = made.kind === "along" ? "softmax" : made.kind === "call" ? made.fn.name : null;
    if (name === fn) cx.report(lints.probabilitiesAsLogits({ place: param.span, dist: sampling.dist, fn }));
  }
}

/**
 * Equations with parameters in them that neither a draw nor a loss nor a metric depends on: the parameters never learn.
 * Of a call with several results one that counts is enough; of a chain of such equations the last is told.
 */
function unusedValues(cx: Context, model: ModelDef, own: Names): void {
  const roots = [
    ...cx.quantities.filter((q) => q.sampling),
    ...cx.objectives.flatMap((o) => readsIn(o.term).map((r) => r.of)),
  ];
  const reached = reachable(roots);
  const dead = model.body.flatMap((s) => {
    if (s.kind !== "equation") return [];
    const values = s.targets.flatMap((t) => {
      const entity = own.own(t.name);
      return entity?.kind === "quantity" && entity.quantity.role === "eq" ? [entity.quantity] : [];
    });
    const isWhole = values.every((q) => s.targets.some((t) => q.span === t.span));
    const hasParams = [...reachable(values)].some((q) => q.role === "param");
    return values.length && isWhole && hasParams && !values.some((q) => reached.has(q)) ? [{ s, values }] : [];
  });
  for (const { s, values } of dead) {
    const isReadByAnother = dead.some((d) => d.s !== s && values.some((q) => reachable(d.values).has(q)));
    const target = s.targets[0];
    if (!isReadByAnother && target)
      cx.report(lints.unusedValue({ place: target.span, text: `${target.name}${printIndices(target.indices)}` }));
  }
}

/** What these values are computed from, and themselves. */
function reachable(from: readonly Quantity[]): Set<Quantity> {
  const seen = new Set(from);
  for (const q of seen) for (const t of termsOf(q)) for (const r of readsIn(t)) seen.add(r.of);
  return seen;
}

/** An input that is read at `t+1` (or further) everywhere: its first elements are never looked at. */
function unreadStarts(cx: Context): void {
  const reads = allTerms(cx).flatMap(readsIn);
  for (const q of cx.quantities) {
    if (q.role !== "input" || q.map) continue;
    const own = reads.filter((r) => r.of === q);
    for (const [i, slot] of q.slots.entries()) {
      const shifts = own.map((r) => {
        const p = r.idx[i];
        return p?.k === "var" && p.v === slot.name ? p.shift : 0;
      });
      const least = Math.min(...shifts);
      if (!own.length || least < 1) continue;
      const at = q.slots.map((s, k) => (k === i ? `${s.name}+${least}` : s.name)).join(", ");
      const first = q.slots.map((s, k) => (k === i ? "0" : s.name)).join(", ");
      const place = own[shifts.indexOf(least)]?.span ?? q.span;
      cx.report(lints.unreadStart({ place, declared: q.span, text: `${q.name}[${at}]`, first: `${q.name}[${first}]` }));
    }
  }
}

/**
 * A vector that multiplies and is told to start at 0: what it scales is 0 then, and nothing before it learns. Beside
 * something else in a sum that is a way to start residual branches (ReZero), and right.
 */
function silentGains(cx: Context): void {
  const isSilent = (q: Quantity): boolean => {
    const e = q.start?.expr;
    const zero = (e?.kind === "name" && e.name === "zeros") || (e?.kind === "number" && e.value === 0);
    return q.role === "param" && zero && shapeOf(q.type)?.length === 1 && q.uses.added + q.uses.contracted === 0;
  };
  const residual = new Set<Quantity>();
  const scaled = new Map<Quantity, Term>();
  const go = (t: Term, inSum: boolean): void => {
    if (t.kind === "binary" && t.op === "*")
      for (const x of [t.left, t.right])
        if (x.kind === "read" && isSilent(x.of)) {
          if (inSum) residual.add(x.of);
          else if (!scaled.has(x.of)) scaled.set(x.of, x);
        }
    const sum = t.kind === "binary" && (t.op === "+" || t.op === "-") ? t : null;
    for (const part of partsOf(t)) {
      const other = sum && (part === sum.left ? sum.right : sum.left);
      go(part, (inSum && t.kind === "binary" && t.op === "*") || (other !== null && dependsOnData(other)));
    }
  };
  for (const t of allTerms(cx)) go(t, false);
  for (const [q, read] of scaled)
    if (!residual.has(q)) cx.report(lints.silentGain({ place: q.span, name: q.name, read: read.span }));
}

function dependsOnData(t: Term): boolean {
  let found = false;
  visit(t, (x) => {
    found ||= x.kind === "read" && x.of.role !== "param" && x.of.role !== "frozen";
  });
  return found;
}
