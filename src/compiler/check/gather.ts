/** Indices along an axis that are values: `x[p[t]]`, `h[2*s]`, `w[t, (n+1-j) mod N]`. */
import * as domains from "../diagnostics/check-domains.js";
import { notSupported } from "../diagnostics/check-unsupported.js";
import { at, outerNames } from "../system/positions.js";
import type { Cond, Pos, Slot } from "../system/types.js";
import { boundText } from "./bounds.js";
import type { Context, Scope } from "./context.js";
import * as dims from "./dims.js";
import { Prover } from "./facts.js";
import { freeSlots } from "./free.js";
import { extentAlong } from "./lengths.js";
import { constant, extentEnds, plus, rangeOf, symbol, variable } from "./ranges.js";
import type { ClauseDef, Gathered, Quantity, Term } from "./terms.js";
import { knownOf, onAxis, type Place, showType } from "./types.js";

type ReadTerm = Extract<Term, { kind: "read" }>;

/** A gather as it stands in the text. */
export interface GatherUse {
  readonly of: Quantity;
  readonly slot: Slot;
  /** The variable that stands for the index, and that of the axis around it. */
  readonly bound: Slot;
  readonly index: Term;
  /** The index and the read as written. */
  readonly text: string;
  readonly written: string;
  /** The whole read. */
  readonly span: Place;
  readonly scope: Scope;
  /** The other indices of the read. */
  readonly read: { readonly idx: readonly Pos[] };
  /** What is known about the index in relation to variables around it. */
  readonly guards: Cond[];
}

/** The index of a gather along `slot` of `q`, as a value of its own. */
export function gathered(
  cx: Context,
  index: Term,
  use: Omit<GatherUse, "index" | "bound" | "guards"> & { readonly of: Quantity; readonly outer: string | undefined },
): Gathered {
  const { of: q, slot, scope, outer, ...rest } = use;
  const free = freeSlots(index, scope.slots);
  const place = index.span;
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
  let name = `${slot.name}'`;
  while (scope.slots.some((s) => s.name === name)) name += "'";
  const bound: Slot = { name, axis: slot.axis, ...(outer === undefined ? {} : { of: outer }) };
  const guards: Cond[] = [];
  cx.gathers.push({ ...rest, of: q, slot, scope, bound, index, guards });
  const read: ReadTerm = {
    kind: "read",
    of: value,
    idx: free.map((s): Pos => ({ k: "var", v: s.name, shift: 0 })),
    picks: [],
    span: place,
    type: value.type,
  };
  value.reads.push(place);
  return { slot, bound, index: read, length: extentAlong(bound, scope.slots, place), guards };
}

/** A clause that says what lies outside along one slot, and nothing about the others. */
export const outsideAlong = (q: Quantity, slot: Slot): ClauseDef[] =>
  q.clauses.filter((c) => c.pins.length === 1 && c.pins[0]?.slot === slot.name);

type Side = "below" | "beyond";

/** How many indices from the edge on have clauses: all of them where one is for a whole side. */
function covered(clauses: readonly ClauseDef[], side: Side): number {
  const offsets = new Set<number>();
  for (const { pins } of clauses) {
    const p = pins[0]?.at;
    if (p === side) return Number.POSITIVE_INFINITY;
    if (typeof p !== "object" || p.k === "var") continue;
    if (side === "below" && p.k === "start" && p.off < 0) offsets.add(-p.off);
    if (side === "beyond" && p.k === "end" && p.off >= 0) offsets.add(p.off + 1);
  }
  let n = 0;
  while (offsets.has(n + 1)) n++;
  return n;
}

const isOn = (c: ClauseDef, side: Side): boolean => {
  const p = c.pins[0]?.at;
  if (typeof p !== "object") return p === side;
  return side === "below" ? p.k === "start" && p.off < 0 : p.k === "end" && p.off >= 0;
};

/** Indices are integers; those that may leave the domain need a clause. What is known of them helps to order equations. */
export function checkGathers(cx: Context): Set<ClauseDef> {
  const used = new Set<ClauseDef>();
  const leaving = new Map<readonly Pos[], GatherUse[]>();
  for (const use of cx.gathers)
    if (isWhole(cx, use) && checkInside(cx, use, used)) {
      const { idx } = use.read;
      leaving.set(idx, [...(leaving.get(idx) ?? []), use]);
    }
  for (const [idx, uses] of leaving) checkCorners(cx, idx, uses);
  return used;
}

