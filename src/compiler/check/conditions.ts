/** Conditions on the constants of a cell that is named with numbers: an optimiser, an initialiser. */
import type { Condition } from "../optimizer/types.js";
import type { CellDef, Expr } from "../syntax/ast.js";
import { printExpr } from "../syntax/print.js";
import { numberOf } from "./constants.js";
import { Context } from "./context.js";
import { Names } from "./entities.js";
import { constantsOf } from "./named.js";
import { Reporter } from "./report.js";
import { compared, namesIn } from "./sizes.js";

const mirrored = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;
const isOrder = (op: string): op is keyof typeof mirrored => Object.hasOwn(mirrored, op);

/** What a cell requires of its constants: `require rho < 1`. */
export function conditionsOf(def: CellDef): Condition[] {
  const known = Object.keys(constantsOf(def));
  return def.body.flatMap((s) => (s.kind === "require" ? conditionsIn(s.value, known) : []));
}

/** `a and b` are two conditions. */
function conditionsIn(e: Expr, known: readonly string[]): Condition[] {
  if (e.kind !== "binary") return [];
  if (e.op === "and") return [...conditionsIn(e.left, known), ...conditionsIn(e.right, known)];
  const bound = (name: Expr, limit: Expr, op: keyof typeof mirrored): Condition["bound"] =>
    name.kind === "name" && known.includes(name.name) && limit.kind === "number"
      ? { name: name.name, op, limit: limit.value }
      : null;
  return [
    {
      text: printExpr(e),
      names: namesIn(e).filter((n) => known.includes(n)),
      bound: isOrder(e.op) ? (bound(e.left, e.right, e.op) ?? bound(e.right, e.left, mirrored[e.op])) : null,
      holds: (numbers) => {
        const scope = new Names();
        for (const [name, value] of Object.entries(numbers)) scope.set(name, { kind: "number", value, place: e.span });
        const [a, b] = [e.left, e.right].map((x) => numberOf(new Context(new Reporter()), x, scope));
        return typeof a !== "number" || typeof b !== "number" || compared(e.op, a, b) !== false;
      },
    },
  ];
}
