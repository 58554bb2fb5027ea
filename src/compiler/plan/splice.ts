/** A plan inside another list. */
import { copied } from "./copy.js";
import type { Plan } from "./plan.js";
import { type Flat, isConst, type Ref } from "./tensors.js";

/** Adds a plan's instructions to a list; `given` supplies what it is given, in the same shapes. Its results, by id. */
export function splice(flat: Flat, plan: Plan, given: (id: string, shape: readonly number[]) => Ref): Map<string, Ref> {
  const made = new Map<number, readonly Ref[]>();
  const moved = (r: Ref): Ref => (isConst(r) ? r : ((made.get(r.n) as readonly Ref[])[r.out] as Ref));
  for (const i of plan.instrs) {
    const own = i.op === "given" ? [given(i.attrs["id"] as string, i.shapes[0] as readonly number[])] : null;
    made.set(i.n, own ?? copied(flat, i, i.args.map(moved)));
  }
  return new Map([...plan.outputs].map(([id, { ref, shape }]) => [id, flat.full(moved(ref), shape)]));
}
