/**
 * Loops that are a linear recurrence of numbers, h[t] = a[t] ⊙ h[t-1] + b[t] with a and b known before the loop: minimal GRUs,
 * poolings of quasi-recurrent networks, simple recurrent units, leaky averages, and the adjoints of all of these. Each member
 * of such a loop is a[t] ⊙ s[t-1] + b[t] of one state s. Here such a loop becomes equations without one: a and b over the
 * whole axis, and the state from them by the op `linearAlong`, which `recurrence.ts` computes in parallel.
 */
import { slotIn } from "../schedule/slots.js";
import type { Item, Loop } from "../schedule/types.js";
import { SystemBuilder } from "../system/builder.js";
import { touches } from "../system/deps.js";
import { E, type Expr, ofRead } from "../system/expr.js";
import { at, identity } from "../system/positions.js";
import {
  axisOf,
  type Clause,
  type Eq,
  getValue,
  type Read,
  type Slot,
  type System,
  type Value,
} from "../system/types.js";
import type { Zeros } from "./values.js";

/** A loop as equations over its whole axis. */
export interface Linear {
  readonly system: System;
  /** In the place of the loop. */
  readonly items: readonly Item[];
  readonly state: string;
  /** The value a of the state. */
  readonly gate: string;
}

/** A member, or a part of its equation: a ⊙ s[t-1] + b. Null stands for 0. */
interface Part {
  readonly a: Expr | null;
  readonly b: Expr | null;
}

/** Null where a loop is no linear recurrence. `isZero`: see `Values`; of `system`. */
export function linear(system: System, loop: Loop, isZero: Zeros): Linear | null {
  return new Recognition(system, loop, isZero).run();
}

class Recognition {
  readonly #builder: SystemBuilder;
  readonly #members: ReadonlySet<string>;
  /** Of the members that are done. */
  readonly #parts = new Map<string, { readonly a: string | null; readonly b: string | null }>();
  #state: Value | null = null;
  #ones: string | null = null;
  #starts: string | null = null;

  constructor(
    readonly system: System,
    readonly loop: Loop,
    readonly isZero: Zeros,
  ) {
    this.#builder = new SystemBuilder(system);
    this.#members = new Set(loop.members);
  }

  run(): Linear | null {
    const { system, loop } = this;
    const { family, diagonal } = axisOf(system, loop.axis);
    if (family !== undefined || diagonal || loop.members.some((id) => loop.offsets[id] !== 0)) return null;
    for (const item of loop.body) {
      if (item.kind === "loop" || !this.#member(getValue(system, item.v))) return null;
    }
    const state = this.#state;
    const { a, b } = (state && this.#parts.get(state.id)) ?? {};
    if (!state || !a) return null;
    const builder = this.#builder;
    const { name } = slotIn(loop.slots, state);
    const of = (id: string): Read => identity(builder.get(id));
    const zero = (): string => this.#define(`${state.id}.none`, state, E.num(0, state.shape));
    const eq: Eq = {
      op: "linearAlong",
      attrs: { direction: loop.direction },
      args: [of(a), of(b ?? zero())],
      along: name,
      red: null,
    };
    builder.values.set(state.id, { ...state, eq });
    // what the state was a copy of is now a copy of the state
    const source = this.#source(state);
    if (source)
      builder.values.set(source.value.id, { ...source.value, eq: { ...(state.eq as Eq), args: [source.copy] } });
    const made = [...builder.values.keys()].filter((id) => !system.values.has(id));
    const others = loop.body.filter((item) => item.kind === "eq" && item.v !== state.id);
    const items = [...made, state.id].map((v): Item => ({ kind: "eq", v }));
    return { system: builder.finish(), items: [...items, ...others], state: state.id, gate: a };
  }

  /** The member that the state is a copy of, if it is one, and the read of the state that makes it one of the state. */
  #source(state: Value): { readonly value: Value; readonly copy: Read } | null {
    const [r] = state.eq?.args ?? [];
    if (state.eq?.op !== "id" || !r || r.when.length || !this.#parts.has(r.v)) return null;
    const value = getValue(this.system, r.v);
    if (this.#stepsTo(state, value, r) !== 0) return null;
    const idx = state.slots.map((s) => {
      const i = r.idx.findIndex((p) => p.k === "var" && p.v === s.name);
      return at((value.slots[i] as Slot).name);
    });
    return { value, copy: { v: state.id, idx, when: [] } };
  }

  #define(id: string, like: Value, e: Expr, rest: Partial<Value> = {}): string {
    const builder = this.#builder;
    return builder.define(builder.freshId(id), like.slots, e, { named: false, ...rest });
  }

  #member(v: Value): boolean {
    const part = v.dtype === "float" && v.eq && !v.eq.red && v.eq.along === null ? this.#partOf(v, v.eq) : null;
    if (!part) return false;
    const define = (name: string, e: Expr | null): string | null => e && this.#define(`${v.id}.${name}`, v, e);
    this.#parts.set(v.id, { a: define("gate", part.a), b: define("rest", part.b) });
    return true;
  }

  #partOf(v: Value, eq: Eq): Part | null {
    const parts: Part[] = [];
    for (const r of eq.args) {
      const part = this.#argument(v, r);
      if (!part) return null;
      parts.push(part);
    }
    const [first = NOTHING, second = NOTHING] = parts;
    const isLinear = (p: Part): boolean => p.a !== null;
    const known = (p: Part): Expr => p.b ?? E.num(0, v.shape);
    switch (eq.op) {
      case "id":
      case "stop":
        return first;
      case "add":
        return { a: sum(parts.map((p) => p.a)), b: sum(parts.map((p) => p.b)) };
      case "affine": {
        const [k, c] = [eq.attrs["a"] as number, eq.attrs["b"] as number];
        return each(first, (x, which) => E.affine(k, which === "b" ? c : 0, x), c === 0 ? null : E.num(c, v.shape));
      }
      case "mul": {
        const moving = parts.filter(isLinear);
        const factors = parts.filter((p) => !isLinear(p)).map(known);
        const [x] = moving;
        return x && moving.length === 1 ? each(x, (y) => E.mul(...factors, y)) : null;
      }
      case "scale":
        return isLinear(first) ? null : each(second, (x) => E.scale(known(first), x));
      case "div":
        return isLinear(second) ? null : each(first, (x) => E.div(x, known(second)));
      case "mask":
        return each(first, (x) => E.mask(x, eq.attrs["slots"] as readonly string[]));
      case "where": {
        const [condition, x, y] = parts as [Part, Part, Part];
        if (isLinear(condition)) return null;
        const choose = (p: Expr | null, q: Expr | null): Expr | null => {
          const none = E.num(0, v.shape);
          return p || q ? E.where(known(condition), p ?? none, q ?? none) : null;
        };
        return { a: choose(x.a, y.a), b: choose(x.b, y.b) };
      }
      default:
        return null;
    }
  }

