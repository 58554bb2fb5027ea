import { reach } from "../system/deps.js";
import { getValue, type System } from "../system/types.js";
import type { Pass } from "./types.js";

/** Removes equations, noise and states that nothing kept depends on. Parameters and inputs stay: they are the model's interface. */
export function eliminate(system: System, keep: Iterable<string>): System {
  const live = reach(keep, (id) => {
    const v = getValue(system, id);
    return [...(v.eq?.args.map((r) => r.v) ?? []), ...v.clauses.map((c) => c.read.v)];
  });
  const stays = (id: string): boolean => live.has(id) || !["eq", "noise", "state"].includes(getValue(system, id).role);
  // an input that only dead equations read keeps no clause that would read a removed value
  const values = [...system.values]
    .filter(([id]) => stays(id))
    .map(([id, v]) => [id, live.has(id) ? v : { ...v, clauses: [] }] as const);
  return { axes: system.axes, values: new Map(values) };
}

export const dce: Pass = {
  name: "dce",
  doc: "Remove equations that no result depends on.",
  run: eliminate,
};
