/** Passes over plans: what each does to a list of instructions, it does to the bodies of loops as well. */

import { copied } from "./copy.js";
import { finish, type Output, type Plan } from "./plan.js";
import { Flat } from "./tensors.js";
import { type Instr, isConst, keyOf, liveInstrs, type Ref, type Scan, type TensorRef } from "./types.js";

/** A list made anew. */
export interface Rebuilt {
  readonly flat: Flat;
  /** What a tensor of the old list is in the new one. */
  moved(r: Ref): Ref;
}

/** A pass over a list, of which the results will be read. */
export type ListPass = (instrs: readonly Instr[], results: readonly Ref[]) => Rebuilt;

export function rebuilt(plan: Plan, pass: ListPass): Plan {
  const list = pass(
    plan.instrs,
    [...plan.outputs.values()].map((o) => o.ref),
  );
  const outputs = [...plan.outputs].map(([id, o]): [string, Output] => [id, { ...o, ref: list.moved(o.ref) }]);
  return finish(list.flat, new Map(outputs));
}

export function inBody(scan: Scan, pass: ListPass): Scan {
  const list = pass(scan.body, [...scan.next, ...scan.stacked]);
  // the results of a body are tensors
  const made = (r: TensorRef): TensorRef => list.flat.full(list.moved(r), r.shape) as TensorRef;
  const [next, stacked] = [scan.next.map(made), scan.stacked.map(made)];
  return { ...scan, next, stacked, body: liveInstrs(list.flat.instrs, [...next, ...stacked]) };
}

/** A list in which some instructions have become others, and the bodies of loops lists that `pass` has made. */
export abstract class Remade implements Rebuilt {
  readonly flat = new Flat();
  readonly #made = new Map<string, Ref>();

  constructor(readonly pass: ListPass) {}

  moved = (r: Ref): Ref => (isConst(r) ? r : (this.#made.get(keyOf(r)) as Ref));

  /** `change`: what an instruction with one result becomes; null: it stays as it is. */
  protected make(instrs: readonly Instr[], change: (i: Instr) => Ref | null): void {
    for (const i of instrs) {
      this.flat.origin = i.origin;
      const own = change(i);
      for (const [out, ref] of (own ? [own] : this.#same(i)).entries()) this.#made.set(`${i.n}.${out}`, ref);
    }
  }

  #same(i: Instr): readonly Ref[] {
    const own = i.scan ? { ...i, scan: inBody(i.scan, this.pass) } : i;
    return copied(this.flat, own, i.args.map(this.moved));
  }
}
