import { loopsAround, schedule } from "../schedule/schedule.js";
import type { Loop } from "../schedule/types.js";
import { SystemBuilder } from "../system/builder.js";
import { ofRead, op } from "../system/expr.js";
import type { Read, System } from "../system/types.js";
import { eliminate } from "./dce.js";
import type { Pass } from "./types.js";

/** How many loops two equations share. */
const shared = (a: readonly Loop[] = [], b: readonly Loop[] = []): number => {
  let n = 0;
  while (n < a.length && a[n] === b[n]) n++;
  return n;
};

export const regroup: Pass = {
  name: "regroup",
  doc: "In sums and products inside a loop, combine first what is known before the loop: Wx·x[t] + b leaves it.",
  run(system: System, keep) {
    const around = loopsAround(schedule(system));
    const builder = new SystemBuilder(system);
    let changed = false;
    for (const v of system.values.values()) {
      const { eq } = v;
      const mine = around.get(v.id) ?? [];
      if (!eq || (eq.op !== "add" && eq.op !== "mul") || eq.red || !mine.length || eq.args.length < 3) continue;
      const byDepth = new Map<number, Read[]>();
      for (const r of eq.args) {
        // a guard or a clause that reads the loop keeps its read inside
        const depth = shared(mine, around.get(r.v));
        byDepth.set(depth, [...(byDepth.get(depth) ?? []), r]);
      }
      const depths = [...byDepth.keys()].sort((a, b) => a - b);
      if (depths.length < 2) continue;
      let carried: Read[] = [];
      for (const d of depths.slice(0, -1)) {
        const group = [...carried, ...(byDepth.get(d) as Read[])];
        carried = group.length === 1 ? group : [builder.emit(op(eq.op, group.map(ofRead)), v.slots, `${v.id}.pre`)];
      }
      const args = [...carried, ...(byDepth.get(depths[depths.length - 1] as number) as Read[])];
      if (args.length === eq.args.length) continue;
      builder.values.set(v.id, { ...v, eq: { ...eq, args } });
      changed = true;
    }
    return changed ? eliminate(builder.finish(), keep) : system;
  },
};
