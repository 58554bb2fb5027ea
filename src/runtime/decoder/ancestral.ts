/** Drawing in the order of the equations: each random from its distribution given all before it, each row by itself. */

import type { FieldInfo, Model } from "../../compiler/model.js";
import { type Draws, draws } from "../../compiler/random.js";
import { product } from "../../compiler/system/types.js";
import { around, type Bound, boundsOf, boxOf, eachIndex, extentIn } from "../lengths.js";
import type { Lengths } from "../types.js";
import { crop, type Ending, fieldOf, producible } from "./axes.js";
import type { Method } from "./choose.js";
import { chooseLabels, framesOf, type Labels, searchLabels } from "./ctc.js";
import { labelsOfKnownLength, labelsOverAxes, labelsWithPrefix } from "./diagnostics.js";
import { choices, chooseFrom, rowOf, type Values } from "./draws.js";
import { DecodeError } from "./errors.js";
import type { Alternative, Decoded, DrawReply, DrawRequest, Numbers } from "./types.js";

export interface AncestralOptions {
  readonly model: Model;
  /** Drawn in this run. */
  readonly randoms: readonly string[];
  readonly method: Method;
  /** Of a sequence that one draw makes (`ctc`), so many are searched for. */
  readonly beam?: number;
  readonly seed: number;
  readonly rows: readonly Row[];
  /** Of the open axes, what ends them; null for those that only their longest length ends. */
  readonly open: ReadonlyMap<string, Ending | null>;
  /** Of nodes and edges, for each row: the place where each of its own lies (`Batch.places`). */
  readonly places?: Readonly<Record<string, readonly Int32Array[]>>;
}

export interface Row {
  /** Names the sample in the keys of random numbers. */
  readonly id: number;
  /** Of every ragged axis; of an open one the longest it may become. */
  readonly lengths: Readonly<Record<string, Lengths>>;
  /** Known beginnings, row-major. */
  readonly prefix: Readonly<Record<string, ArrayLike<number>>>;
}

/** One random of one row, laid out at the longest lengths. `logp`: one number per index, 0 where it is not counted. */
interface Slots {
  readonly extents: readonly number[];
  /** How far each index goes, given those before it. */
  readonly bounds: readonly Bound[];
  readonly values: Numbers;
  readonly logp: Float64Array;
}

export class Ancestral {
  readonly #fields: ReadonlyMap<string, FieldInfo>;
  readonly #slots: ReadonlyMap<string, readonly Slots[]>;
  /** By open axis, of each row, the index at which its end was drawn. */
  readonly #ends = new Map<string, (number | null)[]>();
  /** Of each random, how many steps of its open axis are drawn. */
  readonly #reached = new Map<string, number>();
  #before = 0;
  /** By random that is drawn as a whole, what was found for each row, best first. */
  readonly #whole = new Map<string, readonly (readonly Labels[])[]>();

