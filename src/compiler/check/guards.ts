/** Conditions on the variables of axes: they say which indices a branch of an `if` is for. */
import { fromEnd, fromStart } from "../system/positions.js";
import type { Pos } from "../system/types.js";
import type { Dim } from "./dims.js";
import { partsOf } from "./shapes.js";
import type { Term } from "./terms.js";
import type { ReadTerm } from "./walk.js";

export type Branch = { readonly cond: Term; readonly holds: boolean };

/** The reads in a term, each with the branches that it stands in. */
export function guardedReads(t: Term): { readonly read: ReadTerm; readonly inside: readonly Branch[] }[] {
  const out: { read: ReadTerm; inside: readonly Branch[] }[] = [];
  const go = (x: Term, inside: readonly Branch[]): void => {
    if (x.kind === "read") out.push({ read: x, inside });
    if (x.kind === "if") {
      go(x.cond, inside);
      go(x.then, [...inside, { cond: x.cond, holds: true }]);
      go(x.else, [...inside, { cond: x.cond, holds: false }]);
      return;
    }
    for (const part of partsOf(x)) go(part, inside);
  };
  go(t, []);
  return out;
}

/** A number, or the end of an axis and a number. */
interface Place {
  readonly end: string | null;
  readonly off: number;
}

/** Where variables stand, and what sizes are. */
interface Known {
  readonly places: ReadonlyMap<string, Pos>;
  size(d: Dim): number | null;
}

/** The index that a term is where variables stand at constant places. */
function placeOf(t: Term, known: Known): Place | null {
  switch (t.kind) {
    case "number":
      return { end: null, off: t.value };
    case "size": {
      const n = known.size(t.dim);
      return n === null ? null : { end: null, off: n };
    }
    case "extent":
      return t.of === undefined ? { end: t.axis, off: 0 } : null;
    case "index": {
      const pos = known.places.get(t.slot.name);
      if (!pos || pos.k === "var") return null;
      return { end: pos.k === "end" ? t.slot.axis : null, off: pos.off };
    }
    case "binary": {
      const [a, b] = [placeOf(t.left, known), placeOf(t.right, known)];
      if (!a || !b || (t.op !== "+" && t.op !== "-") || (b.end !== null && (t.op === "-" || a.end !== null)))
        return null;
      return { end: a.end ?? b.end, off: t.op === "+" ? a.off + b.off : a.off - b.off };
    }
    default:
      return null;
  }
}

/** Does a condition hold where variables stand at constant places? Null: that depends on more. */
function truthAt(cond: Term, known: Known): boolean | null {
  if (cond.kind === "unary" && cond.op === "not") {
    const x = truthAt(cond.arg, known);
    return x === null ? null : !x;
  }
  if (cond.kind !== "binary") return null;
  if (cond.op === "and" || cond.op === "or") {
    const sides = [truthAt(cond.left, known), truthAt(cond.right, known)];
    const decisive = cond.op === "or";
    if (sides.includes(decisive)) return decisive;
    return sides.includes(null) ? null : !decisive;
  }
  const [a, b] = [placeOf(cond.left, known), placeOf(cond.right, known)];
  if (!a || !b || a.end !== b.end) return null;
  const [x, y] = [a.off, b.off];
  const all = { "==": x === y, "!=": x !== y, "<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y };
  return cond.op in all ? all[cond.op as keyof typeof all] : null;
}

/** Where a variable stands if a condition holds: `j == 0`. */
function placedBy(cond: Term, known: Known): [string, Pos][] {
  if (cond.kind !== "binary") return [];
  if (cond.op === "and") return [cond.left, cond.right].flatMap((c) => placedBy(c, known));
  if (cond.op !== "==" || cond.left.kind !== "index") return [];
  const { slot } = cond.left;
  const place = placeOf(cond.right, known);
  if (!place || (place.end !== null && place.end !== slot.axis)) return [];
  return [[slot.name, place.end === null ? fromStart(place.off) : fromEnd(place.off)]];
}

/** Can a read be reached where variables stand at constant places? */
export function isReached(inside: readonly Branch[], places: ReadonlyMap<string, Pos>, size: Known["size"]): boolean {
  const facts = inside.flatMap(({ cond, holds }) => (holds ? placedBy(cond, { places: new Map(), size }) : []));
  const known: Known = { places: new Map([...facts, ...places]), size };
  return inside.every(({ cond, holds }) => {
    const truth = truthAt(cond, known);
    return truth === null || truth === holds;
  });
}
