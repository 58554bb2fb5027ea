/** A short notation for Systems that are built by hand: `h("t-1")` reads h[t-1], `h("$-1")` h[T-1], `h("0")` h[0]. */
import { SystemBuilder } from "../../src/compiler/system/builder.js";
import { type Expr, read, sumOver } from "../../src/compiler/system/expr.js";
import { at, fromEnd, fromStart } from "../../src/compiler/system/positions.js";
import {
  type Axis,
  BATCH,
  type Cond,
  type Pos,
  type Role,
  type Slot,
  type Step,
  type System,
} from "../../src/compiler/system/types.js";
import type { Environment, Lengths } from "../../src/compiler/targets/reference/evaluator.js";
import { uniform } from "./numbers.js";

export type Access = (...index: readonly string[]) => Expr;

export interface Case {
  readonly system: System;
  readonly params: readonly string[];
  readonly env: Environment;
}

export const slot = (name: string, axis: string, of?: string): Slot => ({
  name,
  axis,
  ...(of === undefined ? {} : { of }),
});

/** A number: a static axis. A list: a ragged one with these lengths. Otherwise a ragged one and what else is known of it. */
export type Extent = number | readonly number[] | (Partial<Axis> & { readonly lengths?: readonly Lengths[] });

/** `t`, `t-1`, `$` (the extent), `$-1`, `-2`, `0`. */
export function position(text: string): Pos {
  const match = /^([a-z]+'?|\$)?([+-]?\d+)?$/.exec(text);
  if (!match) throw new Error(`no position: ${text}`);
  const off = Number(match[2] ?? 0);
  if (match[1] === undefined) return fromStart(off);
  return match[1] === "$" ? fromEnd(off) : at(match[1], off);
}

export class Sketch {
  readonly builder = new SystemBuilder();
  readonly params: string[] = [];
  readonly tokens = new Map<string, number>();
  readonly maps = new Map<string, readonly (number | readonly number[])[]>();

  constructor(
    readonly extents: Readonly<Record<string, Extent>>,
    readonly batch: number,
    min = 0,
  ) {
    for (const [id, extent] of Object.entries(extents))
      if (typeof extent === "number") this.builder.axis(id, "static", { size: extent, min: extent });
      else if ("length" in extent && typeof extent.length === "number") this.builder.axis(id, "ragged", { min });
      else {
        const { lengths: _, ...facts } = extent as Exclude<Extent, number | readonly number[]>;
        this.builder.axis(id, "ragged", { min, ...facts });
      }
  }

  /** Reads the value with an index per slot; the batch slot is filled in. */
  access(id: string): Access {
    const { slots } = this.builder.get(id);
    const hasBatch = slots[0]?.name === BATCH.name;
    return (...index) => read(id, [...(hasBatch ? [at(BATCH.name)] : []), ...index.map(position)]);
  }

  #declare(id: string, slots: readonly Slot[], shape: readonly number[], role: Role): Access {
    this.builder.declare(id, slots, shape, role);
    return this.access(id);
  }

  param(id: string, shape: readonly number[], slots: readonly Slot[] = []): Access {
    this.params.push(id);
    return this.#declare(id, slots, shape, "param");
  }

  input(id: string, shape: readonly number[], slots: readonly Slot[] = []): Access {
    return this.#declare(id, [BATCH, ...slots], shape, "input");
  }

  /** An input of tokens below `n`. */
  token(id: string, n: number, slots: readonly Slot[] = []): Access {
    this.tokens.set(id, n);
    this.builder.declare(id, [BATCH, ...slots], [], "input", { dtype: "int" });
    return this.access(id);
  }

  /** A map of a structure: for each sample, where each node or edge leads. */
  map(
    id: string,
    slots: readonly Slot[],
    step: Step | undefined,
    entries: readonly (number | readonly number[])[],
  ): Access {
    this.maps.set(id, entries);
    this.builder.declare(id, [BATCH, ...slots], [], "input", { dtype: "int", ...(step ? { step } : {}) });
    return this.access(id);
  }

  /** A value that gets its equation later; it depends on the sample. */
  value(id: string, shape: readonly number[], slots: readonly Slot[]): Access {
    return this.#declare(id, [BATCH, ...slots], shape, "eq");
  }

  equate(id: string, e: Expr): void {
    this.builder.equate(id, e);
  }

  define(id: string, slots: readonly Slot[], e: Expr): Access {
    this.builder.define(id, [BATCH, ...slots], e);
    return this.access(id);
  }

  /** `clause("h", { t: "-1" }, e)` is h[-1] = e. */
  clause(id: string, pins: Readonly<Record<string, string>>, e: Expr): void {
    this.builder.clause(
      id,
      Object.entries(pins).map(([name, where]) => ({ slot: name, at: position(where) })),
      e,
    );
  }

  /** The loss: the sum of `e` over the samples and `slots`. */
  loss(slots: readonly Slot[], e: Expr, id = "loss"): void {
    this.builder.define(id, [], sumOver([BATCH, ...slots], e));
  }

  finish(): Case {
    const lengths: Record<string, readonly Lengths[]> = {};
    for (const [id, extent] of Object.entries(this.extents))
      if (Array.isArray(extent)) lengths[id] = extent;
      else if (typeof extent === "object" && "lengths" in extent && extent.lengths) lengths[id] = extent.lengths;
    const system = this.builder.finish();
    const given = (id: string, index: readonly number[]): Float64Array => {
      const map = this.maps.get(id);
      if (map) {
        const [b, i] = index as [number, number?];
        const entry = map[b] as number | readonly number[];
        return Float64Array.of(typeof entry === "number" ? entry : (entry[i as number] ?? -1));
      }
      const n = this.tokens.get(id);
      if (n !== undefined) return Float64Array.of(Math.floor(uniform(id, ...index) * n));
      const size = this.builder.get(id).shape.reduce((a, b) => a * b, 1);
      return Float64Array.from({ length: size }, (_, i) => 2 * uniform(id, ...index, i) - 1);
    };
    return { system, params: this.params, env: { batch: this.batch, lengths, given } };
  }
}

/** A read that counts only under guards. */
export function guarded(e: Expr, ...when: readonly Cond[]): Expr {
  if (e.e !== "read") throw new Error("only a read can be guarded");
  return { e: "read", read: { ...e.read, when: [...e.read.when, ...when] } };
}

export const earlier = (axis: string, a: string, b: string): Cond => ({
  rel: "lt",
  axis,
  a: position(a),
  b: position(b),
});
export const equals = (axis: string, a: string, b: string): Cond => ({
  rel: "eq",
  axis,
  a: position(a),
  b: position(b),
});
