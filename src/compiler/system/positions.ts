/** Positions, guards and clauses: substitution of variables, and which clause a read can hit. */
import type { Clause, Cond, Pos, Read, Slot, Value } from "./types.js";

export const at = (v: string, shift = 0): Pos => ({ k: "var", v, shift });
export const fromStart = (off: number): Pos => ({ k: "start", off });
export const fromEnd = (off: number): Pos => ({ k: "end", off });

export type Env = Readonly<Record<string, Pos>>;

export function shifted(p: Pos, by: number): Pos {
  if (by === 0) return p;
  return p.k === "var" ? { ...p, shift: p.shift + by } : { ...p, off: p.off + by };
}

export function substPos(p: Pos, env: Env): Pos {
  if (p.k !== "var") return p;
  const to = env[p.v];
  return to ? shifted(to, p.shift) : p;
}

export function substCond(c: Cond, env: Env): Cond {
  const within = c.within ? { within: c.within.map((p) => substPos(p, env)) } : {};
  return c.rel === "in"
    ? { ...c, ...within, a: substPos(c.a, env) }
    : { ...c, ...within, a: substPos(c.a, env), b: substPos(c.b, env) };
}

export function substRead(r: Read, env: Env): Read {
  return { v: r.v, idx: r.idx.map((p) => substPos(p, env)), when: r.when.map((c) => substCond(c, env)) };
}

export const posVar = (p: Pos): string | null => (p.k === "var" ? p.v : null);

export const condPositions = (c: Cond): Pos[] => [...(c.rel === "in" ? [c.a] : [c.a, c.b]), ...(c.within ?? [])];

/** The variables of the axes around that of a slot, the nearest first. */
export function outerNames(slots: readonly Slot[], slot: Slot): string[] {
  const names: string[] = [];
  for (let of = slot.of; of !== undefined; of = slots.find((s) => s.name === of)?.of) names.push(of);
  return names;
}

/** What a guard about slot `i` of a read has to say about the axes around it. */
export function within(slots: readonly Slot[], idx: readonly Pos[], i: number): { within?: readonly Pos[] } {
  const names = outerNames(slots, slots[i] as Slot);
  return names.length ? { within: names.map((name) => idx[slots.findIndex((s) => s.name === name)] as Pos) } : {};
}

/** The variables that a read mentions, in its indices and in its guards. */
export function readVars(r: Read): Set<string> {
  const vars = new Set<string>();
  for (const p of [...r.idx, ...r.when.flatMap(condPositions)]) if (p.k === "var") vars.add(p.v);
  return vars;
}

/** The identity read of a value, in its own variables. */
export const identity = (v: Pick<Value, "id" | "slots">): Read => ({
  v: v.id,
  idx: v.slots.map((s) => at(s.name)),
  when: [],
});

/** Is `r` the value `v` at exactly the reader's own variables, unguarded? */
export function isIdentity(v: Value, r: Read): boolean {
  return r.when.length === 0 && r.idx.every((p, i) => p.k === "var" && p.shift === 0 && p.v === v.slots[i]?.name);
}

/** Maps the variables of `v` to the positions at which `r` reads it. */
export const envOf = (v: Value, r: Read): Env => Object.fromEntries(v.slots.map((s, i) => [s.name, r.idx[i] as Pos]));

const samePos = (p: Pos, q: Pos): boolean =>
  p.k === "var" ? q.k === "var" && p.v === q.v && p.shift === q.shift : q.k === p.k && p.off === q.off;

export { samePos };

/** What must hold, in the reader's variables, for a read at `q` to land on a clause's pin `p`; null if it cannot. */
function hitsPin(
  guard: Pick<Cond, "axis" | "within">,
  q: Pos,
  p: Pos,
): { fix?: { v: string; pos: Pos }; cond?: Cond } | null {
  if (p.k === "var") throw new Error("a pin is a constant position");
  if (q.k === "var") {
    const j = p.off - q.shift; // t + shift = off  ⇔  t = off − shift, which must lie inside the reader's domain
    if (p.k === "start") return j < 0 ? null : { fix: { v: q.v, pos: fromStart(j) } };
    return j >= 0 ? null : { fix: { v: q.v, pos: fromEnd(j) } };
  }
  if (q.k === p.k) return q.off === p.off ? {} : null;
  return { cond: { rel: "eq", ...guard, a: q, b: p } }; // h[T-1] is h[-1] where T = 0
}

export interface Hit {
  /** Variables of the reader that are fixed by the hit. */
  readonly fixed: Env;
  readonly conds: readonly Cond[];
}

/** When does a read of `v` at `idx` land on `clause`? Slots that the clause does not pin must be in range. */
export function hits(v: Value, idx: readonly Pos[], clause: Clause): Hit | null {
  const fixed: Record<string, Pos> = {};
  const conds: Cond[] = [];
  for (const [i, slot] of v.slots.entries()) {
    const q = idx[i] as Pos;
    const pin = clause.pins.find((p) => p.slot === slot.name);
    const guard = { axis: slot.axis, ...within(v.slots, idx, i) };
    if (!pin) {
      if (q.k === "var" ? q.shift !== 0 : true) conds.push({ rel: "in", ...guard, a: q });
      continue;
    }
    const h = hitsPin(guard, q, pin.at);
    if (!h) return null;
    if (h.fix) fixed[h.fix.v] = h.fix.pos;
    if (h.cond) conds.push(h.cond);
  }
  return { fixed, conds };
}

export const hasSlot = (slots: readonly Slot[], name: string): boolean => slots.some((s) => s.name === name);
