/** The flat list under construction: equal instructions are shared, constants folded, movements of data avoided. */
import {
  type Attr,
  type BinaryOp,
  broadcast,
  type CompareOp,
  type Instr,
  isConst,
  type Ref,
  type Scan,
  sameShape,
  scanShapes,
  size,
  type TensorOp,
  type TensorRef,
  type UnaryOp,
} from "./types.js";

export * from "./types.js";

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
    let key: string = int ? `int ${op}` : op;
    for (const a of args) key += isConst(a) ? `=${a.c}` : ` ${a.n}.${a.out}`;
    for (const name in attrs) key += `|${name}:${textOf(attrs[name] as Attr)}`;
    key += `;${shapes[0]}`;
    const known = op === "draw" ? undefined : this.#seen.get(key);
    if (known !== undefined) return known;
    const n = this.instrs.length;
    this.instrs.push({ n, op, args, attrs, shapes, int, origin: this.origin });
    this.#seen.set(key, n);
    return n;
  }

  /** A loop: its number. */
  scan(scan: Scan, args: readonly Ref[]): number {
    const n = this.instrs.length;
    this.instrs.push({
      n,
      op: "scan",
      args,
      attrs: {},
      shapes: scanShapes(scan),
      int: false,
      origin: this.origin,
      scan,
    });
    return n;
  }

  /** One more result of a loop: a tensor of its body, stacked. */
  stack(n: number, ref: TensorRef): TensorRef {
    const instr = this.instrs[n] as Instr;
    const scan = { ...(instr.scan as Scan), stacked: [...(instr.scan as Scan).stacked, ref] };
    const shapes = scanShapes(scan);
    this.instrs[n] = { ...instr, scan, shapes };
    const out = shapes.length - 1;
    return { n, out, shape: shapes[out] as number[], int: ref.int };
  }

  /** One instruction with one result. A result without elements is the constant 0: no kernel ever sees an empty tensor. */
  one(op: TensorOp, args: readonly Ref[], attrs: Instr["attrs"], shape: readonly number[], int = false): Ref {
    if (size(shape) === 0) return this.constant(0, int);
    return { n: this.emit(op, args, attrs, [shape], int), out: 0, shape, int };
  }

  shapeOf = (r: Ref): readonly number[] => (isConst(r) ? [] : r.shape);

  #def = (r: TensorRef): Instr => this.instrs[r.n] as Instr;

  literal = (values: readonly number[], shape: readonly number[]): Ref =>
    this.one("literal", [], { values, shape }, shape, true);

  /** A tensor of exactly this shape: constants are filled, dims of 1 repeated. */
  full(r: Ref, shape: readonly number[]): Ref {
    if (isConst(r)) return this.one("full", [], { value: r.c, shape, int: r.int }, shape, r.int);
    return sameShape(r.shape, shape) ? r : this.one("expand", [r], { shape }, shape, r.int);
  }

  reshape(r: Ref, shape: readonly number[]): Ref {
    if (isConst(r) || sameShape(r.shape, shape)) return r;
    const from = this.#def(r);
    const inner = from.op === "reshape" ? (from.args[0] as TensorRef) : r;
    if (sameShape(inner.shape, shape)) return inner;
    return this.one("reshape", [inner], { shape }, shape, r.int);
  }

  /** Transpositions of transpositions are one, and dims of size 1 move without moving a number. */
  transpose(r: Ref, perm: readonly number[]): Ref {
    if (isConst(r) || perm.every((p, i) => p === i)) return r;
    const shape = perm.map((p) => r.shape[p] as number);
    const kept = squeezed(r.shape);
    let order = perm.filter((p) => r.shape[p] !== 1).map((p) => kept.indexOf(p));
    let base: TensorRef = r;
    for (;;) {
      const def = this.#def(base);
      const arg = def.args[0];
      if (!arg || isConst(arg)) break;
      const outer = squeezed(base.shape);
      const inner = squeezed(arg.shape);
      if (def.op === "transpose") {
        const moved = (def.attrs["perm"] as readonly number[])
          .filter((p) => arg.shape[p] !== 1)
          .map((p) => inner.indexOf(p));
        order = order.map((p) => moved[p] as number);
      } else if (
        def.op !== "reshape" ||
        !sameShape(
          outer.map((i) => base.shape[i] as number),
          inner.map((i) => arg.shape[i] as number),
        )
      )
        break;
      base = arg;
    }
    if (order.every((p, i) => p === i)) return this.reshape(base, shape);
    const dims = squeezed(base.shape).map((i) => (base as TensorRef).shape[i] as number);
    const moved = order.map((p) => dims[p] as number);
    return this.reshape(this.one("transpose", [this.reshape(base, dims)], { perm: order }, moved, r.int), shape);
  }

  /** Concatenation of parts of the given shapes; parts without elements fall away. */
  concat(parts: readonly Ref[], shapes: readonly (readonly number[])[], axis: number): Ref {
    const kept = parts.map((_, i) => i).filter((i) => (shapes[i] as readonly number[])[axis] !== 0);
    if (kept.length !== parts.length)
      return this.concat(
        kept.map((i) => parts[i] as Ref),
        kept.map((i) => shapes[i] as readonly number[]),
        axis,
      );
    const [first] = parts;
    if (!first) return this.constant(0);
    if (parts.length === 1) return first;
    if (parts.every((p) => isConst(p) && isConst(first) && p.c === first.c)) return first;
    const shape = (shapes[0] as readonly number[]).map((d, i) =>
      i === axis ? shapes.reduce((n, s) => n + (s[axis] as number), 0) : d,
    );
    const all = parts.map((p, i) => this.full(p, shapes[i] as readonly number[]));
    return this.#wholeOf(all, axis, shape) ?? this.one("concat", all, { axis }, shape, first.int);
  }

  /** The entries of one tensor in order are that tensor. */
  #wholeOf(parts: readonly Ref[], axis: number, shape: readonly number[]): Ref | null {
    if (axis !== 0) return null;
    const entries = parts.map((p) => {
      if (isConst(p)) return null;
      const def = this.#def(p);
      return def.op === "reshape" ? (def.args[0] as TensorRef) : p;
    });
    const [first] = entries;
    if (!first) return null;
    const source = this.#def(first);
    if (source.op !== "unstack" || source.shapes.length !== parts.length) return null;
    return entries.every((e, k) => e?.n === first.n && e.out === k) ? this.reshape(source.args[0] as Ref, shape) : null;
  }

  slice(r: Ref, axis: number, from: number, len: number): Ref {
    if (isConst(r) || (from === 0 && len === r.shape[axis])) return r;
    if (from < 0 || from + len > (r.shape[axis] as number)) throw new Error(`slice ${from}+${len} of [${r.shape}]`);
    const def = this.#def(r);
    const inner = def.args[0];
    if (def.op === "pad" && def.attrs["axis"] === axis && inner && !isConst(inner)) {
      // what is left of the zeros, and of what they are around
      const start = from - (def.attrs["from"] as number);
      const [first, end] = [Math.max(start, 0), Math.min(start + len, inner.shape[axis] as number)];
      const part = first < end ? this.slice(inner, axis, first, end - first) : this.constant(0, r.int);
      return isConst(part) ? part : this.pad(part, axis, first - start, len);
    }
    const shape = r.shape.map((d, i) => (i === axis ? len : d));
    return this.one("slice", [r], { axis, from, len }, shape, r.int);
  }

  /** Zeros around dim `axis`, so that `r` begins at `from` of `total`. */
  pad(r: Ref, axis: number, from: number, total: number): Ref {
    if (isConst(r)) throw new Error("a constant is filled before it is padded");
    if (r.shape[axis] === total) return r;
    const shape = r.shape.map((d, i) => (i === axis ? total : d));
    return this.one("pad", [r], { axis, from, total }, shape, r.int);
  }

  /** Entry `i` of dim `axis`, without that dim. Along the first dim all entries are made at once: a loop will want them. */
  entry(r: Ref, axis: number, i: number): Ref {
    if (isConst(r)) return r;
    const shape = r.shape.filter((_, k) => k !== axis);
    const length = r.shape[axis] as number;
    if (length === 1) return this.reshape(r, shape);
    if (r.shape.slice(0, axis).some((d) => d !== 1)) return this.reshape(this.slice(r, axis, i, 1), shape);
    const flat = this.reshape(r, [length, ...r.shape.slice(axis + 1)]);
    const inner = r.shape.slice(axis + 1);
    const n = this.emit("unstack", [flat], {}, new Array(length).fill(inner), r.int);
    return this.reshape({ n, out: i, shape: inner, int: r.int }, shape);
  }

  unary(op: UnaryOp, x: Ref, f: (x: number) => number): Ref {
    return isConst(x) ? this.constant(f(x.c)) : this.one(op, [this.float(x)], {}, x.shape);
  }

  affine(x: Ref, a: number, b: number): Ref {
    if (isConst(x)) return this.constant(a * x.c + b);
    return a === 1 && b === 0 ? x : this.one("affine", [this.float(x)], { a, b }, x.shape);
  }

  float(x: Ref): Ref {
    if (!x.int) return x;
    return isConst(x) ? this.constant(x.c) : this.one("toFloat", [x], {}, x.shape);
  }

  /** A tensor of numbers that are integers, as indices. */
  int(x: Ref): Ref {
    if (x.int) return x;
    return isConst(x) ? this.constant(x.c, true) : this.one("toInt", [x], {}, x.shape, true);
  }

  binary(op: BinaryOp, x: Ref, y: Ref, f: (x: number, y: number) => number): Ref {
    if (isConst(x) && isConst(y)) return this.constant(f(x.c, y.c));
    const shape = broadcast(this.shapeOf(x), this.shapeOf(y));
    if (op === "add") {
      if (isConst(x)) return this.affine(y, 1, x.c);
      if (isConst(y)) return this.affine(x, 1, y.c);
    }
    if (op === "mul") {
      const [k, t] = isConst(x) ? [x, y] : [y, x];
      if (isConst(k)) return k.c === 0 ? this.constant(0) : this.affine(t, k.c, 0);
    }
    if (op === "div" && isConst(x) && x.c === 0) return this.constant(0);
    // only where the reciprocal is exact: integer divisions are floors of quotients
    if (op === "div" && isConst(y) && Number.isInteger(Math.log2(Math.abs(y.c)))) return this.affine(x, 1 / y.c, 0);
    const tokens = isComparison(op) && x.int && y.int;
    return this.one(op, tokens ? [x, y] : [this.float(x), this.float(y)], {}, shape);
  }

  add = (x: Ref, y: Ref): Ref => this.binary("add", x, y, (a, b) => a + b);
  mul = (x: Ref, y: Ref): Ref => this.binary("mul", x, y, (a, b) => a * b);
  sub = (x: Ref, y: Ref): Ref => this.add(x, this.affine(y, -1, 0));
  div = (x: Ref, y: Ref): Ref => this.binary("div", x, y, (a, b) => a / b);
  exp = (x: Ref): Ref => this.unary("exp", x, Math.exp);

  /** `x` where `c` is not 0, else `y`; all of one rank, or numbers. */
  where(c: Ref, x: Ref, y: Ref): Ref {
    if (isConst(c)) return c.c !== 0 ? x : y;
    if (isConst(x) && isConst(y) && x.c === y.c) return x;
    const int = x.int && y.int;
    const [a, b] = int ? [x, y] : [this.float(x), this.float(y)];
    const shape = [c, a, b].map(this.shapeOf).reduce(broadcast);
    return this.one("where", [c, a, b], {}, shape, int);
  }

  /** Sum over dims, which become 1. `shape` is the full shape before: constants and repeated dims count in full. */
  sum(x: Ref, axes: readonly number[], shape: readonly number[]): Ref {
    if (!axes.length) return x;
    const times = axes.reduce((p, a) => p * (isConst(x) || x.shape[a] === 1 ? (shape[a] as number) : 1), 1);
    if (isConst(x)) return this.constant(x.c * times);
    if (times === 0) return this.constant(0);
    const real = axes.filter((a) => x.shape[a] !== 1);
    const kept = x.shape.filter((_, i) => !real.includes(i));
    const summed = real.length ? this.one("sum", [this.float(x)], { axes: real }, kept) : x;
    return this.affine(
      this.reshape(
        summed,
        x.shape.map((d, i) => (axes.includes(i) ? 1 : d)),
      ),
      times,
      0,
    );
  }

  /** Maximum over dims, which become 1; −∞ over none. */
  max(x: Ref, axes: readonly number[], shape: readonly number[]): Ref {
    if (axes.some((a) => shape[a] === 0)) return this.constant(Number.NEGATIVE_INFINITY);
    if (isConst(x)) return x;
    const real = axes.filter((a) => x.shape[a] !== 1);
    if (!real.length) return x;
    const kept = x.shape.filter((_, i) => !real.includes(i));
    return this.reshape(
      this.one("max", [x], { axes: real }, kept),
      x.shape.map((d, i) => (axes.includes(i) ? 1 : d)),
    );
  }
}

const textOf = (a: Attr): string => (typeof a === "object" ? JSON.stringify(a) : String(a));

const isComparison = (op: BinaryOp): op is CompareOp => op === "less" || op === "lessEqual" || op === "equal";

const squeezed = (shape: readonly number[]): number[] => shape.map((_, i) => i).filter((i) => shape[i] !== 1);
