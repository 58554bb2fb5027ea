/**
 * Truncated BPTT with carried state (R16): a long sequence is cut into windows, and what a clause `h[-1] = …` defines is,
 * in every window but the first, what the window before left behind, with the gradient stopped.
 */

import type { Span } from "../syntax/ast.js";
import { SystemBuilder } from "../system/builder.js";
import { reach } from "../system/deps.js";
import { E, ofRead, read } from "../system/expr.js";
import { at, condPositions, fromEnd, hasSlot, identity } from "../system/positions.js";
import { type Axis, axisOf, BATCH, type Clause, getValue, type Pos, type System, type Value } from "../system/types.js";

/** 1 where the sequence of a sample starts in this window, 0 where it goes on. */
export const FRESH = "#fresh";

export interface Carried {
  readonly system: System;
  /** A value of role `state` → the value that becomes it in the next window. Empty where nothing is carried. */
  readonly states: ReadonlyMap<string, string>;
}

/** The model asks something of a window that only the whole sequence could answer. The checker shows it at `origin`. */
export class CarryError extends Error {
  override readonly name = "CarryError";
  constructor(
    readonly axis: string,
    /** The value whose equation asks it. */
    readonly value: string,
    /** What it asks, as a phrase: "reads `h` at the end of T". */
    readonly what: string,
    readonly origin?: Span,
  ) {
    super(
      `\`${value}\` ${what}: no window of a truncated sequence knows that, so state cannot be carried along ${axis}`,
    );
  }
}

/**
 * Gives every clause below 0 along `axisId` a state. For an owner h[#, t] : [H] and `h[-1] = G` that is the value
 * `h@-1`[#] : [H], the clause `h[-1] = where(#fresh, G, h@-1)`, and for the next window `h@-1.next` = h[T-1] at the
 * sample's own T. A window shorter than the offset lands on the clause again, so it hands the old state on.
 * Nothing flows into a state: it is a leaf of differentiation.
 */
export function carry(system: System, axisId: string): Carried {
  const axis = axisOf(system, axisId);
  refuse(system, axis);
  const builder = new SystemBuilder(system);
  const states = new Map<string, string>();
  for (const owner of system.values.values()) {
    const clauses = owner.clauses.map((c) => carryClause(builder, states, owner, c, axisId));
    builder.values.set(owner.id, { ...builder.get(owner.id), clauses });
  }
  return { system: builder.finish(), states };
}

function carryClause(
  builder: SystemBuilder,
  states: Map<string, string>,
  owner: Value,
  clause: Clause,
  axisId: string,
): Clause {
  const along = clause.pins.filter(
    (p) => p.at.k === "start" && p.at.off < 0 && owner.slots.some((s) => s.name === p.slot && s.axis === axisId),
  );
  const [pin, second] = along;
  if (!pin) return clause;
  if (second) throw new CarryError(axisId, owner.id, `has a clause at two indices of ${axisId} at once`, owner.origin);
  if (!hasSlot(owner.slots, BATCH.name))
    throw new CarryError(axisId, owner.id, "is the same for every sample, whichever starts here", owner.origin);

  if (!builder.values.has(FRESH)) builder.declare(FRESH, [BATCH], [], "input", { named: false });
  const { id, dtype, shape, labels, origin } = owner;
  const rest = owner.slots.filter((s) => !clause.pins.some((p) => p.slot === s.name));
  const where = clause.pins.map((p) => (p.at.k === "end" ? `$${p.at.off}` : p.at.k === "start" ? p.at.off : p.at.v));
  const state = builder.declare(builder.freshId(`${id}@${where.join()}`), rest, shape, "state", {
    dtype,
    ...(labels ? { labels } : {}),
    ...(origin ? { origin } : {}),
  });
  const last = owner.slots.map((s): Pos => {
    const p = clause.pins.find((q) => q.slot === s.name);
    if (!p) return at(s.name);
    return p === pin && p.at.k === "start" ? fromEnd(p.at.off) : p.at;
  });
  states.set(state, builder.define(`${state}.next`, rest, read(id, last), { named: false }));

  const fresh = E.fill(builder.ident(FRESH), shape);
  const value = E.where(fresh, ofRead(clause.read), ofRead(identity(builder.get(state))));
  return { pins: clause.pins, read: builder.emit(value, rest, `${state}.start`, rest) };
}

/** Numbers of observations may count a window; anything else that needs the extent, the end or an absolute index may not. */
function refuse(system: System, axis: Axis): void {
  const isCount = (id: string): boolean => {
    const of = id.endsWith(".count") ? id.slice(0, -".count".length) : null;
    return of !== null && (of === "loss" || of.startsWith("metric.") || system.values.has(of));
  };
  const roots = [...system.values.values()].filter((v) => v.named && !isCount(v.id)).map((v) => v.id);
  const asked = reach(roots, (id) => {
    const v = getValue(system, id);
    const reads = [...(v.eq?.args ?? []), ...v.clauses.map((c) => c.read)];
    return reads.map((r) => r.v).filter((u) => !isCount(u));
  });
  for (const id of asked) {
    const v = getValue(system, id);
    const what = asksTooMuch(system, v, axis);
    if (what === null) continue;
    const place = namedOwner(system, v);
    throw new CarryError(axis.id, place.id, what, place.origin);
  }
}

function asksTooMuch(system: System, v: Value, axis: Axis): string | null {
  const { eq } = v;
  const scope = [...v.slots, ...(eq?.red?.vars ?? [])];
  if (eq?.op === "extent" && eq.attrs["axis"] === axis.id) return `uses the number ${axis.id}`;
  if (eq?.op === "index" && scope.some((s) => s.name === eq.attrs["slot"] && s.axis === axis.id))
    return `uses the number ${eq.attrs["slot"]}`;
  for (const r of [...(eq?.args ?? []), ...v.clauses.map((c) => c.read)]) {
    const u = getValue(system, r.v);
    for (const [i, p] of r.idx.entries()) {
      if (u.slots[i]?.axis !== axis.id) continue;
      if (p.k === "end") return `reads \`${u.id}\` at the end of ${axis.id}`;
      if (p.k === "start" && p.off >= 0) return `reads \`${u.id}\` at the index ${p.off} of ${axis.id}`;
      if (p.k === "var" && p.shift > 0) return `reads \`${u.id}\` at ${p.v.replace(/'+$/, "")}+${p.shift}`;
    }
    for (const c of r.when)
      if (c.axis === axis.id && condPositions(c).some((p) => p.k !== "var")) return `asks where it is along ${axis.id}`;
  }
  return null;
}

/** `h.0.1` is a part of the right side of `h`. */
export function namedOwner(system: System, v: Value): Value {
  for (let id = v.id; !v.named && id.includes("."); ) {
    id = id.slice(0, id.lastIndexOf("."));
    const owner = system.values.get(id);
    if (owner?.named) return owner;
  }
  return v;
}
