/**
 * A scan that does more inside of its body: what it is given as blocks is computed there from blocks of what that is made of,
 * where instructions work row by row; other scans run again from the carries that they left at the start of each block; and
 * sums over all rows are taken block by block.
 */
import { copied } from "../copy.js";
import { Flat } from "../tensors.js";
import { isConst, isIntResult, keyOf, type Ref, type Scan, size, type TensorRef } from "../types.js";
import { isHeavy, isSumOfBlocks, ofBlock, rowsOf } from "./blocks.js";
import { canCut, type Shift, wayOf } from "./ways.js";
import { isScan, type ScanInstr, SUMS, type Workshop } from "./workshop.js";

/** What computing a block in the body would take. */
interface Needs {
  /** What the body would be given. */
  readonly given: TensorRef[];
  /** Costly instructions that are not there yet. */
  heavy: number;
  /** Does anything of it come from a scan? */
  fromScan: boolean;
}

export class ScanCut {
  readonly #flat = new Flat();
  /** Blocks of tensors around, by their key. */
  readonly #made = new Map<string, Ref>();
  /** The tensors of bodies that stand here, by scan and key. */
  readonly #bodies = new Map<number, ReadonlyMap<string, Ref>>();
  readonly #blocks: TensorRef[] = [];
  readonly #wholes: TensorRef[] = [];
  readonly #initial: Ref[];
  readonly #next: TensorRef[];
  readonly #stacked: TensorRef[];
  readonly #sums: number[] = [];

  constructor(
    readonly workshop: Workshop,
    readonly instr: ScanInstr,
  ) {
    const { scan, args } = instr;
    this.#initial = args.slice(0, scan.next.length);
    workshop.cuts.set(instr.n, this);
    this.#inline(instr, (k, shape, int) => this.#given(`carry${k}`, shape, int));
    this.#next = scan.next.map((r) => this.own(r));
    this.#stacked = scan.stacked.map((r) => this.own(r));
  }

