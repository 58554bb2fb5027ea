/**
 * Program → Plan. Short loops are unrolled at the padded extents, long ones become scans; an equation outside loops is
 * computed once over its whole axes. Lengths are not part of a plan: whatever depends on them is a mask or an index that the
 * host makes for each batch.
 */
import { zeroOnPadding } from "../passes/mask-padding.js";
import { slotIn } from "../schedule/slots.js";
import { type Item, indexAt, type Loop, type Program, timeOf } from "../schedule/types.js";
import { getValue, product, type System, type Value } from "../system/types.js";
import { Equations } from "./equations.js";
import { chooseForms, drawnValues, type Forms } from "./forms.js";
import { Lineage } from "./lineage.js";
import { inParallel } from "./parallel.js";
import { Extents } from "./places.js";
import { finish, type Output, type Plan } from "./plan.js";
import { Reads } from "./reads.js";
import type { Costs } from "./recurrence.js";
import { ScanBody, type Until } from "./scan-body.js";
import { type ChunkOptions, type Chunks, chooseScans } from "./scans.js";
import { Flat } from "./tensors.js";
import { isConst } from "./types.js";
import { type Indices, isBatch, Values, type Zeros } from "./values.js";

export { type Output, type Plan, planOf } from "./plan.js";

export interface Shapes {
  readonly batch: number;
  /** Padded lengths of the ragged axes, by axis id. */
  readonly extents: Readonly<Record<string, number>>;
  /** Of the axes of trees and graphs: how many places each level has. They add up to the padded length. */
  readonly widths?: Readonly<Record<string, readonly number[]>>;
  /** Ragged axes along which no sample is padded: they need no masks. */
  readonly full?: readonly string[];
}

/** Such axes, by the lengths of the samples on each. */
export const fullAxes = (
  system: System,
  { extents }: Pick<Shapes, "extents">,
  lengths: Readonly<Record<string, ArrayLike<number>>>,
): string[] =>
  [...system.axes.values()]
    .filter((a) => a.kind === "ragged" && a.within === undefined && a.family === undefined)
    .filter(({ id }) => lengths[id] !== undefined && Array.from(lengths[id]).every((n) => n === extents[id]))
    .map(({ id }) => id);

export interface LowerOptions {
  /** Draws also choose the row that each row continues; later reads follow it. */
  readonly beam?: boolean;
  /** Which loops become scans, and in what chunks; null: none. */
  readonly chunk?: ChunkOptions | null;
  /** What kernels cost where the plan runs: whether loops that are linear recurrences are computed in parallel. Absent: none is. */
  readonly costs?: Costs;
  /** Parameters that are given as their transposes, see `tablesOf`. */
  readonly tables?: ReadonlySet<string>;
  /** A loop with this member, if it becomes a scan, ends after a chunk that leaves a number of it at 0 in all rows. */
  readonly until?: Until;
}

const CHUNKS: ChunkOptions = { above: 64, steps: 32 };

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
  readonly #scans: ReadonlyMap<Loop, Chunks>;
  readonly #lineage = new Lineage(this.#flat);
  readonly #values: Values;
  readonly #reads: Reads;
  readonly #equations: Equations;
  readonly #isZero: Zeros;
  readonly #program: Program;

  constructor(
    compute: { readonly system: System; readonly program: Program },
    shapes: Shapes,
    readonly outputs: readonly string[],
    readonly options: LowerOptions,
  ) {
    const { beam = false, chunk = CHUNKS, costs, tables = new Set<string>() } = options;
    const [flat, lineage] = [this.#flat, this.#lineage];
    const extentsOf = (of: System): Extents =>
      new Extents(of, shapes.batch, shapes.extents, shapes.widths, shapes.full);
    const drawn = drawnValues(compute.system);
    // of what becomes of a loop in parallel nothing is known
    const zeros = zeroOnPadding(compute.system);
    this.#isZero = (id, slot) => zeros.get(id)?.has(slot) === true;
    const isZero = this.#isZero;
    const before = extentsOf(compute.system);
    const program = costs ? inParallel(compute.program, { extents: before, drawn, isZero, costs }) : compute.program;
    const { system } = program;
    const extents = extentsOf(system);
    this.#extents = extents;
    this.#program = program;
    this.#system = system;
    this.#scans = chunk ? chooseScans(program, extents, drawn, chunk) : new Map();
    const forms = chooseForms(program, {
      outputs,
      drawn,
      scans: this.#scans.keys(),
      isSmall: (v, slot) => costs !== undefined && entrySize(v, slot, extents) * costs.element < costs.call,
    });
    this.#forms = forms;
    this.#values = new Values({
      flat,
      extents,
      forms,
      lineage,
      tables,
      compute: (v, at) => this.#equations.compute(v, at),
      boundary: (v, slot, index) => this.#equations.boundary(v, slot, index),
    });
    this.#reads = new Reads(flat, system, extents, this.#values, isZero);
    const common = { flat, extents, reads: this.#reads, isZero, lineage, beam };
    this.#equations = new Equations({ ...common, ...(costs && { costs }) });
  }

  plan(): Plan {
    this.#items(this.#program.items, []);
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
      if (at) for (const each of this.#drawsOf(v, at)) this.#values.put(v, each, this.#equations.compute(v, each));
    }
  }

  #loop(loop: Loop, inside: readonly (readonly [Loop, number])[]): void {
    let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const n = this.#extents.steps(loop.axis);
    if (n === 0) return;
    const chunks = this.#scans.get(loop);
    if (chunks) return this.#scan(chunks);
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

  /** A loop as a scan; the indices before its chunks come first or last. */
  #scan(chunks: Chunks): void {
    const { loop, from } = chunks;
    const single = (): void => {
      for (let k = 0; k < from; k++) {
        const time = loop.direction === 1 ? k : k - from + 1;
        this.#items(loop.body, [[loop, time]]);
      }
    };
    for (const id of loop.members) this.#values.running.add(id);
    if (loop.direction === 1) single();
    const { until } = this.options;
    new ScanBody(chunks, {
      flat: this.#flat,
      extents: this.#extents,
      forms: this.#forms,
      lineage: this.#lineage,
      isZero: this.#isZero,
      values: this.#values,
      reads: this.#reads,
      boundary: (v, slot, index) => this.#equations.boundary(v, slot, index),
      ...(until && loop.members.includes(until.member) && { until }),
    }).finish();
    if (loop.direction === -1) single();
    for (const id of loop.members) this.#values.running.delete(id);
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
}

/** How many elements a value has at one index of a slot. */
const entrySize = (v: Value, slot: number, extents: Extents): number =>
  product(v.slots.map((s, i) => (i === slot ? 1 : isBatch(s) ? extents.batch : extents.of(s.axis)))) * product(v.shape);

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
