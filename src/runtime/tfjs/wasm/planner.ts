/**
 * Plan → nodes over places. Slices, transpositions, repetitions and most reshapes are views; elementwise instructions become
 * loops; what goes into a concatenation is computed in its part of it. Everything is decided here, once for all runs.
 */
import { ELEMENTWISE, type Instr, isConst, type Ref, size, type TensorRef } from "../../../compiler/plan/types.js";
import type { Wanted } from "../code.js";
import { type HostInstr, isHostOp } from "../host.js";
import type { Legal } from "../legalize.js";
import type { Run, Values } from "../memory.js";
import { Loops } from "./fusion.js";
import { Layout, type Mode, UNPLACED } from "./layout.js";
import type { Node } from "./nodes.js";
import * as nodes from "./nodes.js";
import { arrange, isWhole, newRoot, type Place, samePlace, sliced, transposed, whole } from "./places.js";

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

export function planned<H>(legal: Legal, hostRun: HostRun<H>): Planned<H> {
  return new Planner(legal, hostRun).plan();
}

class Planner<H> {
  readonly layout: Layout;
  readonly loops: Loops;
  readonly #nodes: Node<H>[] = [];
  readonly #given: Wanted[] = [];
  readonly #host: HostInstr[] = [];

  constructor(
    readonly legal: Legal,
    readonly hostRun: HostRun<H>,
  ) {
    const add = (node: nodes.CodeNode): void => {
      this.#nodes.push(node);
    };
    this.layout = new Layout(legal, add);
    this.loops = new Loops(legal, this.layout, add, (concat) => this.#join(concat));
  }

  plan(): Planned<H> {
    for (const i of this.legal.live) if (i.op === "given") this.layout.bring(i, this.#given.push(wantedOf(i)) - 1);
    for (const i of this.legal.live)
      if (isHostOp(i.op)) this.layout.bring(i, this.#given.length + this.#host.push(i as HostInstr) - 1);
    for (const i of this.legal.live) this.#instr(i);
    this.loops.closeAll();
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
      constants: this.layout.constants,
      arena,
    };
  }

  // ---- instructions

  /** An argument, when all is computed that it looks at. */
  #arg(r: Ref): Place {
    for (const group of this.loops.pending(r)) this.loops.close(group);
    return this.layout.place(r);
  }

  #instr(i: Instr): void {
    if (UNPLACED.has(i.op) || this.layout.isName(i)) return;
    if (ELEMENTWISE.has(i.op)) return this.loops.instr(i);
    const arg = (k: number): Place => this.#arg(i.args[k] as Ref);
    const straight = (k: number): Place => this.layout.straight(arg(k));
    const out = (mode: Mode, k = 0): Place => this.layout.assign(i, k, mode);
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
        const rows = nodes.hasRows(x) ? x : this.layout.straight(x);
        const index = straight(1);
        this.#nodes.push((i.op === "gather" ? nodes.gatherNode : nodes.scatterNode)(rows, index, out("whole")));
        return;
      }
      case "argmax":
        this.#nodes.push(nodes.argmaxNode(straight(0), out("whole")));
        return;
      case "softmax":
        this.#nodes.push(nodes.softmaxNode(straight(0), out("whole")));
        return;
      case "xent": {
        const [loss, gradient] = this.layout.used(i);
        const [z, y] = [straight(0), straight(1)];
        this.#nodes.push(nodes.xentNode(z, y, loss ? out("whole", 0) : null, gradient ? out("whole", 1) : null));
        return;
      }
      default:
        return this.#onHost(i);
    }
  }

  #onHost(i: Instr): void {
    const wanted = this.layout.used(i);
    const reads = i.args.map((a) => this.layout.straight(this.#arg(a)));
    const ints = i.args.map((a) => a.int);
    const writes = i.shapes.map((_, out) => (wanted[out] ? this.layout.assign(i, out, "whole") : null));
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
        this.layout.made(`${key} ${this.layout.id(p)}`, () => {
          const to = nodes.newPlace([n]);
          this.#nodes.push(make(to));
          return to;
        });
    const [a, b] = [batched(0, ta), batched(1, tb)];
    const factorOf = (p: Place, make: (p: Place) => nodes.Factor | null): nodes.Factor =>
      make(p) ?? (make(this.layout.straight(p)) as nodes.Factor);
    const M = a.shape[1] as number;
    const x = factorOf(a, (p) => nodes.left(p, packed(p)));
    const y = factorOf(b, (p) => nodes.right(p, M, packed(p)));
    const to = this.layout.assign(i, 0, "rows");
    const own = to.shape.length === 3 ? to : { ...to, shape: [1, ...to.shape], strides: [0, ...to.strides] };
    this.#nodes.push(nodes.productNode(x, y, own, a.shape[2] as number));
  }

  #concat(i: Instr): void {
    const groups = [...new Set(i.args.flatMap((a) => this.loops.pending(a)))];
    const [group] = groups;
    if (groups.length === 1 && group) {
      this.loops.after(group, i);
      return;
    }
    for (const g of groups) this.loops.close(g);
    this.#join(i);
  }

  /** Copies the parts of a concatenation that were not computed in it. */
  #join(i: Instr): void {
    const to = this.layout.assign(i, 0, "any");
    const axis = i.attrs["axis"] as number;
    let from = 0;
    for (const arg of i.args as readonly TensorRef[]) {
      const len = arg.shape[axis] as number;
      const part = sliced(to, axis, from, len);
      const own = this.layout.place(arg);
      if (!samePlace(own, part)) this.#nodes.push(nodes.copyNode(own, part));
      from += len;
    }
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
      const place = this.layout.place(ref);
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
