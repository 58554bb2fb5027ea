import type { Expr, Target } from "../syntax/ast.js";
import { printStatement } from "../syntax/print.js";
import { at, type Env, envOf, substRead } from "../system/positions.js";
import {
  type Clause,
  type Eq,
  getValue,
  type Pos,
  type Read,
  type Slot,
  type System,
  type Value,
} from "../system/types.js";
import { type Boundary, boundaryValues } from "./boundaries.js";
import { asIndex, asNeighbours, mapEntry } from "./chosen.js";
import { inlined, type Together } from "./inline.js";
import { labelsOf } from "./labels.js";
import { nameAll } from "./names.js";
import { elementwise, transparent, type Written, writeOp } from "./ops.js";
import { OutsideReads } from "./outside.js";
import { condition, isImpossible, position, shown, variable } from "./positions.js";
import { type Split, splitsOf } from "./splits.js";
import { call, choice, concat, name, number, reference, toIndex } from "./tree.js";

const nowhere = { start: 0, end: 0 };

/** May one number stand for a whole tensor here, as on the right of an equation whose shape is stated? */
type Width = "spread" | "exact";

/** Writes the values of one System as lines of the language. */
export class Lines {
  private readonly names: ReadonlyMap<string, string>;
  private readonly inline: ReadonlySet<string>;
  private readonly boundaries: ReadonlyMap<string, Boundary>;
  private readonly outside = new OutsideReads();

  constructor(
    private readonly system: System,
    together?: Together,
  ) {
    this.names = nameAll(system);
    this.inline = inlined(system, together);
    this.boundaries = boundaryValues(system, this.inline);
  }

  /** Has the value lines of its own? Not if there is nothing to say about it, or if it stands in its reader. */
  has(id: string): boolean {
    const { eq, clauses } = getValue(this.system, id);
    const isClause = this.boundaries.get(id)?.isClause ?? false;
    return (eq !== null || clauses.length > 0) && !this.inline.has(id) && !isClause;
  }

