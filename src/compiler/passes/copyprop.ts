import { leadsTo } from "../system/deps.js";
import { envOf, substRead } from "../system/positions.js";
import { getValue, type Read, type System, type Value } from "../system/types.js";
import { eliminate } from "./dce.js";
import { isInRange } from "./rewrite.js";
import type { Pass } from "./types.js";

/** Applies `f` to every read of a System; `ofClause` to those of clauses. */
export function mapReads(
  system: System,
  f: (r: Read, reader: Value) => Read,
  ofClause: (r: Read, owner: Value) => Read = f,
): System {
  const values = [...system.values].map(([id, v]) => {
    const eq = v.eq && { ...v.eq, args: v.eq.args.map((r) => f(r, v)) };
    return [id, { ...v, eq, clauses: v.clauses.map((c) => ({ ...c, read: ofClause(c.read, v) })) }] as const;
  });
  return { axes: system.axes, values: new Map(values) };
}

export const copyprop: Pass = {
  name: "copyprop",
  doc: "Where v is only another name of u[…], read u.",
  run(system, keep) {
    const follow = (r: Read): Read => {
      const v = getValue(system, r.v);
      if (v.eq?.op !== "id" || v.eq.red) return r;
      const [to] = v.eq.args as [Read];
      if (!isInRange(v, r) && !isZeroOutsideToo(v, getValue(system, to.v), to)) return r;
      const inner = substRead(to, envOf(v, r));
      return follow({ ...inner, when: [...inner.when, ...r.when] });
    };
    return eliminate(
      mapReads(system, follow, (r, owner) => {
        const to = follow(r);
        return leadsTo(system.values, to.v, owner.id) ? r : to;
      }),
      keep,
    );
  },
};

/** Is `u` 0 wherever its copy `v` is, outside the domain too? Then a shifted read of v may read u. */
function isZeroOutsideToo(v: Value, u: Value, to: Read): boolean {
  return (
    [u, v].every((x) => x.outside === "zero" && !x.clauses.length) &&
    !to.when.length &&
    u.slots.length === v.slots.length &&
    v.slots.every((s) => to.idx.some((p) => p.k === "var" && p.shift === 0 && p.v === s.name))
  );
}
