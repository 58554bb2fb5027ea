/**
 * Program → Plan. Loops are unrolled at the padded extents; an equation outside loops is computed once over its whole axes.
 * Lengths are not part of a plan: whatever depends on them is a mask or an index that the host makes for each batch.
 */
import { zeroOnPadding } from "../passes/mask-padding.js";
import { slotIn } from "../schedule/slots.js";
import { type Item, indexAt, type Loop, type Program, timeOf } from "../schedule/types.js";
import { outerNames } from "../system/positions.js";
import { getValue, type Slot, type System, type Value } from "../system/types.js";
import { choose } from "./choose.js";
import { onStretch, type Stretch, stretchOf, widened } from "./diagonals.js";
import { drawAll } from "./draws.js";
import { chooseForms, type Forms } from "./forms.js";
import { emptyOf, reachable } from "./levels.js";
import { Lineage } from "./lineage.js";
import { select } from "./masks.js";
import { type Dim, Extents, type Frame } from "./places.js";
import { finish, type Output, type Plan } from "./plan.js";
import { Reads } from "./reads.js";
import { ruleOf } from "./rules/index.js";
import { apply } from "./rules/types.js";
import { Flat } from "./tensors.js";
import { isConst, type Ref } from "./types.js";
import { type Indices, isBatch, Values } from "./values.js";
import { type Around, along, indexOf, lengthOf, reduceOver, valid, withSome } from "./variables.js";

export { type Output, type Plan, planOf } from "./plan.js";

export interface Shapes {
  readonly batch: number;
  /** Padded lengths of the ragged axes, by axis id. */
  readonly extents: Readonly<Record<string, number>>;
  /** Of the axes of trees and graphs: how many places each level has. They add up to the padded length. */
  readonly widths?: Readonly<Record<string, readonly number[]>>;
}

export interface LowerOptions {
  /** Draws also choose the row that each row continues; later reads follow it. */
  readonly beam?: boolean;
}

/**
 * Lowers a scheduled System to a flat list of tensor instructions for batches of one padded shape. The System must have
 * been optimised: the pass `mask-padding` sees to it that sums do not notice the padding of ragged axes.
 * Throws where an extent of a ragged axis is missing.
 */
export function lower(
  compute: { readonly system: System; readonly program: Program },
  shapes: Shapes,
  outputs: readonly string[],
  options: LowerOptions = {},
): Plan {
  return new Lowering(compute, shapes, outputs, options).plan();
}

class Lowering {
  readonly #flat = new Flat();
  readonly #system: System;
  readonly #extents: Extents;
  readonly #forms: Forms;
  readonly #lineage = new Lineage(this.#flat);
  readonly #values: Values;
  readonly #reads: Reads;
  readonly #zeros: ReturnType<typeof zeroOnPadding>;

