import { SystemBuilder } from "../system/builder.js";
import { reach } from "../system/deps.js";
import { E, sumOver } from "../system/expr.js";
import { BATCH, getValue, type System } from "../system/types.js";

const COUNT = "loss.count";

/**
 * Makes the N of the objective (R14) the number of samples: in `loss`, whatever divides by `loss.count` divides by the size
 * of the batch. `loss.count` itself stays what it is, the number of scored observations.
 */
export function normalizeBySample(system: System): System {
  const builder = new SystemBuilder(system);
  const samples = builder.define(builder.freshId("samples"), [], sumOver([BATCH], E.num(1)), { named: false });
  const cone = reach(["loss"], (id) => getValue(system, id).eq?.args.map((r) => r.v) ?? []);
  let found = false;
  for (const id of cone) {
    const v = getValue(system, id);
    if (!v.eq?.args.some((r) => r.v === COUNT)) continue;
    found = true;
    const args = v.eq.args.map((r) => (r.v === COUNT ? { ...r, v: samples } : r));
    builder.values.set(id, { ...v, eq: { ...v.eq, args } });
  }
  if (!found) throw new Error(`the loss does not divide by ${COUNT}`);
  return builder.finish();
}
