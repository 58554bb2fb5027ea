/**
 * Plan → nodes over places. Slices, transpositions, repetitions and most reshapes are views; elementwise instructions become
 * loops; what goes into a concatenation is computed in its part of it. Everything is decided here, once for all runs.
 */
import { type Instr, isConst, type Ref, size, type TensorRef } from "../../../compiler/plan/types.js";
import type { Wanted } from "../code.js";
import { type HostInstr, isHostOp } from "../host.js";
import { isTruth, type Legal } from "../legalize.js";
import type { Run, Values } from "../memory.js";
import { LOOP_OPS } from "./elementwise.js";
import { Group } from "./groups.js";
import type { LoopArg } from "./loops.js";
import type { Node } from "./nodes.js";
import * as nodes from "./nodes.js";
import {
  arrange,
  broadcasted,
  entry,
  isStraight,
  isWhole,
  newRoot,
  type Place,
  type Root,
  reshaped,
  samePlace,
  sliced,
  transposed,
  whole,
} from "./places.js";

export interface PlannedResult extends Wanted {
  /** Of the slot that it is; null: `constant`. */
  readonly slot: number | null;
  readonly constant: Values | null;
}

export interface Planned<H> {
  readonly nodes: readonly Node<H>[];
  /** What fills the slots: the first ones are given, then come those made from the lengths, then the results. */
  readonly given: readonly Wanted[];
  readonly host: readonly HostInstr[];
  readonly results: readonly PlannedResult[];
  /** The plan's own memory, and that of a run, in bytes. */
  readonly constants: Uint8Array;
  readonly arena: number;
}

/** How the host computes an instruction that has no code. */
export type HostRun<H> = (instr: Instr, wanted: readonly boolean[]) => Run<H>;

const VIEWS: ReadonlySet<string> = new Set(["reshape", "slice", "unstack", "expand", "transpose", "full"]);
const UNPLACED: ReadonlySet<string> = new Set([...VIEWS, "given", "mask", "lengths", "iota", "endRows", "literal"]);

type Mode = "any" | "rows" | "whole";

interface Destination {
  readonly concat: Instr;
  readonly axis: number;
  readonly from: number;
  readonly len: number;
}

const keyOf = (n: number, out: number): string => `${n}.${out}`;
const squeezed = (shape: readonly number[]): number[] => shape.filter((n) => n !== 1);

export function planned<H>(legal: Legal, hostRun: HostRun<H>): Planned<H> {
  return new Planner(legal, hostRun).plan();
}

class Planner<H> {
  readonly #nodes: Node<H>[] = [];
  readonly #places = new Map<string, Place>();
  readonly #destinations = new Map<string, Destination>();
  readonly #uses = new Map<string, number>();
  readonly #open = new Map<string, Group>();
  readonly #memberOf = new Map<string, Group>();
  readonly #copies = new Map<string, Place>();
  readonly #roots = new Map<Root, number>();
  readonly #slots: Root[] = [];
  readonly #given: Wanted[] = [];
  readonly #host: HostInstr[] = [];
  readonly #constants: number[] = [];
  readonly #constantRoots = new Map<string, Root>();

  constructor(
    readonly legal: Legal,
    readonly hostRun: HostRun<H>,
  ) {}