  constructor(
    readonly compute: { readonly system: System; readonly program: Program },
    shapes: Shapes,
    readonly outputs: readonly string[],
    readonly options: LowerOptions,
  ) {
    this.#system = compute.system;
    this.#extents = new Extents(this.#system, shapes.batch, shapes.extents, shapes.widths);
    this.#forms = chooseForms(compute.program, outputs);
    this.#zeros = zeroOnPadding(this.#system);
    this.#values = new Values({
      flat: this.#flat,
      extents: this.#extents,
      forms: this.#forms,
      lineage: this.#lineage,
      compute: (v, at) => this.#compute(v, at),
      boundary: (v, slot, index) => this.#boundary(v, slot, index),
    });
    this.#reads = new Reads(this.#flat, this.#system, this.#extents, this.#values, (id, slot) =>
      this.#isZero(id, slot),
    );
  }

  #isZero = (id: string, slot: string): boolean => this.#zeros.get(id)?.has(slot) === true;

  plan(): Plan {
    this.#items(this.compute.program.items, []);
    const results = new Map<string, Output>();
    for (const id of this.outputs) {
      const v = getValue(this.#system, id);
      const axes = v.slots.filter((s) => !isBatch(s)).map((s) => this.#extents.of(s.axis));
      const batch = v.slots.some(isBatch) ? [this.#extents.batch] : [];
      const shape = [...axes, ...batch, ...v.shape];
      const ref = this.#values.get(
        v,
        v.slots.map(() => null),
      );
      const full = isConst(ref) ? ref : this.#flat.full(ref, [...axes, batch[0] ?? 1, ...v.shape]);
      results.set(id, { ref: this.#flat.reshape(full, shape), shape, int: v.dtype === "int" });
    }
    return finish(this.#flat, results);
  }

  /** Loops run here; other equations are computed when something reads them. Draws are made in their order. */
  #items(items: readonly Item[], inside: readonly (readonly [Loop, number])[]): void {
    for (const item of items) {
      if (item.kind === "loop") {
        this.#loop(item, inside);
        continue;
      }
      const v = getValue(this.#system, item.v);
      if (!inside.length && v.eq?.op !== "draw") continue;
      const at = indicesAt(v, inside, this.#extents);
      if (at) for (const each of this.#drawsOf(v, at)) this.#values.put(v, each, this.#compute(v, each));
    }
  }

  #loop(loop: Loop, inside: readonly (readonly [Loop, number])[]): void {
    let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const n = this.#extents.steps(loop.axis);
    if (n === 0) return;
    for (const id of loop.members)
      for (const index of [0, n - 1]) {
        const time = timeOf(loop, id, index);
        [first, last] = [Math.min(first, time), Math.max(last, time)];
      }
    const own = loop.members.filter((id) => !this.#values.running.has(id));
    for (const id of own) this.#values.running.add(id);
    for (let time = first; time <= last; time++) this.#items(loop.body, [...inside, [loop, time]]);
    for (const id of own) this.#values.running.delete(id);
  }

  /** All index tuples of a draw around those of its loops; other equations have just those. */
  #drawsOf(v: Value, at: Indices): Indices[] {
    if (v.eq?.op !== "draw") return [at];
    let all: Indices[] = [at];
    v.slots.forEach((s, i) => {
      if (isBatch(s) || at[i] !== null || s.name === v.eq?.attrs["along"]) return;
      const n = this.#extents.steps(s.axis);
      all = all.flatMap((t) => Array.from({ length: n }, (_, k) => t.map((x, j) => (j === i ? k : x))));
    });
    return all;
  }

  #boundary(v: Value, slot: number, index: number): Ref {
    const frame = this.#frameOf(
      v,
      v.slots.map((_, i) => (i === slot ? index : null)),
    );
    const idx = v.slots.map((s, i) =>
      i === slot ? ({ k: "start", off: index } as const) : ({ k: "var", v: s.name, shift: 0 } as const),
    );
    return this.#reads.read({ v: v.id, idx, when: [] }, frame);
  }

  /** The frame of a value's own slots, some of them fixed. */
  #frameOf(v: Value, at: Indices, extra: readonly Slot[] = []): Frame {
    const slots = [...v.slots, ...extra];
    return {
      dims: slots.flatMap((s, i): Dim[] => {
        const n = at[i] ?? null;
        const whole = { v: s.name, axis: s.axis, from: 0, len: this.#extents.of(s.axis) };
        if (this.#extents.isLevelled(s.axis))
          return [{ ...whole, ...(n === null ? {} : this.#extents.levels(s.axis, n, n)), isLevelled: true }];
        return isBatch(s) || n !== null ? [] : [whole];
      }),
      fixed: new Map(
        v.slots.flatMap((s, i) => {
          const n = at[i];
          return typeof n === "number" && !this.#extents.isLevelled(s.axis) ? [[s.name, n] as const] : [];
        }),
      ),
      outer: new Map(slots.flatMap((s) => (s.of === undefined ? [] : [[s.name, outerNames(slots, s)]]))),
      batch: slots.some(isBatch) ? this.#extents.batch : 1,
    };
  }

  #compute(v: Value, at: Indices): Ref {
    const stretch = stretchOf(v, at, this.#extents);
    const dims = v.slots.filter((s, i) => !isBatch(s) && at[i] === null).map((s) => s.name);
    return widened(this.#flat, this.#computeOn(v, at, stretch), dims, stretch);
  }

  #computeOn(v: Value, at: Indices, stretch: Stretch | null): Ref {
    const eq = v.eq as NonNullable<Value["eq"]>;
    const { red } = eq;
    const whole = reachable(v, at, this.#frameOf(v, at, red?.vars), this.#extents);
    const frame = onStretch(whole, stretch);
    this.#flat.origin = at.some((n) => n !== null) ? `${v.id}[${at.filter((n) => n !== null)}]` : v.id;
    const around: Around = { flat: this.#flat, extents: this.#extents, frame };
    const lead = [...frame.dims.map((d) => d.len), frame.batch];
    const rank = v.shape.length;
    const reduced = red
      ? lead.flatMap((_, i) => (red.vars.some((s) => s.name === (frame.dims[i]?.v ?? "#")) ? [i] : []))
      : [];
    // a level without edges
    if (frame.dims.some((d) => d.isLevelled && d.len === 0))
      return this.#flat.constant(emptyOf(v, frame), v.dtype === "int");
    const args = eq.args.map((r) => this.#reads.read(r, frame));
    let result: Ref;
    switch (eq.op) {
      case "index":
        return indexOf(around, eq.attrs["slot"] as string);
      case "extent":
        return lengthOf(
          around,
          eq.attrs["axis"] as string,
          (eq.attrs["within"] as readonly string[] | undefined) ?? [],
        );
      case "softmaxAlong":
      case "firstMaxAlong": {
        const slot = v.slots.find((s) => s.name === eq.along) as Slot;
        return along(around, eq, slot, args[0] as Ref, rank);
      }
      case "draw":
        return drawAll({ lineage: this.#lineage, beam: this.options.beam === true }, v, at, args, around);
      case "mask": {
        const names = eq.attrs["slots"] as readonly string[];
        const slots = [...v.slots, ...(red?.vars ?? [])].filter((s) => names.includes(s.name));
        const zero = this.#flat.constant(0, v.dtype === "int");
        const x = select(this.#flat, valid(around, slots), args[0] as Ref, zero, frame, rank);
        result = this.#flat.sum(x, reduced, [...lead, ...v.shape]);
        break;
      }
      default: {
        const shapes = eq.args.map((r) => getValue(this.#system, r.v).shape);
        if (red && red.kind !== "sum" && red.kind !== "draw" && eq.op !== "only") {
          const truth = red.vars.some(isBatch)
            ? valid(around, [...red.vars, ...v.slots])
            : withSome(valid(around, red.vars), around);
          result = reduceOver(around, red.kind, reduced, truth, args[0] as Ref, rank, v.shape);
          break;
        }
        const exact = red?.kind === "sum" ? this.#insideOwn(v, args, around) : args;
        result =
          eq.op === "only"
            ? choose(around, v, exact, reduced)
            : apply(ruleOf(eq.op), {
                flat: this.#flat,
                attrs: eq.attrs,
                lead,
                reduced,
                args: exact,
                shapes,
                shape: v.shape,
              });
      }
    }
    return this.#dropReduced(result, frame, red?.vars ?? [], rank);
  }

  /**
   * A sum over the batch of something with a ragged slot: only samples that reach the index count. Where no argument is
   * known to be 0 beyond, the first is made so.
   */
  #insideOwn(v: Value, args: readonly Ref[], around: Around): readonly Ref[] {
    const eq = v.eq as NonNullable<Value["eq"]>;
    if (!eq.red?.vars.some(isBatch)) return args;
    const open = v.slots.filter((s) => {
      if (isBatch(s) || !this.#extents.isRagged(s.axis)) return false;
      return !eq.args.some((r) =>
        r.idx.some((p, i) => {
          const slot = getValue(this.#system, r.v).slots[i] as Slot;
          return p.k === "var" && p.v === s.name && p.shift >= 0 && this.#isZero(r.v, slot.name);
        }),
      );
    });
    const truth = valid(around, open);
    const rank = getValue(this.#system, (eq.args[0] as { v: string }).v).shape.length;
    return [select(this.#flat, truth, args[0] as Ref, this.#flat.constant(0), around.frame, rank), ...args.slice(1)];
  }

  /** The dims that a reduction left as 1 go away; the batch stays. */
  #dropReduced(x: Ref, frame: Frame, vars: readonly Slot[], rank: number): Ref {
    if (isConst(x) || !vars.length) return x;
    const lead = x.shape.slice(0, x.shape.length - rank);
    const kept = lead.filter((_, i) => !vars.some((s) => s.name === frame.dims[i]?.v));
    return this.#flat.reshape(x, [...kept, ...x.shape.slice(lead.length)]);
  }
}

/** The indices of a value at the current times of the loops around; null where it has none at these times. */
function indicesAt(v: Value, inside: readonly (readonly [Loop, number])[], extents: Extents): Indices | null {
  const at: (number | null)[] = v.slots.map(() => null);
  for (const [loop, time] of inside) {
    const slot = v.slots.indexOf(slotIn(loop.slots, v));
    const index = indexAt(loop, v.id, time);
    if (index < 0 || index >= extents.steps(loop.axis)) return null;
    if (at[slot] !== null && at[slot] !== index) return null;
    at[slot] = index;
  }
  return at;
}
