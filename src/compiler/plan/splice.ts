/** A plan inside another list. */
import type { Plan } from "./plan.js";
import { type Flat, isConst, type Ref } from "./tensors.js";

/** Adds a plan's instructions to a list; `given` supplies what it is given, in the same shapes. Its results, by id. */
export function splice(flat: Flat, plan: Plan, given: (id: string, shape: readonly number[]) => Ref): Map<string, Ref> {
  const made = new Map<number, Ref | number>();
  const moved = (r: Ref): Ref => {
    if (isConst(r)) return r;
    const to = made.get(r.n) as Ref | number;
    return typeof to === "number" ? { ...r, n: to } : to;
  };
  for (const i of plan.instrs) {
    if (i.op === "given") made.set(i.n, given(i.attrs["id"] as string, i.shapes[0] as readonly number[]));
    else if (i.scan) made.set(i.n, flat.scan(i.scan, i.args.map(moved)));
    else if (i.op === "reshape") made.set(i.n, flat.reshape(moved(i.args[0] as Ref), i.shapes[0] as readonly number[]));
    else {
      flat.origin = i.origin;
      made.set(i.n, flat.emit(i.op, i.args.map(moved), i.attrs, i.shapes, i.int));
    }
  }
  return new Map([...plan.outputs].map(([id, { ref, shape }]) => [id, flat.full(moved(ref), shape)]));
}