  /** An argument of a member. Null where it is neither known before the loop nor the state one step ago. */
  #argument(v: Value, r: Read): Part | null {
    const inside = touches(this.system, r).filter((t) => this.#members.has(t.v));
    if (!inside.length) return { a: null, b: ofRead(r) };
    if (inside.length > 1 || inside[0] !== r) return null;
    const u = getValue(this.system, r.v);
    const step = this.#stepsTo(v, u, r);
    if (step === 0) {
      if (touches(this.system, r).length > 1) return null;
      const part = this.#parts.get(u.id);
      const of = (id: string | null): Expr | null => (id === null ? null : ofRead({ ...r, v: id }));
      return part ? { a: of(part.a), b: of(part.b) } : null;
    }
    if (step !== -this.loop.direction || (this.#state && this.#state !== u)) return null;
    this.#state = u;
    return this.#before(u, r);
  }

  /** How far along the loop a member reads another, at the same indices of all else; null for any other read. */
  #stepsTo(v: Value, u: Value, r: Read): number | null {
    const { slots } = this.loop;
    const [mine, own] = [slotIn(slots, v), slotIn(slots, u)];
    if (u.slots.length !== v.slots.length || u.shape.join() !== v.shape.join()) return null;
    const seen = new Set<string>();
    let step = 0;
    for (const [i, s] of u.slots.entries()) {
      const p = r.idx[i];
      const slot = p?.k === "var" ? v.slots.find((x) => x.name === p.v) : undefined;
      if (p?.k !== "var" || !slot || slot.axis !== s.axis || (s === own) !== (slot === mine)) return null;
      seen.add(slot.name);
      if (s === own) step = p.shift;
      else if (p.shift !== 0) return null;
    }
    return seen.size === v.slots.length ? step : null;
  }

  /**
   * The state one step ago as m ⊙ s + k: at the boundary m is 0 and k what stands there, else m is 1 and k is 0. The
   * recurrence itself begins with 0, so that m can be 1 where a boundary is the beginning for all samples, or is 0 and comes
   * after nothing but zeros.
   */
  #before(s: Value, r: Read): Part {
    const { system, loop } = this;
    const { name } = slotIn(loop.slots, s);
    const isOutside = ({ pins }: Clause): boolean =>
      pins.length === 1 &&
      pins.every(({ slot, at: p }) => slot === name && (p.k === "start" ? p.off < 0 : p.k === "end" && p.off >= 0));
    const isNone = s.clauses.every((c) => isConstantZero(system, c.read));
    const { kind } = axisOf(system, loop.axis);
    const together = loop.direction === 1 || kind === "static" || (isNone && this.isZero(s.id, name));
    const begins = s.clauses.every(isOutside) && together;
    const gate =
      begins && !r.when.length
        ? E.num(1, s.shape)
        : ofRead({ ...r, v: this.#one(s), ...(begins ? { idx: here(r) } : {}) });
    return { a: gate, b: isNone ? null : ofRead({ ...r, v: this.#start(s) }) };
  }

  /** 1 inside, 0 at boundaries. */
  #one(s: Value): string {
    if (this.#ones === null) {
      const builder = this.#builder;
      const zero = builder.define(builder.freshId(`${s.id}.zero`), [], E.num(0, s.shape), { named: false });
      const clauses = s.clauses.map((c) => ({ ...c, read: { v: zero, idx: [], when: [] } }));
      this.#ones = this.#define(`${s.id}.inside`, s, E.num(1, s.shape), { clauses, outside: s.outside });
    }
    return this.#ones;
  }

  /** 0 inside, and what the state is at boundaries. */
  #start(s: Value): string {
    const { clauses, outside } = s;
    this.#starts ??= this.#define(`${s.id}.start`, s, E.num(0, s.shape), { clauses, outside });
    return this.#starts;
  }
}

const NOTHING: Part = { a: null, b: null };

const here = (r: Read): Read["idx"] => r.idx.map((p) => (p.k === "var" ? at(p.v) : p));

function sum(terms: readonly (Expr | null)[]): Expr | null {
  const some = terms.filter((e) => e !== null);
  return some.length ? E.add(...some) : null;
}

/** Both parts of a linear function of a part; `none`: what it makes of 0. */
const each = ({ a, b }: Part, f: (x: Expr, which: "a" | "b") => Expr, none: Expr | null = null): Part => ({
  a: a && f(a, "a"),
  b: b ? f(b, "b") : none,
});

function isConstantZero(system: System, r: Read): boolean {
  const { eq } = getValue(system, r.v);
  return eq?.op === "const" && eq.attrs["value"] === 0;
}
