/**
 * The level between Program and targets: a flat, hash-consed list of tensor instructions with concrete shapes. A target
 * only knows these ops. A tensor has one dim per free axis (outermost first), then the batch, then the features.
 */

/** A tensor, or a number that stands for a tensor of any shape. */
export type Ref =
  | { readonly n: number; readonly out: number; readonly shape: readonly number[]; readonly int: boolean }
  | { readonly c: number; readonly int: boolean };

export const isConst = (r: Ref): r is Extract<Ref, { c: number }> => "c" in r;

export type UnaryOp =
  | "tanh"
  | "sigmoid"
  | "relu"
  | "softplus"
  | "exp"
  | "log"
  | "sqrt"
  | "abs"
  | "sign"
  | "floor"
  | "sin"
  | "cos";
export type BinaryOp = "add" | "mul" | "div" | "pow" | "maximum" | "minimum" | "mod" | "less" | "lessEqual" | "equal";

/** A side of a host-made mask or index: a variable's index plus `off`, or the sample's length plus `off`. */
export interface Side {
  readonly v: string | null;
  readonly end: string | null;
  readonly off: number;
}
export interface HostCond {
  readonly rel: "eq" | "lt";
  readonly a: Side;
  readonly b: Side;
}
export interface HostDim {
  readonly v: string;
  readonly from: number;
  readonly len: number;
}

export type Attr = number | string | boolean | readonly number[] | readonly HostCond[] | readonly HostDim[];

/** The ops of the flat list. `given`: a parameter, input, noise or state. `mask`, `lengths`, `iota`: made on the host from the lengths. */
export type TensorOp =
  | "given"
  | "mask"
  | "lengths"
  | "iota"
  | "full"
  | "draw"
  | UnaryOp
  | BinaryOp
  | "affine"
  | "where"
  | "matmul"
  | "bmm"
  | "transpose"
  | "reshape"
  | "concat"
  | "slice"
  | "pad"
  | "unstack"
  | "expand"
  | "gather"
  | "scatter"
  | "onehot"
  | "toFloat"
  | "argmax"
  | "sum"
  | "max"
  | "softmax"
  | "xent"
  | "conv2d"
  | "conv2dInput"
  | "conv2dFilter"
  | "maxpool"
  | "maxpoolGrad"
  | "avgpool"
  | "avgpoolGrad";

export interface Instr {
  readonly n: number;
  readonly op: TensorOp;
  readonly args: readonly Ref[];
  readonly attrs: Readonly<Record<string, Attr>>;
  readonly shapes: readonly (readonly number[])[];
  readonly int: boolean;
  /** The value of the System that it was made for, for messages: `h[3]`. */
  readonly origin: string;
}

export const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The list under construction. Equal instructions are shared, constants are folded. */
export class Flat {
  readonly instrs: Instr[] = [];
  readonly #seen = new Map<string, number>();
  /** Set by the lowering: what the next instructions are made for. */
  origin = "";

  constant = (c: number, int = false): Ref => ({ c, int });

  emit(
    op: TensorOp,
    args: readonly Ref[],
    attrs: Instr["attrs"],
    shapes: readonly (readonly number[])[],
    int = false,
  ): number {
    const key = `${op}(${args.map((a) => (isConst(a) ? `=${a.c}` : `${a.n}.${a.out}`))})${JSON.stringify(attrs)}${shapes.join(";")}`;
    const known = op === "draw" ? undefined : this.#seen.get(key);
    if (known !== undefined) return known;
    const n = this.instrs.length;
    this.instrs.push({ n, op, args, attrs, shapes, int, origin: this.origin });
    this.#seen.set(key, n);
    return n;
  }

  one(op: TensorOp, args: readonly Ref[], attrs: Instr["attrs"], shape: readonly number[], int = false): Ref {
    return { n: this.emit(op, args, attrs, [shape], int), out: 0, shape, int };
  }

  shapeOf = (r: Ref): readonly number[] => (isConst(r) ? [] : r.shape);

  /** A tensor of exactly this shape: constants are filled, dims of 1 repeated. */
  full(r: Ref, shape: readonly number[]): Ref {
    if (isConst(r)) return this.one("full", [], { value: r.c, shape }, shape, r.int);
    return r.shape.join() === shape.join() ? r : this.one("expand", [r], { shape }, shape, r.int);
  }

  reshape(r: Ref, shape: readonly number[]): Ref {
    if (isConst(r) || r.shape.join() === shape.join()) return r;
    const from = this.instrs[r.n] as Instr;
    const inner = from.op === "reshape" ? (from.args[0] as Ref) : r;
    if (!isConst(inner) && inner.shape.join() === shape.join()) return inner;
    return this.one("reshape", [inner], { shape }, shape, r.int);
  }

  transpose(r: Ref, perm: readonly number[]): Ref {
    if (isConst(r) || perm.every((p, i) => p === i)) return r;
    const shape = perm.map((p) => r.shape[p] as number);
    // dims of size 1 may move without moving a number
    if (perm.filter((p) => r.shape[p] !== 1).every((p, i, kept) => i === 0 || (kept[i - 1] as number) < p))
      return this.reshape(r, shape);
    return this.one("transpose", [r], { perm }, shape, r.int);
  }

