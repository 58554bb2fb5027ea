/**
 * Decoding by definition: every value is a function of what was drawn before, so after each draw everything is evaluated
 * anew, one element at a time. Rows move by moving their draws. What lies beyond a sample's own length is NaN.
 */
import type { Model } from "../../src/compiler/model.js";
import type { Item, Loop } from "../../src/compiler/schedule/types.js";
import { BATCH, getValue, product, type System, type Value } from "../../src/compiler/system/types.js";
import { Evaluator } from "../../src/compiler/targets/reference/evaluator.js";
import type { DecodeEngine, DrawRequest, Numbers, Run } from "../../src/runtime/decoder/types.js";
import { noState } from "../../src/runtime/feeds.js";

export type Params = Readonly<Record<string, readonly number[]>>;

/** Thrown to leave the walk where a reply says stop. */
class Stop extends Error {}

export class ReferenceEngine implements DecodeEngine {
  /** Draws made, for tests that count them. */
  draws = 0;

  constructor(
    readonly model: Model,
    readonly params: Params,
  ) {}

  run(run: Run): Record<string, Numbers> {
    const walk = new Walk(run, this.params);
    try {
      walk.items(run.compute.program.items, []);
    } catch (e) {
      if (e instanceof Stop) return {};
      throw e;
    } finally {
      this.draws += walk.count;
    }
    return Object.fromEntries(run.outputs.map((id) => [id, walk.whole(id)]));
  }
}

class Walk {
  count = 0;
  readonly #system: System;
  readonly #drawn = new Map<string, readonly number[]>();

  constructor(
    readonly r: Run,
    readonly params: Params,
  ) {
    const values = new Map(r.compute.system.values);
    for (const v of r.compute.system.values.values()) {
      if (v.eq?.op !== "draw") continue;
      values.set(v.id, { ...v, role: "input", eq: null });
      for (const [i, arg] of v.eq.args.entries()) {
        const { shape, dtype } = getValue(r.compute.system, arg.v);
        const id = `${v.id}?${i}`;
        const slots = [...scored(v), ...(v.eq.red?.vars ?? [])];
        const eq = { ...v.eq, op: "id", attrs: {}, args: [arg], red: null };
        values.set(id, { ...v, id, slots, shape, dtype, clauses: [], eq });
      }
    }
    this.#system = { axes: r.compute.system.axes, values };
  }

