/** Expressions whose value is known when the model is compiled: sizes, hyperparameters, options. */
import * as names from "../diagnostics/check-names.js";
import { nearest } from "../diagnostics/nearest.js";
import type { Expr } from "../syntax/ast.js";
import { printExpr } from "../syntax/print.js";
import type { Context } from "./context.js";
import type { Dim } from "./dims.js";
import * as dims from "./dims.js";
import { describe, type Names } from "./entities.js";

/** An integer expression of dims. Null: it is not one, which has been reported. `open`: unknown names become dims (formals of cells). */
export function dimOf(cx: Context, e: Expr, scope: Names, open?: (name: string) => Dim): Dim | null {
  switch (e.kind) {
    case "number":
      if (Number.isInteger(e.value) && e.value > 0) return dims.number(e.value);
      cx.report(names.badConstant({ place: e.span, what: "a size", value: e.value, needs: "a positive integer" }));
      return null;
    case "name": {
      const entity = scope.find(e.name);
      if (!entity && open) return open(e.name);
      if (!entity) {
        const near = nearest(e.name, sizeNames(scope));
        const help = `declare \`dim ${e.name} = …\``;
        cx.reportUnknown({ place: e.span, name: e.name, what: "dim", near, help });
        return null;
      }
      if (entity.kind === "dim") return entity.dim;
      if (entity.kind === "vocab") return dims.named(entity.name);
      if (entity.kind === "number" && Number.isInteger(entity.value) && entity.value > 0)
        return dims.number(entity.value);
      if (entity.kind !== "wrong")
        cx.report(
          names.wrongKind({
            place: e.span,
            name: e.name,
            is: describe(entity),
            needs: "a dim",
            declared: entity.place,
          }),
        );
      return null;
    }
    case "binary": {
      const [a, b] = [dimOf(cx, e.left, scope, open), dimOf(cx, e.right, scope, open)];
      if (!a || !b) return null;
      if (e.op === "+") return dims.plus(a, b);
      if (e.op === "-") return dims.minus(a, b);
      if (e.op === "*") return dims.times(a, b);
      if (e.op === "div" || e.op === "/") {
        const by = dims.constant(b);
        const whole = cx.sizeOf(a);
        if (by && (whole === null || whole % by === 0)) return dims.scaled(1 / by, a);
        if (by && whole !== null && e.op === "div") return dims.number(Math.floor(whole / by));
        if (by && whole !== null) {
          const what = `the size \`${printExpr(e)}\``;
          cx.report(names.badConstant({ place: e.span, what, value: whole / by, needs: "a positive integer" }));
          return null;
        }
      }
      cx.report(names.notConstant({ place: e.span, what: `the size \`${printExpr(e)}\`` }));
      return null;
    }
    default:
      cx.report(names.notConstant({ place: e.span, what: `the size \`${printExpr(e)}\`` }));
      return null;
  }
}

function sizeNames(scope: Names): string[] {
  return scope.all().filter((n) => {
    const kind = (scope.own(n) ?? scope.outer?.own(n))?.kind;
    return kind === "dim" || kind === "vocab" || kind === "number";
  });
}

/** A number known at compile time, or null without a word where it is not one. */
export function numberOf(cx: Context, e: Expr, scope: Names): number | null {
  switch (e.kind) {
    case "number":
      return e.value;
    case "name": {
      const entity = scope.find(e.name);
      if (entity?.kind === "number") return entity.value;
      if (entity?.kind === "dim") return cx.sizeOf(entity.dim);
      if (!entity && e.name === "inf") return Number.POSITIVE_INFINITY;
      return !entity && e.name === "pi" ? Math.PI : null;
    }
    case "unary": {
      const x = numberOf(cx, e.arg, scope);
      return x === null ? null : e.op === "-" ? -x : Number(x === 0);
    }
    case "call": {
      const [x] = e.args.map((a) => numberOf(cx, a.value, scope));
      if (x === undefined || x === null || e.args.length !== 1) return null;
      if (e.callee === "sqrt") return Math.sqrt(x);
      if (e.callee === "log") return Math.log(x);
      return e.callee === "exp" ? Math.exp(x) : null;
    }
    case "binary": {
      const [a, b] = [numberOf(cx, e.left, scope), numberOf(cx, e.right, scope)];
      return a === null || b === null ? null : (arithmetic(e.op, a, b) ?? null);
    }
    default:
      return null;
  }
}

export function arithmetic(op: string, a: number, b: number): number | undefined {
  switch (op) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "^":
      return a ** b;
    case "div":
      return Math.floor(a / b);
    case "mod":
      return a - b * Math.floor(a / b);
    default:
      return undefined;
  }
}

/** The same, with a diagnostic where it is not known. */
export function constantOf(cx: Context, e: Expr, scope: Names, what: string): number | null {
  const n = numberOf(cx, e, scope);
  if (n === null) cx.report(names.notConstant({ place: e.span, what }));
  return n;
}
