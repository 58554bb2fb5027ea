/**
 * Beam search: a draw may also decide which row each row of the batch continues. What was computed before a draw is then
 * read through the chain of these parents. Values that do not depend on draws are equal in all rows of a group.
 */
import type { Flat } from "./tensors.js";
import { isConst, type Ref, size } from "./types.js";

export class Lineage {
  readonly #parents: Ref[] = [];

  constructor(readonly flat: Flat) {}

  /** How many draws have been made: the age of what is computed now. */
  get now(): number {
    return this.#parents.length;
  }

  drew(parents: Ref): void {
    this.#parents.push(parents);
  }

  /** For each row now, its row at the time `made`. */
  #rows(made: number, until: number): Ref {
    const last = this.#parents[until - 1] as Ref;
    if (until === made + 1) return last;
    return this.flat.one("gather", [this.#rows(made, until - 1), last], {}, this.flat.shapeOf(last), true);
  }

  /** A tensor of the time `made` in the order of the rows now. `axis` is its batch dim. */
  carry(x: Ref, made: number, axis: number): Ref {
    if (isConst(x) || made === this.now || x.shape[axis] === 1) return x;
    const { flat } = this;
    const rows = this.#rows(made, this.now);
    const outer = size(x.shape.slice(0, axis));
    const batch = x.shape[axis] as number;
    const inner = size(x.shape.slice(axis + 1));
    const front = flat.transpose(flat.reshape(x, [outer, batch, inner]), [1, 0, 2]);
    const moved = flat.one(
      "gather",
      [flat.reshape(front, [batch, outer * inner]), rows],
      {},
      [batch, outer * inner],
      x.int,
    );
    return flat.reshape(flat.transpose(flat.reshape(moved, [batch, outer, inner]), [1, 0, 2]), x.shape);
  }
}
