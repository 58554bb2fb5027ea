/** Indices along an axis that are values: `x[p[t]]`, `h[2*s]`, `w[t, (n+1-j) mod N]`. */
import * as domains from "../diagnostics/check-domains.js";
import type { Expr } from "../syntax/ast.js";
import type { Pos, Slot } from "../system/types.js";
import { boundText } from "./bounds.js";
import type { Context, Scope } from "./context.js";
import { freeSlots } from "./free.js";
import { rangeOf, staysAbove, staysBelow } from "./ranges.js";
import { defineShape } from "./rules.js";
import type { ClauseDef, Gathered, Quantity, Term } from "./terms.js";
import { knownOf, onAxis, type Place, scalar, showType } from "./types.js";

type ReadTerm = Extract<Term, { kind: "read" }>;

/** The index of a gather along `slot` of `q`, as a value of its own. */
export function gathered(cx: Context, index: Term, slot: Slot, q: Quantity, scope: Scope, place: Place): Gathered {
  const free = freeSlots(index, scope.slots);
  const value = cx.quantity({
    id: `${scope.prefix}${q.name}.at`,
    name: `${q.name}.at`,
    role: "eq",
    slots: free,
    span: place,
    type: onAxis(slot.axis),
    named: false,
    definition: { term: index, span: place },
  });
  cx.gathers.push({ of: q, slot, index, via: scope.via });
  let name = `${slot.name}'`;
  while (scope.slots.some((s) => s.name === name)) name += "'";
  const bound: Slot = { ...slot, name };
  const read: ReadTerm = {
    kind: "read",
    of: value,
    idx: free.map((s): Pos => ({ k: "var", v: s.name, shift: 0 })),
    picks: [],
    span: place,
    type: value.type,
  };
  value.reads.push(place);
  return { slot, bound, index: read };
}

/** A clause that says what lies outside along one slot, and nothing about the others. */
export const outsideAlong = (q: Quantity, slot: Slot): ClauseDef[] =>
  q.clauses.filter((c) => c.pins.length === 1 && c.pins[0]?.slot === slot.name);

/** Indices are integers; those that may leave the domain need a clause. */
export function checkGathers(cx: Context): Set<ClauseDef> {
  const used = new Set<ClauseDef>();
  for (const { of, slot, index, via } of cx.gathers) {
    const k = knownOf(index.type);
    if (k?.kind === "poison") continue;
    if (k?.kind === "float" && k.shape.length) {
      const message = `\`${of.name}\` is indexed by ${showType(index.type)}, and an index is one integer`;
      cx.report(domains.badIndex({ place: index.span, message, help: "write one number" }), via);
      continue;
    }
    const range = rangeOf(cx, index);
    if (!range.isInteger) {
      const message = `\`${of.name}\` is indexed by a number that need not be an integer`;
      cx.report(
        domains.badIndex({
          place: index.span,
          message,
          help: "declare a position, `input p[t] : s`; a result is rounded by `floor(…)`, or divided with `div`",
        }),
        via,
      );
      continue;
    }
    const clauses = outsideAlong(of, slot);
    const bound = boundText(slot);
    const side = (isSafe: boolean, isCovered: (c: ClauseDef) => boolean, clause: string): void => {
      const covering = clauses.filter(isCovered);
      for (const c of covering) used.add(c);
      if (isSafe || covering.length) return;
      const at = of.slots.map((s) => (s.name === slot.name ? clause : s.name)).join(", ");
      cx.report(
        domains.missingBoundary({
          read: index.span,
          text: `${of.name}[…]`,
          index: "some value of this index",
          domain: `0 ≤ ${slot.name} < ${bound}`,
          clause: `${of.name}[${at}]`,
          defined: of.definition?.span ?? of.span,
        }),
        via,
      );
    };
    const pin = (c: ClauseDef): Pos | "below" | "beyond" => c.pins[0]?.at as Pos | "below" | "beyond";
    side(
      staysAbove(range),
      (c) => pin(c) === "below" || (typeof pin(c) === "object" && (pin(c) as Pos).k === "start"),
      `${slot.name} < 0`,
    );
    side(
      staysBelow(cx, range, slot),
      (c) => pin(c) === "beyond" || (typeof pin(c) === "object" && (pin(c) as Pos).k === "end"),
      `${slot.name} >= ${bound}`,
    );
  }
  return used;
}

/** `U[k]` as a number: the length of a nested axis at an index of the axis around it. */
export function lengthTerm(cx: Context, axis: string, outer: Slot, at: Pos, span: Place): Term {
  if (at.k === "var" && at.shift === 0) return { kind: "extent", axis, of: at.v, span, type: scalar() };
  const id = `${axis}.length`;
  let q = cx.quantities.find((x) => x.id === id);
  if (!q) {
    const term: Term = { kind: "extent", axis, of: outer.name, span, type: scalar() };
    q = cx.quantity({ id, name: id, role: "eq", slots: [outer], span, named: false, definition: { term, span } });
    defineShape(cx.solver, q.type, term, () => undefined);
  }
  q.reads.push(span);
  return { kind: "read", of: q, idx: [at], picks: [], span, type: q.type };
}

/** Is this the end of a nested axis at the index at which the same read looks along the axis around it? */
export function nestedEnd(e: Expr, slot: Slot, outerAt: Pos | undefined, where: (e: Expr) => Pos | null): Pos | null {
  if (slot.of === undefined || !outerAt) return null;
  const end = (x: Expr): boolean => {
    if (x.kind !== "index" || x.name !== slot.axis || x.indices.length !== 1) return false;
    const at = where((x.indices[0] as (typeof x.indices)[number]).value);
    return at !== null && printPos(at) === printPos(outerAt);
  };
  if (end(e)) return { k: "end", off: 0 };
  if (e.kind === "binary" && (e.op === "+" || e.op === "-") && e.right.kind === "number" && end(e.left))
    return { k: "end", off: e.op === "+" ? e.right.value : -e.right.value };
  return null;
}

const printPos = (p: Pos): string => JSON.stringify(p);