  plan(): Planned<H> {
    this.#countUses();
    this.#chooseDestinations();
    for (const i of this.legal.live) if (i.op === "given") this.#bring(i, this.#given.push(wantedOf(i)) - 1);
    for (const i of this.legal.live)
      if (isHostOp(i.op)) this.#bring(i, this.#given.length + this.#host.push(i as HostInstr) - 1);
    for (const i of this.legal.live) this.#instr(i);
    for (const group of [...this.#open.values()]) this.#flush(group);
    const results = this.#results();
    this.#nodes.forEach((node, t) => {
      for (const { root } of [...node.reads, ...node.writes]) {
        root.first = Math.min(root.first, t);
        root.last = Math.max(root.last, t);
      }
    });
    const roots = new Set(this.#nodes.flatMap((n) => [...n.reads, ...n.writes].map((p) => p.root)));
    const arena = 4 * arrange([...roots].filter((r) => r.kind === "arena"));
    return {
      nodes: this.#nodes,
      given: this.#given,
      host: this.#host,
      results,
      constants: new Uint8Array(Int32Array.from(this.#constants).buffer),
      arena,
    };
  }

  // ---- what reads what

  #def = (r: TensorRef): Instr => this.legal.all[r.n] as Instr;

  /** Does an instruction only give another name to its argument? */
  #isName = (i: Instr): boolean =>
    i.op === "reshape" || (i.op === "toFloat" && isTruth(this.legal.all, i.args[0] as Ref));

  /** The tensor whose numbers a reference has, in the same order. */
  #base(r: TensorRef): TensorRef {
    let base = r;
    for (let i = this.#def(base); this.#isName(i) && !isConst(i.args[0] as Ref); i = this.#def(base))
      base = i.args[0] as TensorRef;
    return base;
  }

  #countUses(): void {
    const note = (r: Ref): void => {
      if (isConst(r)) return;
      const b = this.#base(r);
      const key = keyOf(b.n, b.out);
      this.#uses.set(key, (this.#uses.get(key) ?? 0) + 1);
    };
    for (const i of this.legal.live) if (!this.#isName(i)) i.args.forEach(note);
    for (const { ref } of this.legal.outputs.values()) note(ref);
  }

  #used = (i: Instr): boolean[] => i.shapes.map((_, out) => (this.#uses.get(keyOf(i.n, out)) ?? 0) > 0);

  /** Which tensors are computed in their place within a concatenation. */
  #chooseDestinations(): void {
    for (const concat of [...this.legal.live].reverse()) {
      if (concat.op !== "concat") continue;
      const axis = concat.attrs["axis"] as number;
      let from = 0;
      for (const arg of concat.args as readonly TensorRef[]) {
        const len = arg.shape[axis] as number;
        const b = this.#base(arg);
        const key = keyOf(b.n, b.out);
        if (!UNPLACED.has(this.#def(b).op) && !this.#destinations.has(key))
          this.#destinations.set(key, { concat, axis, from, len });
        from += len;
      }
    }
  }

  // ---- where tensors lie

  #bring(i: Instr, slot: number): void {
    const root = newRoot("slot", size(i.shapes[0] as readonly number[]), slot);
    this.#slots.push(root);
    this.#places.set(keyOf(i.n, 0), whole(root, i.shapes[0] as readonly number[]));
  }

  /** A new tensor's place. */
  #assign(i: Instr, out: number, mode: Mode): Place {
    const key = keyOf(i.n, out);
    const known = this.#places.get(key);
    if (known) return known;
    const place = this.#within(i, out, mode) ?? nodes.newPlace(i.shapes[out] as readonly number[]);
    this.#places.set(key, place);
    return place;
  }

  #within(i: Instr, out: number, mode: Mode): Place | null {
    const destination = this.#destinations.get(keyOf(i.n, out));
    if (!destination) return null;
    const { concat, axis, from, len } = destination;
    const place = reshaped(sliced(this.#assign(concat, 0, "any"), axis, from, len), i.shapes[out] as readonly number[]);
    if (!place || (mode === "whole" && !isStraight(place))) return null;
    const last = place.shape.length - 1;
    return mode === "rows" && place.shape[last] !== 1 && place.strides[last] !== 1 ? null : place;
  }

  #constant(values: readonly number[], int: boolean): Root {
    const bits = new Int32Array((int ? Int32Array : Float32Array).from(values).buffer);
    const key = bits.join();
    let root = this.#constantRoots.get(key);
    if (!root) {
      root = newRoot("constant", values.length, this.#constants.length);
      for (const b of bits) this.#constants.push(b);
      this.#constantRoots.set(key, root);
    }
    return root;
  }

  /** Where a tensor lies that is computed already. */
  #place(r: Ref): Place {
    if (isConst(r)) return whole(this.#constant([r.c], r.int), []);
    const key = keyOf(r.n, r.out);
    const known = this.#places.get(key);
    if (known) return known;
    const place = this.#view(this.#def(r), r);
    this.#places.set(key, place);
    return place;
  }

  #view(i: Instr, { out, shape }: TensorRef): Place {
    const arg = (): Place => this.#place(i.args[0] as Ref);
    if (this.#isName(i)) return reshaped(arg(), shape) ?? (reshaped(this.#straight(arg()), shape) as Place);
    switch (i.op) {
      case "full":
        return broadcasted(whole(this.#constant([i.attrs["value"] as number], i.int), []), shape);
      case "literal":
        return whole(this.#constant(i.attrs["values"] as readonly number[], true), shape);
      case "slice":
        return sliced(arg(), i.attrs["axis"] as number, i.attrs["from"] as number, i.attrs["len"] as number);
      case "unstack":
        return entry(arg(), out);
      case "expand":
        return broadcasted(arg(), shape);
      case "transpose":
        return transposed(arg(), i.attrs["perm"] as readonly number[]);
      default:
        throw new Error(`nothing computes tensor ${i.n} (${i.op})`);
    }
  }

  #id = (p: Place): string => {
    let root = this.#roots.get(p.root);
    if (root === undefined) {
      root = this.#roots.size;
      this.#roots.set(p.root, root);
    }
    return `${root}:${p.offset}:${p.shape}:${p.strides}`;
  };

  /** What is made of a place, once. */
  #made(key: string, make: () => Place): Place {
    let place = this.#copies.get(key);
    if (!place) {
      place = make();
      this.#copies.set(key, place);
    }
    return place;
  }

  #straight(p: Place): Place {
    if (isStraight(p)) return p;
    return this.#made(this.#id(p), () => {
      const to = nodes.newPlace(p.shape);
      this.#nodes.push(nodes.copyNode(p, to));
      return to;
    });
  }

  // ---- instructions

  /** An argument, when all is computed that it looks at. */
  #arg(r: Ref): Place {
    for (const group of this.#pending(r)) this.#flush(group);
    return this.#place(r);
  }

  /** Open loops that compute what a reference looks at. */
  #pending(r: Ref): Group[] {
    if (isConst(r)) return [];
    const group = this.#memberOf.get(keyOf(r.n, r.out));
    if (group) return [group];
    const i = this.#def(r);
    return this.#isName(i) || (VIEWS.has(i.op) && i.args.length) ? this.#pending(i.args[0] as Ref) : [];
  }

