/** The list of instructions of the body of a scan. */
import { Flat, keyOf } from "./tensors.js";
import { type Instr, isConst, type Ref, type TensorRef } from "./types.js";

const MADE_FROM_LENGTHS: ReadonlySet<string> = new Set(["mask", "lengths", "endRows"]);

/**
 * A list inside of another one. What comes from around is given to it, as blocks or whole; what does not depend on the step
 * is made around it.
 */
export class BodyFlat extends Flat {
  readonly #blocks = new Map<string, { readonly outer: TensorRef; readonly given: TensorRef }>();
  readonly #wholes = new Map<string, { readonly outer: TensorRef; readonly given: TensorRef }>();
  #isClosed = false;
  /** By the number of their instruction here. */
  readonly #outer = new Map<number, TensorRef>();

  constructor(
    readonly around: Flat,
    readonly count: number,
  ) {
    super();
  }

  /** From now on nothing more can come from around. */
  close(): void {
    this.#isClosed = true;
  }

  get imported(): { readonly blocks: readonly TensorRef[]; readonly wholes: readonly TensorRef[] } {
    return {
      blocks: [...this.#blocks.values()].map((b) => b.outer),
      wholes: [...this.#wholes.values()].map((w) => w.outer),
    };
  }

  /** A chunk's part of a tensor around. */
  block(outer: TensorRef): TensorRef {
    const [n = 0, ...rest] = outer.shape;
    return this.#import(this.#blocks, "block", outer, [n / this.count, ...rest]);
  }

  whole(outer: Ref): Ref {
    if (isConst(outer)) return outer;
    const given = this.#import(this.#wholes, "whole", outer, outer.shape);
    this.#outer.set(given.n, outer);
    return given;
  }

  #import(
    among: Map<string, { readonly outer: TensorRef; readonly given: TensorRef }>,
    name: string,
    outer: TensorRef,
    shape: readonly number[],
  ): TensorRef {
    const key = keyOf(outer);
    const known = among.get(key);
    if (known) return known.given;
    const n = super.emit("given", [], { id: `${name}${among.size}` }, [shape], outer.int);
    const given = { n, out: 0, shape, int: outer.int };
    among.set(key, { outer, given });
    return given;
  }

  override emit(
    op: Instr["op"],
    args: readonly Ref[],
    attrs: Instr["attrs"],
    shapes: Instr["shapes"],
    int = false,
  ): number {
    const same = args.some((a) => !isConst(a)) && args.every((a) => isConst(a) || this.#outer.has(a.n));
    if (this.#isClosed || shapes.length > 1 || !(same || MADE_FROM_LENGTHS.has(op)))
      return super.emit(op, args, attrs, shapes, int);
    const outer = args.map((a) => (isConst(a) ? a : (this.#outer.get(a.n) as TensorRef)));
    const n = this.around.emit(op, outer, attrs, shapes, int);
    return (this.whole({ n, out: 0, shape: shapes[0] as readonly number[], int }) as TensorRef).n;
  }
}