  /** `ids` and the parts that they are made of. */
  closure(ids: Iterable<string>): ReadonlySet<string> {
    const out = new Set<string>();
    const queue = [...ids];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      if (out.has(id)) continue;
      out.add(id);
      const { eq, clauses } = getValue(this.system, id);
      for (const { v } of [...(eq?.args ?? []), ...clauses.map(({ read }) => read)]) {
        if (!getValue(this.system, v).named) queue.push(v);
      }
    }
    return out;
  }

  /** What the lines of a value read, through the parts that stand in them. */
  reads(id: string): string[] {
    const { eq, clauses } = getValue(this.system, id);
    return [...(eq?.args ?? []), ...clauses.map(({ read }) => read)].flatMap(({ v }) =>
      this.has(v) || getValue(this.system, v).eq === null ? [v] : this.reads(v),
    );
  }

  /** The lines of each value: its equation, its boundary clauses, and where it is read outside its domain and is 0 there. */
  write(ids: readonly string[]): ReadonlyMap<string, readonly string[]> {
    const values = ids.map((id) => getValue(this.system, id));
    const splits = splitsOf(this.system, values);
    const written = values.map((value) => [
      ...(value.eq === null ? [] : this.equation(value, value.eq, splits.get(value.id))),
      ...value.clauses.map((clause) => this.clause(value, clause)),
    ]);
    return new Map(
      values.map((value, i) => {
        const zeros = this.outside.of(value).map((indices) => this.assign(this.target(value.id, indices), number(0)));
        return [value.id, [...(written[i] ?? []), ...zeros]];
      }),
    );
  }

  /** One line; none for a part of a split that stands in the line of its first part. */
  private equation(value: Value, eq: Eq, split?: Split): string[] {
    if (split !== undefined && split.parts[0] !== value) return [];
    if (split !== undefined) {
      const whole = this.read(split.whole, {}, "exact");
      const targets = split.parts.map((part) => this.typed(part));
      const right = call("split", [whole, number(split.parts.length)]);
      return [printStatement({ kind: "equation", targets, value: right, span: nowhere })];
    }
    const target = this.typed(value);
    if (eq.op !== "draw") return [this.assign(target, this.body(value, {}, "spread"))];
    return [printStatement({ kind: "sample", target, dist: this.drawn(eq), span: nowhere })];
  }

  /** `normal(mu, sigma)`, `categorical[s](z[s])`, `mixture[m](w[m], normal(mu[m], sigma[m]))`. */
  private drawn({ attrs, args: reads, red }: Eq): Expr {
    const args = reads.map((read) => this.read(read, {}, "exact"));
    const over = (red?.vars ?? []).map((s) => variable(s.name));
    if (attrs["dist"] !== "mixture") return call(String(attrs["dist"]), args, { over });
    const [weight, ...rest] = args;
    const base = call(String(attrs["base"]), rest, { over: over.slice(1) });
    return call("mixture", [...(weight ? [weight] : []), base], { over: over.slice(0, 1) });
  }

  /** The value at its own variables, with its shape: `h[t] : [H]`. */
  private typed(value: Value): Target {
    const dims = labelsOf(this.system, value).map(name);
    return {
      ...this.target(
        ...this.place(
          value,
          value.slots.map(({ name: v }): Pos => at(v)),
        ),
      ),
      ...(dims.length === 0 ? {} : { type: { kind: "shape", dims, open: false, span: nowhere } }),
    };
  }

  private clause(value: Value, { pins, read }: Clause): string {
    const indices = value.slots.filter(shown).map(({ name: v, axis }) => {
      const pin = pins.find(({ slot }) => slot === v);
      return position(pin?.at ?? at(v), axis);
    });
    const part = getValue(this.system, read.v);
    const boundary = this.boundaries.get(part.id);
    const isOwn = boundary?.isClause === true && boundary.of === value && boundary.pins === pins;
    const right = isOwn ? this.body(part, envOf(part, read), "spread") : this.read(read, {}, "spread");
    return this.assign(this.target(value.id, indices), right);
  }

  private assign(target: Target, value: Expr): string {
    return printStatement({ kind: "equation", targets: [target], value, span: nowhere });
  }

  private target(id: string, indices: readonly Expr[]): Target {
    return { name: this.nameOf(id), nameSpan: nowhere, indices: indices.map(toIndex), span: nowhere };
  }

  /** What the value is called. */
  nameOf(id: string): string {
    return this.names.get(id) ?? id;
  }

  /** The name and the indices under which a value is known: that of a clause is h at -1, its adjoint dh at -1. */
  private place(value: Value, idx: readonly Pos[]): [id: string, indices: readonly Expr[]] {
    const here = new Map(value.slots.map(({ name: v }, i) => [v, idx[i] ?? at(v)]));
    const boundary = this.boundaries.get(value.id);
    if (boundary === undefined) {
      return [value.id, value.slots.filter(shown).map(({ name: v, axis }) => position(here.get(v) ?? at(v), axis))];
    }
    const { of, pins } = boundary;
    const indices = of.slots.filter(shown).map(({ name: v, axis }) => {
      const pin = pins.find(({ slot }) => slot === v);
      return position(pin?.at ?? here.get(v) ?? at(v), axis);
    });
    return [of.id, indices];
  }

  /** The right side of an equation; `env` says where its variables are in the variables of the line. */
  private body(value: Value, env: Env, width: Width): Expr {
    const { eq } = value;
    if (eq === null) throw new Error(`print: ${value.id} has no equation`);
    const bound = bind(eq.red?.vars ?? [], env);
    const here = { ...env, ...bound.env };
    const within = (slot: string): Expr => position(here[slot] ?? at(slot), "");
    const inner: Width = elementwise.has(eq.op) ? "spread" : transparent.has(eq.op) ? width : "exact";
    const tiles = this.tiles(eq, here);
    if (tiles !== undefined) return concat(tiles);
    const spread = width === "spread" && (eq.op === "fill" || eq.op === "const");
    const along = eq.along === null ? undefined : (here[eq.along] ?? at(eq.along));
    const args = eq.args.map((read) => this.read(read, here, spread ? "spread" : inner));
    const names = { sum: "sum", max: "max", lse: "logsumexp", argmax: "argmax", draw: "draw" } as const;
    if (eq.op === "only" && eq.red) {
      const [x, index] = args as [Expr, Expr];
      const slot = within(eq.attrs["slot"] as string);
      const [over] = bound.over;
      const gathered = slot.kind === "name" ? asIndex(eq, x, index, slot.name) : null;
      if (gathered) return gathered;
      const neighbours = over === undefined ? null : asNeighbours(this.system, eq, over, slot);
      if (neighbours) return call(names[eq.red.kind], [x], { over: [neighbours] });
    }
    const written = writeOp({
      op: eq.op as Written["op"],
      attrs: eq.attrs,
      args,
      shape: spread ? [] : value.shape,
      along: along?.k === "var" ? variable(along.v) : null,
      position: within,
    });
    if (eq.red === null || bound.over.length === 0) return written;
    return call(names[eq.red.kind], [written], { over: bound.over });
  }

  private read(read: Read, env: Env, width: Width): Expr {
    const there = substRead(read, env);
    const value = getValue(this.system, there.v);
    if (there.when.some((cond) => isImpossible(this.system, cond))) return number(0);
    const expr = this.inline.has(value.id)
      ? this.body(value, envOf(value, there), width)
      : this.refer(value, there.idx);
    const guard = condition(there.when);
    return guard === undefined ? expr : choice(guard, expr, number(0));
  }

  /** The adjoint of `split`: a sum of pieces among zeros that do not overlap and leave no gap is their concatenation. */
  private tiles(eq: Eq, env: Env): Expr[] | undefined {
    if (eq.op !== "add" || eq.red !== null) return undefined;
    const pieces = eq.args.map((read) => {
      const part = getValue(this.system, read.v);
      const [inner] = part.eq?.args ?? [];
      if (part.eq?.op !== "pad" || part.eq.red !== null || inner === undefined || read.when.length > 0)
        return undefined;
      if (!this.inline.has(part.id)) return undefined;
      const from = Number(part.eq.attrs["from"]);
      const to = from + (getValue(this.system, inner.v).shape[0] ?? 0);
      return {
        from,
        to,
        total: part.shape[0],
        expr: () => this.read(inner, envOf(part, substRead(read, env)), "exact"),
      };
    });
    const all = pieces.filter((piece) => piece !== undefined).sort((x, y) => x.from - y.from);
    const fits = all.every((piece, i) => piece.from === (all[i - 1]?.to ?? 0));
    if (all.length !== pieces.length || !fits || all.at(-1)?.to !== all[0]?.total) return undefined;
    return all.map(({ expr }) => expr());
  }

  private refer(value: Value, idx: readonly Pos[]): Expr {
    if (value.outside === "zero") this.outside.note(value, idx);
    const [id, indices] = this.place(value, idx);
    return mapEntry(this.system, id, indices) ?? reference(this.nameOf(id), indices);
  }
}

/** The variables of a reduction, renamed where the line already uses their names for something else. */
function bind(vars: readonly Slot[], env: Env): { env: Env; over: string[] } {
  const used = new Set(Object.values(env).flatMap((pos) => (pos.k === "var" ? [pos.v] : [])));
  const renamed: Record<string, Pos> = {};
  const over: string[] = [];
  for (const slot of vars) {
    let v = slot.name;
    for (let n = 2; used.has(v) && shown(slot); n++) v = `${slot.name}${n}`;
    renamed[slot.name] = at(v);
    if (shown(slot)) over.push(variable(v));
  }
  return { env: renamed, over };
}
