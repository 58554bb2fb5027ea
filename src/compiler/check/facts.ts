/** What follows for an index from where it stands: from its parts, the lengths, and the conditions around it. */
import type { Slot } from "../system/types.js";
import type { Context } from "./context.js";
import type { Branch } from "./guards.js";
import {
  constant,
  extentEnds,
  type Form,
  isPositive,
  plus,
  rangeOf,
  scaled,
  symbol,
  variable,
  variableEnds,
} from "./ranges.js";
import type { Term } from "./terms.js";

/** Conditions that hold, as forms that are at least 0. */
type Facts = readonly Form[];

const DEPTH = 2;

/** Proves that sums of variables, lengths and other integers are greater than 0. */
export class Prover {
  /** What is no sum, by its key. */
  readonly #atoms = new Map<string, Term>();
  readonly #slots = new Map<string, Slot>();
  #fuel = 0;

  constructor(
    readonly cx: Context,
    slots: readonly Slot[],
    readonly branches: readonly Branch[],
  ) {
    for (const s of slots) this.#slots.set(variable(s.name), s);
  }

  isPositive(form: Form): boolean {
    this.#fuel = 300;
    return this.#positive(
      form,
      this.branches.flatMap((b) => this.#factsOf(b)),
    );
  }

  /** A term as a sum of symbols. */
  formOf(t: Term): Form {
    switch (t.kind) {
      case "number":
        return constant(t.value);
      case "index":
        this.#slots.set(variable(t.slot.name), t.slot);
        return symbol(variable(t.slot.name));
      case "size": {
        const n = this.cx.sizeOf(t.dim);
        return n === null ? this.#atom(t) : constant(n);
      }
      case "extent": {
        const { low, high } = extentEnds(this.cx, t.axis, t.of);
        return low === high ? low : this.#atom(t);
      }
      case "unary":
        return t.op === "-" ? scaled(this.formOf(t.arg), -1) : this.#atom(t);
      case "binary": {
        if (t.op === "+") return plus(this.formOf(t.left), this.formOf(t.right));
        if (t.op === "-") return plus(this.formOf(t.left), this.formOf(t.right), -1);
        if (t.op !== "*") return this.#atom(t);
        const [a, b] = [this.formOf(t.left), this.formOf(t.right)];
        return b.by.size === 0 ? scaled(a, b.c) : a.by.size === 0 ? scaled(b, a.c) : this.#atom(t);
      }
      default:
        return this.#atom(t);
    }
  }

