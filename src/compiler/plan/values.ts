/**
 * The tensors of a System's values, in the forms that readers ask for: whole, or at indices of some slots. Forms are made
 * on demand and kept. A tensor has one dim per slot without an index (in order, the batch left out), then the batch (1
 * where there is none), then the features. Nodes and edges keep their dim at a level: it is then as long as the level.
 */
import type { Slot, Value } from "../system/types.js";
import type { Forms } from "./forms.js";
import type { Lineage } from "./lineage.js";
import type { Extents } from "./places.js";
import type { Flat } from "./tensors.js";
import { broadcast, isConst, type Ref } from "./types.js";

/** One entry per slot: an index, or null for all; of nodes or edges a level. The batch slot is always null. */
export type Indices = readonly (number | null)[];

interface Form {
  readonly ref: Ref;
  /** Draws made before it. */
  readonly made: number;
}

export interface Parts {
  readonly flat: Flat;
  readonly extents: Extents;
  readonly forms: Forms;
  readonly lineage: Lineage;
  /** What is given as its transpose. */
  readonly tables: ReadonlySet<string>;
  /** Computes an equation with some of its slots fixed. */
  compute(v: Value, at: Indices): Ref;
  /** What a value means at an index before the start of a slot, over all of its other slots. */
  boundary(v: Value, slot: number, index: number): Ref;
}

/** A member of a loop that has become a scan from some index on; up to there it is computed step by step. */
export interface Scanned {
  readonly slot: number;
  readonly from: number;
  entry(index: number): Ref;
  /** From `from` on, along the first dim. */
  all(): Ref;
}

/** Is a value known to be 0 on the padding of a slot? */
export type Zeros = (id: string, slot: string) => boolean;

export const isBatch = (s: Slot): boolean => s.axis === "#";

export class Values {
  readonly #made = new Map<string, Form>();
  readonly #stacks = new Map<string, Form>();
  /** Members of loops that have become scans. */
  readonly scanned = new Map<string, Scanned>();
  /** Members of the loops that run now: their later entries do not exist yet. */
  readonly running = new Set<string>();

  constructor(readonly parts: Parts) {}

  put(v: Value, at: Indices, ref: Ref): void {
    this.#made.set(keyOf(v, at), { ref, made: this.parts.lineage.now });
  }

  /** Is it one entry of a running loop that comes later? */
  isLater(v: Value, at: Indices): boolean {
    const steps = [...this.parts.forms.steps(v.id)];
    return (
      this.running.has(v.id) && steps.every((i) => at[i] !== null) && !this.has(v, stepIndices(this.parts.forms, v, at))
    );
  }

  has = (v: Value, at: Indices): boolean => this.#made.has(keyOf(v, at));

