/**
 * The reference evaluator: float64, one element at a time, lazy and memoising. Slow and obviously right; it decides what a
 * System means. With `strict`, it executes a Program instead and throws where something is read before it was computed.
 */
import { BeamStep, ROW } from "../../beam.js";
import { firstMaximum, modeOf, type Ranged } from "../../ops/draws.js";
import { opOf } from "../../ops/index.js";
import { num, nums } from "../../ops/types.js";
import { slotIn } from "../../schedule/slots.js";
import { type Item, type Loop, type Program, timeOf } from "../../schedule/types.js";
import { evaluateLength, levelsOf, outerAxes } from "../../system/axes.js";
import { hits, outerNames } from "../../system/positions.js";
import {
  type Axis,
  axisOf,
  type Clause,
  type Cond,
  type Eq,
  getValue,
  type Length,
  type Pos,
  product,
  type Read,
  type Slot,
  type System,
  type Value,
} from "../../system/types.js";

/** What a System is evaluated on. */
export interface Environment {
  readonly batch: number;
  /** Lengths of the ragged axes, one per sample; of an axis within others, one per sample and outer index. */
  readonly lengths: Readonly<Record<string, readonly Lengths[]>>;
  /** The features of `id` at the indices of its slots (batch first where it has one). */
  readonly given: (id: string, index: readonly number[]) => ArrayLike<number>;
  /**
   * Evaluate as a target does that pads the batch: sums run to the longest sample, and what lies beyond a sample's own end
   * is whatever the equations make of the padding that is `given`. Only `mask` and guards know the lengths. A System after
   * `mask-padding` gives the same results as without.
   */
  readonly padded?: boolean;
}

export type Lengths = number | readonly Lengths[];

/** What a padded target may find where nothing was computed: any finite number. */
const GARBAGE = 0.37;

type Point = Readonly<Record<string, number>>;

export class Evaluator {
  readonly #memo = new Map<string, Float64Array>();
  readonly #busy = new Set<string>();
  readonly #levels = new Map<string, readonly number[]>();
  #strict = false;

  constructor(
    readonly system: System,
    readonly env: Environment,
  ) {}

  /** The features of a value at an index per slot; negative indices and indices beyond the extent hit its clauses. */
  value(id: string, index: readonly number[] = []): Float64Array {
    return this.#fetch(getValue(this.system, id), index);
  }

  /**
   * The extent of an axis for the sample of `point`; without a sample, the longest. `outer`: the indices along the axes
   * that it is within, the nearest first.
   */
  extent(axisId: string, point: Point, outer: readonly number[] = []): number {
    const axis = axisOf(this.system, axisId);
    if (axis.kind === "batch") return this.env.batch;
    if (axis.kind === "static") return axis.size as number;
    if (axis.length !== undefined) return this.#derived(axis, point, outer);
    const lengths = this.env.lengths[axisId] as readonly Lengths[];
    const b = point["#"];
    return b === undefined ? longest(lengths) : lengthAt(lengths[b] as Lengths, outer);
  }

