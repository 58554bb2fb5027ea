/** A distribution as it is written: which one, how it is called, the variable that it ranges over, its parameters. */
import * as randoms from "../../diagnostics/check-randoms.js";
import { shapeMismatch } from "../../diagnostics/check-shapes.js";
import { nearest } from "../../diagnostics/nearest.js";
import type { Arg, Expr } from "../../syntax/ast.js";
import type { Slot } from "../../system/types.js";
import type { Context, Scope } from "../context.js";
import * as dims from "../dims.js";
import { bind, elaborate } from "../expressions.js";
import { defineShape } from "../rules.js";
import { reasons } from "../shapes.js";
import type { Drawing, Quantity, Term } from "../terms.js";
import { float, isPoison, type Known, knownOf, showType } from "../types.js";
import { distributions, usages } from "./index.js";
import type { Distribution, Fit, Form } from "./types.js";

type CallExpr = Extract<Expr, { kind: "call" }>;

const all = `distributions are ${[...distributions.keys()].map((name) => `\`${name}\``).join(", ")}`;

/** Null: it is wrong, which has been reported. `outer`: the mixture whose component this is. */
export function drawingOf(cx: Context, e: Expr, q: Quantity, scope: Scope, outer?: Distribution): Drawing | null {
  const bad = (message: string, help: string): null => {
    cx.report(randoms.badDistribution({ place: e.span, message, help }));
    return null;
  };
  if (e.kind !== "call") return bad(outer ? "a component is a distribution" : "after `~` stands a distribution", all);
  const def = distributions.get(e.callee);
  if (!def) {
    const near = nearest(e.callee, [...distributions.keys()]);
    cx.reportUnknown({ place: e.calleeSpan, name: e.callee, what: "distribution", near, help: all });
    return null;
  }
  if (outer && (def.isWhole || def.name === outer.name))
    return bad(`the components of a \`${outer.name}\` cannot be \`${def.name}\``, `write ${usages(outer)}`);
  const found = formOf(def, e.args);
  if (!found) return bad(`\`${def.name}\` is called as ${usages(def)}`, `write \`${def.forms[0]?.usage}\``);
  const range = rangeOf(cx, def, e, scope, bad);
  if (!range) return null;
  const terms: Term[] = [];
  let base: Drawing | null = null;
  let isWrong = false;
  for (const [k, p] of found.form.params.entries()) {
    const x = found.values[k] as Expr;
    if (!p.base) terms.push(elaborate(cx, x, range.scope));
    else {
      base = drawingOf(cx, x, q, range.scope, def);
      isWrong ||= base === null;
    }
  }
  if (isWrong) return null;
  const drawing: Drawing = { dist: def.name, given: found.form.given, params: terms, over: range.over, base };
  if (!checkShapes(cx, def, drawing, q, bad)) return null;
  const outside = def.outside?.(terms.map(constantOf), drawing.given) ?? null;
  return outside === null ? drawing : bad(outside, `\`${def.name}\` is called as ${usages(def)}`);
}

function constantOf(t: Term): number | null {
  if (t.kind === "number") return t.value;
  return t.kind === "unary" && t.op === "-" && t.arg.kind === "number" ? -t.arg.value : null;
}

/** Which of its forms a call has; the values in the order of the form's parameters. */
function formOf(def: Distribution, args: readonly Arg[]): { form: Form; values: readonly Expr[] } | null {
  for (const form of def.forms) {
    const values: Expr[] = [];
    const byPosition = [...form.params.entries()].filter(([, p]) => !p.named);
    let fits = args.length === form.params.length;
    for (const a of args) {
      const k = a.name
        ? form.params.findIndex((p) => p.names.includes(a.name as string))
        : (byPosition.find(([i]) => values[i] === undefined)?.[0] ?? -1);
      if (k < 0 || values[k]) fits = false;
      else values[k] = a.value;
    }
    if (fits) return { form, values };
  }
  return null;
}

/** The variable in brackets, and the scope in which it is bound. */
function rangeOf(
  cx: Context,
  def: Distribution,
  e: CallExpr,
  scope: Scope,
  bad: (message: string, help: string) => null,
): { over: Slot | null; scope: Scope } | null {
  if (!e.binders.length) {
    if (def.over === "always") return bad(`\`${def.name}\` ranges over an axis`, `write \`${def.forms[0]?.usage}\``);
    return { over: null, scope };
  }
  if (def.over === "never") return bad(`\`${def.name}\` ranges over no axis`, `write \`${def.forms[0]?.usage}\``);
  if (e.binders.length > 1) return bad(`\`${def.name}\` ranges over one axis`, "write one variable in the brackets");
  const inside = bind(cx, e.binders, scope);
  return inside && { over: inside.bound[0] as Slot, scope: inside.scope };
}

/** Does it draw such a value, and do the parameters fit it? */
function checkShapes(
  cx: Context,
  def: Distribution,
  drawing: Drawing,
  q: Quantity,
  bad: (message: string, help: string) => null,
): boolean {
  const known = knownOf(q.type);
  if (!known || isPoison(q.type)) return true;
  const fit: Fit = {
    q,
    known: known as Exclude<Known, { kind: "poison" }>,
    given: drawing.given,
    over: drawing.over,
    size: (axis) => cx.axes.get(axis)?.size ?? null,
  };
  const misfit = def.misfit(fit);
  if (misfit) {
    bad(misfit.message, misfit.help);
    return false;
  }
  for (const [k, shape] of def.shapes(fit).entries()) {
    const p = drawing.params[k] as Term;
    const wanted = float(shape);
    defineShape(cx.solver, wanted, p, () =>
      cx.report(
        shapeMismatch({
          what: `\`${def.name}\``,
          left: { place: p.span, type: showType(p.type) },
          right: { place: q.span, type: showType(q.type) },
          why: reasons(p),
          help: neededShape(def, known, drawing.over, shape),
        }),
      ),
    );
  }
  return true;
}

function neededShape(
  def: Distribution,
  known: Known,
  over: Slot | null,
  shape: readonly dims.Dim[],
): string | undefined {
  if (def.isWhole) return `it needs one number for each token and one for the blank: ${dims.showShape(shape)}`;
  if (over) return `it needs one number at each index of \`${over.name}\``;
  if (known.kind === "token") return `it needs one number for each token: ${dims.showShape(shape)}`;
  return known.kind === "position" ? `it needs one number for each position: ${dims.showShape(shape)}` : undefined;
}
