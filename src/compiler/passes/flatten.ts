import type { Eq, Read, Value } from "../system/types.js";
import { eliminate } from "./dce.js";
import { seeThrough, useCounts } from "./rewrite.js";
import type { Pass } from "./types.js";

export const flatten: Pass = {
  name: "flatten",
  doc: "Sums of sums and products of products become one, where nobody else reads the inner one.",
  run(system, keep) {
    const uses = useCounts(system);
    const values = new Map(system.values);
    for (const id of [...values.keys()]) {
      const v = values.get(id) as Value;
      if (v.eq) values.set(id, { ...v, eq: flat(values, uses, keep, v, v.eq) });
    }
    return eliminate({ axes: system.axes, values }, keep);
  },
};

/** add(add(a, b), c) → add(a, b, c), if both have the same axes: a sum that lacks one is cheaper by itself. */
function flat(
  values: ReadonlyMap<string, Value>,
  uses: ReadonlyMap<string, number>,
  keep: ReadonlySet<string>,
  v: Value,
  eq: Eq,
): Eq {
  if (eq.op !== "add" && eq.op !== "mul") return eq;
  const width = v.slots.length + (eq.red?.vars.length ?? 0);
  const open = (r: Read): Read[] => {
    const inner = seeThrough(values, r);
    const isPart = inner?.eq.op === eq.op && inner.value.slots.length === width && !inner.value.clauses.length;
    return inner && isPart && uses.get(r.v) === 1 && !keep.has(r.v) ? inner.args.flatMap(open) : [r];
  };
  const args = eq.args.flatMap(open);
  return args.length === eq.args.length ? eq : { ...eq, args };
}
