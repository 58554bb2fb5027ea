/**
 * Clauses inside the domain: `h[0] = …`, `D[0, j] = …`, `D[0, 0] = …`. One alone is a boundary clause like those outside.
 * Several, or one that goes on along another axis, become branches of what they refine, the most specific first: of the
 * equation, or of a clause outside (`D[0, -1]` refines `D[i, -1]`).
 */
import * as domains from "../diagnostics/check-domains.js";
import { at, samePos } from "../system/positions.js";
import type { Pos, Slot } from "../system/types.js";
import type { Context } from "./context.js";
import { cyclesOf } from "./cycles.js";
import { partsOf } from "./shapes.js";
import type { ClauseDef, Quantity, Term } from "./terms.js";
import { type Place, scalar } from "./types.js";
import { readsIn } from "./walk.js";

type Pin = ClauseDef["pins"][number];
type ConstantPin = Pin & { readonly at: Exclude<Pos, { k: "var" }> };

export const isInside = (pin: Pin): pin is ConstantPin => {
  if (typeof pin.at === "string" || pin.at.k === "var") return false;
  return pin.at.k === "start" ? pin.at.off >= 0 : pin.at.off < 0;
};

const samePin = (a: Pin, b: Pin): boolean =>
  a.slot === b.slot && (typeof a.at === "string" || typeof b.at === "string" ? a.at === b.at : samePos(a.at, b.at));

const covers = (less: readonly Pin[], more: readonly Pin[]): boolean =>
  less.every((p) => more.some((x) => samePin(p, x)));

/** Puts the clauses inside the domain where they belong; what is left of them is a boundary clause. */
export function foldInterior(cx: Context): void {
  for (const q of cx.quantities) {
    const inside = q.clauses.filter((c) => c.pins.some(isInside));
    if (!inside.length) continue;
    for (const c of inside) warnOfLeftOut(cx, q, c);
    const cycle = cyclesOf(cx.quantities, (x) => x.role === "random").get(q) ?? new Set<Quantity>();
    const [only] = inside;
    const isPlain =
      inside.length === 1 &&
      only?.pins.every((p) => isInside(p) && (p.at.k === "start" ? p.at.off === 0 : p.at.off === -1)) &&
      !readsIn(only.term).some((r) => cycle.has(r.of));
    if (isPlain || q.role !== "eq" || !q.definition) continue;
    fold(cx, q, inside);
  }
}

function fold(cx: Context, q: Quantity, inside: readonly ClauseDef[]): void {
  const outsideOf = (c: ClauseDef): Pin[] => c.pins.filter((p) => !isInside(p));
  const groups: ClauseDef[][] = [];
  for (const c of inside) {
    const group = groups.find(([first]) => {
      const [a, b] = [outsideOf(first as ClauseDef), outsideOf(c)];
      return a.length === b.length && covers(a, b);
    });
    if (group) group.push(c);
    else groups.push([c]);
  }
  for (const group of groups) {
    checkCorners(cx, q, group);
    const refine = (base: Term): Term =>
      [...group].sort((a, b) => a.pins.length - b.pins.length).reduce((otherwise, c) => branch(q, c, otherwise), base);
    const outside = outsideOf(group[0] as ClauseDef);
    if (!outside.length) {
      const { definition } = q;
      if (definition) q.definition = { ...definition, term: refine(definition.term) };
    } else {
      const base = q.clauses.findIndex((c) => c.pins.length === outside.length && covers(c.pins, outside));
      const clause = q.clauses[base];
      if (!clause) continue; // it stands alone: a boundary clause at just those places
      q.clauses[base] = { ...clause, term: refine(clause.term) };
    }
    q.clauses.splice(0, q.clauses.length, ...q.clauses.filter((c) => !group.includes(c)));
  }
}

