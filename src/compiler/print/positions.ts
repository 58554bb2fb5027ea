import type { Expr } from "../syntax/ast.js";
import { axisOf, type Cond, type Pos, type Slot, type System } from "../system/types.js";
import { binary, name, number } from "./tree.js";

/** The samples are not shown. */
export const shown = ({ axis }: Slot): boolean => axis !== "#";

/** A variable as it is shown; the primes that keep generated variables apart would read as transposes. */
export const variable = (slot: string): string => slot.replace(/'+$/, (primes) => String(primes.length + 1));

/** `t-1`, `0`, `T-1`: an index along an axis, whose id is its bound as the user wrote it. */
export function position(pos: Pos, axis: string): Expr {
  switch (pos.k) {
    case "var":
      return moved(name(variable(pos.v)), pos.shift);
    case "start":
      return number(pos.off);
    case "end":
      return moved(name(axis), pos.off);
  }
}

function moved(from: Expr, by: number): Expr {
  if (by === 0) return from;
  return by > 0 ? binary("+", from, number(by)) : binary("-", from, number(-by));
}

/** What must hold for a read to count, as a condition of the language; undefined where there is nothing to say. */
export function condition(conds: readonly Cond[]): Expr | undefined {
  const [first, ...rest] = conds.filter(({ axis }) => axis !== "#").flatMap(partsOf);
  return first && rest.reduce<Expr>((all, part) => binary("and", all, part), first);
}

/** Can the guard never hold, such as T-1 == -1 where T is at least 1? */
export function isImpossible(system: System, cond: Cond): boolean {
  if (cond.rel !== "eq") return false;
  const [end, start] = cond.a.k === "end" ? [cond.a, cond.b] : [cond.b, cond.a];
  return end.k === "end" && start.k === "start" && start.off - end.off < axisOf(system, cond.axis).min;
}

function partsOf(cond: Cond): Expr[] {
  const { a, axis } = cond;
  switch (cond.rel) {
    case "eq": {
      const { b } = cond;
      if (a.k === "end" && b.k === "start") return [binary("==", name(axis), number(b.off - a.off))];
      if (a.k === "start" && b.k === "end") return [binary("==", name(axis), number(a.off - b.off))];
      return [binary("==", position(a, axis), position(b, axis))];
    }
    case "lt":
      return [binary("<", position(a, axis), position(cond.b, axis))];
    case "in":
      // Of 0 ≤ a < N only what the form of a leaves open.
      if (a.k === "var" && a.shift === 0) return [];
      if (a.k === "var" && a.shift < 0) return [binary(">=", name(variable(a.v)), number(-a.shift))];
      if (a.k === "end" && a.off < 0) return [binary(">=", name(axis), number(-a.off))];
      return [binary("<", position(a, axis), name(axis))];
  }
}
