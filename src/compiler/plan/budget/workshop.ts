/** A plan that is being rewritten: its instructions by number, new ones beside them, and what is known of its scans. */
import { type Instr, isConst, type Ref, type Scan, type TensorOp, type TensorRef } from "../types.js";
import type { ScanCut } from "./cut.js";

export interface ScanInstr extends Instr {
  readonly scan: Scan;
}

export const isScan = (i: Instr | undefined): i is ScanInstr => i?.scan !== undefined;

/** Numbers of results of a scan from here on are sums that it takes besides what it did before. */
export const SUMS = 1_000_000;

export class Workshop {
  readonly #instrs: Map<number, Instr>;
  readonly cuts = new Map<number, ScanCut>();
  /** The scan that computes an instruction's sum now. */
  readonly moved = new Map<number, TensorRef>();
  /** The scans inside of which a costly instruction is computed. */
  readonly places = new Map<number, Set<number>>();
  #next: number;

  constructor(
    instrs: readonly Instr[],
    /** For each scan that is computed once more, the scan inside of which it is. */
    readonly homes: ReadonlyMap<number, number>,
  ) {
    this.#instrs = new Map(instrs.map((i) => [i.n, i]));
    this.#next = 1 + instrs.reduce((n, i) => Math.max(n, i.n), 0);
  }

  get instrs(): Iterable<Instr> {
    return this.#instrs.values();
  }

  at(n: number): Instr {
    const found = this.#instrs.get(n);
    if (!found) throw new Error(`nothing computes tensor ${n}`);
    return found;
  }

  def = (r: TensorRef): Instr => this.at(r.n);

  /** Looks through other names of the same numbers. */
  source(r: TensorRef): TensorRef {
    const def = this.def(r);
    const arg = def.args[0];
    return def.op === "reshape" && arg && !isConst(arg) ? this.source(arg) : r;
  }

  add(op: TensorOp, args: readonly Ref[], attrs: Instr["attrs"], shape: readonly number[], int = false): TensorRef {
    const n = this.#next++;
    this.#instrs.set(n, { n, op, args, attrs, shapes: [shape], int, origin: "" });
    return { n, out: 0, shape, int };
  }

  /** What an instruction reads, as things stand. */
  reads(n: number): readonly Ref[] {
    const moved = this.moved.get(n);
    return moved ? [moved] : (this.cuts.get(n)?.args ?? this.at(n).args);
  }

  /** Does `from` need any of `targets`? */
  needs(from: number, targets: ReadonlySet<number>): boolean {
    const seen = new Set<number>();
    const open = [from];
    for (let n = open.pop(); n !== undefined; n = open.pop()) {
      if (targets.has(n)) return true;
      if (seen.has(n)) continue;
      seen.add(n);
      for (const r of this.reads(n)) if (!isConst(r)) open.push(r.n);
    }
    return false;
  }
}
