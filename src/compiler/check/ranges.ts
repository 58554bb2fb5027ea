/** Between which bounds an index lies, as linear forms of lengths: enough to see that `2*r+1` with r < S div 2 is below S. */
import type { Length, Pos, Slot } from "../system/types.js";
import { leastLength } from "./bounds.js";
import type { Context } from "./context.js";
import * as dims from "./dims.js";
import type { Quantity, Term } from "./terms.js";
import { knownOf } from "./types.js";

/** c + Σ coefficient · symbol: lengths, sizes, and variables of axes (`@t`). */
export interface Form {
  readonly c: number;
  readonly by: ReadonlyMap<string, number>;
}

export interface Range {
  readonly isInteger: boolean;
  /** Each holds in some case; null: there is no bound. */
  readonly low: readonly Form[] | null;
  readonly high: readonly Form[] | null;
}

export const constant = (c: number): Form => ({ c, by: new Map() });
export const symbol = (name: string): Form => ({ c: 0, by: new Map([[name, 1]]) });
/** The symbol of a variable of an axis. */
export const variable = (name: string): string => `@${name}`;

export function plus(a: Form, b: Form, times = 1): Form {
  const by = new Map(a.by);
  for (const [name, k] of b.by) by.set(name, (by.get(name) ?? 0) + times * k);
  return { c: a.c + times * b.c, by };
}
export const scaled = (a: Form, k: number): Form => plus(constant(0), a, k);

export interface Ends {
  readonly low: Form;
  readonly high: Form;
}

/** The length of an axis; of a derived one, what can be said by the lengths that it follows from. `of`: where, if within another. */
export function extentEnds(cx: Context, axis: string, of?: string): Ends {
  const facts = cx.axes.get(axis);
  const name = of === undefined ? axis : `${axis}[${of}]`;
  if (facts?.length !== null && facts?.length !== undefined)
    return lengthEnds(cx, facts.length, of) ?? { low: symbol(name), high: symbol(name) };
  // a vocabulary has the same symbol wherever it is counted: its size may come from the data
  const size = facts?.size ? cx.sizeOf(facts.size) : null;
  const whole = size !== null ? constant(size) : symbol(facts?.size ? dims.show(facts.size) : name);
  return { low: whole, high: whole };
}

function lengthEnds(cx: Context, length: Length, of?: string): Ends | null {
  if (typeof length === "number") return { low: constant(length), high: constant(length) };
  if ("extent" in length) {
    const isNested = (cx.axes.get(length.extent)?.within ?? null) !== null;
    return extentEnds(cx, length.extent, isNested ? of : undefined);
  }
  const [a, b] = [lengthEnds(cx, length.a, of), lengthEnds(cx, length.b, of)];
  if (!a || !b) return null;
  const by = typeof length.b === "number" ? length.b : null;
  switch (length.op) {
    case "+":
      return { low: plus(a.low, b.low), high: plus(a.high, b.high) };
    case "-":
      return { low: plus(a.low, b.high, -1), high: plus(a.high, b.low, -1) };
    case "*":
      if (by !== null && by >= 0) return { low: scaled(a.low, by), high: scaled(a.high, by) };
      return typeof length.a === "number" && length.a >= 0
        ? { low: scaled(b.low, length.a), high: scaled(b.high, length.a) }
        : null;
    case "div": // ⌊a / n⌋ lies between (a − n + 1) / n and a / n
      return by !== null && by > 0
        ? { low: scaled(plus(a.low, constant(1 - by)), 1 / by), high: scaled(a.high, 1 / by) }
        : null;
    default:
      return null;
  }
}

const unbounded = (isInteger: boolean): Range => ({ isInteger, low: null, high: null });
const below = (extent: Ends): Range => ({
  isInteger: true,
  low: [constant(0)],
  high: [plus(extent.high, constant(-1))],
});

const combine = (
  a: readonly Form[] | null,
  b: readonly Form[] | null,
  f: (x: Form, y: Form) => Form,
): readonly Form[] | null => (a && b ? a.flatMap((x) => b.map((y) => f(x, y))) : null);

