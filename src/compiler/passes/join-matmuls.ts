import { SystemBuilder } from "../system/builder.js";
import { E, ofRead, op } from "../system/expr.js";
import type { Read } from "../system/types.js";
import { eliminate } from "./dce.js";
import { sameRead, seeThrough, useCounts } from "./rewrite.js";
import type { Pass } from "./types.js";

export const joinMatmuls: Pass = {
  name: "join-matmuls",
  doc: "[A @ x; B @ x] is [A; B] @ x, where nobody else reads the parts.",
  run(system, keep) {
    const uses = useCounts(system);
    const builder = new SystemBuilder(system);
    for (const v of system.values.values()) {
      const { eq } = v;
      if (eq?.op !== "concat" || eq.red) continue;
      const parts = eq.args.map((r) => (uses.get(r.v) === 1 && !keep.has(r.v) ? seeThrough(builder.values, r) : null));
      const [first] = parts;
      const name = first?.eq.op;
      if (!first || (name !== "mv" && name !== "col")) continue;
      const x = first.args[1] as Read;
      if (!parts.every((p) => p?.eq.op === name && sameRead(p.args[1] as Read, x))) continue;
      const matrices = parts.map((p) => ofRead(p?.args[0] as Read));
      const matrix = builder.emit(E.concat(...matrices), v.slots, `${v.id}.W`);
      const product = op(name, [ofRead(matrix), ofRead(x)]);
      const whole = builder.emit(product, v.slots, `${v.id}.product`, v.slots);
      builder.values.set(v.id, { ...v, eq: { ...eq, op: "id", args: [whole], attrs: {} } });
    }
    return eliminate(builder.finish(), keep);
  },
};
