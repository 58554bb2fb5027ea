/**
 * Elementwise instructions in the shapes that tensors are stored in: reshapes that only lead from one to the next fall away.
 * They move nothing, and yet each is a node of a graph, as dear as the arithmetic of a small tensor.
 */
import { type ListPass, Remade, rebuilt } from "./bodies.js";
import type { Plan } from "./plan.js";
import { ELEMENTWISE, type Instr, isConst, type Ref, sameShape, size } from "./types.js";

export const inOwnShapes = (plan: Plan): Plan => rebuilt(plan, moving);

const moving: ListPass = (instrs) => new OwnShapes(instrs);

class OwnShapes extends Remade {
  constructor(instrs: readonly Instr[]) {
    super(moving);
    this.make(instrs, (i) => (ELEMENTWISE.has(i.op) ? this.#elementwise(i, i.args.map(this.moved)) : null));
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
