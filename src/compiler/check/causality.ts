/** Causality (R12): every cycle steps along an axis in one direction. The scheduler decides; this says why it cannot. */

import type { Step } from "../diagnostics/check-causality.js";
import * as causality from "../diagnostics/check-causality.js";
import { NotCausal, schedule } from "../schedule/schedule.js";
import { at } from "../system/positions.js";
import type { Pos, System } from "../system/types.js";
import type { Context } from "./context.js";
import { showPos, showRead, spoken } from "./indices.js";
import { structureOf } from "./structures/facts.js";
import { type Levels, readsByLevel } from "./structures/levels.js";
import type { Quantity } from "./terms.js";
import type { ReadTerm } from "./walk.js";

/** `from` reads `to`. */
export interface Edge {
  readonly from: Quantity;
  readonly to: Quantity;
  readonly read: ReadTerm;
  /** Per axis, how far back or ahead; null where the index is a constant. */
  readonly shifts: ReadonlyMap<string, number | null>;
}

export interface Systems {
  readonly lineOf: (offset: number, file?: string) => number;
  build(drawn: readonly string[]): System;
}

export function checkCausality(cx: Context, s: Systems): void {
  const randoms = cx.quantities.filter((q) => q.role === "random");
  const observed = stuck(s.build([]));
  if (observed) {
    explain(cx, s, observed, []);
    return;
  }
  const drawn = randoms.length ? stuck(s.build(randoms.map((q) => q.id))) : null;
  if (drawn) explain(cx, s, drawn, randoms);
}

function stuck(system: System): ReadonlySet<string> | null {
  try {
    schedule(system);
    return null;
  } catch (e) {
    if (e instanceof NotCausal) return new Set(e.cycle);
    throw e;
  }
}

function explain(cx: Context, s: Systems, cycle: ReadonlySet<string>, drawn: readonly Quantity[]): void {
  // Parts of an expression have ids of their own, so the members are the quantities on a cycle among themselves.
  // So do clauses: `h[-1]` belongs to h.
  const members = new Set([...cycle].map((id) => id.replace(/\[[^\]]*\]$/, "")));
  const edges = cx.quantities
    .filter((q) => members.has(q.id))
    .flatMap((q) => edgesOf(cx, q, drawn))
    .filter((e) => members.has(e.to.id));
  const steps = (path: readonly Edge[]): Step[] => path.map((e) => stepOf(s.lineOf, e));
  const still = edges.filter((e) => [...e.shifts.values()].every((k) => k === 0));
  const loop = findCycle(still);
  const early = (path: readonly Edge[]): boolean => {
    const random = path.map((e) => e.to).find((q) => drawn.includes(q));
    if (!random) return false;
    const read = path.find((e) => e.to === random) as Edge;
    cx.report(
      causality.tooEarly({ steps: steps(path), random: random.name, place: read.read.span, read: textOf(read) }),
    );
    return true;
  };
  if (loop) {
    if (!early(loop)) cx.report(causality.causalCycle({ steps: steps(loop), suggestion: suggestionFor(cx, loop) }));
    return;
  }
  const fixed = findCycle(edges, (e) => [...e.shifts.values()].some((k) => k === null));
  if (fixed) {
    const read = fixed.find((e) => [...e.shifts.values()].some((k) => k === null)) as Edge;
    if (!early(fixed))
      cx.report(
        causality.constantInCycle({
          steps: steps(fixed),
          read: textOf(read),
          place: read.read.span,
          ...moving(cx, read),
        }),
      );
    return;
  }
  const axes = [...new Set(edges.flatMap((e) => [...e.shifts.keys()]))];
  for (const axis of axes) {
    const by = (sign: number) => findCycle(edges, (e) => Math.sign(e.shifts.get(axis) ?? 0) === sign);
    const [back, ahead] = [by(-1), by(1)];
    if (!back || !ahead) continue;
    if (!early(ahead))
      cx.report(
        causality.directionConflict({
          back: steps(back),
          ahead: steps(ahead),
          axis: spoken(axis),
          isStructure: cx.structures.has(axis),
        }),
      );
    return;
  }
  const any = findCycle(edges);
  if (any && !early(any)) cx.report(causality.causalCycle({ steps: steps(any) }));
}

