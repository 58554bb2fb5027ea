/** Elementwise instructions → loops: one is open for each space, and is closed when something looks at what it computes. */
import { type Instr, isConst, type Ref } from "../../../compiler/plan/types.js";
import type { Legal } from "../legalize.js";
import { Group } from "./groups.js";
import { keyOf, type Layout, VIEWS } from "./layout.js";
import type { LoopArg } from "./loops.js";
import * as nodes from "./nodes.js";
import { broadcasted, type Place } from "./places.js";

const squeezed = (shape: readonly number[]): number[] => shape.filter((n) => n !== 1);

export class Loops {
  readonly #open = new Map<string, Group>();
  readonly #memberOf = new Map<string, Group>();

  /** `add` takes the nodes, `join` puts a concatenation together. */
  constructor(
    readonly legal: Legal,
    readonly layout: Layout,
    readonly add: (node: nodes.CodeNode) => void,
    readonly join: (concat: Instr) => void,
  ) {}

  closeAll(): void {
    for (const group of [...this.#open.values()]) this.close(group);
  }

  /** Puts a concatenation off until a loop is closed that computes parts of it. */
  after(group: Group, concat: Instr): void {
    group.after.push(concat.n);
    this.#memberOf.set(keyOf(concat.n, 0), group);
  }

  /** Open loops that compute what a reference looks at. */
  pending(r: Ref): Group[] {
    if (isConst(r)) return [];
    const group = this.#memberOf.get(keyOf(r.n, r.out));
    if (group) return [group];
    const i = this.legal.all[r.n] as Instr;
    return this.layout.isName(i) || (VIEWS.has(i.op) && i.args.length) ? this.pending(i.args[0] as Ref) : [];
  }

  /** Into the loop over its space. */
  instr(i: Instr): void {
    const shape = i.shapes[0] as readonly number[];
    const space = squeezed(shape);
    const key = space.join();
    const memberIn = (r: Ref): Group | null => {
      if (isConst(r)) return null;
      const b = this.layout.base(r);
      const group = this.#memberOf.get(keyOf(b.n, b.out));
      const fits = group && group === this.#open.get(key) && group.number(keyOf(b.n, b.out)) !== undefined;
      return fits && squeezed(r.shape).join() === key ? group : null;
    };
    for (const r of i.args) if (!memberIn(r)) for (const group of this.pending(r)) this.close(group);
    const full = this.#open.get(key);
    if (full?.isFull) this.close(full);
    const group = this.#open.get(key) ?? new Group(space);
    this.#open.set(key, group);
    const args = i.args.map((r): LoopArg => {
      if (isConst(r)) return { kind: "number", value: r.c, int: r.int && i.int };
      if (memberIn(r) === group) {
        const b = this.layout.base(r);
        return { kind: "op", k: group.number(keyOf(b.n, b.out)) as number };
      }
      const p = this.#operand(this.layout.place(r), shape);
      return group.input(p, this.layout.id(p));
    });
    const { a, b } = i.attrs as { a?: number; b?: number };
    const ints = i.args.every((r) => r.int);
    const op = {
      op: i.op,
      args: ints ? args.map((x) => (x.kind === "number" ? { ...x, int: true } : x)) : args,
      ...(i.op === "affine" ? { a: a as number, b: b as number } : {}),
      ...(ints && i.op !== "where" && i.op !== "toFloat" ? { int: true } : {}),
    };
    const own = keyOf(i.n, 0);
    group.add({ key: own, n: i.n, op });
    this.#memberOf.set(own, group);
  }

  /** A place as an operand of a loop over a shape: its dims but those of 1. */
  #operand(p: Place, shape: readonly number[]): Place {
    const operand = withoutOnes(broadcasted(p, shape));
    const last = operand.strides.length - 1;
    const inner = operand.strides[last] ?? 0;
    // turned once, and not number by number in the loop
    const isTurned = inner > 1 && operand.strides.some((s, d) => d < last && s === 1);
    return isTurned ? withoutOnes(broadcasted(this.layout.straight(p), shape)) : operand;
  }

  /** No more instructions for a loop: it becomes a node. */
  close(group: Group): void {
    const key = group.space.join();
    if (this.#open.get(key) !== group) return;
    this.#open.delete(key);
    for (const { key: member } of group.members) this.#memberOf.delete(member);
    for (const n of group.after) this.#memberOf.delete(keyOf(n, 0));
    const outs: { op: number; strides: readonly number[] }[] = [];
    const writes: Place[] = [];
    group.members.forEach(({ key: member, n }, k) => {
      if (this.layout.uses(member) <= group.reads(k)) return;
      const own = withoutOnes(this.layout.assign(this.legal.all[n] as Instr, 0, "any"));
      writes.push(own);
      outs.push({ op: k, strides: own.strides });
    });
    if (outs.length)
      this.add(
        nodes.loopNode(
          { dims: group.space, ins: group.ins.map((p) => p.strides), ops: group.members.map((m) => m.op), outs },
          group.ins,
          writes,
        ),
      );
    for (const n of group.after) this.join(this.legal.all[n] as Instr);
  }
}

/** Without its dims of 1. */
function withoutOnes(p: Place): Place {
  const kept = p.shape.map((_, d) => d).filter((d) => p.shape[d] !== 1);
  return { ...p, shape: kept.map((d) => p.shape[d] as number), strides: kept.map((d) => p.strides[d] as number) };
}
