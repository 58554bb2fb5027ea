/**
 * Well-formed Systems from a tape of numbers: each choice takes the next number, 0 is the simplest choice, and an empty
 * tape is the simplest System, so that a shrunk tape is a small counterexample. Causal by construction: forward values read
 * each other at t-1 and t-2 and earlier ones at t; backward values mirror that and read the forward ones anywhere.
 */
import { E, type Expr, lseOver, maxOver, op, softmaxAlong, sumOver } from "../../src/compiler/system/expr.js";
import { type Case, earlier, equals, guarded, Sketch, slot } from "./sketch.js";

const [t, s, u] = [slot("t", "T"), slot("s", "S"), slot("u", "T")];

interface Sequence {
  readonly id: string;
  readonly lags: number;
  readonly ahead: number;
}

class Generator {
  readonly #tape: readonly number[];
  #next = 0;
  #params = 0;
  readonly k: Sketch;
  /** Complete groups: read at any shift that their clauses allow. */
  readonly done: Sequence[] = [];
  /** Earlier members of the running group: read at t too. */
  known: readonly Sequence[] = [];

  constructor(tape: readonly number[]) {
    this.#tape = tape;
    const length = (): number => [2, 1, 0, 3, 4][this.choose(5)] as number;
    this.k = new Sketch({ T: [length(), length()], S: [1 + this.choose(3), 1 + this.choose(3)] }, 2);
    this.k.input("x", [2], [t]);
    this.k.input("c", [2]);
    this.k.input("m", [2], [s]);
    this.k.token("w", 2, [t]);
    this.k.clause("x", { t: "-1" }, this.start());
    this.k.clause("w", { t: "-1" }, op("token", [], { value: 1 }));
    this.done.push({ id: "x", lags: 1, ahead: 0 });
  }

