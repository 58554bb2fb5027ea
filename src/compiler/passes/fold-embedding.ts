import { SystemBuilder } from "../system/builder.js";
import { E, ofRead } from "../system/expr.js";
import { readVars } from "../system/positions.js";
import type { Read } from "../system/types.js";
import { eliminate } from "./dce.js";
import { seeThrough } from "./rewrite.js";
import type { Pass } from "./types.js";

/** Above this many tokens, W @ Emb costs more than it saves where few tokens are read. */
const LARGEST_VOCABULARY = 128;

export const foldEmbedding: Pass = {
  name: "fold-embedding",
  doc: "W @ Emb @ x for a token x of a small vocabulary gathers from W @ Emb, which is computed once.",
  run(system, keep) {
    const builder = new SystemBuilder(system);
    for (const v of system.values.values()) {
      if ((v.eq?.op !== "mv" && v.eq?.op !== "mvT") || v.eq.red) continue;
      const [W, x] = v.eq.args as [Read, Read];
      const gathered = seeThrough(builder.values, x);
      if (gathered?.eq.op !== "col") continue;
      const [E1, i] = gathered.args as [Read, Read];
      const isConstant = (r: Read): boolean => readVars(r).size === 0 && r.idx.length === 0;
      if (!isConstant(W) || !isConstant(E1) || (builder.get(E1.v).shape[1] as number) > LARGEST_VOCABULARY) continue;
      const matrix = v.eq.op === "mv" ? ofRead(W) : E.transpose(ofRead(W));
      const table = builder.emit(E.mm(matrix, ofRead(E1)), v.slots, `${W.v}@${E1.v}`);
      builder.values.set(v.id, { ...v, eq: { ...v.eq, op: "col", args: [table, i], attrs: {} } });
    }
    return eliminate(builder.finish(), keep);
  },
};