  get(v: Value, at: Indices): Ref {
    if (!v.eq) return this.#entries(v, this.#given(v), at, () => false);
    const steps = this.parts.forms.steps(v.id);
    const open = [...steps].find((i) => at[i] === null);
    if (open !== undefined) return this.window(v, at, open, 0, this.#extent(v, open));
    const own = at.map((n, i) => (steps.has(i) ? n : null));
    const key = keyOf(v, own);
    const scanned = this.scanned.get(v.id);
    const index = scanned && own[scanned.slot];
    if (scanned && typeof index === "number" && index >= scanned.from)
      return this.#entries(v, scanned.entry(index), at, (i) => i === scanned.slot);
    let form = this.#made.get(key);
    if (!form) {
      if (this.running.has(v.id)) throw new Error(`${v.id}[${own}] is read before it is computed`);
      form = { ref: this.parts.compute(v, own), made: this.parts.lineage.now };
      this.#made.set(key, form);
    }
    const ref = this.#carried(v, form, own);
    return this.#entries(v, ref, at, (i) => steps.has(i));
  }

  /** Indices `from … from + len − 1` of a slot that is computed step by step; `from` may lie before the start. */
  window(v: Value, at: Indices, slot: number, from: number, len: number): Ref {
    if (this.#isLevelled(v, slot)) return this.#levels(v, at, slot, from, len);
    const scanned = this.scanned.get(v.id);
    if (scanned) return this.#range(v, at, scanned, from, len);
    const before = this.extends(v, at, slot) ? this.parts.forms.before(v.id, slot) : 0;
    const all = this.#stack(v, at, slot, before);
    return isConst(all) ? all : this.parts.flat.slice(all, this.#dimOf(v, at, slot), before + from, len);
  }

  /** Steps that are made one by one, from before the start perhaps, and then those of a scan. */
  #range(v: Value, at: Indices, scanned: Scanned, from: number, len: number): Ref {
    const { flat } = this.parts;
    const { slot } = scanned;
    const end = from + len;
    const parts: { ref: Ref; len: number }[] = [];
    for (let n = from; n < Math.min(end, scanned.from); n++) {
      const here = at.map((m, i) => (i === slot ? n : m));
      const entry = n < 0 ? this.parts.boundary(v, slot, n) : this.get(v, here);
      parts.push({ ref: flat.reshape(entry, [1, ...flat.shapeOf(entry)]), len: 1 });
    }
    const first = Math.max(from, scanned.from);
    if (first < end) {
      let block = flat.slice(scanned.all(), 0, first - scanned.from, end - first);
      let dim = 1;
      for (const [i, s] of v.slots.entries()) {
        const n = at[i] ?? null;
        if (isBatch(s) || i === slot) continue;
        if (n === null) dim++;
        else block = flat.entry(block, dim, n);
      }
      parts.push({ ref: block, len: end - first });
    }
    const rank = v.slots.filter((_, i) => this.#hasDim(v, at, i) || i === slot).length + 1 + v.shape.length;
    const all = parts.length === 1 && parts[0]?.len === len ? parts[0].ref : concatAlong(flat, parts, 0, rank);
    const d = this.#dimOf(v, at, slot);
    const perm = [...Array.from({ length: d }, (_, k) => k + 1), 0];
    return flat.transpose(all, [...perm, ...Array.from({ length: rank - d - 1 }, (_, k) => d + 1 + k)]);
  }

  /** Can a read before the start be a view of the stack? Then one stack serves h[t] and h[t-1]. */
  extends(v: Value, at: Indices, slot: number): boolean {
    return (
      this.parts.forms.steps(v.id).has(slot) &&
      !this.running.has(v.id) &&
      v.slots.every((s, i) => i === slot || isBatch(s) || at[i] === null) &&
      v.clauses.every(
        (c) => c.pins.length === 1 && c.pins[0]?.slot === v.slots[slot]?.name && c.pins[0]?.at.k === "start",
      )
    );
  }

  #isLevelled = (v: Value, slot: number): boolean => this.parts.extents.isLevelled((v.slots[slot] as Slot).axis);

  /** Places `from … from + len − 1` of a value that is computed level by level. */
  #levels(v: Value, at: Indices, slot: number, from: number, len: number): Ref {
    const { flat, extents } = this.parts;
    const { axis } = v.slots[slot] as Slot;
    const parts: { ref: Ref; len: number }[] = [];
    for (let level = 0; level < extents.steps(axis); level++) {
      const own = extents.levels(axis, level, level);
      if (own.len === 0 || own.from < from || own.from >= from + len) continue;
      const here = at.map((n, i) => (i === slot ? level : n));
      parts.push({
        ref: this.isLater(v, here) ? flat.constant(0, v.dtype === "int") : this.get(v, here),
        len: own.len,
      });
    }
    if (parts.reduce((n, p) => n + p.len, 0) !== len) throw new Error(`${v.id} is read at a part of a level`);
    const [only, ...others] = parts;
    if (!only) return flat.constant(0, v.dtype === "int");
    if (!others.length) return only.ref;
    const rank = v.slots.filter((_, i) => this.#hasDim(v, at, i) || i === slot).length + 1 + v.shape.length;
    return concatAlong(flat, parts, this.#dimOf(v, at, slot), rank);
  }

  /** Does a slot have a dim in the tensor at these indices? */
  #hasDim = (v: Value, at: Indices, slot: number): boolean =>
    !isBatch(v.slots[slot] as Slot) && (at[slot] === null || this.#isLevelled(v, slot));

  #dimOf = (v: Value, at: Indices, slot: number): number =>
    v.slots.slice(0, slot).filter((_, i) => this.#hasDim(v, at, i)).length;

  #stack(v: Value, at: Indices, slot: number, before: number): Ref {
    const { flat, lineage, forms } = this.parts;
    const key = `${keyOf(v, at)}|${slot}|${before}`;
    const known = this.#stacks.get(key);
    if (known && (known.made === lineage.now || !forms.drawn(v.id))) return known.ref;
    const entry = (n: number): Ref => {
      if (n < 0) return this.parts.boundary(v, slot, n);
      const here = at.map((m, i) => (i === slot ? n : m));
      if (!this.isLater(v, here)) return this.get(v, here);
      return flat.constant(0, v.dtype === "int"); // later than now: the reader's guard hides it
    };
    const parts = Array.from({ length: before + this.#extent(v, slot) }, (_, n) => entry(n - before));
    const rank = v.slots.filter((_, i) => i !== slot && this.#hasDim(v, at, i)).length + 1 + v.shape.length;
    const ref = stackAlong(flat, parts, this.#dimOf(v, at, slot), rank);
    if (!this.running.has(v.id)) this.#stacks.set(key, { ref, made: lineage.now });
    return ref;
  }

  #extent = (v: Value, slot: number): number => this.parts.extents.of((v.slots[slot] as Slot).axis);

  #given(v: Value): Ref {
    const { flat, extents, tables } = this.parts;
    if (tables.has(v.id)) {
      const table = flat.one("given", [], { id: v.id }, [...v.shape].reverse());
      return flat.reshape(flat.transpose(table, [1, 0]), [1, ...v.shape]);
    }
    const axes = v.slots.filter((s) => !isBatch(s)).map((s) => extents.of(s.axis));
    const batch = v.slots.some(isBatch) ? [extents.batch] : [];
    const ref = flat.one("given", [], { id: v.id }, [...axes, ...batch, ...v.shape], v.dtype === "int");
    return flat.reshape(ref, [...axes, batch[0] ?? 1, ...v.shape]);
  }

  /** Takes the entries of a tensor at the indices given, except where they are taken already. */
  #entries(v: Value, ref: Ref, at: Indices, taken: (slot: number) => boolean): Ref {
    const { flat, extents } = this.parts;
    let result = ref;
    const left = at.map((n, i) => (taken(i) ? n : null) as number | null);
    v.slots.forEach((s, i) => {
      const n = at[i];
      if (n === null || n === undefined || taken(i)) return;
      const dim = this.#dimOf(v, left, i);
      if (extents.isLevelled(s.axis)) {
        const { from, len } = extents.levels(s.axis, n, n);
        if (!isConst(result) && result.shape[dim] !== 1) result = flat.slice(result, dim, from, len);
      } else result = flat.entry(result, dim, n);
      left[i] = n;
    });
    return result;
  }

  #carried(v: Value, form: Form, at: Indices): Ref {
    if (!this.parts.forms.drawn(v.id)) return form.ref;
    const axis = v.slots.filter((_, i) => this.#hasDim(v, at, i)).length;
    return this.parts.lineage.carry(form.ref, form.made, axis);
  }
}

const keyOf = (v: Value, at: Indices): string => `${v.id}|${at.map((n) => n ?? "")}`;

const stepIndices = (forms: Forms, v: Value, at: Indices): Indices => {
  const steps = forms.steps(v.id);
  return at.map((n, i) => (steps.has(i) ? n : null));
};

/** Tensors with `rank` dims, some perhaps 1, along a new dim. */
export function stackAlong(flat: Flat, parts: readonly Ref[], dim: number, rank: number): Ref {
  const target = parts.map(flat.shapeOf).reduce(broadcast, new Array<number>(rank).fill(1));
  const head = target[0];
  if (dim === 0 && head !== undefined && parts.length > 0) {
    // side by side along the first dim that is there already: no part needs another shape first
    const all = flat.concat(
      parts,
      parts.map(() => target),
      0,
    );
    return parts.length === 1 || !isConst(all) ? flat.reshape(all, [parts.length, ...target]) : all;
  }
  const entries = parts.map((p) => {
    const shape = flat.shapeOf(p);
    return { ref: flat.reshape(p, [...shape.slice(0, dim), 1, ...shape.slice(dim)]), len: 1 };
  });
  return concatAlong(flat, entries, dim, rank + 1);
}

/** Concatenation where other dims may be repeated (1) in some parts and not in others. */
export function concatAlong(flat: Flat, parts: readonly { ref: Ref; len: number }[], dim: number, rank: number): Ref {
  const others = parts.map((p) => flat.shapeOf(p.ref).map((d, i) => (i === dim ? 1 : d)));
  const target = others.reduce(broadcast, new Array<number>(rank).fill(1));
  return flat.concat(
    parts.map((p) => p.ref),
    parts.map((p) => target.map((d, i) => (i === dim ? p.len : d))),
    dim,
  );
}
