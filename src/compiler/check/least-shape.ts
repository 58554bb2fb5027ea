/**
 * The shape of a value that is defined by itself, such as `D[i,j] = d[i,j] + min(D[i-1,j], D[i,j-1])`: every shape would do,
 * the least that its other parts allow is meant.
 */
import type { Dim } from "./dims.js";
import { elementwiseFunctions } from "./functions/elementwise.js";
import type { Term } from "./terms.js";
import { shapeOf } from "./types.js";

/** `open`: any shape, so far. Null: it depends on a shape that is not known. */
type Least = readonly Dim[] | "open" | null;

export function leastShape(term: Term): readonly Dim[] | null {
  const shape = least(term);
  return shape === "open" ? null : shape;
}

function least(t: Term): Least {
  const known = shapeOf(t.type);
  if (known) return known;
  switch (t.kind) {
    case "read":
      return !t.picks.length && t.of.role === "eq" ? "open" : null;
    case "unary":
    case "reduce":
    case "along":
    case "gather":
      return least(t.arg);
    case "binary":
      return join(least(t.left), least(t.right));
    case "if":
      return join(least(t.then), least(t.else));
    case "call":
      return elementwiseFunctions.includes(t.fn) ? t.args.map(least).reduce(join, "open") : null;
    default:
      return null;
  }
}

function join(a: Least, b: Least): Least {
  if (a === null || b === null) return null;
  if (a === "open") return b;
  return b === "open" || a.length > 0 ? a : b;
}