/** Variables of axes stay symbols. `seen`: the values whose equations this is looked through. */
export function rangeOf(cx: Context, t: Term, seen: ReadonlySet<Quantity> = new Set()): Range {
  const k = knownOf(t.type);
  if (k?.kind === "position") return below(extentEnds(cx, k.axis, outerOf(cx, t, k.axis)));
  if (k?.kind === "token") return below({ low: symbol(k.vocab), high: symbol(k.vocab) });
  switch (t.kind) {
    case "number":
      return Number.isInteger(t.value)
        ? { isInteger: true, low: [constant(t.value)], high: [constant(t.value)] }
        : unbounded(false);
    case "size": {
      const n = cx.sizeOf(t.dim);
      const form = n === null ? symbol(dims.show(t.dim)) : constant(n);
      return { isInteger: true, low: [form], high: [form] };
    }
    case "index":
      return { isInteger: true, low: [symbol(variable(t.slot.name))], high: [symbol(variable(t.slot.name))] };
    case "extent": {
      const { low, high } = extentEnds(cx, t.axis, t.of);
      return { isInteger: true, low: [low], high: [high] };
    }
    case "unary": {
      const x = rangeOf(cx, t.arg, seen);
      if (t.op !== "-") return { isInteger: true, low: [constant(0)], high: [constant(1)] };
      const turn = (forms: Range["low"]): Range["low"] => forms?.map((f) => scaled(f, -1)) ?? null;
      return { isInteger: x.isInteger, low: turn(x.high), high: turn(x.low) };
    }
    case "if": {
      const [a, b] = [rangeOf(cx, t.then, seen), rangeOf(cx, t.else, seen)];
      const both = (x: Range["low"], y: Range["low"]): Range["low"] => (x && y ? [...x, ...y] : null);
      return { isInteger: a.isInteger && b.isInteger, low: both(a.low, b.low), high: both(a.high, b.high) };
    }
    case "binary":
      return ofBinary(cx, t, seen);
    case "call": {
      if (t.args.length === 2 && (t.fn.name === "maximum" || t.fn.name === "minimum"))
        return unbounded(t.args.every((a) => rangeOf(cx, a, seen).isInteger));
      return unbounded(["floor", "ceil", "round", "sign", "argmax"].includes(t.fn.name));
    }
    case "read":
      return ofRead(cx, t, seen);
    default:
      return unbounded(false);
  }
}

/** A position on an axis within another one: the variable at whose index of that one it is. */
function outerOf(cx: Context, t: Term, axis: string): string | undefined {
  const within = cx.axes.get(axis)?.within ?? null;
  if (within === null) return undefined;
  if (t.kind === "read") {
    const p = t.idx[t.of.slots.findIndex((s) => s.axis === within)];
    return p?.k === "var" && p.shift === 0 ? p.v : "?";
  }
  if (t.kind === "reduce") return t.slots.find((s) => s.axis === axis)?.of;
  return "?";
}

/** A value is what its equation makes of the variables that it is read at; of a recurrence only that it is whole is known. */
function ofRead(cx: Context, t: Extract<Term, { kind: "read" }>, seen: ReadonlySet<Quantity>): Range {
  const { of, idx } = t;
  if (of.whole === "bool") return { isInteger: true, low: [constant(0)], high: [constant(1)] };
  if (of.whole === "int") return unbounded(true);
  if (of.role !== "eq" || !of.definition || t.picks.length) return unbounded(false);
  if (seen.has(of)) return unbounded(true);
  const inner = new Set([...seen, of]);
  const ranges = [of.definition.term, ...of.clauses.map((c) => c.term)].map((x) => rangeOf(cx, x, inner));
  const isInteger = ranges.every((r) => r.isInteger);
  if (of.clauses.length || !idx.every((p) => p.k === "var")) return unbounded(isInteger);
  const [range] = ranges as [Range];
  const moved = (f: Form): Form | null => atPlaces(f, of.slots, idx);
  const all = (forms: Range["low"]): Range["low"] => {
    const out = forms?.map(moved) ?? [null];
    return out.every((f) => f !== null) ? out : null;
  };
  return { isInteger, low: all(range.low), high: all(range.high) };
}

