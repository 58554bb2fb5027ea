/**
 * Elementwise instructions in the shapes that tensors are stored in: reshapes that only lead from one to the next fall away.
 * They move nothing, and yet each is a node of a graph, as dear as the arithmetic of a small tensor.
 */
import { inBody, type ListPass, rebuilt } from "./bodies.js";
import { copied } from "./copy.js";
import type { Plan } from "./plan.js";
import { Flat } from "./tensors.js";
import { ELEMENTWISE, type Instr, isConst, keyOf, type Ref, sameShape, size } from "./types.js";

export const inOwnShapes = (plan: Plan): Plan => rebuilt(plan, moving);

const moving: ListPass = (instrs) => new OwnShapes(instrs);

class OwnShapes {
  readonly flat = new Flat();
  readonly #made = new Map<string, Ref>();

  constructor(instrs: readonly Instr[]) {
    for (const i of instrs) {
      this.flat.origin = i.origin;
      const args = i.args.map(this.moved);
      const own = ELEMENTWISE.has(i.op) ? this.#elementwise(i, args) : null;
      if (own) this.#made.set(`${i.n}.0`, own);
      else this.#plain(i, args);
    }
  }

  moved = (r: Ref): Ref => (isConst(r) ? r : (this.#made.get(keyOf(r)) as Ref));

  #plain(i: Instr, args: readonly Ref[]): void {
    const own = i.scan ? { ...i, scan: inBody(i.scan, moving) } : i;
    for (const [out, made] of copied(this.flat, own, args).entries()) this.#made.set(`${i.n}.${out}`, made);
  }

  /** Null where an argument is repeated along some dims and not along others: then dims matter. */
  #elementwise(i: Instr, args: readonly Ref[]): Ref | null {
    const shape = i.shapes[0] as readonly number[];
    const isWhole = (r: Ref): boolean => !isConst(r) && sameShape(r.shape, shape);
    if (!args.every((r) => isConst(r) || isWhole(r) || size(r.shape) === 1)) return null;
    const first = args.find(isWhole);
    const stored = first && this.#stored(first);
    if (!stored || sameShape(stored, shape)) return null;
    const own = args.map((r) => this.flat.reshape(r, isWhole(r) ? stored : []));
    return this.flat.reshape(this.flat.one(i.op, own, i.attrs, stored, i.int), shape);
  }

  /** The shape that a tensor had before it was reshaped. */
  #stored(r: Ref): readonly number[] {
    if (isConst(r)) return [];
    const { op, args } = this.flat.instrs[r.n] as Instr;
    return op === "reshape" ? this.flat.shapeOf(args[0] as Ref) : r.shape;
  }
}
