import { isIdentity } from "../system/positions.js";
import type { System, Value } from "../system/types.js";
import type { Pass } from "./types.js";

/** Of two equal values the user wants to hear of his own, then of a part of it, last of a contribution to an adjoint. */
const rank = (v: Value): number => (v.named ? 2 : v.id.includes("<") ? 0 : 1);

export const keepNames: Pass = {
  name: "keep-names",
  doc: "Where a named value only copies an unnamed one, the equation moves to the named one, so that `da` is not lost to `da<h`.",
  run(system) {
    const values = new Map(system.values);
    for (const id of system.values.keys()) {
      for (let v = values.get(id); v !== undefined; v = moveHere(v, values));
    }
    const next: System = { axes: system.axes, values };
    return next;
  },
};

/** Exchanges v = u, u = e for v = e, u = v; gives the new v, or undefined if there is nothing to exchange. */
function moveHere(v: Value, values: Map<string, Value>): Value | undefined {
  const { eq } = v;
  const [read] = eq?.args ?? [];
  if (eq?.op !== "id" || eq.red !== null || read === undefined) return undefined;
  const u = values.get(read.v);
  if (!u?.eq || u.clauses.length > 0 || u.dtype !== v.dtype || !isIdentity(u, read) || rank(u) >= rank(v))
    return undefined;
  const sameSlots = u.slots.length === v.slots.length && u.slots.every((s, i) => s.name === v.slots[i]?.name);
  if (!sameSlots) return undefined;
  const moved: Value = { ...v, eq: u.eq };
  const idx = v.slots.map((s) => ({ k: "var", v: s.name, shift: 0 }) as const);
  values.set(v.id, moved);
  values.set(u.id, { ...u, eq: { ...eq, args: [{ v: v.id, idx, when: [] }] } });
  return moved;
}
