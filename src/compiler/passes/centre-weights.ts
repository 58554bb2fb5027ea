import { SystemBuilder } from "../system/builder.js";
import { E, type Expr, ofRead } from "../system/expr.js";
import { readVars } from "../system/positions.js";
import type { Read } from "../system/types.js";
import { eliminate } from "./dce.js";
import { seeThrough } from "./rewrite.js";
import type { Pass } from "./types.js";

export const centreWeights: Pass = {
  name: "centre-weights",
  doc: "W @ x less its mean is (W less the means of its columns) @ x: the matrix is centred once, not each product.",
  run(system, keep) {
    const builder = new SystemBuilder(system);
    for (const v of system.values.values()) {
      if (v.eq?.op !== "centre" || v.eq.red || !v.slots.length) continue;
      const product = seeThrough(builder.values, v.eq.args[0] as Read);
      if (!product || product.eq.red || (product.eq.op !== "mv" && product.eq.op !== "col")) continue;
      const [W, x] = product.args as [Read, Read];
      if (readVars(W).size > 0 || W.idx.length > 0) continue;
      const centred = builder.emit(lessColumnMeans(ofRead(W), builder.get(W.v).shape), [], `${W.v}.centred`);
      builder.values.set(v.id, { ...v, eq: { ...product.eq, args: [centred, x] } });
    }
    return eliminate(builder.finish(), keep);
  },
};

/** W − 1 (Wᵀ 1 / m)ᵀ for W [m, n]. */
function lessColumnMeans(W: Expr, [m = 1]: readonly number[]): Expr {
  const means = E.mvT(W, E.num(1 / m, [m]));
  return E.sub(W, E.outer(E.num(1, [m]), means));
}
