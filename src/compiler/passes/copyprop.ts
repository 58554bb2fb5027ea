import { envOf, isIdentity, substRead } from "../system/positions.js";
import { getValue, type Read, type System, type Value } from "../system/types.js";
import { eliminate } from "./dce.js";
import type { Pass } from "./types.js";

/** Applies `f` to every read of a System. */
export function mapReads(system: System, f: (r: Read, reader: Value) => Read): System {
  const values = [...system.values].map(([id, v]) => {
    const eq = v.eq && { ...v.eq, args: v.eq.args.map((r) => f(r, v)) };
    return [id, { ...v, eq, clauses: v.clauses.map((c) => ({ ...c, read: f(c.read, v) })) }] as const;
  });
  return { axes: system.axes, values: new Map(values) };
}

export const copyprop: Pass = {
  name: "copyprop",
  doc: "Where v is only another name of u[…], read u.",
  run(system, keep) {
    const follow = (r: Read): Read => {
      const v = getValue(system, r.v);
      // a shifted read may leave the domain of v, where v's own boundary counts
      if (v.eq?.op !== "id" || v.eq.red || !isInRange(v, r)) return r;
      const inner = substRead(v.eq.args[0] as Read, envOf(v, r));
      return follow({ ...inner, when: [...inner.when, ...r.when] });
    };
    return eliminate(mapReads(system, follow), keep);
  },
};

/** At the reader's own variables, in any order: always inside the domain. */
const isInRange = (v: Value, r: Read): boolean =>
  isIdentity(v, r) || (r.when.length === 0 && r.idx.every((p) => p.k === "var" && p.shift === 0));
