import { SystemBuilder } from "../system/builder.js";
import { E, ofRead } from "../system/expr.js";
import type { Read, Value } from "../system/types.js";
import { eliminate } from "./dce.js";
import { depths } from "./depth.js";
import { seeThrough, useCounts } from "./rewrite.js";
import type { Pass } from "./types.js";

export const concatProducts: Pass = {
  name: "concat-products",
  doc: "[K1 · a; K2 · b] inside a loop, with K1 and K2 known before it, is [K1; K2] · [a; b]: one product for all gates.",
  run(system, keep) {
    const depth = depths(system);
    const uses = useCounts(system);
    const builder = new SystemBuilder(system);
    for (const v of system.values.values()) {
      if (v.eq?.op !== "concat" || v.eq.red || !depth.of(v.id)) continue;
      const pairs = v.eq.args.map((r) => {
        const inner = seeThrough(builder.values, r);
        if (inner?.eq.op !== "mul" || inner.args.length !== 2 || uses.get(r.v) !== 1 || keep.has(r.v)) return null;
        const known = inner.args.filter((a) => depth.isBefore(v.id, a));
        const other = inner.args.find((a) => !known.includes(a));
        return known.length === 1 && other ? { known: known[0] as Read, other } : null;
      });
      if (pairs.length < 2 || pairs.includes(null)) continue;
      const all = pairs as { known: Read; other: Read }[];
      const factors = [all.map((p) => p.known), all.map((p) => p.other)].map((reads, i) =>
        builder.emit(E.concat(...reads.map(ofRead)), v.slots, `${v.id}.${i ? "inner" : "known"}`),
      );
      const eq = { op: "mul", attrs: {}, args: factors, along: null, red: null };
      builder.values.set(v.id, { ...(builder.get(v.id) as Value), eq });
    }
    return eliminate(builder.finish(), keep);
  },
};
