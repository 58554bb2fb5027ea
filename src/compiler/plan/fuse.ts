/** Instructions that TensorFlow has one kernel for, put into one, and a few that it is quicker without. */
import { type ListPass, Remade, rebuilt } from "./bodies.js";
import type { Plan } from "./plan.js";
import { type Instr, isConst, keyOf, type Ref, sameShape, size, type TensorRef } from "./types.js";

export const fuse = (plan: Plan): Plan => rebuilt(plan, fusing);

const fusing: ListPass = (instrs, results) => new Fusing(instrs, results);

class Fusing extends Remade {
  readonly #defs: ReadonlyMap<number, Instr>;
  readonly #uses = new Map<string, number>();

  constructor(instrs: readonly Instr[], results: readonly Ref[]) {
    super(fusing);
    this.#defs = new Map(instrs.map((i) => [i.n, i]));
    for (const r of [...instrs.flatMap((i) => i.args), ...results])
      if (!isConst(r)) this.#uses.set(keyOf(r), (this.#uses.get(keyOf(r)) ?? 0) + 1);
    this.make(instrs, (i) => this.#addN(i) ?? this.#squares(i) ?? this.#rows(i) ?? this.#counted(i) ?? this.#sorted(i));
  }

  #def = (r: Ref | undefined): Instr | undefined => (r && !isConst(r) ? this.#defs.get(r.n) : undefined);

  /** a + (b + c), of one shape, where nobody else reads the inner sum. */
  #addN(i: Instr): Ref | null {
    const shape = i.shapes[0] as readonly number[];
    if (i.op !== "add" || !i.args.every((a) => has(a, shape))) return null;
    const terms = (r: Ref): readonly Ref[] => {
      const own = this.#def(r);
      const mine = own?.op === "add" && this.#uses.get(keyOf(r as TensorRef)) === 1;
      return mine && own.args.every((a) => has(a, shape)) ? own.args.flatMap(terms) : [r];
    };
    const all = i.args.flatMap(terms);
    return all.length > 2 ? this.flat.one("addN", all.map(this.moved), {}, shape) : null;
  }

  /** Σ x² */
  #squares(i: Instr): Ref | null {
    const shape = i.shapes[0] as readonly number[];
    const summed = i.op === "sum" && size(shape) === 1 ? this.#def(i.args[0]) : undefined;
    const square = summed?.op === "reshape" ? this.#def(summed.args[0]) : summed;
    const [x, y] = square?.args ?? [];
    if (square?.op !== "mul" || !x || !y || isConst(x) || isConst(y) || keyOf(x) !== keyOf(y)) return null;
    return this.flat.reshape(this.flat.one("squares", [this.moved(x)], {}, []), shape);
  }

  /** Σ of many rows, which is the gradient of a bias. */
  #rows(i: Instr): Ref | null {
    const [x] = i.args;
    if (i.op !== "sum" || i.int || !x || isConst(x) || x.int || x.shape.length < 2) return null;
    const width = x.shape.at(-1) as number;
    if (width === 1 || size(x.shape) < MANY_ROWS * width || size(i.shapes[0] as readonly number[]) !== width)
      return null;
    const axes = i.attrs["axes"] as readonly number[];
    if (axes.includes(x.shape.length - 1)) return null;
    const sums = this.flat.one("rowSum", [this.moved(x)], {}, [width]);
    return this.flat.reshape(sums, i.shapes[0] as readonly number[]);
  }

  /** Few rows that are added to columns of a matrix: transposed, times one-hot rows. */
  #counted(i: Instr): Ref | null {
    const shape = i.shapes[0] as readonly number[];
    const sum = i.op === "transpose" && shape.length === 2 ? this.#def(i.args[0]) : undefined;
    const [z, index] = sum?.args ?? [];
    if (sum?.op !== "scatter" || this.#uses.get(`${sum.n}.0`) !== 1 || !z || isConst(z) || !index) return null;
    const [rows = 0, ...rest] = z.shape;
    const n = sum.attrs["n"] as number;
    if (rest.length !== 1 || rows >= MANY_ROWS || n > ONE_HOT_WIDTH) return null;
    const hot = this.flat.one("onehot", [this.moved(index)], { n }, [rows, n]);
    return this.flat.one("matmul", [this.moved(z), hot], { ta: true, tb: false }, shape);
  }

  /** Many rows that are added up by an index: in its order, each is read once and each sum written once. */
  #sorted(i: Instr): Ref | null {
    const [x, index] = i.args;
    if (i.op !== "scatter" || !x || isConst(x) || !index || isConst(index)) return null;
    const [rows = 0, ...rest] = x.shape;
    if (rest.length !== 1 || rows < MANY_ROWS) return null;
    const sorted = this.flat.emit("sorted", [this.moved(index)], {}, [[rows], [rows]], true);
    const out = (k: number): Ref => ({ n: sorted, out: k, shape: [rows], int: true });
    return this.flat.one("segmentSum", [this.moved(x), out(0), out(1)], {}, i.shapes[0] as readonly number[]);
  }
}

/** From so many rows on, kernels that share rows out among cores are the faster ones: a sum of rows, rows sorted by index. */
const MANY_ROWS = 512;
/** Wider one-hot rows cost more than what they save. */
const ONE_HOT_WIDTH = 512;

const has = (r: Ref, shape: readonly number[]): boolean => !isConst(r) && !r.int && sameShape(r.shape, shape);
