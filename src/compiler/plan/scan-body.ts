/**
 * The body of a scan while it is made: K steps of a loop in a list of their own. What the loop's equations read from outside
 * is read once over all indices of the loop, in the list around; the body sees a block of it, or the whole where it is the
 * same at all steps. What other chunks have computed comes as carries.
 */
import { slotIn } from "../schedule/slots.js";
import { getValue, type Read, type System, type Value } from "../system/types.js";
import { BodyFlat } from "./body-flat.js";
import { Equations } from "./equations.js";
import type { Forms } from "./forms.js";
import type { Lineage } from "./lineage.js";
import type { Extents, InChunk, Place } from "./places.js";
import { Reads } from "./reads.js";
import type { Chunks } from "./scans.js";
import type { Flat } from "./tensors.js";
import { isConst, type Ref, type Scan, type TensorRef } from "./types.js";
import { type Indices, isBatch, type Scanned, stackAlong, Values, type Zeros } from "./values.js";

/** The member of a loop, and which number among its features says that there is more to come. */
export interface Until {
  readonly member: string;
  readonly feature: number;
}

interface Around {
  readonly flat: Flat;
  readonly extents: Extents;
  readonly forms: Forms;
  readonly lineage: Lineage;
  readonly isZero: Zeros;
  readonly values: Values;
  readonly reads: Reads;
  /** What a value means before the start of a slot. */
  boundary(v: Value, slot: number, index: number): Ref;
  readonly until?: Until;
}

interface Carry {
  readonly v: Value;
  readonly slot: number;
  /** The step, by index, of which this is the value: outside of the chunk. */
  readonly step: number;
  readonly given: TensorRef;
}

export class ScanBody {
  /** The list around. */
  readonly around: Flat;
  readonly #flat: BodyFlat;
  readonly #system: System;
  readonly #members: ReadonlySet<string>;
  readonly #values: Values;
  readonly #carries: Carry[] = [];