  /** A length that follows from others, those within the same axes at the same indices; without a sample, the longest. */
  #derived(axis: Axis, point: Point, outer: readonly number[]): number {
    const around = outerAxes(this.system, axis.id);
    const own = (id: string, b: number, at: readonly number[]): number =>
      this.extent(id, { "#": b }, at.slice(at.length - outerAxes(this.system, id).length));
    const value = (b: number, at: readonly number[]): number => {
      // outside of the axes around there is nothing
      const isInside = around.every((id, i) => (at[i] as number) >= 0 && (at[i] as number) < own(id, b, at));
      return isInside ? evaluateLength(axis.length as Length, (id) => own(id, b, at)) : 0;
    };
    const b = point["#"];
    if (b !== undefined) return value(b, outer);
    const samples = Array.from({ length: this.env.batch }, (_, i) => i);
    const places = this.#points(around.map((id) => ({ name: id, axis: id })).reverse(), {}, false);
    const all = samples.flatMap((i) =>
      places.map((p) =>
        value(
          i,
          around.map((id) => p[id] as number),
        ),
      ),
    );
    return all.reduce((x, y) => Math.max(x, y), 0);
  }

  /** The extent along a slot, at the indices of the slots around it. */
  #extentOf(slot: Slot, slots: readonly Slot[], point: Point): number {
    return this.extent(
      slot.axis,
      point,
      outerNames(slots, slot).map((name) => point[name] as number),
    );
  }

  /** All indices of the slots, in order, around a given point. */
  points(slots: readonly Slot[], point: Point = {}): Point[] {
    return this.#points(slots, point, this.env.padded === true);
  }

  /** `scope`: the slots among which those around a nested one are. */
  #points(slots: readonly Slot[], point: Point, padded: boolean, scope: readonly Slot[] = slots): Point[] {
    let all: Point[] = [point];
    for (const s of slots)
      all = all.flatMap((p) =>
        Array.from({ length: padded ? this.extent(s.axis, {}) : this.#extentOf(s, scope, p) }, (_, i) => ({
          ...p,
          [s.name]: i,
        })),
      );
    return all;
  }

  /** Where an index of a slot has a value: inside the sample, or inside the padded batch. */
  #domain(slot: Slot, slots: readonly Slot[], point: Point): number {
    return this.env.padded ? this.extent(slot.axis, {}) : this.#extentOf(slot, slots, point);
  }

  #pos(p: Pos, point: Point, extent: () => number): number {
    if (p.k === "var") return (point[p.v] as number) + p.shift;
    return p.k === "start" ? p.off : extent() + p.off;
  }

  /** The indices at which a read looks; an end is that of the axis at the outer indices of the same read. */
  #indices(v: Value, idx: readonly Pos[], point: Point): number[] {
    const found: Record<string, number> = {};
    return v.slots.map((s, i) => {
      const outer = outerNames(v.slots, s).map((name) => found[name] as number);
      const at = this.#pos(idx[i] as Pos, point, () => this.extent(s.axis, point, outer));
      found[s.name] = at;
      return at;
    });
  }

  #holds(c: Cond, point: Point): boolean {
    const axes = outerAxes(this.system, c.axis);
    const outer: number[] = [];
    // the outermost first: an end is meant at the indices around it
    for (const [i, p] of [...(c.within ?? []).entries()].reverse())
      outer.unshift(this.#pos(p, point, () => this.extent(axes[i] as string, point, [...outer])));
    const extent = (): number => this.extent(c.axis, point, outer);
    const a = this.#pos(c.a, point, extent);
    if (c.rel === "in") return a >= 0 && a < extent();
    const b = this.#pos(c.b, point, extent);
    return c.rel === "lt" ? a < b : a === b;
  }

  #read(r: Read, point: Point): Float64Array {
    const v = getValue(this.system, r.v);
    if (!r.when.every((c) => this.#holds(c, point))) return new Float64Array(product(v.shape));
    // on padding, only a read that can leave its sample's domain sees a clause at the end of it
    const clauses = this.env.padded ? v.clauses.filter((c) => hits(v, r.idx, c)) : v.clauses;
    return this.#fetch(v, this.#indices(v, r.idx, point), clauses);
  }

  #fetch(v: Value, index: readonly number[], clauses: readonly Clause[] = v.clauses): Float64Array {
    const point = pointOf(v, index);
    const inside = v.slots.map(
      (s) => (point[s.name] as number) >= 0 && (point[s.name] as number) < this.#domain(s, v.slots, point),
    );
    for (const c of clauses) {
      const hit = v.slots.every((s, i) => {
        const pin = c.pins.find((p) => p.slot === s.name);
        return pin ? point[s.name] === this.#pos(pin.at, point, () => this.#extentOf(s, v.slots, point)) : inside[i];
      });
      if (hit) return this.#read(c.read, point);
    }
    if (inside.every(Boolean)) return this.#get(v, index);
    if (v.outside === "zero") return new Float64Array(product(v.shape));
    if (this.env.padded) return new Float64Array(product(v.shape)).fill(v.dtype === "int" ? 0 : GARBAGE);
    throw new Error(`${v.id}[${index}] leaves the domain`);
  }

  #get(v: Value, index: readonly number[]): Float64Array {
    const key = `${v.id}|${index}`;
    const known = this.#memo.get(key);
    if (known) return known;
    if (!v.eq) {
      const given = Float64Array.from(this.env.given(v.id, index));
      if (given.length !== product(v.shape))
        throw new Error(`${v.id} was given ${given.length} numbers for [${v.shape}]`);
      this.#memo.set(key, given);
      return given;
    }
    if (this.#strict) throw new Error(`schedule: ${key} is read before it is computed`);
    if (this.#busy.has(key)) throw new Error(`not causal at ${key}`);
    this.#busy.add(key);
    const x = this.#compute(v, pointOf(v, index));
    this.#busy.delete(key);
    this.#memo.set(key, x);
    return x;
  }

  #isInside(v: Value, eq: Eq, name: string, point: Point): boolean {
    const scope = scopeOf(v, eq);
    const slot = scope.find((s) => s.name === name) as Slot;
    return (point[name] as number) < this.#extentOf(slot, scope, point);
  }

  #compute(v: Value, point: Point): Float64Array {
    const eq = v.eq as NonNullable<Value["eq"]>;
    if (eq.op === "index") return Float64Array.of(point[eq.attrs["slot"] as string] as number);
    if (eq.op === "extent") {
      const outer = ((eq.attrs["within"] as readonly string[] | undefined) ?? []).map((name) => point[name] as number);
      return Float64Array.of(this.extent(eq.attrs["axis"] as string, point, outer));
    }
    const def = opOf(eq.op);
    if (
      this.env.padded &&
      eq.op === "mask" &&
      !(eq.attrs["slots"] as readonly string[]).every((name) => this.#isInside(v, eq, name, point))
    )
      return new Float64Array(product(v.shape));
    const shapes = eq.args.map((r) => getValue(this.system, r.v).shape);
    const scope = scopeOf(v, eq);
    const element = (p: Point): Float64Array => {
      // lazily: what is not chosen need not be known
      const isChosen = (slot: string): boolean =>
        this.#isInside(v, eq, slot, p) && this.#read(eq.args[1] as Read, p)[0] === p[slot];
      if (eq.op === "only" && !isChosen(eq.attrs["slot"] as string))
        return new Float64Array(product(v.shape)).fill((eq.attrs["fill"] as number | undefined) ?? 0);
      const args = eq.args.map((r) => this.#read(r, p));
      return def.eval ? def.eval(args, eq.attrs, shapes) : (args[0] as Float64Array);
    };
    const n = product(v.shape);
    if (eq.red?.kind === "draw") return this.#mode(v, eq, point);
    if (eq.along !== null) {
      const slot = v.slots.find((s) => s.name === eq.along) as Slot;
      const at = point[slot.name] as number;
      const { [slot.name]: _, ...others } = point;
      const inside = this.#points([slot], others, false, scope);
      if (eq.op === "linearAlong") return this.#recurrence(eq, inside, at, n);
      if (eq.op === "beam") return this.#beam(eq, inside, at);
      if (at >= inside.length) return new Float64Array(n);
      const xs = inside.map((p) => this.#read(eq.args[0] as Read, p));
      return Float64Array.from({ length: n }, (_, i) => {
        const column = xs.map((x) => x[i] as number);
        const m = Math.max(...column);
        if (eq.op === "firstMaxAlong") return column.indexOf(m) === at ? 1 : 0;
        return Math.exp((column[at] as number) - m) / column.reduce((a, x) => a + Math.exp(x - m), 0);
      });
    }
    if (!eq.red) return element(point);
    const { kind, vars } = eq.red;
    // a reduction over the batch of something ragged: the value's own point must exist in each sample
    const points = this.#points(vars, point, this.env.padded === true && kind === "sum", scope).filter((p) =>
      v.slots.every((s) => (p[s.name] as number) < this.#domain(s, v.slots, p)),
    );
    const xs = points.map(element);
    return Float64Array.from({ length: n }, (_, i) => {
      const column = xs.map((x) => x[i] as number);
      if (kind === "argmax") return firstMaximum(column);
      if (kind === "sum") return column.reduce((a, x) => a + x, 0);
      const m = column.reduce((a, x) => Math.max(a, x), Number.NEGATIVE_INFINITY);
      return kind === "max" || m === Number.NEGATIVE_INFINITY
        ? m
        : m + Math.log(column.reduce((a, x) => a + Math.exp(x - m), 0));
    });
  }

  /** h = a ⊙ h′ + b from the beginning to the index `at`. */
  #recurrence(eq: Eq, points: readonly Point[], at: number, n: number): Float64Array {
    const [a, b] = eq.args as [Read, Read];
    const order = eq.attrs["direction"] === 1 ? points.slice(0, at + 1) : points.slice(at).reverse();
    return order.reduce((h, p) => {
      const [gate, rest] = [this.#read(a, p), this.#read(b, p)];
      return h.map((x, i) => (gate[i] as number) * x + (rest[i] as number));
    }, new Float64Array(n));
  }

  /** The row `at` of a step of a beam search. */
  #beam(eq: Eq, points: readonly Point[], at: number): Float64Array {
    const rows = (k: number): number[] => points.flatMap((p) => [...this.#read(eq.args[k] as Read, p)]);
    const [given, terms] = [1, 3].map((k) => this.#read(eq.args[k] as Read, points[at] as Point)) as [
      Float64Array,
      Float64Array,
    ];
    const z = Float64Array.from(rows(0));
    const out = new Float64Array(points.length * ROW.size);
    const step = new BeamStep(points.length, z.length / points.length, nums(eq.attrs, "never"), num(eq.attrs, "end"));
    step.sample(out, z, Float64Array.from(rows(2)), given[0] as number, terms);
    return out.slice(at * ROW.size, (at + 1) * ROW.size);
  }

  /** The mode of a draw whose distribution ranges over variables: the parameters at each of their indices. */
  #mode(v: Value, eq: Eq, point: Point): Float64Array {
    const vars = eq.red?.vars ?? [];
    const scope = scopeOf(v, eq);
    const over = (k: number, p: Point): Ranged => {
      const slot = vars[k];
      if (!slot) return { at: null, params: eq.args.map((r) => this.#read(r, p)) };
      return { at: this.#points([slot], p, false, scope).map((q) => over(k + 1, q)) };
    };
    const drawn = modeOf(String(eq.attrs["dist"]), eq.attrs, over(0, point));
    const along = eq.attrs["along"];
    if (along === undefined) return drawn;
    // a whole sequence at once: its entry here
    return Float64Array.of(drawn[point[along as string] as number] ?? -1);
  }

  /** Executes a Program of this System, strictly in its order. Retimed members run at their own offsets. */
  run(program: Program): this {
    this.#strict = true;
    this.#items(program.items, []);
    return this;
  }

  #items(items: readonly Item[], inside: readonly (readonly [Loop, number])[]): void {
    const now = (v: Value, p: Point): boolean => inside.every(([loop, w]) => this.#time(loop, v, p) === w);
    for (const item of items) {
      if (item.kind === "eq") {
        const v = getValue(this.system, item.v);
        for (const p of this.points(v.slots))
          if (now(v, p)) this.#memo.set(`${v.id}|${v.slots.map((s) => p[s.name])}`, this.#compute(v, p));
        continue;
      }
      const times = item.members.flatMap((id) => {
        const v = getValue(this.system, id);
        return this.points(v.slots)
          .filter((p) => now(v, p))
          .map((p) => this.#time(item, v, p));
      });
      if (!times.length) continue;
      const [from, to] = times.reduce(([a, b], t) => [Math.min(a, t), Math.max(b, t)], [Infinity, -Infinity]);
      for (let w = from; w <= to; w++) this.#items(item.body, [...inside, [item, w]]);
    }
  }

  #time(loop: Loop, v: Value, p: Point): number {
    const slot = slotIn(loop.slots, v);
    const index = p[slot.name] as number;
    const isStructure = axisOf(this.system, loop.axis).family !== undefined;
    return timeOf(loop, v.id, isStructure ? this.#level(slot.axis, p["#"] as number, index) : index);
  }

  /** The level of a node or an edge: nodes stand above all that they are computed from, edges at that of their upper end. */
  #level(axis: string, b: number, index: number): number {
    const key = `${axis}|${b}`;
    let levels = this.#levels.get(key);
    if (!levels) {
      levels = levelsOf(
        this.system,
        axis,
        (id, i) => Number(this.env.given(id, [b, i])[0]),
        (id) => this.extent(id, { "#": b }),
      );
      this.#levels.set(key, levels);
    }
    return levels[index] ?? 0; // padding, at any level
  }
}

const scopeOf = (v: Value, eq: Eq): readonly Slot[] => [...v.slots, ...(eq.red?.vars ?? [])];

const longest = (lengths: Lengths): number =>
  typeof lengths === "number" ? lengths : lengths.reduce<number>((n, l) => Math.max(n, longest(l)), 0);

/** Outside of the outer axes, nothing. */
function lengthAt(lengths: Lengths, outer: readonly number[]): number {
  // the outermost index selects first
  const found = [...outer].reverse().reduce<Lengths>((l, i) => (typeof l === "number" ? l : (l[i] ?? 0)), lengths);
  return typeof found === "number" ? found : 0;
}

const pointOf = (v: Value, index: readonly number[]): Point =>
  Object.fromEntries(v.slots.map((s, i) => [s.name, index[i] as number]));
