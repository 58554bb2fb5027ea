/** Bounds of axes that are no dims: lengths that follow from others (`S div 2`), lengths within an axis (`U[k]`). */
import * as domains from "../diagnostics/check-domains.js";
import * as names from "../diagnostics/check-names.js";
import type { Expr } from "../syntax/ast.js";
import { printExpr } from "../syntax/print.js";
import { evaluateLength } from "../system/axes.js";
import type { Length, Slot } from "../system/types.js";
import type { AxisFacts, Context } from "./context.js";
import type { Names } from "./entities.js";

/** Every sample has at least one element along a ragged axis; only of the labels of `ctc` there may be none. */
export const minLength = 1;

type Operator = Extract<Length, { op: string }>["op"];
const operators: ReadonlySet<string> = new Set<Operator>(["+", "-", "*", "div", "mod"]);

/** A length as an expression of extents. Null: it is none, which has been reported. */
export function lengthOf(cx: Context, e: Expr, scope: Names): Length | null {
  const refuse = (): null => {
    const what = `the bound \`${printExpr(e)}\``;
    cx.report(names.notConstant({ place: e.span, what }));
    return null;
  };
  switch (e.kind) {
    case "number":
      return Number.isInteger(e.value) ? e.value : refuse();
    case "name": {
      const entity = scope.find(e.name);
      if (entity?.kind === "wrong") return null;
      if (entity?.kind === "bound") return { extent: entity.axis };
      if (entity?.kind === "number" && Number.isInteger(entity.value)) return entity.value;
      return (entity?.kind === "dim" ? cx.sizeOf(entity.dim) : null) ?? refuse();
    }
    case "index": {
      const entity = scope.find(e.name);
      return entity?.kind === "bound" ? { extent: entity.axis } : refuse();
    }
    case "binary": {
      if (!operators.has(e.op)) return refuse();
      const [a, b] = [lengthOf(cx, e.left, scope), lengthOf(cx, e.right, scope)];
      return a === null || b === null ? null : { op: e.op as Operator, a, b };
    }
    default:
      return refuse();
  }
}

/** `axis u < U[k]`: the name of the bound and the variable around it. Null: it is wrong, which has been reported. */
export function nestedBound(
  cx: Context,
  e: Extract<Expr, { kind: "index" }>,
  scope: Names,
): { readonly bound: string; readonly outer: Slot } | null {
  const found = e.indices.map((i) => (i.value.kind === "name" && !i.in ? scope.find(i.value.name) : undefined));
  if (found.some((entity) => entity?.kind === "wrong")) return null;
  const slots = found.flatMap((entity) => (entity?.kind === "axis" ? [entity.slot] : []));
  const outer = slots.at(-1);
  const chained = slots.every((s, i) => s.of === slots[i - 1]?.name);
  if (!outer || slots.length < found.length || !chained) {
    const help = "write the variable of the axis around it: `axis k < K`, `axis u < U[k]`";
    cx.report(domains.badIndex({ place: e.span, message: "this bound belongs to no axis", help }));
    return null;
  }
  return { bound: e.name, outer };
}

/** The shortest that an axis can be; infinite where the data say how long its vocabulary is. */
export function leastLength(cx: Context, axis: string): number {
  const facts = cx.axes.get(axis) as AxisFacts;
  if (facts.length !== null) return evaluateLength(facts.length, (id) => leastLength(cx, id));
  if (facts.size === null) return hasLabels(cx, axis) ? 0 : minLength;
  return cx.sizeOf(facts.size) ?? Number.POSITIVE_INFINITY;
}

const hasLabels = (cx: Context, axis: string): boolean =>
  cx.quantities.some((q) => q.sampling?.dist === "ctc" && q.slots.at(-1)?.axis === axis);

/** The axes whose lengths a length is made of. */
export function extentsIn(length: Length): string[] {
  if (typeof length === "number") return [];
  return "extent" in length ? [length.extent] : [...extentsIn(length.a), ...extentsIn(length.b)];
}

/** The bound of a slot in the user's words: `T`, `U[k]`. */
export const boundText = ({ axis, of }: Slot): string =>
  of === undefined || axis.includes("[") ? axis : `${axis}[${of}]`;

/** `U[k] - 1`: the variable around an axis whose length follows from that of a nested one. Null: it is none, or wrong. */
export function outerOfLength(cx: Context, e: Expr, scope: Names): Slot | null {
  if (e.kind === "binary") return outerOfLength(cx, e.left, scope) ?? outerOfLength(cx, e.right, scope);
  if (e.kind !== "index" || scope.find(e.name)?.kind !== "bound") return null;
  return nestedBound(cx, e, scope)?.outer ?? null;
}