  concat(parts: readonly Ref[], shapes: readonly (readonly number[])[], axis: number): Ref {
    if (parts.length === 1) return parts[0] as Ref;
    const first = parts[0] as Ref;
    if (parts.every((p) => isConst(p) && isConst(first) && p.c === first.c)) return first;
    const shape = (shapes[0] as readonly number[]).map((d, i) =>
      i === axis ? shapes.reduce((n, s) => n + (s[axis] as number), 0) : d,
    );
    const full = parts.map((p, i) => this.full(p, shapes[i] as readonly number[]));
    // the parts of one tensor in order are that tensor
    const whole = this.#wholeOf(full, axis, shape);
    return whole ?? this.one("concat", full, { axis }, shape, first.int);
  }

  #wholeOf(parts: readonly Ref[], axis: number, shape: readonly number[]): Ref | null {
    if (axis !== 0) return null;
    const [first] = parts;
    if (!first || isConst(first)) return null;
    const from = (r: Ref): Instr | null => {
      if (isConst(r)) return null;
      const i = this.instrs[r.n] as Instr;
      return i.op === "reshape" && !isConst(i.args[0] as Ref)
        ? (this.instrs[(i.args[0] as { n: number }).n] as Instr)
        : i;
    };
    const source = from(first);
    if (source?.op !== "unstack" || source.shapes.length !== parts.length) return null;
    const inOrder = parts.every((p, k) => {
      if (isConst(p)) return false;
      const i = this.instrs[p.n] as Instr;
      const direct = i.op === "reshape" ? (i.args[0] as { n: number; out: number }) : p;
      return direct.n === source.n && direct.out === k;
    });
    return inOrder ? this.reshape(source.args[0] as Ref, shape) : null;
  }

  slice(r: Ref, axis: number, from: number, len: number): Ref {
    if (isConst(r) || (from === 0 && len === r.shape[axis])) return r;
    const shape = r.shape.map((d, i) => (i === axis ? len : d));
    return this.one("slice", [r], { axis, from, len }, shape, r.int);
  }

  /** Entry `i` of dim `axis`, without that dim. Along the first dim all entries are made at once: a loop will want them. */
  entry(r: Ref, axis: number, i: number): Ref {
    if (isConst(r)) return r;
    const shape = r.shape.filter((_, k) => k !== axis);
    const length = r.shape[axis] as number;
    if (length === 1) return this.reshape(r, shape);
    if (axis !== 0) return this.reshape(this.slice(r, axis, i, 1), shape);
    return {
      n: this.emit(
        "unstack",
        [r],
        {},
        Array.from({ length }, () => shape),
        r.int,
      ),
      out: i,
      shape,
      int: r.int,
    };
  }

  unary(op: UnaryOp, x: Ref, f: (x: number) => number): Ref {
    return isConst(x) ? this.constant(f(x.c)) : this.one(op, [x], {}, x.shape);
  }

  affine(x: Ref, a: number, b: number): Ref {
    if (isConst(x)) return this.constant(a * x.c + b);
    return a === 1 && b === 0 ? x : this.one("affine", [x], { a, b }, x.shape);
  }

  binary(op: BinaryOp, x: Ref, y: Ref, f: (x: number, y: number) => number): Ref {
    if (isConst(x) && isConst(y)) return this.constant(f(x.c, y.c));
    if (op === "add") {
      if (isConst(x)) return this.affine(y, 1, x.c);
      if (isConst(y)) return this.affine(x, 1, y.c);
    }
    if (op === "mul") {
      const [k, t] = isConst(x) ? [x, y] : [y, x];
      if (isConst(k)) return k.c === 0 ? this.constant(0) : this.affine(t, k.c, 0);
    }
    if (op === "div" && isConst(x) && x.c === 0) return x;
    if (op === "div" && isConst(y)) return this.affine(x, 1 / y.c, 0);
    return this.one(op, [x, y], {}, broadcast(this.shapeOf(x), this.shapeOf(y)));
  }

  add = (x: Ref, y: Ref): Ref => this.binary("add", x, y, (a, b) => a + b);
  mul = (x: Ref, y: Ref): Ref => this.binary("mul", x, y, (a, b) => a * b);

  /** Sum over dims, which go away. `shape` is the full shape before: constants and repeated dims count in full. */
  sum(x: Ref, axes: readonly number[], shape: readonly number[]): Ref {
    if (!axes.length) return x;
    const times = axes.reduce((p, a) => p * (isConst(x) || x.shape[a] === 1 ? (shape[a] as number) : 1), 1);
    if (isConst(x)) return this.constant(x.c * times);
    const real = axes.filter((a) => x.shape[a] !== 1);
    const rest = x.shape.filter((_, i) => !axes.includes(i));
    const kept = x.shape.filter((_, i) => !real.includes(i));
    const summed = real.length ? this.one("sum", [x], { axes: real }, kept) : x;
    return this.affine(this.reshape(summed, rest), times, 0);
  }

  max(x: Ref, axes: readonly number[]): Ref {
    if (isConst(x) || !axes.length) return x;
    return this.one(
      "max",
      [x],
      { axes },
      x.shape.filter((_, i) => !axes.includes(i)),
    );
  }
}

/** Numpy's broadcasting, right-aligned. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const n = Math.max(a.length, b.length);
  return Array.from({ length: n }, (_, i) => {
    const [x, y] = [a[a.length - n + i] ?? 1, b[b.length - n + i] ?? 1];
    if (x !== y && x !== 1 && y !== 1) throw new Error(`shapes [${a}] and [${b}] do not broadcast`);
    return Math.max(x, y);
  });
}