  /** What stands in the equation of a value that is read at its own variables. */
  #meantBy({ of, idx, picks }: Extract<Term, { kind: "read" }>): Term | null {
    if (of.role !== "eq" || !of.definition || of.clauses.length || picks.length) return null;
    const isOwn = idx.every((p, i) => p.k === "var" && p.shift === 0 && p.v === of.slots[i]?.name);
    return isOwn ? of.definition.term : null;
  }

  #atom(t: Term): Form {
    const key = `#${keyOf(t) ?? this.#atoms.size}`;
    this.#atoms.set(key, t);
    return symbol(key);
  }

  #factsOf({ cond, holds }: Branch): Form[] {
    if (cond.kind === "unary" && cond.op === "not") return this.#factsOf({ cond: cond.arg, holds: !holds });
    if (cond.kind !== "binary") return [];
    if (cond.op === "and" || cond.op === "or")
      return holds === (cond.op === "and")
        ? [cond.left, cond.right].flatMap((c) => this.#factsOf({ cond: c, holds }))
        : [];
    const [a, b] = [this.formOf(cond.left), this.formOf(cond.right)];
    const whole = [cond.left, cond.right].every((x) => rangeOf(this.cx, x).isInteger);
    const most = (x: Form, y: Form): Form => plus(y, x, -1);
    // of integers, a < b is a ≤ b − 1
    const less = (x: Form, y: Form): Form => plus(most(x, y), constant(whole ? -1 : 0));
    const tests: Readonly<Record<string, readonly [readonly Form[], readonly Form[]]>> = {
      "<": [[less(a, b)], [most(b, a)]],
      "<=": [[most(a, b)], [less(b, a)]],
      ">": [[less(b, a)], [most(a, b)]],
      ">=": [[most(b, a)], [less(a, b)]],
      "==": [[most(a, b), most(b, a)], this.#apart(a, b, less)],
      "!=": [this.#apart(a, b, less), [most(a, b), most(b, a)]],
    };
    return [...(tests[cond.op]?.[holds ? 0 : 1] ?? [])];
  }

  /** What is not equal is less, where it cannot be more. */
  #apart(a: Form, b: Form, less: (x: Form, y: Form) => Form): Form[] {
    const cannotBeMore = (x: Form, y: Form): boolean => this.#positive(plus(plus(y, x, -1), constant(1)), []);
    return [...(cannotBeMore(a, b) ? [less(a, b)] : []), ...(cannotBeMore(b, a) ? [less(b, a)] : [])];
  }

  #positive(form: Form, facts: Facts): boolean {
    if (this.#fuel-- <= 0) return false;
    return this.#combined(form, facts, DEPTH).some((f) => this.#resolved(f, facts));
  }

  /** A form, and less multiples of facts: what is left must be greater than 0 still. */
  #combined(form: Form, facts: Facts, depth: number): Form[] {
    if (depth === 0) return [form];
    const less = facts.flatMap((fact) =>
      [...fact.by].flatMap(([name, k]) => {
        const ratio = (form.by.get(name) ?? 0) / k;
        return ratio > 1e-9 ? this.#combined(plus(form, fact, -ratio), facts, depth - 1) : [];
      }),
    );
    return [form, ...less];
  }

  /** With the first of its symbols that is no length replaced by what that is at least, or at most. */
  #resolved(form: Form, facts: Facts): boolean {
    // parts before the variables that they are made of
    const open = [...form.by].filter(([, k]) => Math.abs(k) > 1e-9);
    const order = [
      ...open.filter(([name]) => this.#atoms.has(name)),
      ...open.filter(([name]) => this.#slots.has(name)),
    ];
    for (const [name, k] of order) {
      const put = (by: Form, more: Facts = facts): boolean =>
        this.#positive(plus(plus(form, symbol(name), -k), by, k), more);
      const slot = this.#slots.get(name);
      if (slot) {
        const { low, high } = variableEnds(this.cx, slot);
        return put(k > 0 ? low : high);
      }
      const atom = this.#atoms.get(name) as Term;
      if (
        atom.kind === "call" &&
        atom.args.length === 2 &&
        (atom.fn.name === "maximum" || atom.fn.name === "minimum")
      ) {
        const forms = atom.args.map((a) => this.formOf(a));
        return (atom.fn.name === "maximum") === k > 0 ? forms.some((f) => put(f)) : forms.every((f) => put(f));
      }
      if (atom.kind === "if") {
        const branch = (t: Term, holds: boolean): boolean =>
          put(this.formOf(t), [...facts, ...this.#factsOf({ cond: atom.cond, holds })]);
        return branch(atom.then, true) && branch(atom.else, false);
      }
      const meant = atom.kind === "read" ? this.#meantBy(atom) : null;
      if (meant && put(this.formOf(meant))) return true;
      const range = rangeOf(this.cx, atom);
      return (k > 0 ? range.low : range.high)?.every((f) => put(f)) ?? false;
    }
    return isPositive(this.cx, form);
  }
}

/** Terms with one key are equal; null: no other term equals this one. */
function keyOf(t: Term): string | null {
  const all = (name: string, parts: readonly Term[]): string | null => {
    const keys = parts.map(keyOf);
    return keys.every((k) => k !== null) ? `${name}(${keys.join(", ")})` : null;
  };
  switch (t.kind) {
    case "number":
      return String(t.value);
    case "index":
      return variable(t.slot.name);
    case "extent":
      return t.of === undefined ? t.axis : `${t.axis}[${t.of}]`;
    case "size":
      return JSON.stringify(t.dim);
    case "literal":
      return JSON.stringify(t.text);
    case "read":
      return all(`${t.of.id}${JSON.stringify(t.idx)}`, t.picks);
    case "unary":
      return all(t.op, [t.arg]);
    case "binary":
      return all(t.op, [t.left, t.right]);
    case "call":
      return t.noise ? null : all(`${t.fn.name}${JSON.stringify(t.options)}`, t.args);
    case "gather": {
      const at = all(
        t.arg.of.id,
        t.at.map((g) => g.index.of.definition?.term ?? g.index),
      );
      return at === null
        ? null
        : `${at}${JSON.stringify(t.arg.idx.filter((p) => p.k !== "var" || !t.at.some((g) => g.bound.name === p.v)))}`;
    }
    default:
      return null;
  }
}
