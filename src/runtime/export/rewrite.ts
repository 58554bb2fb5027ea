/** Plans made of other plans: some instructions replaced, other results, what depends on what. */
import { copied } from "../../compiler/plan/copy.js";
import { finish, type Output, type Plan } from "../../compiler/plan/plan.js";
import { Flat, type Instr, isConst, type Ref } from "../../compiler/plan/tensors.js";

/** The results of an instruction with these arguments; null: it stays as it is. */
export type Change = (flat: Flat, instr: Instr, args: readonly Ref[]) => readonly Ref[] | null;

/** A plan with other instructions; `outputs`: further or other results than its own. */
export function rewritten(
  plan: Plan,
  change: Change,
  outputs: ReadonlyMap<string, Output> = plan.outputs,
  shaped: (flat: Flat, id: string, output: Output) => Output = (_, __, output) => output,
): Plan {
  const flat = new Flat();
  const moved = added(flat, plan, change);
  const results = [...outputs].map(([id, o]) => [id, shaped(flat, id, { ...o, ref: moved(o.ref) })] as const);
  return finish(flat, new Map(results));
}

/** The plan where `by` supplies some of what it is given: by what it is given, which result of `by`. */
export function supplied(plan: Plan, by: Plan, results: ReadonlyMap<string, string>): Plan {
  const flat = new Flat();
  const moved = added(flat, by, () => null);
  const given = new Map([...results].map(([id, result]) => [id, by.outputs.get(result) as Output]));
  const own = added(flat, plan, (_, { op, attrs, shapes }) => {
    const found = op === "given" ? given.get(attrs["id"] as string) : undefined;
    return found ? [flat.full(moved(found.ref), shapes[0] as readonly number[])] : null;
  });
  return finish(flat, new Map([...plan.outputs].map(([id, o]) => [id, { ...o, ref: own(o.ref) }])));
}

/** Adds the instructions of a plan to a list; where its tensors are then. */
function added(flat: Flat, plan: Plan, change: Change): (r: Ref) => Ref {
  const made = new Map<number, readonly Ref[]>();
  const moved = (r: Ref): Ref => (isConst(r) ? r : ((made.get(r.n) as readonly Ref[])[r.out] as Ref));
  for (const i of plan.instrs) {
    flat.origin = i.origin;
    const args = i.args.map(moved);
    made.set(i.n, change(flat, i, args) ?? simplified(flat, i, args));
  }
  return moved;
}

/** What is known of the arguments by now may make it simpler. */
function simplified(flat: Flat, i: Instr, args: readonly Ref[]): readonly Ref[] {
  const [a, b, c] = args as readonly [Ref, Ref, Ref];
  if (i.op === "where" && isConst(a)) return [flat.full(flat.where(a, b, c), i.shapes[0] as readonly number[])];
  return copied(flat, i, args);
}

/** The same plan with other results. */
export const giving = (plan: Plan, outputs: ReadonlyMap<string, Output>): Plan => rewritten(plan, () => null, outputs);

/**
 * For each instruction, by number, whether it depends on what `is` says of the ids that are given: `is` of none of its
 * arguments is false.
 */
export function depending(plan: Plan, is: (given: string) => boolean): ReadonlySet<number> {
  const found = new Set<number>();
  for (const { n, op, attrs, args } of plan.instrs) {
    const does = op === "given" ? is(attrs["id"] as string) : args.some((a) => !isConst(a) && found.has(a.n));
    if (does) found.add(n);
  }
  return found;
}

/** What a result is but for its shape. */
export function sourceOf(plan: Plan, ref: Ref): Instr | null {
  if (isConst(ref)) return null;
  const instr = plan.instrs.find((i) => i.n === ref.n) as Instr;
  return instr.op === "reshape" ? sourceOf(plan, instr.args[0] as Ref) : instr;
}