  #instr(i: Instr): void {
    if (UNPLACED.has(i.op) || this.#isName(i)) return;
    if (LOOP_OPS.has(i.op)) return this.#elementwise(i);
    const arg = (k: number): Place => this.#arg(i.args[k] as Ref);
    const straight = (k: number): Place => this.#straight(arg(k));
    const out = (mode: Mode, k = 0): Place => this.#assign(i, k, mode);
    switch (i.op) {
      case "concat":
        return this.#concat(i);
      case "pad": {
        const x = arg(0);
        const to = out("any");
        this.#nodes.push(nodes.zerosNode(to));
        const axis = i.attrs["axis"] as number;
        const part = sliced(to, axis, i.attrs["from"] as number, x.shape[axis] as number);
        this.#nodes.push(nodes.copyNode(x, part));
        return;
      }
      case "matmul":
      case "bmm":
        return this.#product(i);
      case "sum":
      case "max": {
        const x = arg(0);
        this.#nodes.push(nodes.reductionNode(i.op, i.attrs["axes"] as readonly number[], x, out("whole")));
        return;
      }
      case "gather":
      case "scatter": {
        const x = arg(0);
        const rows = nodes.hasRows(x) ? x : this.#straight(x);
        const index = straight(1);
        this.#nodes.push((i.op === "gather" ? nodes.gatherNode : nodes.scatterNode)(rows, index, out("whole")));
        return;
      }
      case "softmax":
        this.#nodes.push(nodes.softmaxNode(straight(0), out("whole")));
        return;
      case "xent": {
        const [loss, gradient] = this.#used(i);
        const [z, y] = [straight(0), straight(1)];
        this.#nodes.push(nodes.xentNode(z, y, loss ? out("whole", 0) : null, gradient ? out("whole", 1) : null));
        return;
      }
      default:
        return this.#onHost(i);
    }
  }

  #onHost(i: Instr): void {
    const wanted = this.#used(i);
    const reads = i.args.map((a) => this.#straight(this.#arg(a)));
    const ints = i.args.map((a) => a.int);
    const writes = i.shapes.map((_, out) => (wanted[out] ? this.#assign(i, out, "whole") : null));
    const run = this.hostRun(i, wanted);
    this.#nodes.push({
      kind: "host",
      reads,
      writes: writes.filter((p) => p !== null),
      run: (host) => {
        const handles = reads.map((p, k) => host.handle(p, ints[k] as boolean));
        try {
          for (const [out, handle] of run(handles).entries()) {
            const to = writes[out];
            if (handle === undefined) continue;
            if (to) host.take(handle, to);
            else host.drop(handle);
          }
        } finally {
          for (const handle of handles) host.drop(handle);
        }
      },
    });
  }

