/** Dims: each is a number, or an integer expression of others; `require` makes two one, or checks them. */
import * as names from "../diagnostics/check-names.js";
import { notSupported } from "../diagnostics/check-unsupported.js";
import type { Expr, Statement } from "../syntax/ast.js";
import { printExpr } from "../syntax/print.js";
import { constantOf, dimOf, numberOf } from "./constants.js";
import type { Context } from "./context.js";
import * as dims from "./dims.js";
import type { Entity, Names } from "./entities.js";
import type { Overrides } from "./overrides.js";

type DimStatement = Extract<Statement, { kind: "dim" }>;
type Require = Extract<Statement, { kind: "require" }>;

/** Declares dims in an order in which each is known before it is needed. */
export function declareDims(
  cx: Context,
  own: Names,
  overrides: Overrides,
  statements: readonly DimStatement[],
  set: (name: string, entity: Entity) => void,
): void {
  const pending = new Map(statements.map((s) => [s.name, s]));
  const busy = new Set<string>();
  const define = (s: DimStatement): void => {
    pending.delete(s.name);
    busy.add(s.name);
    for (const name of namesIn(s.value)) {
      const other = pending.get(name);
      if (other) define(other);
      else if (busy.has(name)) {
        cx.report(names.circularDim({ place: s.span, name: s.name }));
        set(s.name, { kind: "wrong", place: s.nameSpan });
        busy.delete(s.name);
        return;
      }
    }
    busy.delete(s.name);
    set(s.name, sizeOf(cx, own, overrides, s));
  };
  for (const s of statements) if (pending.get(s.name) === s) define(s);
  for (const s of statements)
    if (own.own(s.name)?.place !== s.nameSpan) set(s.name, { kind: "wrong", place: s.nameSpan });
}

function sizeOf(cx: Context, own: Names, overrides: Overrides, s: DimStatement): Entity {
  const set = overrides.size(s.name, s.nameSpan);
  if (set === null && namesIn(s.value).length) {
    const dim = dimOf(cx, s.value, own);
    return dim ? { kind: "dim", dim, place: s.nameSpan } : { kind: "wrong", place: s.nameSpan };
  }
  const n = set ?? constantOf(cx, s.value, own, `the dim \`${s.name}\``);
  if (n === null) return { kind: "wrong", place: s.nameSpan };
  if (!Number.isInteger(n) || n < 1) {
    cx.report(
      names.badConstant({
        place: s.value.span,
        what: `the dim \`${s.name}\``,
        value: n,
        needs: "a positive integer",
      }),
    );
    return { kind: "wrong", place: s.nameSpan };
  }
  cx.sizes.set(s.name, n);
  return { kind: "dim", dim: dims.named(s.name), place: s.nameSpan };
}

/** `require E == H` makes two dims one; any other condition must hold of constants. */
export function checkRequire(cx: Context, own: Names, s: Require): void {
  const e = s.value;
  if (e.kind !== "binary") {
    cx.report(notSupported({ place: s.span, construct: "a `require` that is no comparison" }));
    return;
  }
  const [a, b] = [numberOf(cx, e.left, own), numberOf(cx, e.right, own)];
  if (a === null || b === null) {
    cx.report(names.notConstant({ place: e.span, what: "what is required" }));
    return;
  }
  const holds = compared(e.op, a, b);
  if (holds === null) cx.report(notSupported({ place: s.span, construct: "a `require` that is no comparison" }));
  else if (!holds)
    cx.report(names.requireFails({ place: e.span, left: String(a), right: String(b), op: `\`${printExpr(e)}\`` }));
  else if (e.op === "==" && e.left.kind === "name" && e.right.kind === "name") {
    const [x, y] = [own.own(e.left.name), own.own(e.right.name)];
    if (x?.kind === "dim" && y?.kind === "dim") own.set(e.left.name, { ...x, dim: y.dim });
  }
}

/** Does a comparison hold? Null: `op` is none. */
export function compared(op: string, a: number, b: number): boolean | null {
  switch (op) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    default:
      return null;
  }
}

/** The names in an expression of sizes. */
export function namesIn(e: Expr): string[] {
  switch (e.kind) {
    case "name":
      return [e.name];
    case "index":
      return [e.name, ...e.indices.flatMap((i) => namesIn(i.value))];
    case "unary":
    case "transpose":
      return namesIn(e.arg);
    case "binary":
      return [...namesIn(e.left), ...namesIn(e.right)];
    case "call":
      return e.args.flatMap((a) => namesIn(a.value));
    default:
      return [];
  }
}
