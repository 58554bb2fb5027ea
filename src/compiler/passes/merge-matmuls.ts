import { SystemBuilder } from "../system/builder.js";
import { E, type Expr, ofRead } from "../system/expr.js";
import type { Read } from "../system/types.js";
import { eliminate } from "./dce.js";
import { depths } from "./depth.js";
import { seeThrough, useCounts } from "./rewrite.js";
import type { Pass } from "./types.js";

export const mergeMatmuls: Pass = {
  name: "merge-matmuls",
  doc: "A @ a + B @ b inside a loop, with A and B known before it, is one matmul, [A B] @ [a; b].",
  run(system, keep) {
    const depth = depths(system);
    const uses = useCounts(system);
    const builder = new SystemBuilder(system);
    for (const v of system.values.values()) {
      if (v.eq?.op !== "add" || v.eq.red || !depth.of(v.id)) continue;
      /** `rows` [n, m] and `x` [n] with the term rowsᵀ x. */
      const products: { r: Read; rows: Expr; x: Read }[] = [];
      for (const r of v.eq.args) {
        const inner = seeThrough(builder.values, r);
        if (!inner || uses.get(r.v) !== 1 || keep.has(r.v) || !["mv", "mvT"].includes(inner.eq.op)) continue;
        const [W, x] = inner.args as [Read, Read];
        if (!depth.isBefore(v.id, W) || depth.isBefore(v.id, x)) continue;
        products.push({ r, rows: inner.eq.op === "mv" ? E.transpose(ofRead(W)) : ofRead(W), x });
      }
      if (products.length < 2) continue;
      const product = E.mvT(E.concat(...products.map((p) => p.rows)), E.concat(...products.map((p) => ofRead(p.x))));
      const merged = builder.emit(product, v.slots, `${v.id}.matmul`);
      const rest = v.eq.args.filter((r) => !products.some((p) => p.r === r));
      const eq = rest.length ? { ...v.eq, args: [...rest, merged] } : { ...v.eq, op: "id", args: [merged] };
      builder.values.set(v.id, { ...builder.get(v.id), eq });
    }
    return eliminate(builder.finish(), keep);
  },
};
