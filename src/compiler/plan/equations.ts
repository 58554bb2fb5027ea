/** One equation: its arguments are read in its frame, its op becomes instructions. */
import { outerNames } from "../system/positions.js";
import { getValue, type Slot, type Value } from "../system/types.js";
import { beamStep } from "./beam.js";
import { choose } from "./choose.js";
import { onStretch, type Stretch, stretchOf, widened } from "./diagonals.js";
import { drawAll } from "./draws.js";
import { emptyOf, reachable } from "./levels.js";
import type { Lineage } from "./lineage.js";
import { select } from "./masks.js";
import type { Dim, Extents, Frame, InChunk } from "./places.js";
import type { Reads } from "./reads.js";
import { type Costs, recurrence } from "./recurrence.js";
import { ruleOf } from "./rules/index.js";
import { apply } from "./rules/types.js";
import type { Flat } from "./tensors.js";
import { isConst, type Ref } from "./types.js";
import { type Indices, isBatch, type Zeros } from "./values.js";
import { type Around, along, indexOf, lengthOf, reduceOver, valid, withSome } from "./variables.js";

interface Parts {
  readonly flat: Flat;
  readonly extents: Extents;
  readonly reads: Reads;
  readonly isZero: Zeros;
  readonly lineage: Lineage;
  /** Do draws choose the row that each row continues? */
  readonly beam: boolean;
  /** Where loops may have become recurrences (op `linearAlong`). */
  readonly costs?: Costs;
  /** In the body of a scan, what a fixed slot stands for; null for any other slot. */
  readonly chunkAt?: (v: Value, slot: number, step: number) => InChunk | null;
}

export class Equations {
  constructor(readonly parts: Parts) {}

  /** What a value means at an index before the start of a slot, over all of its other slots. */
  boundary(v: Value, slot: number, index: number): Ref {
    const frame = this.#frameOf(
      v,
      v.slots.map((_, i) => (i === slot ? index : null)),
    );
    const idx = v.slots.map((s, i) =>
      i === slot ? ({ k: "start", off: index } as const) : ({ k: "var", v: s.name, shift: 0 } as const),
    );
    return this.parts.reads.read({ v: v.id, idx, when: [] }, frame);
  }

  /** The frame of a value's own slots, some of them fixed. */
  #frameOf(v: Value, at: Indices, extra: readonly Slot[] = []): Frame {
    const { extents } = this.parts;
    const slots = [...v.slots, ...extra];
    const chunk = this.#chunkOf(v, at);
    return {
      dims: slots.flatMap((s, i): Dim[] => {
        const n = at[i] ?? null;
        const whole = { v: s.name, axis: s.axis, from: 0, len: extents.of(s.axis) };
        if (extents.isLevelled(s.axis))
          return [{ ...whole, ...(n === null ? {} : extents.levels(s.axis, n, n)), isLevelled: true }];
        return isBatch(s) || n !== null ? [] : [whole];
      }),
      fixed: new Map(
        v.slots.flatMap((s, i) => {
          const n = at[i];
          const isIndex = typeof n === "number" && !extents.isLevelled(s.axis) && s.name !== chunk?.dim.v;
          return isIndex ? [[s.name, n] as const] : [];
        }),
      ),
      outer: new Map(slots.flatMap((s) => (s.of === undefined ? [] : [[s.name, outerNames(slots, s)]]))),
      batch: slots.some(isBatch) ? extents.batch : 1,
      ...(chunk ? { chunk } : {}),
    };
  }

  #chunkOf(v: Value, at: Indices): InChunk | null {
    for (const [i, n] of at.entries()) {
      const chunk = n === null ? null : this.parts.chunkAt?.(v, i, n);
      if (chunk) return chunk;
    }
    return null;
  }

  /** An equation with some of its slots fixed. */
  compute(v: Value, at: Indices): Ref {
    const { flat, extents } = this.parts;
    const stretch = stretchOf(v, at, extents);
    const dims = v.slots.filter((s, i) => !isBatch(s) && at[i] === null).map((s) => s.name);
    return widened(flat, this.#computeOn(v, at, stretch), dims, stretch);
  }

  #computeOn(v: Value, at: Indices, stretch: Stretch | null): Ref {
    const { flat, extents, reads, lineage, beam, costs } = this.parts;
    const eq = v.eq as NonNullable<Value["eq"]>;
    const { red } = eq;
    const whole = reachable(v, at, this.#frameOf(v, at, red?.vars), extents);
    const frame = onStretch(whole, stretch);
    flat.origin = at.some((n) => n !== null) ? `${v.id}[${at.filter((n) => n !== null)}]` : v.id;
    const around: Around = { flat, extents, frame };
    const lead = [...frame.dims.map((d) => d.len), frame.batch];
    const rank = v.shape.length;
    const reduced = red
      ? lead.flatMap((_, i) => (red.vars.some((s) => s.name === (frame.dims[i]?.v ?? "#")) ? [i] : []))
      : [];
    // a level without edges
    if (frame.dims.some((d) => d.isLevelled && d.len === 0)) return flat.constant(emptyOf(v, frame), v.dtype === "int");
    const args = eq.args.map((r) => reads.read(r, frame));
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
      case "linearAlong": {
        const d = frame.dims.findIndex((dim) => dim.v === eq.along);
        const n = frame.dims[d]?.len as number;
        if (n === 0) return flat.constant(0);
        const [a, b] = args as [Ref, Ref];
        if (!costs) throw new Error(`${v.id} is a recurrence, and nothing says what kernels cost`);
        const direction = eq.attrs["direction"] as 1 | -1;
        return recurrence(flat, { a, b, d, n, direction, rank: lead.length + rank }, costs);
      }
      case "draw":
        return drawAll({ lineage, beam }, v, at, args, around);
      case "beam":
        return beamStep(around, v, args);
      case "mask": {
        const names = eq.attrs["slots"] as readonly string[];
        const slots = [...v.slots, ...(red?.vars ?? [])].filter((s) => names.includes(s.name));
        const zero = flat.constant(0, v.dtype === "int");
        const x = select(flat, valid(around, slots), args[0] as Ref, zero, frame, rank);
        result = flat.sum(x, reduced, [...lead, ...v.shape]);
        break;
      }
      default: {
        const shapes = eq.args.map((r) => getValue(extents.system, r.v).shape);
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
                flat,
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
    const { flat, extents, isZero } = this.parts;
    const eq = v.eq as NonNullable<Value["eq"]>;
    if (!eq.red?.vars.some(isBatch)) return args;
    const open = v.slots.filter((s) => {
      if (isBatch(s) || !extents.isRagged(s.axis)) return false;
      return !eq.args.some((r) =>
        r.idx.some((p, i) => {
          const slot = getValue(extents.system, r.v).slots[i] as Slot;
          return p.k === "var" && p.v === s.name && p.shift >= 0 && isZero(r.v, slot.name);
        }),
      );
    });
    const truth = valid(around, open);
    const rank = getValue(extents.system, (eq.args[0] as { v: string }).v).shape.length;
    return [select(flat, truth, args[0] as Ref, flat.constant(0), around.frame, rank), ...args.slice(1)];
  }

  /** The dims that a reduction left as 1 go away; the batch stays. */
  #dropReduced(x: Ref, frame: Frame, vars: readonly Slot[], rank: number): Ref {
    if (isConst(x) || !vars.length) return x;
    const lead = x.shape.slice(0, x.shape.length - rank);
    const kept = lead.filter((_, i) => !vars.some((s) => s.name === frame.dims[i]?.v));
    return this.parts.flat.reshape(x, [...kept, ...x.shape.slice(lead.length)]);
  }
}
