/** Terms to expressions of the System, with numbers for sizes. */
import { argmaxOver, E, type Expr, lseOver, maxOver, op, read, softmaxAlong, sumOver } from "../system/expr.js";
import { at, condPositions, type Env, posVar, substCond, substPos } from "../system/positions.js";
import { BATCH, type Cond, type Pos, type Slot } from "../system/types.js";
import { comparisons, zeroUnless } from "./comparisons.js";
import { arithmetic } from "./constants.js";
import type { Dim } from "./dims.js";
import { freeVariables } from "./free.js";
import type { CallTerm, Lowering } from "./functions/types.js";
import { outsideAlong } from "./gather.js";
import { extentAlong } from "./lengths.js";
import type { ClauseDef, Gathered, Quantity, Term } from "./terms.js";
import { isIndex, isPosition, isToken, knownOf, shapeOf, type Type } from "./types.js";

/** What lowering needs to know about the model and the mode. */
export interface Target {
  readonly training: boolean;
  readonly drawn: ReadonlySet<string>;
  size(d: Dim): number;
  tokenId(vocab: string, text: string): number;
  hasBatch(q: Quantity): boolean;
  /** The shortest that an axis can be. */
  least(axis: string): number;
  /** Is each of the two computed from the other? */
  together(a: Quantity, b: Quantity): boolean;
}

/** Lowers terms; `env` puts constants in place of variables (a clause used at one of its indices). */
export class Lower implements Lowering {
  readonly training: boolean;
  #guards: readonly Cond[] = [];
  /** Of a factor: where the other one is not 0. Only there it counts. */
  readonly #besides = new Map<Term, readonly Cond[]>();

  constructor(
    readonly target: Target,
    readonly env: Env = {},
    /** The quantity whose equation this is. */
    readonly owner: Quantity | null = null,
  ) {
    this.training = target.training;
  }

  size(d: Dim): number {
    return this.target.size(d);
  }

  shape(t: Term): readonly number[] {
    const s = shapeOf(t.type);
    if (!s) throw new Error(`the type of a ${t.kind} is not known`);
    return s.map((d) => this.target.size(d));
  }

