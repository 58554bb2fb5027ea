import { SystemBuilder } from "../system/builder.js";
import { ofRead, op } from "../system/expr.js";
import type { Read, System } from "../system/types.js";
import { eliminate } from "./dce.js";
import { depths } from "./depth.js";
import type { Pass } from "./types.js";

export const regroup: Pass = {
  name: "regroup",
  doc: "In sums and products inside a loop, combine first what is known before the loop: Wx·x[t] + b leaves it.",
  run(system: System, keep) {
    const depth = depths(system);
    const builder = new SystemBuilder(system);
    let changed = false;
    for (const v of system.values.values()) {
      const { eq } = v;
      if (!eq || (eq.op !== "add" && eq.op !== "mul") || eq.red || !depth.of(v.id) || eq.args.length < 3) continue;
      const byDepth = new Map<number, Read[]>();
      for (const r of eq.args) {
        const d = depth.ofRead(v.id, r);
        byDepth.set(d, [...(byDepth.get(d) ?? []), r]);
      }
      const order = [...byDepth.keys()].sort((a, b) => a - b);
      if (order.length < 2) continue;
      let carried: Read[] = [];
      for (const d of order.slice(0, -1)) {
        const group = [...carried, ...(byDepth.get(d) as Read[])];
        carried = group.length === 1 ? group : [builder.emit(op(eq.op, group.map(ofRead)), v.slots, `${v.id}.pre`)];
      }
      const args = [...carried, ...(byDepth.get(order[order.length - 1] as number) as Read[])];
      if (args.length === eq.args.length) continue;
      builder.values.set(v.id, { ...v, eq: { ...eq, args } });
      changed = true;
    }
    return changed ? eliminate(builder.finish(), keep) : system;
  },
};
