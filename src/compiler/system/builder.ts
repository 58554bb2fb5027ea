/** Makes Systems: flattens expression trees into single-assignment equations, each over exactly the axes it depends on. */
import { opOf } from "../ops/index.js";
import { leadsTo } from "./deps.js";
import { E, type Expr, ofRead } from "./expr.js";
import { condPositions, hasSlot, identity } from "./positions.js";
import type { Axis, Clause, Cond, Dtype, Eq, Pos, Read, Reduction, Role, Slot, System, Value } from "./types.js";
import { BATCH } from "./types.js";

export type Declaration = Partial<Omit<Value, "id" | "slots" | "shape">>;

export class SystemBuilder {
  readonly axes: Map<string, Axis>;
  readonly values: Map<string, Value>;
  #fresh = 0;

  /** Starts empty (with the batch axis), or from a System that is to be extended. */
  constructor(from?: System) {
    this.axes = new Map(from?.axes ?? [["#", { id: "#", kind: "batch", min: 1 }]]);
    this.values = new Map(from?.values ?? []);
  }

  axis(id: string, kind: "static" | "ragged", options: Partial<Omit<Axis, "id" | "kind">> = {}): string {
    this.axes.set(id, { min: 1, ...options, id, kind });
    return id;
  }

  get(id: string): Value {
    const value = this.values.get(id);
    if (!value) throw new Error(`the System has no value ${id}`);
    return value;
  }

  /** An id that is free: `base`, else `base.1`, … */
  freshId(base: string): string {
    if (!this.values.has(base)) return base;
    for (;;) {
      const id = `${base}.${++this.#fresh}`;
      if (!this.values.has(id)) return id;
    }
  }

  /** Declares a value without (yet) an equation and returns its id. `role` decides whether it needs one. */
  declare(id: string, slots: readonly Slot[], shape: readonly number[], role: Role, rest: Declaration = {}): string {
    if (this.values.has(id)) throw new Error(`${id} is declared twice`);
    this.values.set(id, {
      dtype: "float",
      eq: null,
      clauses: [],
      outside: "error",
      named: true,
      ...rest,
      id,
      slots,
      shape,
      role,
    });
    return id;
  }

  /** Reads a declared value at its own variables. */
  ident(id: string): Expr {
    return ofRead(identity(this.get(id)));
  }

  /** Gives a declared value its equation. The shapes must agree. */
  equate(id: string, e: Expr): void {
    const value = this.get(id);
    const eq = this.#equation(e, value.slots, id);
    const { shape, dtype } = this.#type(eq);
    if (shape.join() !== value.shape.join())
      throw new Error(`shape of ${id}: declared [${value.shape}], defined [${shape}]`);
    this.values.set(id, { ...value, dtype, eq });
  }

  /** Declares and equates a named value over `slots`; its shape follows from the expression. */
  define(id: string, slots: readonly Slot[], e: Expr, rest: Declaration = {}): string {
    const eq = this.#equation(e, slots, id);
    const { shape, dtype } = this.#type(eq);
    return this.declare(id, slots, shape, "eq", { dtype, eq, ...rest });
  }

  /** A boundary clause of a declared value: `e` in the variables of the slots that are not pinned. */
  clause(id: string, pins: Clause["pins"], e: Expr): void {
    const value = this.get(id);
    const scope = value.slots.filter((s) => !pins.some((p) => p.slot === s.name));
    const where = pins.map((p) => (p.at.k === "var" ? p.at.v : `${p.at.k === "end" ? "$" : ""}${p.at.off}`)).join();
    // a clause that leads back to its own value has an equation of its own: h[t,-1] = h[t-1,S-1]
    const isCircular = e.e === "read" && leadsTo(this.values, e.read.v, id);
    const read = this.emit(isCircular ? E.id(e) : e, scope, `${id}[${where}]`);
    this.values.set(id, { ...this.get(id), clauses: [...value.clauses, { pins, read }] });
  }

  /**
   * Flattens `e`, in the variables `scope`, into equations and returns the read of its value.
   * `slots` forces the axes of the last equation; otherwise it has those that it depends on.
   */
  emit(e: Expr, scope: readonly Slot[], name: string, slots?: readonly Slot[]): Read {
    if (e.e === "read" && !slots) return e.read;
    const used = this.freeVars(e);
    // what is within another axis brings that with it
    for (const s of [...scope].reverse()) if (s.of !== undefined && used.has(s.name)) used.add(s.of);
    const own = batchFirst(slots ?? scope.filter((s) => used.has(s.name)));
    const eq = this.#equation(e, own, name);
    const { shape, dtype } = this.#type(eq);
    const id = this.declare(this.freshId(name), own, shape, "eq", { dtype, eq, named: false });
    return identity(this.get(id));
  }

