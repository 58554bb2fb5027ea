import { SystemBuilder } from "../system/builder.js";
import { reach } from "../system/deps.js";
import { E, sumOver } from "../system/expr.js";
import { BATCH, getValue, type System } from "../system/types.js";

/**
 * Makes the N of the objective (R14) the number of samples: in `loss`, whatever divides by `count` divides by the size of
 * the batch. `count` itself stays what it is, the number of scored observations.
 */
export function normalizeBySample(system: System): System {
  const builder = new SystemBuilder(system);
  const samples = builder.define(builder.freshId("samples"), [], sumOver([BATCH], E.num(1)), { named: false });
  const cone = reach(["loss"], (id) => getValue(system, id).eq?.args.map((r) => r.v) ?? []);
  let found = false;
  for (const id of cone) {
    const v = getValue(system, id);
    if (!v.eq?.args.some((r) => r.v === "count")) continue;
    found = true;
    const args = v.eq.args.map((r) => (r.v === "count" ? { ...r, v: samples } : r));
    builder.values.set(id, { ...v, eq: { ...v.eq, args } });
  }
  if (!found) throw new Error("`loss` does not divide by `count`");
  return builder.finish();
}
