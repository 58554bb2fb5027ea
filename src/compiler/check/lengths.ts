/** Lengths of axes within others: `U[k]` as a number, and as the end of its axis: `h[k, U[k]-1]`. */
import type { Expr, Index } from "../syntax/ast.js";
import { printExpr } from "../syntax/print.js";
import { samePos } from "../system/positions.js";
import type { Pos, Slot } from "../system/types.js";
import type { Context, Scope } from "./context.js";
import type { Names } from "./entities.js";
import { defineShape } from "./rules.js";
import type { Quantity, Term } from "./terms.js";
import { type Place, scalar } from "./types.js";

/** The variables around an axis as it is declared, the outermost first. */
export function variablesAround(cx: Context, axis: string, names: Names): Slot[] {
  const slotOf = (name: string | undefined): Slot | null => {
    const entity = name === undefined ? undefined : names.find(name);
    return entity?.kind === "axis" ? entity.slot : null;
  };
  const out: Slot[] = [];
  for (let s = slotOf(slotOf(cx.axes.get(axis)?.vars[0])?.of); s; s = slotOf(s.of)) out.unshift(s);
  return out;
}

/** The lengths of an axis as a value over the axes around it. */
export function lengthOfAxis(cx: Context, axis: string, names: Names): Quantity {
  const id = `${axis}.length`;
  const known = cx.quantities.find((x) => x.id === id);
  if (known) return known;
  const slots = variablesAround(cx, axis, names);
  const span = cx.axes.get(axis)?.place as Place;
  const term = extentAt(axis, slots, span);
  const q = cx.quantity({ id, name: axis, role: "eq", slots, span, named: false, definition: { term, span } });
  defineShape(cx.solver, q.type, term, () => undefined);
  return q;
}

export const isLength = (q: Quantity): boolean => !q.named && q.definition?.term.kind === "extent";

/** The length at variables, the outermost first. */
export function extentAt(axis: string, variables: readonly Slot[], span: Place): Term {
  const around = [...variables].reverse();
  const [nearest] = around;
  return { kind: "extent", axis, ...(nearest ? { of: nearest.name, around } : {}), span, type: scalar() };
}

/** The length along a variable, at those around it. */
export function extentAlong(slot: Slot, scope: readonly Slot[], span: Place): Term {
  const around: Slot[] = [];
  for (let of = slot.of; of !== undefined; of = around[0]?.of) {
    const outer = scope.find((s) => s.name === of);
    if (!outer) break; // the left side is wrong, which has been reported
    around.unshift(outer);
  }
  return extentAt(slot.axis, around, span);
}

/** The variables at which a length is read; null where one of the indices is more than a variable. */
export function plainVariables(indices: readonly Index[], scope: Scope): Slot[] | null {
  const slots = indices.map(({ value, in: over }) => {
    const entity = !over && value.kind === "name" ? scope.names.find(value.name) : undefined;
    return entity?.kind === "axis" ? (scope.vars.get(entity.slot.name) ?? entity.slot) : null;
  });
  return slots.every((s) => s !== null) ? slots : null;
}

/** What a read has at the axes around a slot, the outermost first. */
export interface Around {
  readonly at: Pos | undefined;
  readonly expr: Expr | null;
}

export function aroundSlot(slots: readonly Slot[], slot: Slot, at: (i: number) => Around): Around[] {
  const out: Around[] = [];
  for (let of = slot.of; of !== undefined; ) {
    const i = slots.findIndex((s) => s.name === of);
    out.unshift(at(i));
    of = slots[i]?.of;
  }
  return out;
}

/** Is this the end of a nested axis at the indices at which the same read looks along the axes around it? */
export function nestedEnd(
  e: Expr,
  slot: Slot,
  around: readonly Around[],
  where: (e: Expr, depth: number) => Pos | null,
): Pos | null {
  if (!around.length) return null;
  const isSame = (x: Expr, depth: number): boolean => {
    const { at, expr } = around[depth] as Around;
    if (expr && printExpr(expr) === printExpr(x)) return true;
    const p = where(x, depth);
    return p !== null && at !== undefined && samePos(p, at);
  };
  const isEnd = (x: Expr): boolean =>
    x.kind === "index" &&
    x.name === slot.axis &&
    x.indices.length === around.length &&
    x.indices.every((i, depth) => !i.in && isSame(i.value, depth));
  if (isEnd(e)) return { k: "end", off: 0 };
  if (e.kind === "binary" && (e.op === "+" || e.op === "-") && e.right.kind === "number" && isEnd(e.left))
    return { k: "end", off: e.op === "+" ? e.right.value : -e.right.value };
  return null;
}
