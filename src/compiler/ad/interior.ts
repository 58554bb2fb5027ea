/** Clauses inside the domain, `h[0] = c`: there the equation says nothing, and so it receives no adjoint. */
import type { SystemBuilder } from "../system/builder.js";
import { E, type Expr, ofRead, op } from "../system/expr.js";
import { identity, outerNames } from "../system/positions.js";
import type { Clause, Slot, Value } from "../system/types.js";

const isInside = (c: Clause): boolean => c.pins.every(({ at: p }) => p.k !== "var" && (p.k === "start") === p.off >= 0);

/** `ct` where the equation of `v` counts, 0 where a clause takes its place. */
export function withoutClauses(v: Value, ct: Expr): Expr {
  return v.clauses.filter(isInside).reduce((x, c) => {
    const tests = c.pins.map(({ slot, at: p }): Expr => {
      if (p.k === "var") throw new Error("a pin is a constant position");
      const place = p.k === "start" ? E.num(p.off) : E.affine(1, p.off, extentOf(v.slots, slot));
      return E.equal(op("index", [], { slot }), place);
    });
    return E.where(E.fill(E.mul(...tests), v.shape), E.num(0, v.shape), x);
  }, ct);
}

/** What the equation of `v` gives, also where clauses take its place. */
export function ownResult(builder: SystemBuilder, v: Value): Expr {
  if (!v.clauses.some(isInside)) return ofRead(identity(v));
  const id = builder.freshId(`${v.id}.own`);
  builder.declare(id, v.slots, v.shape, "eq", { dtype: v.dtype, eq: v.eq, named: false });
  return ofRead(identity(builder.get(id)));
}

function extentOf(slots: readonly Slot[], name: string): Expr {
  const slot = slots.find((s) => s.name === name) as Slot;
  const within = outerNames(slots, slot);
  return op("extent", [], within.length ? { axis: slot.axis, within } : { axis: slot.axis });
}