  get #count(): number {
    return this.instr.scan.count;
  }

  get args(): readonly Ref[] {
    return [...this.#initial, ...this.#blocks, ...this.#wholes];
  }

  /** A tensor of the body as it was. */
  own = (r: TensorRef): TensorRef => this.#bodies.get(this.instr.n)?.get(keyOf(r)) as TensorRef;

  /** The rewritten instruction, and the number that a result has in it. */
  finish(): { readonly instr: ScanInstr; readonly numberOf: (out: number) => number } {
    const { finals } = this.instr.scan;
    const scan: Scan = {
      ...this.instr.scan,
      body: this.#flat.instrs,
      next: this.#next,
      blocks: this.#blocks.length,
      finals: [...finals, ...this.#sums],
      stacked: this.#stacked,
    };
    const numberOf = (out: number): number => {
      if (out < finals.length) return out;
      return out >= SUMS ? finals.length + out - SUMS : out + this.#sums.length;
    };
    return { instr: { ...this.instr, args: this.args, scan }, numberOf };
  }

  /** One more stacked result: in the list around. */
  #stack(ref: TensorRef): TensorRef {
    const [first = 1, ...rest] = ref.shape;
    const { finals } = this.instr.scan;
    let k = this.#stacked.findIndex((r) => keyOf(r) === keyOf(ref));
    if (k < 0) k = this.#stacked.push(ref) - 1;
    return { n: this.instr.n, out: finals.length + k, shape: [this.#count * first, ...rest], int: ref.int };
  }

  /** A carry as each run finds it. */
  stackCarry(k: number, shape: readonly number[], int: boolean): TensorRef {
    const carry = this.#given(`carry${k}`, shape, int);
    return this.#stack((shape.length ? carry : this.#flat.reshape(carry, [1])) as TensorRef);
  }

  /** The last (or first) rows of each block of a stacked result, which has `total` rows. */
  stackEdges(stacked: TensorRef, shape: readonly number[], rows: number, isLast: boolean): TensorRef {
    const whole = this.#flat.reshape(this.own(stacked), shape);
    return this.#stack(this.#flat.slice(whole, 0, isLast ? (shape[0] as number) - rows : 0, rows) as TensorRef);
  }

  #given(id: string, shape: readonly number[], int: boolean): TensorRef {
    return { n: this.#flat.emit("given", [], { id }, [shape], int), out: 0, shape, int };
  }

  #import(list: TensorRef[], name: string, r: TensorRef, shape: readonly number[]): TensorRef {
    let k = list.findIndex((x) => keyOf(x) === keyOf(r));
    if (k < 0) k = list.push(r) - 1;
    return this.#given(`${name}${k}`, shape, r.int);
  }

  #importBlock(r: TensorRef): TensorRef {
    return this.#import(this.#blocks, "block", r, this.#cut(r.shape));
  }

  #whole = (r: Ref): Ref => (isConst(r) ? r : this.#import(this.#wholes, "whole", r, r.shape));

  #cut = ([rows = 0, ...rest]: readonly number[]): number[] => [rows / this.#count, ...rest];

  /** What a block of a tensor would take; null where it has no blocks. */
  needs(r: Ref, found: Needs, seen: Set<string>): Needs | null {
    if (isConst(r)) return found;
    if (!canCut(this.instr, r)) return null;
    const key = keyOf(r);
    const way = wayOf(this.workshop, this.instr, r);
    if (way.kind === "own" || way.kind === "again") found.fromScan = true;
    if (seen.has(key)) return found;
    seen.add(key);
    const isThere = this.#made.has(key);
    switch (way.kind) {
      case "given":
        if (isScan(this.workshop.def(this.workshop.source(r)))) found.fromScan = true;
        if (!isThere) found.given.push(r);
        return found;
      case "own":
        return found;
      case "again":
        if (!isThere) found.given.push({ ...r, n: way.scan.n });
        return found;
      case "reshape":
        return this.needs(way.of, found, seen);
      case "shift":
        if (!isConst(way.shift.edge)) found.given.push(way.shift.edge);
        return this.needs(way.shift.of, found, seen);
      case "op": {
        const def = this.workshop.def(r);
        if (isHeavy(def) && !isThere) found.heavy++;
        for (const [k, a] of def.args.entries())
          if (way.parts[k] === "block") {
            if (!this.needs(a, found, seen)) return null;
          } else if (!isConst(a)) found.given.push(a);
        return found;
      }
    }
  }

  /** A block of a tensor around, which can be cut. */
  #block(r: Ref): Ref {
    if (isConst(r)) return r;
    const key = keyOf(r);
    const known = this.#made.get(key);
    if (known) return known;
    const made = this.#make(r);
    this.#made.set(key, made);
    return made;
  }

  #make(r: TensorRef): Ref {
    const way = wayOf(this.workshop, this.instr, r);
    switch (way.kind) {
      case "given":
        return this.#importBlock(r);
      case "own":
        return this.own(way.ref);
      case "again":
        return this.#again(way.scan).get(keyOf(way.ref)) as Ref;
      case "reshape":
        return this.#flat.reshape(this.#block(way.of), this.#cut(r.shape));
      case "shift":
        return this.#shift(way.shift);
      case "op": {
        const def = this.workshop.def(r);
        if (isHeavy(def)) {
          const places = this.workshop.places.get(def.n) ?? new Set();
          this.workshop.places.set(def.n, places.add(this.instr.n));
        }
        const args = def.args.map((a, k) => (way.parts[k] === "block" ? this.#block(a) : this.#whole(a)));
        this.#flat.origin = def.origin;
        const { attrs, shapes } = ofBlock(def, this.#count);
        const n = this.#flat.emit(def.op, args, attrs, shapes, def.int);
        const all = shapes.map((shape, out): TensorRef => ({ n, out, shape, int: isIntResult(def, out) }));
        return all[r.out] as TensorRef;
      }
    }
  }

  /** The body of another scan, run for the same block. */
  #again(other: ScanInstr): ReadonlyMap<string, Ref> {
    const known = this.#bodies.get(other.n);
    if (known) return known;
    const cut = this.workshop.cuts.get(other.n) as ScanCut;
    return this.#inline(other, (k, shape, int) =>
      this.#flat.reshape(this.#importBlock(cut.stackCarry(k, shape, int)), shape),
    );
  }

  #shift({ of, scan, stacked, rows, edge, isBehind }: Shift): Ref {
    const block = this.#block(of) as TensorRef;
    const { workshop } = this;
    const cut = workshop.cuts.get(scan.n) as ScanCut;
    const edges = cut.stackEdges(stacked, block.shape, rows, isBehind);
    const features = edges.shape.slice(1);
    const left = (this.#count - 1) * rows;
    const attrs = { axis: 0, from: isBehind ? 0 : rows, len: left };
    const others = workshop.add("slice", [edges], attrs, [left, ...features], edges.int);
    const ends = isBehind ? [edge, others] : [others, edge];
    const given = this.#importBlock(workshop.add("concat", ends, { axis: 0 }, edges.shape, edges.int));
    const m = block.shape[0] as number;
    const parts = rowsOf(this.#flat, block);
    const kept = parts && parts.length * rows === m ? (isBehind ? parts.slice(0, -1) : parts.slice(1)) : null;
    const inner = kept ?? (m > rows ? [this.#flat.slice(block, 0, isBehind ? 0 : rows, m - rows)] : []);
    const all = isBehind ? [given, ...inner] : [...inner, given];
    const shaped = all.map((p) =>
      this.#flat.reshape(p, [size((p as TensorRef).shape) / size(features), ...features]),
    ) as TensorRef[];
    return this.#flat.concat(
      shaped,
      shaped.map((p) => p.shape),
      0,
    );
  }

  /** The body of a scan in this one. */
  #inline(
    { n, scan, args }: ScanInstr,
    carry: (k: number, shape: readonly number[], int: boolean) => Ref,
  ): ReadonlyMap<string, Ref> {
    const made = new Map<string, Ref>();
    this.#bodies.set(n, made);
    const { body, next, blocks } = scan;
    const given = (id: string, shape: readonly number[], int: boolean): Ref => {
      const k = Number(id.slice(5));
      if (id.startsWith("carry")) return carry(k, shape, int);
      const arg = args[next.length + k + (id.startsWith("whole") ? blocks : 0)] as Ref;
      return id.startsWith("whole") ? this.#whole(arg) : this.#flat.reshape(this.#block(arg), shape);
    };
    for (const i of body) {
      const shape = i.shapes[0] as readonly number[];
      this.#flat.origin = i.origin;
      if (i.op === "given") {
        made.set(`${i.n}.0`, given(i.attrs["id"] as string, shape, i.int));
        continue;
      }
      const own = i.args.map((a) => (isConst(a) ? a : (made.get(keyOf(a)) as Ref)));
      const rows = i.op === "unstack" && !isConst(own[0] as Ref) ? rowsOf(this.#flat, own[0] as TensorRef) : null;
      const results =
        rows?.length === i.shapes.length
          ? rows.map((row) => this.#flat.reshape(row, shape))
          : copied(this.#flat, i, own);
      for (const [out, result] of results.entries()) made.set(`${i.n}.${out}`, result);
    }
    return made;
  }

  /** Takes a sum over all rows block by block, if that can be; null, or what it would compute anew. */
  offer(n: number, args: readonly Ref[]): number | null {
    const found: Needs = { given: [], heavy: 0, fromScan: false };
    const seen = new Set<string>();
    for (const a of args) if (!this.needs(a, found, seen)) return null;
    if (!found.fromScan) return null;
    const { workshop, instr } = this;
    if (workshop.needs(instr.n, new Set([n]))) return null;
    const later = new Set([n, instr.n]);
    const own = (r: TensorRef): boolean => r.n === instr.n;
    return found.given.some((r) => own(r) || workshop.needs(r.n, later)) ? null : found.heavy;
  }

  /** Takes a sum: its result in the list around. */
  sum(n: number): void {
    const { workshop } = this;
    const def = workshop.at(n);
    if (!isSumOfBlocks(def)) throw new Error(`tensor ${n} is no sum of blocks`);
    const shape = def.shapes[0] as readonly number[];
    const zero = workshop.add("full", [], { value: 0, shape, int: false }, shape);
    const k = this.#initial.push(zero) - 1;
    const before = this.#given(`carry${k}`, shape, false);
    const args = def.args.map((a) => this.#block(a));
    this.#flat.origin = def.origin;
    const part = this.#flat.one(def.op, args, def.attrs, shape);
    this.#next.push(this.#flat.add(before, part) as TensorRef);
    this.#sums.push(k);
    workshop.moved.set(n, { n: this.instr.n, out: SUMS + this.#sums.length - 1, shape, int: false });
  }
}