  constructor(readonly options: AncestralOptions) {
    const { model, rows, randoms, open } = options;
    this.#fields = new Map(randoms.map((r) => [r, fieldOf(model, r)]));
    this.#slots = new Map([...this.#fields].map(([name, f]) => [name, rows.map((row) => slotsOf(model, f, row))]));
    for (const axis of open.keys())
      this.#ends.set(
        axis,
        rows.map(() => null),
      );
  }

  /** Steps of open axes that earlier runs have made. */
  get before(): number {
    return this.#before;
  }

  /** The next run goes on behind `steps` more steps of the open axis. */
  advance(steps: number): void {
    this.#before += steps;
  }

  /** Has every sequence ended? Where no axis is open there is nothing to be gained by asking. */
  get done(): boolean {
    return [...this.#fields.values()].every((f) => {
      const axis = f.axes.find((a) => this.options.open.has(a));
      if (axis === undefined) return false;
      const needed = Math.max(...this.options.rows.map((_, r) => this.length(axis, r)));
      return (this.#reached.get(f.name) ?? 0) >= needed;
    });
  }

  draw = (request: DrawRequest): DrawReply => {
    const field = this.#fields.get(request.random);
    const shape = request.params[0]?.shape;
    if (!field || !shape) throw new Error(`nobody asked for a draw of ${request.random}`);
    const { rows, open } = this.options;
    if (shape[0] !== rows.length) throw new Error(`${field.name}: ${shape[0]} rows instead of ${rows.length}`);
    if (request.dist === "ctc") return this.#sequences(field, request);
    const drawn = product(field.shape);
    const isIndex = field.type.kind !== "float";
    const values = isIndex ? new Int32Array(rows.length) : new Float32Array(rows.length * drawn);
    const allowed = producible(this.options.model, field, isIndex ? choices(request) : 2);
    const choose = (r: number, uniform: () => number): Values =>
      chooseFrom(rowOf(request, r), allowed, this.options.method, uniform);
    const at = field.axes.map((axis, k) => (request.index[k] as number) + (open.has(axis) ? this.#before : 0));
    for (let r = 0; r < rows.length; r++) {
      const own = at.map((i, k) => this.options.places?.[field.axes[k] as string]?.[r]?.indexOf(i) ?? i);
      const got = this.#one(field, r, own, (uniform) => choose(r, uniform));
      if (got) values.set(got, r * drawn);
    }
    const along = field.axes.findIndex((a) => open.has(a));
    if (along >= 0) this.#reached.set(field.name, (at[along] as number) + 1);
    return { values, stop: this.done };
  };

  /**
   * Draws that a run has computed itself, [axes…, rows, 3] each of value, −log p and whether the sequence goes on; those of
   * the random that ends an axis come first. False where a number is not finite: what has been taken is then of no use.
   */
  take(random: string, choices: Float32Array, padded: readonly number[]): boolean {
    const field = this.#fields.get(random);
    if (!field) throw new Error(`nobody asked for a draw of ${random}`);
    const { rows, open } = this.options;
    const along = field.axes.findIndex((a) => open.has(a));
    let good = true;
    for (const [r] of rows.entries()) {
      const bounds = padded.map((n, k) => (index: readonly number[]) => {
        if (k === along) return Math.min(n, this.length(field.axes[k] as string, r) - this.#before);
        const slots = (this.#slots.get(random) as Slots[])[r] as Slots;
        return (slots.bounds[k] as Bound)(index);
      });
      eachIndex(bounds, (index) => {
        const place = 3 * (index.reduce((p, i, k) => p * (padded[k] as number) + i, 0) * rows.length + r);
        const at = index.map((i, k) => (k === along ? i + this.#before : i));
        this.#one(field, r, at, () => {
          const logp = -(choices[place + 1] as number);
          good &&= Number.isFinite(logp);
          return { values: [choices[place] as number], logp };
        });
      });
    }
    if (along >= 0) this.#reached.set(random, this.#before + (padded[along] as number));
    return good;
  }

  /** What each row has become. */
  results(): Decoded[] {
    return this.options.rows.map((_, r) => {
      let logp = 0;
      const fields: Record<string, Numbers> = {};
      for (const [name, f] of this.#fields) {
        const { extents, bounds, values, logp: each } = (this.#slots.get(name) as Slots[])[r] as Slots;
        const own = f.axes.map((a, k) => (this.options.open.has(a) ? this.length(a, r) : (extents[k] as number)));
        const isNested = f.axes.some((a) => around(this.options.model.axes, a).length > 0);
        fields[name] = isNested
          ? packed(values, extents, bounds, product(f.shape))
          : crop(values, extents, own, product(f.shape));
        logp += this.#whole.get(name)?.[r]?.[0]?.logp ?? crop(each, extents, own, 1).reduce((a, b) => a + b, 0);
      }
      const axes = new Set([...this.#fields.values()].flatMap((f) => f.axes));
      const ragged = [...axes].filter((a) => a in (this.options.rows[r] as Row).lengths);
      const known = (this.options.rows[r] as Row).lengths;
      const lengths = Object.fromEntries(
        ragged.map((a) => [a, this.options.open.has(a) ? this.length(a, r) : (known[a] as Lengths)]),
      );
      const ended = ragged.every((a) => !this.options.open.get(a) || this.#ends.get(a)?.[r] !== null);
      const alternatives = this.options.beam ? this.#alternatives(r, lengths) : [];
      return { fields, lengths, logp, ended, ...(alternatives.length ? { alternatives } : {}) };
    });
  }

  /** Of a sequence that was searched for as a whole, if it is all that is drawn here: all that was found. */
  #alternatives(r: number, lengths: Readonly<Record<string, Lengths>>): Alternative[] {
    const [name, ...others] = this.#fields.keys();
    const found = name !== undefined && !others.length ? this.#whole.get(name)?.[r] : undefined;
    const axis = name === undefined ? undefined : this.#fields.get(name)?.axes.at(-1);
    if (!found || name === undefined || axis === undefined) return [];
    return found.map(({ labels, logp }) => ({
      fields: { [name]: Int32Array.from(labels) },
      lengths: { ...lengths, [axis]: labels.length },
      logp,
      score: logp,
      ended: true,
    }));
  }

  /** As far as it is known by now. */
  length(axis: string, r: number): number {
    const end = this.#ends.get(axis)?.[r] ?? null;
    return end === null ? ((this.options.rows[r] as Row).lengths[axis] as number) : end + 1;
  }

  /** The value of row r at an index, stored and returned; null beyond its own lengths. */
  #one(field: FieldInfo, r: number, at: readonly number[], choose: Chooser): readonly number[] | null {
    const { extents, bounds, values, logp } = (this.#slots.get(field.name) as Slots[])[r] as Slots;
    const inside = at.every((i, k) => {
      const axis = field.axes[k] as string;
      return i >= 0 && i < (this.options.open.has(axis) ? this.length(axis, r) : (bounds[k] as Bound)(at));
    });
    if (!inside) return null;
    const row = this.options.rows[r] as Row;
    const place = at.reduce((p, i, k) => p * (extents[k] as number) + i, 0);
    const n = product(field.shape);
    const prefix = row.prefix[field.name];
    const known = prefix !== undefined && (place + 1) * n <= prefix.length;
    // a node is chosen by its place, and told by its own number
    const nodes = field.type.kind === "position" ? this.options.places?.[field.type.axis]?.[r] : undefined;
    const given = (i: number): number => nodes?.[prefix?.[i] as number] ?? (prefix?.[i] as number);
    const got: Values = known
      ? { values: Array.from({ length: n }, (_, i) => given(place * n + i)), logp: 0 }
      : choose(stream(this.options.seed, row.id, field.name, at));
    for (const [i, value] of got.values.entries()) values[place * n + i] = nodes ? nodes.indexOf(value) : value;
    logp[place] = (logp[place] as number) + got.logp;
    for (const [axis, ending] of this.options.open)
      if (ending?.random === field.name && got.values[0] === ending.token)
        (this.#ends.get(axis) as (number | null)[])[r] = at[field.axes.indexOf(axis)] as number;
    return got.values;
  }

  /** Whole sequences of labels, one draw for all rows: [longest length, rows]. */
  #sequences(field: FieldInfo, request: DrawRequest): DrawReply {
    const { rows, open, model, method, beam } = this.options;
    const axis = field.axes[field.axes.length - 1] as string;
    if (field.axes.length > 1) throw new DecodeError(labelsOverAxes({ random: field.name, axes: field.axes }));
    if (!open.has(axis)) throw new DecodeError(labelsOfKnownLength({ random: field.name, axis }));
    const [logits] = request.params as [DrawRequest["params"][number]];
    const [, count, size] = logits.shape as [number, number, number];
    const allowed = producible(model, field, size);
    const longest = Math.max(...rows.map((row) => row.lengths[axis] as number));
    const values = new Int32Array(longest * rows.length);
    const found = rows.map((row, r) => {
      if (row.prefix[field.name]?.length) throw new DecodeError(labelsWithPrefix({ random: field.name }));
      const own = logits.data.subarray(r * count * size, (r + 1) * count * size);
      const frames = framesOf(own, count, size, (k) => allowed[k] !== 0);
      const uniform = stream(this.options.seed, row.id, field.name, request.index);
      return beam ? searchLabels(frames, beam) : [chooseLabels(frames, method, uniform)];
    });
    for (const [r, [best]] of found.entries()) {
      const { labels } = best as Labels;
      for (const [u, label] of labels.entries()) values[u * rows.length + r] = label;
      ((this.#slots.get(field.name) as Slots[])[r] as Slots).values.set(labels);
      (this.#ends.get(axis) as (number | null)[])[r] = labels.length - 1;
    }
    this.#whole.set(field.name, found);
    this.#reached.set(field.name, longest);
    return { values, stop: this.done };
  }
}

type Chooser = (uniform: () => number) => Values;

function slotsOf(model: Model, field: FieldInfo, row: Row): Slots {
  const extent = extentIn(model.axes, row.lengths);
  for (const bound of field.axes)
    if (
      extent(
        bound,
        around(model.axes, bound).map(() => 0),
      ) === undefined
    )
      throw new Error(`${field.name}: the length of ${bound} is not known`);
  const bounds = boundsOf(model.axes, field.axes, extent);
  const extents = boxOf(bounds);
  const places = product(extents);
  const size = places * product(field.shape);
  return {
    extents,
    bounds,
    values: field.type.kind === "float" ? new Float32Array(size) : new Int32Array(size),
    logp: new Float64Array(places),
  };
}

/** The entries inside their own lengths, one after the other. */
function packed(values: Numbers, extents: readonly number[], bounds: readonly Bound[], n: number): Numbers {
  const places: number[] = [];
  eachIndex(bounds, (index) => places.push(index.reduce((p, i, k) => p * (extents[k] as number) + i, 0)));
  const out = values.slice(0, places.length * n);
  for (const [k, place] of places.entries()) out.set(values.subarray(place * n, (place + 1) * n), k * n);
  return out;
}

/** Uniform numbers that depend on the sample, the random and the index alone (R15); nothing is computed before the first. */
function stream(seed: number, id: number, name: string, at: readonly number[]): () => number {
  let numbers: Draws | null = null;
  return () => {
    numbers ??= draws(seed, "draw", id, name, ...at);
    return numbers.uniform();
  };
}