  #product(i: Instr): void {
    const { ta, tb } = i.attrs as unknown as { ta: boolean; tb: boolean };
    const batched = (k: number, turn: boolean): Place => {
      const p = this.#arg(i.args[k] as Ref);
      const b = p.shape.length === 3 ? p : { ...p, shape: [1, ...p.shape], strides: [0, ...p.strides] };
      return turn ? transposed(b, [0, 2, 1]) : b;
    };
    const packed =
      (p: Place) =>
      (key: string, make: (to: Place) => nodes.CodeNode, n: number): Place =>
        this.#made(`${key} ${this.#id(p)}`, () => {
          const to = nodes.newPlace([n]);
          this.#nodes.push(make(to));
          return to;
        });
    const [a, b] = [batched(0, ta), batched(1, tb)];
    const factorOf = (p: Place, make: (p: Place) => nodes.Factor | null): nodes.Factor =>
      make(p) ?? (make(this.#straight(p)) as nodes.Factor);
    const M = a.shape[1] as number;
    const x = factorOf(a, (p) => nodes.left(p, packed(p)));
    const y = factorOf(b, (p) => nodes.right(p, M, packed(p)));
    const to = this.#assign(i, 0, "rows");
    const own = to.shape.length === 3 ? to : { ...to, shape: [1, ...to.shape], strides: [0, ...to.strides] };
    this.#nodes.push(nodes.productNode(x, y, own, a.shape[2] as number));
  }

  #concat(i: Instr): void {
    const groups = [...new Set(i.args.flatMap((a) => this.#pending(a)))];
    const [group] = groups;
    if (groups.length === 1 && group) {
      group.after.push(i.n);
      this.#memberOf.set(keyOf(i.n, 0), group);
      return;
    }
    for (const g of groups) this.#flush(g);
    this.#join(i);
  }

  /** Copies the parts of a concatenation that were not computed in it. */
  #join(i: Instr): void {
    const to = this.#assign(i, 0, "any");
    const axis = i.attrs["axis"] as number;
    let from = 0;
    for (const arg of i.args as readonly TensorRef[]) {
      const len = arg.shape[axis] as number;
      const part = sliced(to, axis, from, len);
      const own = this.#place(arg);
      if (!samePlace(own, part)) this.#nodes.push(nodes.copyNode(own, part));
      from += len;
    }
  }

  // ---- loops

  #elementwise(i: Instr): void {
    const shape = i.shapes[0] as readonly number[];
    const space = squeezed(shape);
    const key = space.join();
    const memberIn = (r: Ref): Group | null => {
      if (isConst(r)) return null;
      const b = this.#base(r);
      const group = this.#memberOf.get(keyOf(b.n, b.out));
      const fits = group && group === this.#open.get(key) && group.number(keyOf(b.n, b.out)) !== undefined;
      return fits && squeezed(r.shape).join() === key ? group : null;
    };
    for (const r of i.args) if (!memberIn(r)) for (const group of this.#pending(r)) this.#flush(group);
    const full = this.#open.get(key);
    if (full?.isFull) this.#flush(full);
    const group = this.#open.get(key) ?? new Group(space);
    this.#open.set(key, group);
    const args = i.args.map((r): LoopArg => {
      if (isConst(r)) return { kind: "number", value: r.c, int: r.int && i.int };
      if (memberIn(r) === group) {
        const b = this.#base(r);
        return { kind: "op", k: group.number(keyOf(b.n, b.out)) as number };
      }
      const p = this.#operand(this.#place(r), shape);
      return group.input(p, this.#id(p));
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
    return isTurned ? withoutOnes(broadcasted(this.#straight(p), shape)) : operand;
  }

  #flush(group: Group): void {
    const key = group.space.join();
    if (this.#open.get(key) !== group) return;
    this.#open.delete(key);
    for (const { key: member } of group.members) this.#memberOf.delete(member);
    for (const n of group.after) this.#memberOf.delete(keyOf(n, 0));
    const outs: { op: number; strides: readonly number[] }[] = [];
    const writes: Place[] = [];
    group.members.forEach(({ key: member, n }, k) => {
      if ((this.#uses.get(member) ?? 0) <= group.reads(k)) return;
      const own = withoutOnes(this.#assign(this.legal.all[n] as Instr, 0, "any"));
      writes.push(own);
      outs.push({ op: k, strides: own.strides });
    });
    if (outs.length)
      this.#nodes.push(
        nodes.loopNode(
          { dims: group.space, ins: group.ins.map((p) => p.strides), ops: group.members.map((m) => m.op), outs },
          group.ins,
          writes,
        ),
      );
    for (const n of group.after) this.#join(this.legal.all[n] as Instr);
  }

  #results(): PlannedResult[] {
    let slot = this.#given.length + this.#host.length;
    const results: PlannedResult[] = [];
    for (const [id, { ref, shape, int }] of this.legal.outputs) {
      if (isConst(ref)) {
        const constant = (int ? new Int32Array(size(shape)) : new Float32Array(size(shape))).fill(ref.c);
        results.push({ id, shape, int, slot: null, constant });
        continue;
      }
      const place = this.#place(ref);
      if (place.root.kind === "arena" && isWhole(place)) {
        place.root.kind = "slot";
        place.root.at = slot;
      } else this.#nodes.push(nodes.copyNode(place, whole(newRoot("slot", size(shape), slot), place.shape)));
      results.push({ id, shape, int, slot: slot++, constant: null });
    }
    return results;
  }
}

const wantedOf = (i: Instr): Wanted => ({
  id: i.attrs["id"] as string,
  shape: i.shapes[0] as readonly number[],
  int: i.int,
});

/** Without its dims of 1. */
function withoutOnes(p: Place): Place {
  const kept = p.shape.map((_, d) => d).filter((d) => p.shape[d] !== 1);
  return { ...p, shape: kept.map((d) => p.shape[d] as number), strides: kept.map((d) => p.strides[d] as number) };
}
