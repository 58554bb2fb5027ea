/** What the left side of an equation is, as far as its writing tells. */
import type { Expr, Statement, Target } from "../syntax/ast.js";
import type { Slot } from "../system/types.js";
import type { Names } from "./entities.js";

/** `lr = 0.01`: an equation without axes whose right side is a literal. */
export function hyperparameterOf(s: Extract<Statement, { kind: "equation" }>): string | null {
  const [t] = s.targets;
  const literal =
    s.value.kind === "number" || (s.value.kind === "unary" && s.value.op === "-" && s.value.arg.kind === "number");
  return t && s.targets.length === 1 && !t.indices.length && !t.type && literal ? t.name : null;
}

/** The variable of an axis that an index is, by itself. */
export function axisOf(scope: Names, e: Expr): Slot | null {
  const entity = e.kind === "name" ? scope.find(e.name) : undefined;
  return entity?.kind === "axis" ? entity.slot : null;
}

/** Is the left side an equation for the whole domain, or a clause for a part of it? */
export function isWhole(scope: Names, t: Target): boolean {
  return t.indices.every((i) => {
    if (i.value.kind !== "name") return false;
    const kind = scope.find(i.value.name)?.kind;
    return kind === "axis" || kind === undefined || kind === "wrong";
  });
}