/** Of a read whose index is no constant: the variable that stands for it, and that of the reader. */
function moving(cx: Context, { from, to, read }: Edge): { index?: string; own?: string; isChosen?: boolean } {
  for (const [i, slot] of to.slots.entries()) {
    const p = read.idx[i] as Pos;
    const own = from.slots.find((s) => s.axis === slot.axis);
    if (p.k !== "var" || !own || structureOf(cx, slot.axis) || from.slots.some((s) => s.name === p.v)) continue;
    const chosen = cx.gathers.find((g) => g.of === to && g.bound.name === p.v && g.span === read.span);
    return { index: chosen ? chosen.text : spoken(p.v), own: own.name, isChosen: chosen !== undefined };
  }
  return {};
}

function edgesOf(cx: Context, q: Quantity, drawn: readonly Quantity[]): Edge[] {
  if (q.role !== "eq" && !drawn.includes(q)) return [];
  return readsByLevel(q).map(({ read, levels }) => ({
    from: q,
    to: read.of,
    read,
    shifts: shiftsOf(cx, q, read, levels),
  }));
}

function shiftsOf(cx: Context, reader: Quantity, read: ReadTerm, levels: Levels): Map<string, number | null> {
  const out = new Map<string, number | null>();
  for (const [i, p] of read.idx.entries()) {
    const bound = read.of.slots[i]?.axis as string;
    const axis = structureOf(cx, bound)?.name ?? bound;
    // of D[i, j] with both on one axis, each has shifts of its own
    let along = axis;
    while (out.has(along)) along += "'";
    const own = reader.slots.some((s) => p.k === "var" && s.name === p.v);
    if (p.k === "var" && own) out.set(along, p.shift);
    else out.set(along, p.k === "var" ? (levels.get(p.v) ?? null) : null);
  }
  return out;
}

/** A shortest cycle that starts with an edge that `first` accepts. */
export function findCycle(edges: readonly Edge[], first: (e: Edge) => boolean = () => true): Edge[] | null {
  let best: Edge[] | null = null;
  for (const start of edges.filter(first)) {
    const paths = new Map<Quantity, Edge[]>([[start.to, [start]]]);
    const queue = [start.to];
    for (let q = queue.shift(); q && !paths.has(start.from); q = queue.shift())
      for (const e of edges)
        if (e.from === q && !paths.has(e.to)) {
          paths.set(e.to, [...(paths.get(q) as Edge[]), e]);
          queue.push(e.to);
        }
    const path = start.to === start.from ? [start] : paths.get(start.from);
    if (path && (!best || path.length < best.length)) best = path;
  }
  return best;
}

const textOf = (e: Edge): string => e.read.written ?? showRead(e.to.name, e.to.slots, e.read.idx);

/** `h[t]`, `f[n, k]`: a value at its own indices. */
function showOwn(q: Quantity, own: readonly Pos[]): string {
  const text = q.slots.map((s, i) => q.ends.get(s.name)?.text.join(", ") ?? showPos(own[i] as Pos, s.axis));
  return text.length ? `${q.name}[${text.join(", ")}]` : q.name;
}

export function stepOf(lineOf: Systems["lineOf"], e: Edge): Step {
  const own: Pos[] = e.from.slots.map((x) => at(x.name));
  return {
    place: e.read.span,
    reader: showOwn(e.from, own),
    read: textOf(e),
    line: lineOf(e.read.span.start, e.read.span.file),
  };
}

/** The read that a step back would repair: the one of a value that comes later in the text. */
export function suggestionFor(cx: Context, loop: readonly Edge[]): string | undefined {
  const last = loop.reduce((a, b) => (b.to.span.start >= a.to.span.start ? b : a));
  const slot = last.to.slots.findIndex((s, i) => last.read.idx[i]?.k === "var" && !structureOf(cx, s.axis));
  if (slot < 0) return undefined;
  const idx = last.read.idx.map((p, i): Pos => (i === slot && p.k === "var" ? at(p.v, p.shift - 1) : p));
  return showRead(last.to.name, last.to.slots, idx);
}