  choose(n: number): number {
    return (this.#tape[this.#next++] ?? 0) % n;
  }

  param(shape: readonly number[]): Expr {
    // now and then one that exists: shared parameters
    const same = this.k.params.filter((id) => this.k.builder.get(id).shape.join() === shape.join());
    const old = same[this.choose(3) === 2 ? this.choose(Math.max(1, same.length)) : same.length];
    return old ? this.k.access(old)() : this.k.param(`p${this.#params++}`, shape)();
  }

  /** A value without a variable: for clauses. */
  start(): Expr {
    const kind = this.choose(5);
    if (kind === 1) return this.param([2]);
    if (kind === 2) return E.map("tanh", E.mv(this.param([2, 2]), this.k.access("c")()));
    const inner = this.done.find((v) => v.lags > 0 && v.id !== "x");
    if (kind === 3 && inner) return this.k.access(inner.id)("$-1");
    if (kind === 4 && inner && inner.ahead > 0) return this.k.access(inner.id)("0");
    return E.num(0, [2]);
  }

  /** A vector at t. `open`: the values of the running group, which may be read with a shift of sign `sign` only. */
  vector(depth: number, open: readonly Sequence[], sign: 1 | -1): Expr {
    const go = (): Expr => this.vector(depth - 1, open, sign);
    switch (depth <= 0 ? 0 : this.choose(14)) {
      case 1:
        return E.mv(this.param([2, 2]), go());
      case 2:
        return E.add(go(), go());
      case 3:
        return E.mul(go(), go());
      case 4:
        return E.map(["tanh", "sigmoid", "sin"][this.choose(3)] as string, go());
      case 5:
        return E.scale(this.scalar(depth - 1, open, sign), go());
      case 6:
        return E.slice(E.concat(go(), go()), this.choose(3), 2);
      case 7:
        return op("col", [this.param([2, 2]), this.token()]);
      case 8:
        return E.where(E.less(this.k.access("x")("t"), E.num(0, [2])), go(), go());
      case 9:
        return this.past(go(), open, sign);
      case 10:
        return this.memory(go());
      case 11:
        return E.affine(-1, 1, go());
      case 12:
        return guarded(this.param([2]), equals("T", "t", ["0", "$-1", "1"][this.choose(3)] as string));
      case 13: {
        const z = E.mv(this.param([4, 2]), go());
        return E.mul(E.map("sigmoid", E.slice(z, 0, 2)), E.slice(z, 2, 2));
      }
      default:
        return this.read(open, sign);
    }
  }

  scalar(depth: number, open: readonly Sequence[], sign: 1 | -1): Expr {
    const go = (): Expr => this.vector(depth, open, sign);
    switch (this.choose(5)) {
      case 1:
        return E.sumf(go());
      case 2:
        return op("pick", [go(), this.token()]);
      case 3:
        return op("xent", [go(), this.token()]);
      case 4:
        return op("lsef", [go()]);
      default:
        return E.dot(go(), go());
    }
  }

  token = (): Expr => this.k.access("w")(this.choose(2) ? "t-1" : "t");

  read(open: readonly Sequence[], sign: 1 | -1): Expr {
    const free = [...this.done, ...this.known, ...open];
    const v = free[this.choose(free.length)] as Sequence;
    const recurrent = !this.done.includes(v);
    const shifts = open.includes(v) ? [] : ["t"];
    for (let i = 1; i <= v.lags; i++) if (!recurrent || sign < 0) shifts.push(`t-${i}`);
    for (let i = 1; i <= v.ahead; i++) if (!recurrent || sign > 0) shifts.push(`t+${i}`);
    if (!recurrent && v.lags) shifts.push("$-1");
    if (!recurrent && v.ahead) shifts.push("0");
    return this.k.access(v.id)(shifts[this.choose(shifts.length)] as string);
  }

  /** A sum over the strict past (or future) of a value. */
  past(e: Expr, open: readonly Sequence[], sign: 1 | -1): Expr {
    const values = open.length ? open : this.done;
    const v = this.k.access((values[this.choose(values.length)] as Sequence).id)("u");
    const read = guarded(v, sign < 0 ? earlier("T", "u", "t") : earlier("T", "t", "u"));
    return sumOver([u], E.scale(E.map("sigmoid", E.dot(e, read)), read));
  }

  /** A reduction over S of the memory, addressed by `e`. */
  memory(e: Expr): Expr {
    const m = this.k.access("m")("s");
    const score = E.dot(e, E.mv(this.param([2, 2]), m));
    switch (this.choose(4)) {
      case 1:
        return E.fill(lseOver([s], score), [2]);
      case 2:
        return maxOver([s], E.mul(e, m));
      case 3:
        return sumOver([s], E.scale(softmaxAlong("s", score), m));
      default:
        return sumOver([s], E.scale(score, m));
    }
  }

  /** A group of mutually recurrent values. */
  group(name: string, sign: 1 | -1): void {
    const count = 1 + this.choose(2);
    const group: Sequence[] = Array.from({ length: count }, (_, i) => ({
      id: `${name}${i}`,
      lags: sign < 0 ? 1 + this.choose(2) : this.choose(2),
      ahead: sign > 0 ? 1 : this.choose(2),
    }));
    for (const v of group) this.k.value(v.id, [2], [t]);
    for (const v of group) {
      for (let i = 1; i <= v.lags; i++) this.k.clause(v.id, { t: `-${i}` }, this.start());
      for (let i = 0; i < v.ahead; i++) this.k.clause(v.id, { t: i ? `$+${i}` : "$" }, this.start());
    }
    for (const [i, v] of group.entries()) {
      // earlier members of the group are known at t
      this.known = group.slice(0, i);
      this.k.equate(
        v.id,
        E.map("tanh", E.add(this.vector(3, group.slice(i), sign), this.vector(2, group.slice(i), sign))),
      );
    }
    this.known = [];
    this.done.push(...group);
  }

  case(): Case {
    const kind = this.choose(4);
    if (kind !== 1) this.group("h", -1);
    if (kind !== 0) this.group("b", 1);
    if (kind === 3) this.group("g", -1);
    const terms = [E.dot(this.k.access("x")("t"), this.vector(2, [], -1))];
    for (const v of this.done.slice(1)) terms.push(E.sumf(E.mul(this.k.access("c")(), this.k.access(v.id)("t"))));
    this.k.loss([t], E.add(...terms));
    return this.k.finish();
  }
}

export const randomCase = (tape: readonly number[]): Case => new Generator(tape).case();
