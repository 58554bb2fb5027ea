import { SystemBuilder } from "../system/builder.js";
import { E, type Expr, ofRead } from "../system/expr.js";
import type { Read } from "../system/types.js";
import { eliminate } from "./dce.js";
import { depths } from "./depth.js";
import { seeThrough } from "./rewrite.js";
import type { Pass } from "./types.js";

export const splitMatmul: Pass = {
  name: "split-matmul",
  doc: "W @ [a; b] inside a loop, where a is known before it, is Wa @ a + Wb @ b: the first leaves the loop.",
  run(system, keep) {
    const depth = depths(system);
    const builder = new SystemBuilder(system);
    for (const v of system.values.values()) {
      if (v.eq?.op !== "mv" || v.eq.red || !depth.of(v.id)) continue;
      const [W, x] = v.eq.args as [Read, Read];
      const joined = seeThrough(builder.values, x);
      if (joined?.eq.op !== "concat" || !depth.isBefore(v.id, W)) continue;
      const sum: Expr[] = [];
      let from = 0;
      let run: { parts: Read[]; from: number; size: number; depth: number } | null = null;
      const close = (): void => {
        if (!run) return;
        // columns of W are rows of its transpose
        const rows = E.slice(E.transpose(ofRead(W)), run.from, run.size);
        sum.push(E.mvT(rows, E.concat(...run.parts.map(ofRead))));
      };
      for (const part of joined.args) {
        const size = builder.get(part.v).shape[0] as number;
        const d = depth.ofRead(v.id, part);
        if (run && run.depth === d) {
          run.parts.push(part);
          run.size += size;
        } else {
          close();
          run = { parts: [part], from, size, depth: d };
        }
        from += size;
      }
      close();
      if (sum.length < 2) continue;
      const terms = sum.map((e, i) => builder.emit(e, v.slots, `${v.id}.term${i}`));
      builder.values.set(v.id, { ...v, eq: { op: "add", attrs: {}, args: terms, along: null, red: null } });
    }
    return eliminate(builder.finish(), keep);
  },
};