function isWhole(cx: Context, { of, slot, index, scope }: GatherUse): boolean {
  const refuse = (message: string, help: string): false => {
    cx.report(domains.badIndex({ place: index.span, message, help }), scope.via);
    return false;
  };
  const k = knownOf(index.type);
  if (k?.kind === "poison") return false;
  if (k?.kind === "float" && k.shape.length)
    return refuse(
      `\`${of.name}\` is indexed by ${showType(index.type)}, and an index is one integer`,
      "write one number",
    );
  const size = cx.axes.get(slot.axis)?.size;
  const vocab = size && dims.show(size);
  if (k?.kind === "token" && vocab && cx.vocabs.has(vocab) && vocab !== k.vocab)
    return refuse(
      `\`${of.name}\` has a value for each token of ${vocab}, and this is ${showType(index.type)}`,
      `index it by a token of ${vocab}`,
    );
  if (rangeOf(cx, index).isInteger) return true;
  return refuse(
    `\`${of.name}\` is indexed by a number that need not be an integer`,
    "declare a position, `input p[t] : s`; a result is rounded by `floor(…)`, or divided with `div`",
  );
}

/** May the index lie outside, where clauses say what is there? */
function checkInside(cx: Context, use: GatherUse, used: Set<ClauseDef>): boolean {
  const { of, slot, bound, index, scope } = use;
  const prover = new Prover(cx, scope.slots, scope.facts ?? []);
  const form = prover.formOf(index);
  const end = extentEnds(cx, slot.axis, bound.of).low;
  const clauses = outsideAlong(of, slot);
  let leaves = false;
  const isSafe = (side: Side, by: number): boolean =>
    prover.isPositive(side === "below" ? plus(form, constant(1 + by)) : plus(plus(end, form, -1), constant(by)));
  // a token or position that is missing is −1
  const mayMiss = ["token", "position"].includes(knownOf(index.type)?.kind ?? "");
  for (const side of ["below", "beyond"] as const) {
    const own = clauses.filter((c) => isOn(c, side));
    const isInside = isSafe(side, 0);
    if (!isInside || (side === "below" && mayMiss)) for (const c of own) used.add(c);
    if (isInside) continue;
    const n = covered(clauses, side);
    if (n === Number.POSITIVE_INFINITY || (n > 0 && isSafe(side, n))) {
      leaves = true;
      continue;
    }
    const edge = side === "below" ? `${slot.name} < 0` : `${slot.name} >= ${boundText(slot)}`;
    cx.report(
      domains.missingBoundary({
        read: index.span,
        text: use.written,
        index: `some value of \`${use.text}\``,
        domain: `0 ≤ ${slot.name} < ${boundText(slot)}`,
        clause: `${of.name}[${of.slots.map((s) => (s.name === slot.name ? edge : s.name)).join(", ")}]`,
        defined: of.definition?.span ?? of.span,
      }),
      scope.via,
    );
  }
  for (const s of scope.slots) {
    if (s.axis !== slot.axis || s.of !== bound.of || s.name === bound.name) continue;
    const by = plus(symbol(variable(s.name)), form, -1);
    const outer = outerNames(scope.slots, s);
    const less = (a: Pos, b: Pos): Cond => ({
      rel: "lt",
      axis: s.axis,
      ...(outer.length ? { within: outer.map((name) => at(name)) } : {}),
      a,
      b,
    });
    if (prover.isPositive(by)) use.guards.push(less(at(bound.name), at(s.name)));
    else if (prover.isPositive(plus(by, constant(1)))) use.guards.push(less(at(bound.name), at(s.name, 1)));
    const ahead = plus(form, symbol(variable(s.name)), -1);
    if (prover.isPositive(ahead)) use.guards.push(less(at(s.name), at(bound.name)));
    else if (prover.isPositive(plus(ahead, constant(1)))) use.guards.push(less(at(s.name), at(bound.name, 1)));
  }
  return leaves;
}

/** A clause says what lies outside along one axis; a read that may leave along another one too is none of its cases. */
function checkCorners(cx: Context, idx: readonly Pos[], uses: readonly GatherUse[]): void {
  const [{ of, index, written, scope }] = uses as [GatherUse];
  const chosen = uses.map((u) => u.slot.name);
  const moved = of.slots.filter((s, i) => {
    const p = idx[i];
    if (p === undefined || chosen.includes(s.name)) return false;
    return p.k === "var" ? p.shift !== 0 : (p.k === "start") === p.off < 0;
  });
  const all = [...moved.map((s) => s.name), ...chosen];
  // outside of an axis there is nothing within it
  const apart = all.filter((name) => !all.includes(of.slots.find((s) => s.name === name)?.of ?? ""));
  if (apart.length < 2) return;
  const construct = `\`${written}\`, which may leave the domain along two axes at once,`;
  const help = "give one step a name, with an equation of its own, and index that";
  cx.report(notSupported({ place: index.span, construct, help }), scope.via);
}
