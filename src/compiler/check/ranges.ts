/** Between which bounds an index lies, as linear forms of lengths: enough to see that `2*r+1` with r < S div 2 is below S. */
import type { Length, Slot } from "../system/types.js";
import { leastLength } from "./bounds.js";
import type { Context } from "./context.js";
import * as dims from "./dims.js";
import type { Term } from "./terms.js";
import { knownOf } from "./types.js";

/** c + Σ coefficient · length. */
interface Form {
  readonly c: number;
  readonly by: ReadonlyMap<string, number>;
}

export interface Range {
  readonly isInteger: boolean;
  /** Each holds in some case; null: there is no bound. */
  readonly low: readonly Form[] | null;
  readonly high: readonly Form[] | null;
}

const constant = (c: number): Form => ({ c, by: new Map() });
const symbol = (name: string): Form => ({ c: 0, by: new Map([[name, 1]]) });

function plus(a: Form, b: Form, times = 1): Form {
  const by = new Map(a.by);
  for (const [name, k] of b.by) by.set(name, (by.get(name) ?? 0) + times * k);
  return { c: a.c + times * b.c, by };
}
const scaled = (a: Form, k: number): Form => plus(constant(0), a, k);

interface Ends {
  readonly low: Form;
  readonly high: Form;
}

/** The length of an axis; of a derived one, what can be said by the lengths that it follows from. */
function extentEnds(cx: Context, axis: string, of?: string): Ends {
  const facts = cx.axes.get(axis);
  if (facts?.length !== null && facts?.length !== undefined)
    return lengthEnds(cx, facts.length) ?? { low: symbol(axis), high: symbol(axis) };
  const size = facts?.size ? cx.sizeOf(facts.size) : null;
  const whole = size !== null ? constant(size) : symbol(of === undefined ? axis : `${axis}[${of}]`);
  return { low: whole, high: whole };
}

function lengthEnds(cx: Context, length: Length): Ends | null {
  if (typeof length === "number") return { low: constant(length), high: constant(length) };
  if ("extent" in length) return extentEnds(cx, length.extent);
  const [a, b] = [lengthEnds(cx, length.a), lengthEnds(cx, length.b)];
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

export function rangeOf(cx: Context, t: Term): Range {
  const k = knownOf(t.type);
  if (k?.kind === "position") return below(extentEnds(cx, k.axis));
  if (k?.kind === "token") return below({ low: vocabulary(cx, k.vocab), high: vocabulary(cx, k.vocab) });
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
      return below(extentEnds(cx, t.slot.axis, t.slot.of));
    case "extent": {
      const { low, high } = extentEnds(cx, t.axis, t.of);
      return { isInteger: true, low: [low], high: [high] };
    }
    case "unary": {
      const x = rangeOf(cx, t.arg);
      if (t.op !== "-") return { isInteger: true, low: [constant(0)], high: [constant(1)] };
      const turn = (forms: Range["low"]): Range["low"] => forms?.map((f) => scaled(f, -1)) ?? null;
      return { isInteger: x.isInteger, low: turn(x.high), high: turn(x.low) };
    }
    case "if": {
      const [a, b] = [rangeOf(cx, t.then), rangeOf(cx, t.else)];
      const both = (x: Range["low"], y: Range["low"]): Range["low"] => (x && y ? [...x, ...y] : null);
      return { isInteger: a.isInteger && b.isInteger, low: both(a.low, b.low), high: both(a.high, b.high) };
    }
    case "binary":
      return ofBinary(cx, t);
    case "call":
      return unbounded(["floor", "ceil", "round", "sign", "argmax"].includes(t.fn.name));
    case "read":
      // an equation without a shift means what stands in it
      return t.of.definition && !t.picks.length && t.of.slots.length === 0
        ? rangeOf(cx, t.of.definition.term)
        : unbounded(false);
    default:
      return unbounded(false);
  }
}

const vocabulary = (cx: Context, name: string): Form => {
  const tokens = cx.vocabs.get(name)?.tokens;
  return tokens ? constant(tokens.length) : symbol(name);
};

function ofBinary(cx: Context, t: Extract<Term, { kind: "binary" }>): Range {
  const [a, b] = [rangeOf(cx, t.left), rangeOf(cx, t.right)];
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
      if (k === null) return unbounded(isInteger);
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
    case "/":
    case "^":
      return unbounded(false);
    default:
      return { isInteger: true, low: [constant(0)], high: [constant(1)] };
  }
}

/** Is a form at least 0, whatever the lengths are? */
function isNonNegative({ c, by }: Form, least: (name: string) => number): boolean {
  let sum = c;
  for (const [name, k] of by) {
    if (k < -1e-9) return false;
    if (k > 1e-9) sum += k * least(name);
  }
  return sum >= -1e-9;
}

export const staysAbove = (range: Range): boolean =>
  range.low !== null && range.low.every((f) => isNonNegative(f, () => 0) || isNonNegative(f, () => 1));

/** Does an index stay below the end of a slot? */
export function staysBelow(cx: Context, range: Range, slot: Slot): boolean {
  const { low: end } = extentEnds(cx, slot.axis, slot.of);
  const least = (name: string): number => {
    const n = cx.axes.has(name) ? leastLength(cx, name) : 1;
    return Number.isFinite(n) ? n : 1;
  };
  return range.high?.every((f) => isNonNegative(plus(plus(end, f, -1), constant(-1)), least)) ?? false;
}