  constructor(
    readonly chunks: Chunks,
    readonly parts: Around,
  ) {
    const { extents, forms, lineage, isZero } = parts;
    this.around = parts.flat;
    this.#flat = new BodyFlat(parts.flat, chunks.count);
    this.#system = extents.system;
    this.#members = new Set(chunks.loop.members);
    this.#values = new Values({
      flat: this.#flat,
      extents,
      forms,
      lineage,
      tables: parts.values.parts.tables,
      compute: (v, at) => this.#compute(equations, v, at),
      boundary: (v) => {
        throw new Error(`${v.id} has no boundary inside of a chunk`);
      },
    });
    const reads = new Reads(this.#flat, this.#system, extents, this.#values, isZero);
    const equations = new Equations({
      flat: this.#flat,
      extents,
      reads,
      isZero,
      lineage,
      beam: false,
      chunkAt: (v, slot, step) => this.#chunkAt(v, slot, step),
    });
  }

  /** Reads in the list around. */
  get reads(): Reads {
    return this.parts.reads;
  }

  /** The slot of a value along which the loop runs. */
  #slotOf = (v: Value): number => {
    const { axis, slots } = this.chunks.loop;
    if (this.#members.has(v.id)) return v.slots.indexOf(slotIn(slots, v));
    const steps = this.parts.forms.steps(v.id);
    return v.slots.findIndex((s, i) => s.axis === axis && steps.has(i));
  };

  #chunkAt(v: Value, slot: number, step: number): InChunk | null {
    if (slot !== this.#slotOf(v)) return null;
    const { name, axis } = v.slots[slot] as Value["slots"][number];
    const { from, steps, count } = this.chunks;
    return { dim: { v: name, axis, from, len: steps * count }, step, body: this };
  }

  /** Is what a read reads computed in the body? `name`: the reader's variable over the loop. */
  computes(r: Read, place: (v: string) => Place, name: string): boolean {
    const { forms } = this.parts;
    const v = getValue(this.#system, r.v);
    const slot = this.#slotOf(v);
    const p = r.idx[slot];
    if (!v.eq || p?.k !== "var") return false;
    const at = place(p.v);
    if (at.k !== "span" || at.v !== name) return false;
    return this.#members.has(v.id) || (forms.steps(v.id).has(slot) && !forms.inLoop(v.id));
  }

  /** Are values before the start what stands there as the first carry? */
  extends(v: Value, slot: number): boolean {
    const name = v.slots[slot]?.name;
    return v.clauses.every((c) => c.pins.length === 1 && c.pins[0]?.slot === name && c.pins[0]?.at.k === "start");
  }

  /** The entry at a step of a tensor around, which has the indices of the loop along its first dim. */
  readonly enter = (x: Ref, step: number): Ref => {
    if (isConst(x)) return x;
    const [n, ...rest] = x.shape;
    return n === 1 ? this.#flat.whole(this.around.reshape(x, rest)) : this.#flat.entry(this.#flat.block(x), 0, step);
  };

  /** Values of one step: of steps outside of the chunk they are carried. */
  #compute(equations: Equations, v: Value, at: Indices): Ref {
    const slot = this.#slotOf(v);
    const step = at[slot] as number;
    return step >= 0 && step < this.chunks.steps ? equations.compute(v, at) : this.#carry(v, slot, step);
  }

  #carry(v: Value, slot: number, step: number): Ref {
    if (!this.#members.has(v.id)) throw new Error(`${v.id} is carried, and is no member of the loop`);
    const shape = this.#shapeOf(v, slot);
    const int = v.dtype === "int";
    const given = this.#flat.one("given", [], { id: `carry${this.#carries.length}` }, shape, int);
    if (isConst(given)) return given;
    this.#carries.push({ v, slot, step, given });
    return given;
  }

  /** Of one step, nothing repeated. */
  #shapeOf(v: Value, slot: number): number[] {
    const { extents } = this.parts;
    const axes = v.slots.filter((s, i) => !isBatch(s) && i !== slot).map((s) => extents.of(s.axis));
    return [...axes, v.slots.some(isBatch) ? extents.batch : 1, ...v.shape];
  }

  #at = (v: Value, slot: number, step: number): Ref =>
    this.#values.get(
      v,
      v.slots.map((_, i) => (i === slot ? step : null)),
    );

  /** Computes all steps and adds the scan to the list around. What its members are then, by id. */
  finish(): Map<string, Scanned> {
    const { loop, steps, count, from } = this.chunks;
    const { flat, values } = this.parts;
    for (let k = 0; k < steps; k++)
      for (const item of loop.body) {
        if (item.kind !== "eq") throw new Error("a loop inside of a scan");
        const v = getValue(this.#system, item.v);
        this.#at(v, this.#slotOf(v), loop.direction === 1 ? k : steps - 1 - k);
      }
    const initial = this.#carries.map((c) => this.#initial(c));
    const next = this.#carries.map((c) => this.#next(c));
    const finals = next.map((_, k) => k);
    const goesOn = this.#goesOn();
    if (goesOn) {
      initial.push(flat.full(flat.constant(1), []));
      next.push(goesOn);
    }
    const { blocks, wholes } = this.#flat.imported;
    const scan: Scan = {
      count,
      direction: loop.direction,
      body: this.#flat.instrs,
      next,
      blocks: blocks.length,
      finals,
      stacked: [],
      ...(goesOn && { until: next.length - 1 }),
    };
    flat.origin = `loop over ${loop.axis}`;
    const n = flat.scan(scan, [...initial, ...blocks, ...wholes]);
    this.#flat.close();

    const end = from + steps * count;
    const scanned = new Map<string, Scanned>();
    for (const id of loop.members) {
      const v = getValue(this.#system, id);
      const slot = this.#slotOf(v);
      let whole: Ref | null = null;
      const all = (): Ref => {
        whole ??= this.#stack(v, slot, n);
        return whole;
      };
      const entry = (index: number): Ref => {
        // carries are left at the last steps, in time
        const step = loop.direction === 1 ? index - end : index - from;
        const k = this.#carries.findIndex((c) => c.v === v && c.step === (loop.direction === 1 ? step : step + steps));
        const last = next[k];
        return last ? { n, out: k, shape: last.shape, int: last.int } : flat.entry(all(), 0, index - from);
      };
      scanned.set(id, { slot, from, entry, all });
    }
    for (const [id, s] of scanned) values.scanned.set(id, s);
    return scanned;
  }

  /** Above 0 where a row goes on behind the last step of a chunk. */
  #goesOn(): TensorRef | null {
    const { until } = this.parts;
    if (!until) return null;
    const flat = this.#flat;
    const v = getValue(this.#system, until.member);
    const last = this.#at(v, this.#slotOf(v), this.chunks.loop.direction === 1 ? this.chunks.steps - 1 : 0);
    if (isConst(last)) return null;
    const own = flat.slice(last, last.shape.length - 1, until.feature, 1);
    const shape = flat.shapeOf(own);
    const most = flat.max(own, [...shape.keys()], shape);
    return flat.full(flat.reshape(most, []), []) as TensorRef;
  }

  /** All values of a member, as one more result of the scan. */
  #stack(v: Value, slot: number, n: number): Ref {
    const { steps } = this.chunks;
    const parts = Array.from({ length: steps }, (_, k) => this.#at(v, slot, k));
    const rank = this.#shapeOf(v, slot).length;
    const int = v.dtype === "int";
    const all = stackAlong(
      this.#flat,
      parts.map((r) => this.#typed(r, int)),
      0,
      rank,
    );
    if (isConst(all)) return all;
    return this.around.stack(n, all);
  }

  #typed = (r: Ref, int: boolean): Ref => (r.int === int ? r : int ? this.#flat.int(r) : this.#flat.float(r));

  /** What a carry is before the first run. */
  #initial({ v, slot, step, given }: Carry): Ref {
    const { flat, values, extents } = this.parts;
    const { from, steps, count } = this.chunks;
    const index = step < 0 ? from + step : from + steps * (count - 1) + step;
    const none = flat.constant(0, given.int);
    const at = v.slots.map((_, i) => (i === slot ? index : null));
    let x: Ref = none;
    if (index < 0) x = this.extends(v, slot) ? this.parts.boundary(v, slot, index) : none;
    else if (index < extents.of((v.slots[slot] as Value["slots"][number]).axis)) x = values.get(v, at);
    return flat.full(given.int ? flat.int(x) : flat.float(x), given.shape);
  }

  #next({ v, slot, step, given }: Carry): TensorRef {
    const { steps } = this.chunks;
    const x = this.#at(v, slot, step < 0 ? steps + step : step - steps);
    return this.#flat.full(this.#typed(x, given.int), given.shape) as TensorRef;
  }
}
