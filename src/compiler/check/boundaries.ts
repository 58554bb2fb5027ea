/**
 * Boundaries (R11): which indices outside the domain are read, and which clause defines each. The boxes of the System are
 * disjoint: every combination of pins that is read gets the most specific clause.
 */
import * as domains from "../diagnostics/check-domains.js";
import { fromEnd, fromStart, samePos } from "../system/positions.js";
import type { Pos, Slot } from "../system/types.js";
import { boundText, leastLength } from "./bounds.js";
import type { Context } from "./context.js";
import { checkGathers } from "./gather.js";
import { guardedReads, isReached } from "./guards.js";
import { showPos, showRead, spoken } from "./indices.js";
import { isInside } from "./interior.js";
import { isLength } from "./lengths.js";
import type { Boundary, ClauseDef, Quantity, Term } from "./terms.js";
import type { Place } from "./types.js";
import { type ReadTerm, termsOf } from "./walk.js";

/** What is read outside; not really where a condition keeps every such read away. */
interface Outside {
  readonly box: Box;
  readonly read: ReadTerm;
  readonly isReal: boolean;
}

/** The terms of the model; `of`: the quantity whose equation it is. */
const allTermsOf = (cx: Context): { readonly term: Term; readonly of: Quantity | null }[] => [
  ...cx.quantities.flatMap((q) => termsOf(q).map((term) => ({ term, of: q.definition?.term === term ? q : null }))),
  ...cx.objectives.map((o) => ({ term: o.term, of: null })),
];

/** Does a clause inside the domain take the place of the equation at an index? */
const isReplaced = (of: Quantity | null, variable: string, index: Pos): boolean =>
  of?.clauses.some(
    ({ pins: [pin, second] }) =>
      pin && !second && pin.slot === variable && typeof pin.at === "object" && samePos(pin.at, index),
  ) === true;

/** Where the reader stands when a read with a shift lands at `to`. */
const readerAt = (to: Pos, shift: number): Pos =>
  to.k === "end" ? fromEnd(to.off - shift) : fromStart((to as { off: number }).off - shift);

/** A position outside the domain per slot, or null where the slot is in range. */
type Box = readonly (Pos | null)[];

export function resolveBoundaries(cx: Context): Map<Quantity, Boundary[]> {
  const boxes = new Map<Quantity, Map<string, Outside>>();
  for (const { term, of } of allTermsOf(cx))
    for (const { read, inside } of guardedReads(term))
      for (const box of outside(cx, read)) {
        const own = boxes.get(read.of) ?? new Map();
        boxes.set(read.of, own);
        const key = JSON.stringify(box);
        const readers = read.idx.flatMap((p, i): [string, Pos][] => {
          const to = box[i];
          return p.k === "var" && to ? [[p.v, readerAt(to, p.shift)]] : [];
        });
        const isReal =
          isReached(inside, new Map(readers), (d) => cx.sizeOf(d)) && !readers.some(([v, at]) => isReplaced(of, v, at));
        if (!own.has(key) || (isReal && !own.get(key)?.isReal)) own.set(key, { box, read, isReal });
      }
  const gathers = checkGathers(cx);
  return new Map(cx.quantities.map((q) => [q, resolve(cx, q, [...(boxes.get(q)?.values() ?? [])], gathers)]));
}

/** Each place outside is a box of its own; so many may one read reach. */
const mostOutside = 4096;

/** How many positions outside one index can reach, and which, from the nearest on. */
interface Reach {
  readonly count: number;
  at(k: number): Pos;
}

function reachable(cx: Context, p: Pos, axis: string): Reach {
  const least = leastLength(cx, axis);
  const only: Reach = { count: 1, at: () => p };
  const before = (count: number): Reach => ({ count: Math.max(count, 0), at: (k) => fromStart(-1 - k) });
  const beyond = (count: number): Reach => ({ count: Math.max(count, 0), at: (k) => fromEnd(k) });
  switch (p.k) {
    case "var":
      return p.shift < 0 ? before(-p.shift) : beyond(p.shift);
    case "start":
      // h[3] of a sequence that may be shorter: any place from its end to there
      return p.off < 0 ? only : beyond(p.off - least + 1);
    case "end":
      return p.off >= 0 ? only : before(-p.off - least); // T-2 is −1 where T = 1
  }
}