/** A form in the variables of a value, at the variables that it is read at. */
function atPlaces(f: Form, slots: readonly Slot[], idx: readonly Pos[]): Form | null {
  let out = constant(f.c);
  for (const [name, k] of f.by) {
    const own = slots.findIndex((s) => name === variable(s.name));
    const outer = slots.findIndex((s) => name.endsWith(`[${s.name}]`));
    const p = idx[own >= 0 ? own : outer];
    if (own >= 0 && p?.k === "var") out = plus(out, plus(symbol(variable(p.v)), constant(p.shift)), k);
    else if (outer >= 0 && p?.k === "var" && p.shift === 0)
      out = plus(out, symbol(name.replace(/\[.*$/, `[${p.v}]`)), k);
    else if (own >= 0 || outer >= 0 || name.startsWith(variable(""))) return null;
    else out = plus(out, symbol(name), k);
  }
  return out;
}

function ofBinary(cx: Context, t: Extract<Term, { kind: "binary" }>, seen: ReadonlySet<Quantity>): Range {
  const [a, b] = [rangeOf(cx, t.left, seen), rangeOf(cx, t.right, seen)];
  const isInteger = a.isInteger && b.isInteger;
  const number = (r: Range): number | null => {
    const [low] = r.low ?? [];
    return r.low?.length === 1 && low?.by.size === 0 && r.high?.[0]?.c === low.c ? low.c : null;
  };
  switch (t.op) {
    case "+":
      return { isInteger, low: combine(a.low, b.low, plus), high: combine(a.high, b.high, plus) };
    case "-": {
      const minus = (x: Form, y: Form): Form => plus(x, y, -1);
      return { isInteger, low: combine(a.low, b.high, minus), high: combine(a.high, b.low, minus) };
    }
    case "*": {
      const [n, m] = [number(b), number(a)];
      const [k, x] = n !== null ? [n, a] : m !== null ? [m, b] : [null, a];
      if (k === null) return ofProduct(a, b, isInteger, number);
      const times = (forms: Range["low"]): Range["low"] => forms?.map((f) => scaled(f, k)) ?? null;
      return k >= 0
        ? { isInteger, low: times(x.low), high: times(x.high) }
        : { isInteger, low: times(x.high), high: times(x.low) };
    }
    case "div": {
      const n = number(b);
      if (n === null || n <= 0) return unbounded(true);
      return {
        isInteger: true,
        low:
          a.low?.map((f) => (f.by.size ? scaled(plus(f, constant(1 - n)), 1 / n) : constant(Math.floor(f.c / n)))) ??
          null,
        high: a.high?.map((f) => scaled(f, 1 / n)) ?? null,
      };
    }
    case "mod": // floored: from 0 to n − 1 for a positive n
      return isInteger
        ? { isInteger, low: [constant(0)], high: b.high?.map((f) => plus(f, constant(-1))) ?? null }
        : unbounded(false);
    case "/": {
      const n = number(b);
      if (n === null || n <= 0) return unbounded(false);
      const part = (forms: Range["low"]): Range["low"] => forms?.map((f) => scaled(f, 1 / n)) ?? null;
      return { isInteger: false, low: part(a.low), high: part(a.high) };
    }
    case "^": {
      const [base, power] = [number(a), number(b)];
      return unbounded(isInteger && ((power !== null && power >= 0) || (base !== null && isNatural(b))));
    }
    default:
      return { isInteger: true, low: [constant(0)], high: [constant(1)] };
  }
}

/** Of two that are at least 0; one of them is at most a number. */
function ofProduct(a: Range, b: Range, isInteger: boolean, number: (r: Range) => number | null): Range {
  if (!isNatural(a) || !isNatural(b)) return unbounded(isInteger);
  const most = (r: Range): number | null => number({ ...r, low: r.high });
  const [n, x] = most(b) !== null ? [most(b) as number, a] : [most(a), b];
  return {
    isInteger,
    low: [constant(0)],
    high: n === null ? null : (x.high?.map((f) => scaled(f, n)) ?? null),
  };
}

/** Are all ends at least 0, with variables that are? */
const isNatural = (r: Range): boolean =>
  r.low?.every((f) => f.c >= 0 && [...f.by.values()].every((k) => k >= 0)) ?? false;

/** The ends of what a variable of an axis can be. */
export function variableEnds(cx: Context, { axis, of }: Slot): Ends {
  return { low: constant(0), high: plus(extentEnds(cx, axis, of).high, constant(-1)) };
}

/** Is a form greater than 0, whatever the lengths are? */
export function isPositive(cx: Context, { c, by }: Form): boolean {
  let sum = c;
  for (const [name, k] of by) {
    if (k < -1e-9) return false;
    if (k > 1e-9) sum += k * leastOf(cx, name);
  }
  return sum > 1e-9;
}

/** The least that a length or size can be. */
function leastOf(cx: Context, name: string): number {
  const axis = name.replace(/\[.*$/, "");
  const n = cx.axes.has(axis) ? leastLength(cx, axis) : 1;
  return Number.isFinite(n) ? n : 1;
}
