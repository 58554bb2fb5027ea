import { SystemBuilder } from "../system/builder.js";
import { E, ofRead, op } from "../system/expr.js";
import type { Read, Value } from "../system/types.js";
import { eliminate } from "./dce.js";
import { depths } from "./depth.js";
import { groupBy } from "./rewrite.js";
import type { Pass } from "./types.js";

export const packMatmuls: Pass = {
  name: "pack-matmuls",
  doc: "U1 @ h and U2 @ h inside a loop are slices of one matmul, [U1; U2] @ h; the matrices are joined before the loop.",
  run(system, keep) {
    const depth = depths(system);
    const builder = new SystemBuilder(system);
    const products = [...system.values.values()].filter(
      (v) => (v.eq?.op === "mv" || v.eq?.op === "col") && !v.eq.red && depth.isBefore(v.id, v.eq.args[0] as Read),
    );
    const argument = (v: Value, i: number): Read => v.eq?.args[i] as Read;
    const groups = groupBy(products, (v) => JSON.stringify([v.eq?.op, v.slots, argument(v, 1)]));
    for (const group of groups) {
      const matrices = new Map(group.map((v) => [JSON.stringify(argument(v, 0)), argument(v, 0)]));
      const [first] = group;
      if (!first || matrices.size < 2) continue;
      const packed = E.concat(...[...matrices.values()].map(ofRead));
      const product = op(first.eq?.op as string, [packed, ofRead(argument(first, 1))]);
      const whole = builder.emit(product, first.slots, group.map((v) => v.id).join("&"));
      const offsets = new Map<string, number>();
      let from = 0;
      for (const [key, W] of matrices) {
        offsets.set(key, from);
        from += builder.get(W.v).shape[0] as number;
      }
      for (const v of group) {
        const attrs = { from: offsets.get(JSON.stringify(argument(v, 0))) as number, len: v.shape[0] as number };
        builder.values.set(v.id, { ...v, eq: { op: "slice", attrs, args: [whole], along: null, red: null } });
      }
    }
    return eliminate(builder.finish(), keep);
  },
};
