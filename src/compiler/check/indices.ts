/** Indices: which position along an axis an index expression is. */
import * as domains from "../diagnostics/check-domains.js";
import type { Expr } from "../syntax/ast.js";
import { at, fromEnd, fromStart } from "../system/positions.js";
import type { Pos, Slot } from "../system/types.js";
import { boundText } from "./bounds.js";
import type { Context, Scope } from "./context.js";

interface Linear {
  readonly slot: Slot | null;
  /** The axis from whose end it counts. */
  readonly end: string | null;
  readonly off: number;
}

/** variable + constant, bound + constant, or constant; null for anything else. `axis` decides what a dim's name means. */
export function linear(cx: Context, e: Expr, axis: string, scope: Scope): Linear | null {
  switch (e.kind) {
    case "number":
      return { slot: null, end: null, off: e.value };
    case "name": {
      const entity = scope.names.find(e.name);
      if (entity?.kind === "axis") return { slot: scope.vars.get(e.name) ?? entity.slot, end: null, off: 0 };
      if (entity?.kind === "bound") return { slot: null, end: entity.axis, off: 0 };
      if (!entity) return null;
      if (e.name === axis && (entity.kind === "dim" || entity.kind === "vocab" || entity.kind === "number"))
        return { slot: null, end: axis, off: 0 };
      if (entity.kind === "number") return { slot: null, end: null, off: entity.value };
      const size = entity.kind === "dim" ? cx.sizeOf(entity.dim) : null;
      return size === null ? null : { slot: null, end: null, off: size };
    }
    case "unary": {
      const x = e.op === "-" ? linear(cx, e.arg, axis, scope) : null;
      return x && !x.slot && !x.end ? { ...x, off: -x.off } : null;
    }
    case "binary": {
      const [a, b] = [linear(cx, e.left, axis, scope), linear(cx, e.right, axis, scope)];
      if (!a || !b) return null;
      const constant = !b.slot && !b.end;
      if (e.op === "+" && constant) return { ...a, off: a.off + b.off };
      if (e.op === "+" && !a.slot && !a.end) return { ...b, off: a.off + b.off };
      if (e.op === "-" && constant) return { ...a, off: a.off - b.off };
      return null;
    }
    default:
      return null;
  }
}

/** The number of indices of an axis where it is fixed and known. */
export function fixedSize(cx: Context, axis: string): number | null {
  const size = cx.axes.get(axis)?.size;
  return size ? cx.sizeOf(size) : null;
}

/** The position that an index is on an axis; null where it is not one, which has been reported unless it is a gather. */
export function position(cx: Context, e: Expr, axis: string, of: string, scope: Scope): Pos | "gather" | null {
  const x = linear(cx, e, axis, scope);
  if (!x) return "gather";
  if (!Number.isInteger(x.off)) {
    cx.report(
      domains.badIndex({ place: e.span, message: `\`${of}\` is indexed by ${x.off}, which is no integer` }),
      scope.via,
    );
    return null;
  }
  const over = x.slot?.axis ?? x.end;
  if (over !== null && over !== axis) {
    // one axis follows from the other: the number is meant, and it is seen to that it stays inside
    if ([over, axis].some((a) => (cx.axes.get(a)?.length ?? null) !== null)) return "gather";
    const written = x.slot?.name ?? (x.end as string);
    cx.report(domains.wrongAxis({ place: e.span, name: of, written, over, needs: axis }), scope.via);
    return null;
  }
  if (x.slot) return at(x.slot.name, x.off);
  if (x.end) return fromEnd(x.off);
  const size = fixedSize(cx, axis);
  return size !== null && x.off >= size ? fromEnd(x.off - size) : fromStart(x.off);
}

/** A variable of the System in the user's words: one that clashed with another got primes. */
export const spoken = (v: string): string => v.replace(/'+$/, "");

/** `t-1`, `T`, `0`: a position in the user's words. */
export function showPos(p: Pos, bound: string): string {
  const shifted = (base: string, by: number): string => (by === 0 ? base : by < 0 ? `${base}${by}` : `${base}+${by}`);
  if (p.k === "var") return shifted(spoken(p.v), p.shift);
  return p.k === "end" ? shifted(bound, p.off) : String(p.off);
}

/** `h[t-1]` */
export function showRead(name: string, slots: readonly Slot[], idx: readonly Pos[]): string {
  return idx.length ? `${name}[${idx.map((p, i) => showPos(p, boundText(slots[i] as Slot))).join(", ")}]` : name;
}