  #pos(p: Pos): Pos {
    return substPos(p, this.env);
  }

  /** A quantity at positions along its axes. What depends on the owner itself says under which guards it is read. */
  quantity(q: Quantity, idx: readonly Pos[]): Expr {
    const places = idx.map((p) => this.#pos(p));
    const guards =
      this.#guards.length && this.owner && this.target.together(this.owner, q)
        ? this.#guards.filter((c) => condPositions(c).some((p) => places.some((x) => posVar(x) === posVar(p))))
        : [];
    return read(q.id, [...(this.target.hasBatch(q) ? [at(BATCH.name)] : []), ...places], guards);
  }

  noise(t: CallTerm): Expr {
    const q = t.noise as Quantity;
    return this.quantity(
      q,
      q.slots.map((s) => at(s.name)),
    );
  }

  tensor(t: Term): Expr {
    const x = this.raw(t);
    const k = knownOf(t.type);
    if (k?.kind === "position") return op("toFloat", [x]);
    return k?.kind === "token" ? op("put", [E.num(1), x], { n: this.shape(t)[0] as number }) : x;
  }

  /** As an integer: what may index, or define a position. */
  int(t: Term): Expr {
    const value = this.constant(t);
    if (value !== null) return op("token", [], { value });
    return isIndex(t.type) ? this.raw(t) : op("toInt", [this.tensor(t)]);
  }

  /** As a quantity of this type holds it. */
  defining(t: Term, type: Type): Expr {
    if (isToken(type)) return this.raw(t);
    return isPosition(type) ? this.int(t) : this.as(t, this.#numbers(type));
  }

  #numbers = (type: Type): number[] => (shapeOf(type) ?? []).map((d) => this.target.size(d));

  as(t: Term, shape: readonly number[]): Expr {
    const from = this.shape(t);
    const value = this.constant(t);
    if (value !== null && from.length === 0) return E.num(value, shape);
    const x = this.tensor(t);
    if (from.join() === shape.join()) return x;
    if (from.length === 0) return E.fill(x, shape);
    return E.reshape(x, shape);
  }

  /** The number that a term is in this mode, if it is one. */
  constant(t: Term): number | null {
    switch (t.kind) {
      case "number":
        return isToken(t.type) ? null : t.value;
      case "size":
        return this.size(t.dim);
      case "mode":
        return Number(t.test === "training" ? this.training : !this.target.drawn.has(t.test.observed));
      case "extent":
        return null;
      case "unary": {
        const x = this.constant(t.arg);
        return x === null ? null : t.op === "-" ? -x : Number(x === 0);
      }
      case "binary": {
        const [a, b] = [this.constant(t.left), this.constant(t.right)];
        if (t.op === "and" && (a === 0 || b === 0)) return 0;
        if (t.op === "or" && ((a !== null && a !== 0) || (b !== null && b !== 0))) return 1;
        if (a === null || b === null) return null;
        return arithmetic(t.op, a, b) ?? logic(t.op, a, b);
      }
      case "call": {
        const [x] = t.args.map((a) => this.constant(a));
        if (x === undefined || x === null || t.args.length !== 1) return null;
        const f = { sqrt: Math.sqrt, exp: Math.exp, log: Math.log }[t.fn.name];
        return f ? f(x) : null;
      }
      case "if": {
        const c = this.constant(t.cond);
        return c === null ? null : this.constant(c !== 0 ? t.then : t.else);
      }
      default:
        return null;
    }
  }

  raw(t: Term): Expr {
    const conds = this.#besides.get(t);
    return conds ? this.#under(conds, () => this.#raw(t)) : this.#raw(t);
  }

  #raw(t: Term): Expr {
    const value = shapeOf(t.type)?.length === 0 ? this.constant(t) : null;
    if (value !== null) return E.num(value);
    switch (t.kind) {
      case "number":
        if (isToken(t.type)) return op("token", [], { value: t.value, text: String(t.value) });
        throw new Error("a constant that is no number");
      case "size":
      case "mode":
        throw new Error("a constant that is no number");
      case "index":
        return this.#index(t.slot);
      case "extent":
        return this.#extent(t.axis, t.around?.map((s) => s.name) ?? (t.of === undefined ? [] : [t.of]));
      case "literal": {
        const k = knownOf(t.type);
        if (k?.kind !== "token") throw new Error(`the literal ${t.text} has no vocabulary`);
        return op("token", [], { value: this.target.tokenId(k.vocab, t.text), text: t.text });
      }
      case "read":
        if (t.of.map) return op("toFloat", [this.quantity(t.of, t.idx)]);
        return t.picks.reduce<Expr>((x, p) => op("pick", [x, this.int(p)]), this.quantity(t.of, t.idx));
      case "unary": {
        const x = this.tensor(t.arg);
        return t.op === "-" ? E.neg(x) : E.equal(x, E.num(0, this.shape(t)));
      }
      case "binary":
        return this.#binary(t);
      case "contract":
        return this.#contract(t);
      case "transpose":
        return E.transpose(this.tensor(t.arg));
      case "if":
        return this.#branch(t);
      case "concat":
        return E.concat(...t.parts.map((p) => this.as(p, this.shape(p).length ? this.shape(p) : [1])));
      case "split": {
        const [n] = this.shape(t) as [number];
        return E.slice(this.tensor(t.arg), t.part * n, n);
      }
      case "reduce":
        return this.#reduce(t);
      case "gather":
        return this.#gather(t);
      case "mapped":
        return this.#mapped(t);
      case "along":
        return softmaxAlong(t.slot.name, this.tensor(t.arg));
      case "call":
        return t.fn.lower(this, t);
      case "wrong":
        throw new Error("a wrong term is lowered");
    }
  }

  /** The length of an axis at variables, the nearest first. */
  #extent(axis: string, around: readonly string[]): Expr {
    const places = around.map((name) => this.#pos(at(name)));
    // outside of the axis around, in a clause, nothing has a length
    if (places.some((p) => p.k !== "var")) return E.num(0);
    const within = places.flatMap((p) => posVar(p) ?? []);
    return op("extent", [], within.length ? { axis, within } : { axis });
  }

  /** A variable as a number; in a clause that stands at a constant, that constant. */
  #index(slot: Slot): Expr {
    const p = this.#pos(at(slot.name));
    if (p.k === "var") return op("index", [], { slot: p.v });
    return p.k === "start" ? E.num(p.off) : E.affine(1, p.off, op("extent", [], { axis: slot.axis }));
  }

  #binary(t: Extract<Term, { kind: "binary" }>): Expr {
    const { left, right } = t;
    if ((t.op === "==" || t.op === "!=") && (isToken(left.type) || isToken(right.type))) {
      const same = E.equal(this.raw(left), this.raw(right));
      return t.op === "==" ? same : E.affine(-1, 1, same);
    }
    const shape = this.shape(t);
    const [l, r] = [this.constant(left), this.constant(right)];
    const a = (): Expr => this.as(left, shape);
    const b = (): Expr => this.as(right, shape);
    const scalar = (x: Term): boolean => shape.length > 0 && this.shape(x).length === 0;
    switch (t.op) {
      case "+":
        if (r !== null) return E.affine(1, r, a());
        return l !== null ? E.affine(1, l, b()) : E.add(a(), b());
      case "-":
        if (r !== null) return E.affine(1, -r, a());
        return l !== null ? E.affine(-1, l, b()) : E.sub(a(), b());
      case "*":
        this.#noteZeros(left, right);
        return this.#product(left, right, shape);
      case "/":
        if (r !== null) return E.affine(1 / r, 0, a());
        return scalar(right) ? E.scale(E.div(E.num(1), this.tensor(right)), a()) : E.div(a(), b());
      case "^":
        if (r === 1) return a();
        if (r === 2) return E.mul(a(), a());
        return E.pow(a(), b());
      case "div":
        return E.map("floor", E.div(a(), b()));
      case "mod":
        return op("mod", [a(), b()]);
      case "<":
        return E.less(a(), b());
      case "<=":
        return op("lessEqual", [a(), b()]);
      case ">":
        return E.less(b(), a());
      case ">=":
        return op("lessEqual", [b(), a()]);
      case "==":
        return E.equal(a(), b());
      case "!=":
        return E.affine(-1, 1, E.equal(a(), b()));
      case "and":
        return E.mul(truth(a(), shape), truth(b(), shape));
      case "or":
        return op("maximum", [truth(a(), shape), truth(b(), shape)]);
    }
  }

  /** `a[t, u] * h[u]` where a is 0 unless u < t reads no h that is not computed yet. */
  #noteZeros(left: Term, right: Term): void {
    if (!this.owner || !this.target.together(this.owner, this.owner)) return;
    for (const [factor, other] of [
      [left, right],
      [right, left],
    ] as const) {
      const conds = zeroUnless(other);
      if (conds.length) this.#besides.set(factor, conds);
    }
  }

  /** A number scales; a token keeps one entry of its partner, or carries a number at its place. */
  #product(left: Term, right: Term, shape: readonly number[]): Expr {
    const [l, r] = [this.constant(left), this.constant(right)];
    if (r !== null) return E.affine(r, 0, this.as(left, shape));
    if (l !== null) return E.affine(l, 0, this.as(right, shape));
    for (const [token, other] of [
      [right, left],
      [left, right],
    ] as const)
      if (isToken(token.type)) {
        const i = this.raw(token);
        const x = this.shape(other).length === 0 ? this.tensor(other) : op("pick", [this.tensor(other), i]);
        return op("put", [x, i], { n: shape[0] as number });
      }
    if (shape.length && this.shape(left).length === 0) return E.scale(this.tensor(left), this.as(right, shape));
    if (shape.length && this.shape(right).length === 0) return E.scale(this.tensor(right), this.as(left, shape));
    return E.mul(this.as(left, shape), this.as(right, shape));
  }

  #contract(t: Extract<Term, { kind: "contract" }>): Expr {
    const { left, right, leftTransposed, rightTransposed } = t;
    const [a, b] = [this.shape(left).length, this.shape(right).length];
    const token = isToken(right.type);
    if (a === 2 && b === 1) {
      const W = this.tensor(left);
      if (token) return op(leftTransposed ? "pick" : "col", [W, this.raw(right)]);
      return leftTransposed ? E.mvT(W, this.tensor(right)) : E.mv(W, this.tensor(right));
    }
    if (a === 2) {
      const matrix = (x: Term, transposed: boolean): Expr =>
        transposed ? E.transpose(this.tensor(x)) : this.tensor(x);
      return E.mm(matrix(left, leftTransposed), matrix(right, rightTransposed));
    }
    if (rightTransposed)
      return token
        ? op("putCol", [this.tensor(left), this.raw(right)], { n: this.shape(right)[0] as number })
        : E.outer(this.tensor(left), this.tensor(right));
    if (token && isToken(left.type)) return E.equal(this.raw(left), this.raw(right));
    if (token) return op("pick", [this.tensor(left), this.raw(right)]);
    if (isToken(left.type)) return op("pick", [this.tensor(right), this.raw(left)]);
    return E.dot(this.tensor(left), this.tensor(right));
  }

  /** Lowers what counts only under guards. */
  #under(conds: readonly Cond[], f: () => Expr): Expr {
    const before = this.#guards;
    this.#guards = [...before, ...conds.map((c) => substCond(c, this.env))];
    const e = f();
    this.#guards = before;
    return e;
  }

  /** A branch that the mode decides is not even there. */
  #branch(t: Extract<Term, { kind: "if" }>): Expr {
    const shape = this.shape(t);
    const c = this.constant(t.cond);
    const branch = (x: Term): Expr => this.defining(x, t.type);
    if (c !== null) return branch(c !== 0 ? t.then : t.else);
    if (t.isZeroElsewhere && t.then.kind === "read" && this.#isZero(t.then.of)) return branch(t.else);
    const whole = isToken(t.type) ? [] : shape;
    const { then: yes, else: no } = comparisons(t.cond);
    return E.where(
      this.as(t.cond, whole),
      this.#under(yes, () => branch(t.then)),
      this.#under(no, () => branch(t.else)),
    );
  }

  /** Entries at indices that are values, and the clauses where those leave the domain: the most specific counts. */
  #gather({ arg, at, type }: Extract<Term, { kind: "gather" }>): Expr {
    const { of, idx } = arg;
    let x = this.#under(
      at.flatMap((g) => g.guards),
      () => this.quantity(of, idx),
    );
    const env = Object.fromEntries(of.slots.map((s, i) => [s.name, this.#pos(idx[i] as Pos)]));
    const whole = isIndex(type) ? [] : this.shape({ ...arg, type });
    const chosen = (e: Expr, { bound, index }: Gathered): Expr =>
      sumOver([bound], E.only(e, this.quantity(index.of, index.idx), bound.name));
    // what is within another axis first: outside of that, there is nothing within
    for (const [n, g] of [...at.entries()].reverse()) {
      x = chosen(x, g);
      const i = op("toFloat", [this.quantity(g.index.of, g.index.idx)]);
      const clauses = outsideAlong(of, g.slot).sort((a, b) => Number(isExact(a)) - Number(isExact(b)));
      for (const clause of clauses) {
        const isThere = outsideTest(i, clause.pins[0]?.at, this.raw(g.length));
        const free = freeVariables(clause.term);
        const value = at
          .slice(n + 1)
          .filter(({ slot }) => free.has(slot.name))
          .reduceRight(chosen, new Lower(this.target, env).defining(clause.term, type));
        x = E.where(E.fill(isThere, whole), value, x);
      }
    }
    return x;
  }

  /** A gather or a scatter along a map of a structure. */
  #mapped({ by, over, at, arg, index, type }: Extract<Term, { kind: "mapped" }>): Expr {
    const x = isIndex(type) ? this.raw(arg) : this.tensor(arg);
    const where = this.quantity(index.of, index.idx);
    if (by === "sum") return sumOver([over], E.only(x, where, at.name));
    const none = E.only(x, where, at.name, Number.NEGATIVE_INFINITY);
    return by === "max" ? maxOver([over], none) : lseOver([over], none);
  }

  #isZero(q: Quantity): boolean {
    return q.definition !== null && !q.clauses.length && this.constant(q.definition.term) === 0;
  }

  #reduce(t: Extract<Term, { kind: "reduce" }>): Expr {
    const x = this.tensor(t.arg);
    switch (t.by) {
      case "sum":
        return sumOver(t.slots, x);
      case "max":
        return maxOver(t.slots, x);
      case "min":
        return E.neg(maxOver(t.slots, E.neg(x)));
      case "logsumexp":
        return lseOver(t.slots, x);
      case "argmax":
        return argmaxOver(t.slots[0] as Slot, x);
      case "mean": {
        const shape = this.shape(t);
        const n = t.slots.map((s, i): Expr => {
          // of nothing, the mean is 0
          const isNever0 = s.of === undefined && this.target.least(s.axis) > 0;
          const length = this.raw(t.lengths?.[i] ?? extentAlong(s, t.slots, t.span));
          return isNever0 ? length : op("maximum", [length, E.num(1)]);
        });
        const share = E.div(E.num(1), E.mul(...n));
        return shape.length ? E.scale(share, sumOver(t.slots, x)) : E.mul(share, sumOver(t.slots, x));
      }
    }
  }
}

const isExact = ({ pins }: ClauseDef): boolean => typeof pins[0]?.at === "object";

/** Is the index `i` where a clause counts? */
function outsideTest(i: Expr, at: Pos | "below" | "beyond" | undefined, extent: Expr): Expr {
  if (at === "below") return E.less(i, E.num(0));
  if (at === "beyond") return op("lessEqual", [extent, i]);
  if (at?.k === "start") return E.equal(i, E.num(at.off));
  if (at?.k === "end") return E.equal(i, E.affine(1, at.off, extent));
  throw new Error("a clause stands at a constant");
}

const truth = (x: Expr, shape: readonly number[]): Expr => E.affine(-1, 1, E.equal(x, E.num(0, shape)));

function logic(name: string, a: number, b: number): number | null {
  switch (name) {
    case "==":
      return Number(a === b);
    case "!=":
      return Number(a !== b);
    case "<":
      return Number(a < b);
    case "<=":
      return Number(a <= b);
    case ">":
      return Number(a > b);
    case ">=":
      return Number(a >= b);
    case "and":
      return Number(a !== 0 && b !== 0);
    case "or":
      return Number(a !== 0 || b !== 0);
    default:
      return null;
  }
}
