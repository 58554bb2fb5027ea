/**
 * Beam search that is computed where it stands. Whatever depends on the random y gets one more slot, the rows of the search;
 * y.choice[t] along them is the op `beam`, of which y[t] and the row that each row goes on from are numbers. A value from
 * before that choice is read after it by that row: `h.moved[t] = sum[i] only(h[t, i], i == y.parent[t])`, so that what
 * reads h[t-1] reads h.moved[t-1]. All else, such as an encoder, stays one row for each sample.
 */
import { ROW, TERMS } from "../beam.js";
import { SystemBuilder } from "../system/builder.js";
import { touches } from "../system/deps.js";
import { E, op, read, sumOver } from "../system/expr.js";
import { at, fromStart, identity, readVars, shifted } from "../system/positions.js";
import { type Eq, getValue, type Pos, type Read, type Slot, type System, type Value } from "../system/types.js";
import { drawInsideOf, givenOf, type Inside } from "./draw-inside.js";

/** Input of a random: what its scores are divided by (`TERMS`). */
export const termsOf = (random: string): string => `${random}.terms`;

const ROWS: Slot = { name: "#row", axis: "#row" };
/** Of the search, before: where moved values stand. */
const SOURCE: Slot = { name: "#from", axis: "#row" };

/** Throws `Unfit` where values are read in other ways than some steps back along the axis of the search. */
export function beamInside(system: System, { randoms, open, beam, free }: Inside): System {
  const [random] = randoms;
  if (!random || !open || !beam) throw new Error("a search without a random, an axis or rows");
  return new Searching(system, random.name, open.axis, beam).searched(random.never, random.end, free);
}

export class Unfit extends Error {}

class Searching {
  readonly #builder: SystemBuilder;
  readonly #y: Value;
  /** What y is computed from, and of it what depends on y: its rows move. */
  readonly #needed: ReadonlySet<string>;
  readonly #moving: ReadonlySet<string>;
  /** Values that are computed after the choice of their own step. */
  readonly #after: ReadonlySet<string>;
  /** Values that are read at steps before without having moved. */
  readonly #unmoved = new Set<string>();
  readonly #parent: string;
  readonly #choice: string;

  constructor(
    readonly system: System,
    random: string,
    readonly axis: string,
    readonly k: number,
  ) {
    this.#y = getValue(system, random);
    this.#needed = this.#closure();
    this.#moving = this.#dependents((id) => this.#reads(id).map((r) => r.v));
    this.#after = this.#dependents((id) =>
      id === random
        ? []
        : this.#reads(id).flatMap((r) => (this.#moving.has(r.v) && this.#back(id, r) === 0 ? [r.v] : [])),
    );
    const values = [...system.values].filter(([id]) => this.#needed.has(id));
    this.#builder = new SystemBuilder({ axes: system.axes, values: new Map(values) });
    this.#builder.axis(ROWS.axis, "static", { size: k });
    this.#choice = drawInsideOf(random);
    this.#parent = `${random}.parent`;
  }