function outside(cx: Context, read: ReadTerm): Box[] {
  const reaches = read.idx.map((p, i) => reachable(cx, p, (read.of.slots[i] as Slot).axis));
  const count = reaches.reduce((n, r) => n * (r.count + 1), 1) - 1;
  if (count > mostOutside) {
    cx.report(domains.farIndex({ place: read.span, text: textOf(read), count, most: mostOutside }));
    return [];
  }
  let all: (Pos | null)[][] = [[]];
  for (const [i, p] of read.idx.entries()) {
    const reach = reaches[i] as Reach;
    const positions = Array.from({ length: reach.count }, (_, k) => reach.at(k));
    const options = [...(staysInside(p) ? [null] : []), ...positions];
    all = all.flatMap((box) => options.map((o) => [...box, o]));
  }
  return all.filter((box) => box.some((o) => o !== null)).map((box) => withinNothing(read, box));
}

/** Outside of an axis, those within it have no elements: whatever place is read there is outside too. */
function withinNothing({ of: { slots }, idx }: ReadTerm, box: readonly (Pos | null)[]): Box {
  const isOutside = slots.map(() => false);
  return box.map((out, i) => {
    const outer = slots.findIndex((s) => s.name === slots[i]?.of);
    const p = idx[i] as Pos;
    const isNowhere = outer >= 0 && (isOutside[outer] ?? false);
    isOutside[i] = out !== null || isNowhere;
    return isNowhere && p.k !== "var" ? p : out;
  });
}

const staysInside = (p: Pos): boolean => p.k === "var" || (p.k === "start" ? p.off >= 0 : p.off < 0);

const isInterior = (c: ClauseDef): boolean => c.pins.some(isInside);

const isMixed = (c: ClauseDef): boolean => isInterior(c) && !c.pins.every(isInside);
const outer = (c: ClauseDef): ClauseDef => ({ ...c, pins: c.pins.filter((p) => !isInside(p)) });

function matches(c: ClauseDef, box: Box, slots: readonly Slot[]): boolean {
  return c.pins.every(({ slot, at }) => {
    const p = box[slots.findIndex((s) => s.name === slot)];
    if (!p) return false;
    if (at === "below") return p.k === "start" && p.off < 0;
    if (at === "beyond") return p.k === "end" && p.off >= 0;
    return samePos(p, at);
  });
}

/** How much a clause says: exact pins count more than ranges, and what lies outside of an axis more than what is within it. */
const weight = (c: ClauseDef, box: Box, slots: readonly Slot[]): number =>
  c.pins.reduce((n, p) => {
    const i = slots.findIndex((s) => s.name === p.slot);
    const holds = slots.some((s, k) => s.of === p.slot && box[k] !== null && box[i] !== null);
    return n + (typeof p.at === "string" ? 1 : 1.01) + (holds ? 0.001 : 0);
  }, 0);