  items(items: readonly Item[], inside: readonly (readonly [Loop, number])[]): void {
    for (const item of items) {
      if (item.kind === "eq") {
        const v = getValue(this.r.compute.system, item.v);
        if (v.eq?.op === "draw" && this.#needed(v.id)) this.#draw(v, inside);
        continue;
      }
      const offsets = item.members.map((m) => item.offsets[m] ?? 0);
      const n = this.#extent(item.axis);
      const ends = [0, item.direction * (n - 1)];
      const from = Math.min(...ends) + Math.min(...offsets);
      const to = Math.max(...ends) + Math.max(...offsets);
      for (let w = from; w <= to; w++) this.items(item.body, [...inside, [item, w]]);
    }
  }

  /** A value over its padded axes, 0 beyond each sample's own length. */
  whole(id: string): Numbers {
    const v = getValue(this.#system, id);
    const axes = v.slots.filter((s) => s.axis !== BATCH.axis);
    const e = this.#evaluator();
    const out: number[] = [];
    for (const index of box(axes.map((s) => this.#extent(s.axis))))
      for (let b = 0; b < this.r.batch.size; b++)
        out.push(...(this.#inside(axes, index, b) ? e.value(id, [b, ...index]) : new Float64Array(product(v.shape))));
    return v.dtype === "int" ? Int32Array.from(out) : Float32Array.from(out);
  }

  /** Like the plan, only what the outputs depend on is drawn. */
  #needed(id: string): boolean {
    const seen = new Set<string>();
    const queue = [...this.r.outputs];
    for (let v = queue.pop(); v !== undefined; v = queue.pop()) {
      if (seen.has(v)) continue;
      seen.add(v);
      const value = getValue(this.r.compute.system, v);
      queue.push(...(value.eq?.args ?? []).map((a) => a.v), ...value.clauses.map((c) => c.read.v));
    }
    return seen.has(id);
  }

  #draw(v: Value, inside: readonly (readonly [Loop, number])[]): void {
    const axes = scored(v).filter((s) => s.axis !== BATCH.axis);
    const index = axes.map((s) => {
      const at = inside.find(([loop]) => loop.axis === s.axis);
      return at ? (at[1] - (at[0].offsets[v.id] ?? 0)) * at[0].direction : null;
    });
    if (index.some((i, k) => i !== null && (i < 0 || i >= this.#extent(axes[k]?.axis as string)))) return;
    const wholes = axes.filter((_, k) => index[k] === null).map((s) => this.#extent(s.axis));
    for (const inner of box(wholes)) {
      let next = 0;
      this.#drawAt(
        v,
        axes,
        index.map((i) => i ?? (inner[next++] as number)),
      );
    }
  }

  #drawAt(v: Value, axes: Value["slots"], at: readonly number[]): void {
    this.count++;
    const rows = this.r.batch.size;
    const e = this.#evaluator();
    const { args, attrs, red } = v.eq as NonNullable<Value["eq"]>;
    const vars = red?.vars ?? [];
    const extents = vars.map((s) => this.#extent(s.axis));
    const params = args.map((_, i): DrawRequest["params"][number] => {
      const { shape } = getValue(this.#system, `${v.id}?${i}`);
      // logits say what is there; anything else on the padding is never looked at
      const entry = (b: number, over: readonly number[]): readonly number[] => {
        if (!this.#inside(axes, at, b)) return Array(product(shape)).fill(Number.NaN);
        if (this.#inside(vars, over, b)) return [...e.value(`${v.id}?${i}`, [b, ...at, ...over])];
        return Array(product(shape)).fill(i < vars.length ? Number.NEGATIVE_INFINITY : Number.NaN);
      };
      const data = Array.from({ length: rows }, (_, b) => box(extents).flatMap((over) => entry(b, over)));
      return { data: Float32Array.from(data.flat()), shape: [rows, ...extents, ...shape] };
    });
    const request = { random: v.id, ...attrs, over: vars.length, index: at, params } as unknown as DrawRequest;
    const { values, parent, stop } = (this.r.draw as NonNullable<Run["draw"]>)(request);
    if (parent) this.#move(parent);
    const along = v.slots.find((s) => s.name === attrs["along"]);
    if (along) {
      for (let u = 0; u < this.#extent(along.axis); u++)
        for (let b = 0; b < rows; b++) this.#drawn.set(`${v.id}|${[b, ...at, u]}`, [values[u * rows + b] as number]);
      if (stop) throw new Stop();
      return;
    }
    const n = product(v.shape);
    for (let b = 0; b < rows; b++) this.#drawn.set(`${v.id}|${[b, ...at]}`, [...values.subarray(b * n, (b + 1) * n)]);
    if (stop) throw new Stop();
  }

  #move(parent: Int32Array): void {
    const before = new Map(this.#drawn);
    for (const key of before.keys()) {
      const [id, index] = key.split("|") as [string, string];
      const [b, ...at] = index.split(",").map(Number);
      this.#drawn.set(key, before.get(`${id}|${[parent[b as number], ...at]}`) as readonly number[]);
    }
  }

  #evaluator(): Evaluator {
    const { batch, states } = this.r;
    const lengths = Object.fromEntries(Object.entries(batch.lengths).map(([a, l]) => [a, [...l]]));
    const given = (id: string, index: readonly number[]): ArrayLike<number> => {
      const drawn = this.#drawn.get(`${id}|${index}`);
      if (drawn) return drawn;
      if (id === "#fresh") return [batch.fresh?.[index[0] as number] as number];
      const v = getValue(this.#system, id);
      if (v.role === "param" || v.role === "frozen") return this.params[id] as readonly number[];
      const data = states[id] ?? (v.role === "state" ? noState(this.#system, v, batch) : batch.fields[id]);
      if (!data) throw new Error(`${id}[${index}] is not drawn yet`);
      const [b, ...at] = index;
      const axes = v.slots.filter((s) => s.axis !== BATCH.axis);
      const row = at.reduce((r, i, k) => r * this.#extent(axes[k]?.axis as string) + i, 0) * batch.size + (b as number);
      const n = product(v.shape);
      return data.subarray(row * n, (row + 1) * n);
    };
    return new Evaluator(this.#system, { batch: batch.size, lengths, given });
  }

  #inside(axes: Value["slots"], index: readonly number[], b: number): boolean {
    return axes.every((s, k) => (index[k] as number) < (this.r.batch.lengths[s.axis]?.[b] ?? Number.POSITIVE_INFINITY));
  }

  #extent(axis: string): number {
    return this.r.batch.extents[axis] ?? (this.#system.axes.get(axis)?.size as number);
  }
}

/** The slots of which each index is a draw of its own. */
const scored = (v: Value): Value["slots"] => v.slots.filter((s) => s.name !== v.eq?.attrs["along"]);

function box(extents: readonly number[]): number[][] {
  return extents.reduce<number[][]>(
    (all, n) => all.flatMap((i) => Array.from({ length: n }, (_, k) => [...i, k])),
    [[]],
  );
}
