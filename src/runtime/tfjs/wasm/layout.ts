/** Where the tensors of a plan lie: in views of each other, in their part of a concatenation, or in memory of their own. */
import { type Instr, isConst, type Ref, size, type TensorRef } from "../../../compiler/plan/types.js";
import { isTruth, type Legal } from "../legalize.js";
import * as nodes from "./nodes.js";
import {
  broadcasted,
  entry,
  isStraight,
  newRoot,
  type Place,
  type Root,
  reshaped,
  sliced,
  transposed,
  whole,
} from "./places.js";

export const VIEWS: ReadonlySet<string> = new Set(["reshape", "slice", "unstack", "expand", "transpose", "full"]);
/** What has no memory of its own that a node fills. */
export const UNPLACED: ReadonlySet<string> = new Set([
  ...VIEWS,
  "given",
  "mask",
  "lengths",
  "iota",
  "endRows",
  "literal",
]);

/** Which strides the code that computes a tensor can write: all; those of rows that lie in one piece; those of one piece. */
export type Mode = "any" | "rows" | "whole";

interface Destination {
  readonly concat: Instr;
  readonly axis: number;
  readonly from: number;
  readonly len: number;
}

export const keyOf = (n: number, out: number): string => `${n}.${out}`;

export class Layout {
  readonly #places = new Map<string, Place>();
  readonly #destinations = new Map<string, Destination>();
  readonly #uses = new Map<string, number>();
  readonly #copies = new Map<string, Place>();
  readonly #roots = new Map<Root, number>();
  readonly #constants: number[] = [];
  readonly #constantRoots = new Map<string, Root>();

  /** `add` takes nodes that copy. */
  constructor(
    readonly legal: Legal,
    readonly add: (node: nodes.CodeNode) => void,
  ) {
    this.#countUses();
    this.#chooseDestinations();
  }

  /** The plan's own memory. */
  get constants(): Uint8Array {
    return new Uint8Array(Int32Array.from(this.#constants).buffer);
  }

  #def = (r: TensorRef): Instr => this.legal.all[r.n] as Instr;

  /** Does an instruction only give another name to its argument? */
  isName = (i: Instr): boolean =>
    i.op === "reshape" || (i.op === "toFloat" && isTruth(this.legal.all, i.args[0] as Ref));

  /** The tensor whose numbers a reference has, in the same order. */
  base(r: TensorRef): TensorRef {
    let base = r;
    for (let i = this.#def(base); this.isName(i) && !isConst(i.args[0] as Ref); i = this.#def(base))
      base = i.args[0] as TensorRef;
    return base;
  }

  #countUses(): void {
    const note = (r: Ref): void => {
      if (isConst(r)) return;
      const b = this.base(r);
      const key = keyOf(b.n, b.out);
      this.#uses.set(key, (this.#uses.get(key) ?? 0) + 1);
    };
    for (const i of this.legal.live) if (!this.isName(i)) i.args.forEach(note);
    for (const { ref } of this.legal.outputs.values()) note(ref);
  }

  /** How often a tensor is read, by whatever name. */
  uses = (key: string): number => this.#uses.get(key) ?? 0;

  /** Which results something reads. */
  used = (i: Instr): boolean[] => i.shapes.map((_, out) => (this.#uses.get(keyOf(i.n, out)) ?? 0) > 0);

  /** Which tensors are computed in their place within a concatenation. */
  #chooseDestinations(): void {
    for (const concat of [...this.legal.live].reverse()) {
      if (concat.op !== "concat") continue;
      const axis = concat.attrs["axis"] as number;
      let from = 0;
      for (const arg of concat.args as readonly TensorRef[]) {
        const len = arg.shape[axis] as number;
        const b = this.base(arg);
        const key = keyOf(b.n, b.out);
        if (!UNPLACED.has(this.#def(b).op) && !this.#destinations.has(key))
          this.#destinations.set(key, { concat, axis, from, len });
        from += len;
      }
    }
  }

  /** A tensor that each run brings. */
  bring(i: Instr, slot: number): void {
    const root = newRoot("slot", size(i.shapes[0] as readonly number[]), slot);
    this.#places.set(keyOf(i.n, 0), whole(root, i.shapes[0] as readonly number[]));
  }

  /** A new tensor's place. */
  assign(i: Instr, out: number, mode: Mode): Place {
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
    const place = reshaped(sliced(this.assign(concat, 0, "any"), axis, from, len), i.shapes[out] as readonly number[]);
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
  place(r: Ref): Place {
    if (isConst(r)) return whole(this.#constant([r.c], r.int), []);
    const key = keyOf(r.n, r.out);
    const known = this.#places.get(key);
    if (known) return known;
    const place = this.#view(this.#def(r), r);
    this.#places.set(key, place);
    return place;
  }

  #view(i: Instr, { out, shape }: TensorRef): Place {
    const arg = (): Place => this.place(i.args[0] as Ref);
    if (this.isName(i)) return reshaped(arg(), shape) ?? (reshaped(this.straight(arg()), shape) as Place);
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

  /** Equal for equal places. */
  id = (p: Place): string => {
    let root = this.#roots.get(p.root);
    if (root === undefined) {
      root = this.#roots.size;
      this.#roots.set(p.root, root);
    }
    return `${root}:${p.offset}:${p.shape}:${p.strides}`;
  };

  /** What is made of a place, once. */
  made(key: string, make: () => Place): Place {
    let place = this.#copies.get(key);
    if (!place) {
      place = make();
      this.#copies.set(key, place);
    }
    return place;
  }

  /** The numbers of a place one behind the other. */
  straight(p: Place): Place {
    if (isStraight(p)) return p;
    return this.made(this.id(p), () => {
      const to = nodes.newPlace(p.shape);
      this.add(nodes.copyNode(p, to));
      return to;
    });
  }
}