/** Where two clauses meet, one that says more than both has to decide. */
function checkCorners(cx: Context, q: Quantity, group: readonly ClauseDef[]): void {
  for (const [i, a] of group.entries())
    for (const b of group.slice(i + 1)) {
      const isApart = a.pins.some((p) => b.pins.some((x) => x.slot === p.slot && !samePin(p, x)));
      if (isApart) continue;
      const corner = [...a.pins, ...b.pins.filter((p) => !a.pins.some((x) => samePin(x, p)))];
      const there = group.filter((c) => covers(c.pins, corner)).sort((x, y) => y.pins.length - x.pins.length);
      if (there[0]?.pins.length === there[1]?.pins.length)
        cx.report(domains.overlappingClauses({ first: a.span, second: b.span, name: q.name }));
    }
}

/** `if i == 0 then CLAUSE else otherwise` */
function branch(q: Quantity, c: ClauseDef, otherwise: Term): Term {
  const { span } = c;
  const pins = c.pins.filter(isInside);
  const slotOf = (p: Pin): Slot => q.slots.find((s) => s.name === p.slot) as Slot;
  const tests = pins.map((p): Term => {
    const left: Term = { kind: "index", slot: slotOf(p), span, type: scalar() };
    return { kind: "binary", op: "==", left, right: placeTerm(p.at, slotOf(p), span), span, type: scalar() };
  });
  const cond = tests.reduce((left, right): Term => ({ kind: "binary", op: "and", left, right, span, type: scalar() }));
  const value = pins.reduce((t, p) => alongside(t, slotOf(p), p.at), c.term);
  return { kind: "if", cond, then: value, else: otherwise, span: otherwise.span, type: q.type };
}

function placeTerm(p: ConstantPin["at"], slot: Slot, span: Place): Term {
  const number = (value: number): Term => ({ kind: "number", value, span, type: scalar() });
  if (p.k === "start") return number(p.off);
  const { axis, of } = slot;
  const end: Term = { kind: "extent", axis, ...(of === undefined ? {} : { of }), span, type: scalar() };
  return { kind: "binary", op: "+", left: end, right: number(p.off), span, type: scalar() };
}

/**
 * Where the variable stands at a constant, that constant can be written by it: then a recurrence can be seen, and that
 * `x[1]` is inside where the clause at 1 is.
 */
function alongside(t: Term, slot: Slot, pin: ConstantPin["at"]): Term {
  const place = (p: Pos, axis: string | undefined): Pos =>
    axis === slot.axis && p.k === pin.k ? at(slot.name, p.off - pin.off) : p;
  const go = (x: Term): Term => {
    if (x.kind === "read") {
      const idx = x.idx.map((p, i) => place(p, x.of.slots[i]?.axis));
      return { ...x, idx, picks: x.picks.map(go) };
    }
    return partsOf(x).length ? mapParts(x, go) : x;
  };
  return go(t);
}

function mapParts(t: Term, f: (t: Term) => Term): Term {
  switch (t.kind) {
    case "unary":
    case "transpose":
    case "split":
    case "reduce":
    case "along":
      return { ...t, arg: f(t.arg) };
    case "binary":
    case "contract":
      return { ...t, left: f(t.left), right: f(t.right) };
    case "if":
      return { ...t, cond: f(t.cond), then: f(t.then), else: f(t.else) };
    case "concat":
      return { ...t, parts: t.parts.map(f) };
    case "call":
      return { ...t, args: t.args.map(f) };
    default: // a gather and what goes along a structure read at places of their own
      return t;
  }
}

/** The value before the first element is at −1; a clause at 0 leaves out what the equation reads there. */
function warnOfLeftOut(cx: Context, q: Quantity, c: ClauseDef): void {
  const reads = (t: Term | undefined): boolean =>
    t !== undefined && readsIn(t).some((r) => r.of.role === "input" || r.of.role === "random");
  const [pin, ...more] = c.pins;
  const isFirst = pin && typeof pin.at !== "string" && pin.at.k === "start" && pin.at.off === 0;
  if (!isFirst || more.length || !reads(q.definition?.term) || reads(c.term)) return;
  const places = q.slots.map((s) => (s.name === pin.slot ? "-1" : s.name));
  const instead = `${q.name}[${places.join(", ")}]`;
  cx.report(domains.interiorClause({ place: c.span, text: c.text, instead }));
}
