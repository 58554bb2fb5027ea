/** Conditions that compare two variables of one axis, as guards of reads; and where a factor is 0 by such a condition. */
import { at, posVar, substCond } from "../system/positions.js";
import type { Cond, Slot } from "../system/types.js";
import type { Quantity, Term } from "./terms.js";

/** c + Σ k · variable */
interface Sum {
  readonly c: number;
  readonly by: ReadonlyMap<string, { readonly slot: Slot; readonly k: number }>;
}

function plus(a: Sum, b: Sum, times: number): Sum {
  const by = new Map(a.by);
  for (const [name, { slot, k }] of b.by) by.set(name, { slot, k: (by.get(name)?.k ?? 0) + times * k });
  return { c: a.c + times * b.c, by };
}

function sumOf(t: Term): Sum | null {
  switch (t.kind) {
    case "number":
      return { c: t.value, by: new Map() };
    case "index":
      return { c: 0, by: new Map([[t.slot.name, { slot: t.slot, k: 1 }]]) };
    case "unary": {
      const x = t.op === "-" ? sumOf(t.arg) : null;
      return x && plus({ c: 0, by: new Map() }, x, -1);
    }
    case "binary": {
      const [a, b] = [sumOf(t.left), sumOf(t.right)];
      if (!a || !b) return null;
      if (t.op === "+" || t.op === "-") return plus(a, b, t.op === "+" ? 1 : -1);
      const zero = { c: 0, by: new Map() };
      if (t.op !== "*" || (a.by.size && b.by.size)) return null;
      return b.by.size ? plus(zero, b, a.c) : plus(zero, a, b.c);
    }
    default:
      return null;
  }
}

interface Guards {
  readonly then: readonly Cond[];
  readonly else: readonly Cond[];
}
const none: Guards = { then: [], else: [] };

/** What a condition that compares two variables of one axis says where it holds, and where it does not. */
export function comparisons(cond: Term): Guards {
  if (cond.kind === "unary" && cond.op === "not") {
    const { then: yes, else: no } = comparisons(cond.arg);
    return { then: no, else: yes };
  }
  if (cond.kind !== "binary") return none;
  if (cond.op === "and") return { then: [cond.left, cond.right].flatMap((c) => comparisons(c).then), else: [] };
  if (cond.op === "or") return { then: [], else: [cond.left, cond.right].flatMap((c) => comparisons(c).else) };
  const [a, b] = [sumOf(cond.left), sumOf(cond.right)];
  if (!a || !b) return none;
  const difference = plus(a, b, -1);
  const [x, y, ...more] = [...difference.by.values()].filter(({ k }) => k !== 0);
  if (!x || !y || more.length || x.slot.axis !== y.slot.axis || x.k !== -y.k) return none;
  // k (x − y) + c on the left of 0, so x − y against −c/k; a negative k turns the comparison
  const by = -difference.c / x.k;
  const less = ([p, q]: readonly [Slot, Slot], n: number): Cond[] => [
    { rel: "lt", axis: p.axis, a: at(p.name), b: at(q.name, n) },
  ];
  const [forth, back] = [
    [x.slot, y.slot],
    [y.slot, x.slot],
  ] as const;
  // of integers, d < r is d < ⌈r⌉, and d ≤ r is d < ⌊r⌋ + 1
  const below = less(forth, Math.ceil(by));
  const most = less(forth, Math.floor(by) + 1);
  const above = less(back, Math.ceil(-by));
  const least = less(back, Math.floor(-by) + 1);
  const turned = x.k < 0;
  switch (cond.op) {
    case "<":
      return turned ? { then: above, else: most } : { then: below, else: least };
    case "<=":
      return turned ? { then: least, else: below } : { then: most, else: above };
    case ">":
      return turned ? { then: below, else: least } : { then: above, else: most };
    case ">=":
      return turned ? { then: most, else: above } : { then: least, else: below };
    case "==":
      return Number.isInteger(by)
        ? { then: [{ rel: "eq", axis: x.slot.axis, a: at(x.slot.name), b: at(y.slot.name, by) }], else: [] }
        : none;
    default:
      return none;
  }
}

/** Guards outside of which a term is 0: of `softmax[u](if u <= t then … else -inf)`, u ≤ t. */
export const zeroUnless = (t: Term): readonly Cond[] => unless(t, "zero", new Set());

/** … outside of which a term is 0, or −∞. */
function unless(t: Term, what: "zero" | "low", seen: ReadonlySet<Quantity>): readonly Cond[] {
  const go = (x: Term): readonly Cond[] => unless(x, what, seen);
  switch (t.kind) {
    case "if": {
      const { then: yes, else: no } = comparisons(t.cond);
      if (is(t.else, what)) return [...yes, ...go(t.then)];
      if (is(t.then, what)) return [...no, ...go(t.else)];
      const other = go(t.else).map((c) => JSON.stringify(c));
      return go(t.then).filter((c) => other.includes(JSON.stringify(c)));
    }
    case "along":
      return what === "zero" ? unless(t.arg, "low", seen) : [];
    case "call":
      return what === "zero" && t.fn.name === "exp" && t.args[0] ? unless(t.args[0], "low", seen) : [];
    case "unary":
      return what === "zero" && t.op === "-" ? go(t.arg) : [];
    case "binary":
      if (what === "zero") return t.op === "*" ? [...go(t.left), ...go(t.right)] : t.op === "/" ? go(t.left) : [];
      if (t.op === "+") return [...go(t.left), ...go(t.right)];
      return t.op === "-" || ((t.op === "/" || t.op === "*") && isPositive(t.right)) ? go(t.left) : [];
    case "read": {
      const { of, idx } = t;
      if (of.role !== "eq" || !of.definition || of.clauses.length || t.picks.length || seen.has(of)) return [];
      if (!idx.every((p) => p.k === "var")) return [];
      const env = Object.fromEntries(of.slots.map((s, i) => [s.name, idx[i] as (typeof idx)[number]]));
      return unless(of.definition.term, what, new Set([...seen, of])).map((c) => substCond(c, env));
    }
    case "reduce": {
      if (what === "low" || t.by !== "sum") return [];
      const bound = new Set(t.slots.map((s) => s.name));
      return go(t.arg).filter((c) => c.rel === "lt" && ![c.a, c.b].some((p) => bound.has(posVar(p) ?? "")));
    }
    default:
      return [];
  }
}

/** Is it 0, or −∞, wherever it is? */
const is = (t: Term, what: "zero" | "low"): boolean =>
  what === "zero"
    ? t.kind === "number" && t.value === 0
    : t.kind === "unary" && t.op === "-" && t.arg.kind === "number" && t.arg.value === Number.POSITIVE_INFINITY;

/** Certainly greater than 0: what a score may be divided by. */
const isPositive = (t: Term): boolean =>
  (t.kind === "number" && t.value > 0) ||
  t.kind === "size" ||
  (t.kind === "call" && t.fn.name === "sqrt" && t.args.every(isPositive));