  #equation(e: Expr, scope: readonly Slot[], name: string): Eq {
    const part = (x: Expr, i: number, inner: readonly Slot[]): Read => this.emit(x, inner, `${name}.${i}`);
    switch (e.e) {
      case "read":
        return { op: "id", attrs: {}, args: [e.read], along: null, red: null };
      case "op":
        return { op: e.op, attrs: e.attrs, args: e.args.map((a, i) => part(a, i, scope)), along: null, red: null };
      case "along":
        return { op: e.op, attrs: {}, args: [part(e.arg, 0, scope)], along: e.var, red: null };
      case "red": {
        const inner = [...scope.filter((s) => !hasSlot(e.vars, s.name)), ...e.vars];
        const red: Reduction = { kind: e.kind, vars: batchFirst(e.vars) };
        const { body } = e;
        // a segment reduction: what is not chosen is −∞
        const isSegment = body.e === "op" && body.op === "only" && body.attrs["fill"] === Number.NEGATIVE_INFINITY;
        const fuses =
          body.e === "op" &&
          (e.kind === "sum"
            ? opOf(body.op).multilinear && !("fill" in body.attrs)
            : e.kind === "draw" || (isSegment && e.kind !== "argmax"));
        if (body.e === "op" && fuses)
          return { op: body.op, attrs: body.attrs, args: body.args.map((a, i) => part(a, i, inner)), along: null, red };
        return { op: "id", attrs: {}, args: [part(body, 0, inner)], along: null, red };
      }
    }
  }

  #type(eq: Eq): { shape: number[]; dtype: Dtype } {
    const args = eq.args.map((r) => this.get(r.v));
    const def = opOf(eq.op);
    if (eq.red?.kind === "argmax") return { shape: [], dtype: "int" };
    return {
      shape: def.infer(
        args.map((v) => v.shape),
        eq.attrs,
      ),
      dtype:
        typeof def.dtype === "function"
          ? def.dtype(
              args.map((v) => v.dtype),
              eq.attrs,
            )
          : (def.dtype ?? "float"),
    };
  }

  /** The variables that `e` depends on. A ragged extent depends on the sample. */
  freeVars(e: Expr): Set<string> {
    const free = new Set<string>();
    const ragged = (axis: string): boolean => this.axes.get(axis)?.kind === "ragged";
    const note = (v: string, bound: ReadonlySet<string>): void => {
      if (!bound.has(v)) free.add(v);
    };
    const pos = (p: Pos, axis: string, bound: ReadonlySet<string>): void => {
      if (p.k === "var") note(p.v, bound);
      else if (p.k === "end" && ragged(axis)) note(BATCH.name, bound);
    };
    const cond = (c: Cond, bound: ReadonlySet<string>): void => {
      for (const p of condPositions(c)) pos(p, c.axis, bound);
      if (c.rel === "in" && ragged(c.axis)) note(BATCH.name, bound);
    };
    const nest = (names: readonly string[], bound: ReadonlySet<string>): void => {
      for (const name of names) note(name, bound);
    };
    const go = (x: Expr, bound: ReadonlySet<string>): void => {
      switch (x.e) {
        case "read": {
          const value = this.get(x.read.v);
          x.read.idx.forEach((p, i) => {
            pos(p, (value.slots[i] as Slot).axis, bound);
          });
          for (const c of x.read.when) cond(c, bound);
          return;
        }
        case "op":
          for (const a of x.args) go(a, bound);
          nest(slotsOfOp(x), bound);
          if (x.op === "mask" || (x.op === "extent" && ragged(x.attrs["axis"] as string))) note(BATCH.name, bound);
          return;
        case "along":
          note(x.var, bound);
          note(BATCH.name, bound);
          go(x.arg, bound);
          return;
        case "red": {
          const inner = new Set([...bound, ...x.vars.map((s) => s.name)]);
          if (x.vars.some((s) => ragged(s.axis))) note(BATCH.name, inner);
          nest(
            x.vars.flatMap((s) => (s.of === undefined ? [] : [s.of])),
            inner,
          );
          go(x.body, inner);
        }
      }
    };
    go(e, new Set());
    return free;
  }

  finish(): System {
    return { axes: this.axes, values: this.values };
  }
}

/** The extents of the other axes depend on the sample, so it comes first. */
const batchFirst = (slots: readonly Slot[]): readonly Slot[] =>
  [...slots].sort((a, b) => Number(b.axis === BATCH.axis) - Number(a.axis === BATCH.axis));

/** The variables that an op names in its attributes. */
function slotsOfOp(x: Extract<Expr, { e: "op" }>): readonly string[] {
  if (x.op === "index" || x.op === "only") return [x.attrs["slot"] as string];
  if (x.op === "mask") return x.attrs["slots"] as readonly string[];
  return (x.attrs["within"] as readonly string[] | undefined) ?? [];
}