function resolve(cx: Context, q: Quantity, boxes: readonly Outside[], gathers: ReadonlySet<ClauseDef>): Boundary[] {
  const out: Boundary[] = [];
  const used = new Set<ClauseDef>(gathers);
  const missing = new Map<string, Outside[]>();
  for (const { box, read, isReal } of boxes) {
    const fitting = q.clauses
      .filter((c) => !isInterior(c) && matches(c, box, q.slots))
      .sort((a, b) => weight(b, box, q.slots) - weight(a, box, q.slots));
    const [best, second] = fitting;
    // `D[0, -1]` needs a clause for all of `D[i, -1]` that it refines
    const isRefined = q.clauses.some((c) => isMixed(c) && matches(outer(c), box, q.slots));
    if (!best && !isReal && !isRefined) {
      out.push({ pins: pinsOf(q, box), clause: null });
      continue;
    }
    if (!best) {
      // of one read, those along the same axes are told together
      const key = `${read.span.file}:${read.span.start}:${reallyOutside(box).map((p) => p?.k)}`;
      missing.set(key, [...(missing.get(key) ?? []), { box, read, isReal }]);
      continue;
    }
    if (second && weight(second, box, q.slots) === weight(best, box, q.slots))
      cx.report(domains.overlappingClauses({ first: best.span, second: second.span, name: q.name }));
    used.add(best);
    out.push({ pins: pinsOf(q, box), clause: best });
  }
  const told = new Set<string>();
  for (const group of cx.unreadClauses.has(q) ? [] : missing.values()) {
    const one = missingClause(cx, q, group);
    if (!told.has(one.clause)) cx.report(domains.missingBoundary(one));
    told.add(one.clause);
  }
  // one inside the domain replaces the equation there
  for (const c of q.clauses.filter(isInterior)) {
    used.add(c);
    out.push({ pins: c.pins as Boundary["pins"], clause: c });
  }
  for (const c of q.clauses)
    if (!used.has(c)) cx.warnings.push(() => cx.report(domains.unusedClause({ place: c.span, text: c.text })));
  return out;
}

const pinsOf = (q: Quantity, box: Box): Boundary["pins"] =>
  q.slots.flatMap((s, i) => (box[i] ? [{ slot: s.name, at: box[i] as Pos }] : []));

/** What is within nothing is outside wherever it is. */
const reallyOutside = (box: Box): Box => box.map((p) => (p && !isInside({ slot: "", at: p }) ? p : null));

function rangeOf(q: Quantity, group: readonly Outside[]): string {
  const at = q.slots.map((s, i) => {
    const p = reallyOutside((group[0] as Outside).box)[i];
    if (!p) return s.name;
    if (group.every(({ box }) => samePos(box[i] as Pos, p))) return showPos(p, boundText(s));
    return p.k === "start" ? `${s.name} < 0` : `${s.name} >= ${boundText(s)}`;
  });
  return `${q.name}[${at.slice(q.around).join(", ")}]`;
}

interface Missing {
  readonly read: Place;
  readonly text: string;
  readonly index: string;
  readonly domain: string;
  readonly clause: string;
  /** A clause for all such places, where there are several. */
  readonly range?: string;
  readonly isLength?: boolean;
  readonly defined: Place;
}

const textOf = ({ written, of, idx }: ReadTerm): string =>
  written ?? showRead(of.name, of.slots.slice(of.around), idx.slice(of.around));

function missingClause(cx: Context, q: Quantity, group: readonly Outside[]): Missing {
  const { box, read } = group[0] as Outside;
  const out = reallyOutside(box);
  const at = q.slots.map((s, i) => (out[i] ? showPos(out[i] as Pos, boundText(s)) : s.name)).slice(q.around);
  const index = read.idx.flatMap((p, i) => {
    const to = out[i];
    if (!to || p.k !== "var") return [];
    return [`${spoken(p.v)} = ${showPos(readerAt(to, p.shift), boundText(q.slots[i] as Slot))}`];
  });
  const bounds = q.slots.filter((_, i) => out[i]).map((s) => `0 ≤ ${s.name} < ${boundText(s)}`);
  const isRagged = q.slots.some((s, i) => out[i] && !cx.axes.get(s.axis)?.size);
  const shortest = isRagged ? "the shortest sequence" : "its place";
  return {
    read: read.span,
    text: textOf(read),
    index: index.join(", ") || shortest,
    domain: bounds.join(", "),
    clause: `${q.name}[${at.join(", ")}]`,
    ...(group.length > 1 ? { range: rangeOf(q, group) } : {}),
    ...(isLength(q) ? { isLength: true } : {}),
    defined: q.definition?.span ?? q.span,
  };
}