  searched(never: readonly number[], end: number, free: boolean): System {
    const builder = this.#builder;
    const y = this.#y;
    for (const id of this.#moving) this.#widen(id);
    const slots = [...y.slots, ROWS];
    builder.declare(this.#choice, slots, [ROW.size], "eq", { named: false });
    const number = (i: number): ReturnType<typeof op> =>
      op("toInt", [E.reshape(E.slice(builder.ident(this.#choice), i, 1), [])]);
    builder.values.set(y.id, { ...builder.get(y.id), eq: null });
    builder.equate(y.id, number(ROW.token));
    builder.define(this.#parent, slots, number(ROW.parent), { named: false });
    for (const id of this.#moving) if (id !== y.id) this.#equate(id);
    const given = builder.declare(givenOf(y.id), y.slots, [], "input", { dtype: "int", named: false });
    const terms = builder.declare(termsOf(y.id), y.slots, [TERMS.size], "input", { named: false });
    const before = slots.map((s): Pos => at(s.name, s.axis === this.axis ? -1 : 0));
    const logits = this.#read(y.id, (y.eq as Eq).args[0] as Read, false);
    const args = [logits, identity(builder.get(given)), { v: this.#choice, idx: before, when: [] }];
    const eq: Eq = {
      op: "beam",
      attrs: { never, end, free },
      args: [...args, identity(builder.get(terms))],
      along: ROWS.name,
      red: null,
    };
    builder.values.set(this.#choice, { ...builder.get(this.#choice), eq });
    const { name } = this.#slot(y);
    builder.clause(this.#choice, [{ slot: name, at: fromStart(-1) }], E.num(0, [ROW.size]));
    // what is read as it has moved has its beginning there
    for (const id of this.#moving) {
      if (this.#unmoved.has(id)) continue;
      const { name: t } = this.#slot(getValue(this.system, id));
      const clauses = builder.get(id).clauses.filter(({ pins }) => !pins.some((p) => p.slot === t));
      builder.values.set(id, { ...builder.get(id), clauses });
    }
    return builder.finish();
  }

  #closure(): Set<string> {
    const seen = new Set([this.#y.id]);
    for (const id of seen) for (const r of this.#reads(id)) seen.add(r.v);
    return seen;
  }

  /** Of the needed values, y and those that depend on it by `sources`. */
  #dependents(sources: (id: string) => readonly string[]): Set<string> {
    const found = new Set([this.#y.id]);
    for (let size = 0; size !== found.size; ) {
      size = found.size;
      for (const id of this.#needed) if (sources(id).some((v) => found.has(v))) found.add(id);
    }
    return found;
  }

  /** All that an equation reads, and what the clauses of its value do. */
  #reads(id: string): Read[] {
    const { eq, clauses } = getValue(this.system, id);
    return [...(eq?.args ?? []), ...clauses.map((c) => c.read)].flatMap((r) => [r, ...touches(this.system, r)]);
  }

  /** The slot of a value that moves over the axis of the search. */
  #slot(v: Value): Slot {
    const [slot, second] = v.slots.filter((s) => s.axis === this.axis);
    if (!slot || second) throw new Unfit();
    return slot;
  }

  /** How many steps back `id` reads a value that moves. */
  #back(id: string, { v, idx }: Read): number {
    const { name } = this.#slot(getValue(this.system, id));
    const source = getValue(this.system, v);
    const own = this.#slot(source);
    const back = idx.map((p, i) => {
      if (source.slots[i] === own) return p.k === "var" && p.v === name && p.shift <= 0 ? -p.shift : null;
      return p.k === "var" && p.v === name ? null : 0;
    });
    if (back.includes(null)) throw new Unfit();
    return Math.max(0, ...(back as number[]));
  }

  #widen(id: string): void {
    const v = getValue(this.system, id);
    const { name } = this.#slot(v);
    const isOutside = v.clauses.every(({ pins, read: r }) => {
      const at = pins.find((p) => p.slot === name)?.at;
      // before the start, or elsewhere at all times alike
      const isAlike = at ? at.k === "start" && at.off < 0 : !readVars(r).has(name);
      return isAlike && !touches(this.system, r).some((t) => this.#moving.has(t.v));
    });
    const isOther = v.id !== this.#y.id && v.eq?.op === "draw";
    if (!isOutside || isOther || v.eq?.along === name) throw new Unfit();
    this.#builder.values.set(id, { ...v, slots: [...v.slots, ROWS] });
  }

  #equate(id: string): void {
    const v = this.#builder.get(id);
    const eq = v.eq as Eq;
    const args = eq.args.map((r) => this.#read(id, r, this.#after.has(id)));
    this.#builder.values.set(id, { ...this.#builder.get(id), eq: { ...eq, args } });
  }

  /** What `id` reads, in the order that the rows have there: `isAfter` the choice of its step or before. */
  #read(id: string, r: Read, isAfter: boolean): Read {
    if (!this.#moving.has(r.v)) return r;
    const back = this.#back(id, r);
    const moves = Number(isAfter) + back - Number(this.#after.has(r.v));
    if (moves < 0) throw new Unfit();
    if (moves === 0 && back > 0) this.#unmoved.add(r.v);
    const source = getValue(this.system, r.v);
    const own = this.#slot(source);
    const idx = source.slots.map((s, i): Pos => {
      const p = r.idx[i] as Pos;
      return s === own && p.k === "var" && moves ? { ...p, shift: isAfter ? 0 : -1 } : p;
    });
    return { v: moves ? this.#moved(r.v, moves) : r.v, idx: [...idx, at(ROWS.name)], when: r.when };
  }

  /** A value behind the choices of `n` steps, of which the last is that of its own step. */
  #moved(id: string, n: number): string {
    const builder = this.#builder;
    const name = `${id}.moved${n > 1 ? n : ""}`;
    if (builder.values.has(name)) return name;
    const v = getValue(this.system, id);
    const { name: t } = this.#slot(v);
    const isAfter = this.#after.has(id);
    if (isAfter && n === 1) this.#unmoved.add(id);
    const source = n > 1 ? this.#moved(id, n - 1) : id;
    const shift = n > 1 || isAfter ? -1 : 0;
    // a guard of the reader does not hide what is before the start from a value in between
    const begins = builder.get(source).clauses.some(({ pins }) => {
      const [pin, second] = pins;
      return !second && pin?.slot === t && pin.at.k === "start" && pin.at.off === -1;
    });
    if (shift && !begins && v.outside === "error") throw new Unfit();
    const idx = v.slots.map((s) => at(s.name, s.name === t ? shift : 0));
    const own = builder.get(id);
    const { dtype, labels, outside } = v;
    const x = read(source, [...idx, at(SOURCE.name)]);
    const choice = op("only", [x, builder.ident(this.#parent)], { slot: SOURCE.name, sure: true });
    const rest = { named: false, outside, ...(labels && { labels }) };
    builder.declare(name, own.slots, own.shape, "eq", { dtype, ...rest });
    const steps = isAfter ? n : n - 1;
    const clauses = v.clauses.flatMap(({ pins, read: r }) => {
      const own = pins.map((p) => (p.slot === t ? { ...p, at: shifted(p.at, steps) } : p));
      const isLate = own.some((p) => p.slot === t && p.at.k === "start" && p.at.off >= 0);
      return isLate ? [] : [{ pins: own, read: r }];
    });
    builder.values.set(name, { ...builder.get(name), clauses });
    builder.equate(name, sumOver([SOURCE], choice));
    return name;
  }
}
