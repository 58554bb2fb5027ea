/** A program and what goes on with its results, as one plan: a training step is one run. */
import { type Plan, planOf } from "../compiler/plan/lower.js";
import { finish } from "../compiler/plan/plan.js";
import { splice } from "../compiler/plan/splice.js";
import { Flat, type Ref } from "../compiler/plan/tensors.js";
import { getValue, type System } from "../compiler/system/types.js";
import type { DeviceTensor } from "./device.js";
import type { Instructions } from "./optimizer.js";

/** Instructions that go on with what a program computed, in the same plan. */
export interface Continuation {
  /** Names it among all of this machine's. */
  readonly key: string;
  make(): Instructions;
  /** What an input is: an output of the program, one of its parameters, or a tensor of the caller's. */
  give(id: string): { readonly output: string } | { readonly parameter: string } | { readonly tensor: DeviceTensor };
}

/** Before the ids of what only the continuation is given. */
const THEN = "then ";

/** A tensor that the continuation brings, by the id that the plan has for it; null where `id` is the program's. */
export function ownInput(then: Continuation, id: string): DeviceTensor | null {
  const source = id.startsWith(THEN) ? then.give(id.slice(THEN.length)) : null;
  return source && "tensor" in source ? source.tensor : null;
}

/** A plan and instructions that go on with its outputs, as one plan. The outputs that only they read are none of it. */
export function continued(first: Plan, then: Continuation, system: System): Plan {
  const { flat: more, outputs } = then.make();
  const flat = new Flat();
  const givens = new Map<string, Ref>();
  const given = (id: string, shape: readonly number[], int: boolean): Ref => {
    const ref = givens.get(id) ?? flat.one("given", [], { id }, shape, int);
    givens.set(id, ref);
    return ref;
  };
  const isInt = (id: string): boolean => getValue(system, id).dtype === "int";
  const values = splice(flat, first, (id, shape) => given(id, shape, isInt(id)));
  const read = new Set<string>();
  const results = splice(flat, planOf(more, outputs), (id, shape) => {
    const source = then.give(id);
    if ("parameter" in source) return given(source.parameter, shape, false);
    if ("tensor" in source) return given(`${THEN}${id}`, shape, false);
    read.add(source.output);
    return values.get(source.output) as Ref;
  });
  const kept = [...first.outputs].filter(([id]) => !read.has(id));
  const all = [
    ...kept.map(([id, output]) => [id, { ...output, ref: values.get(id) as Ref }] as const),
    ...[...results].map(([id, ref]) => [id, { ref, shape: flat.shapeOf(ref), int: ref.int }] as const),
  ];
  return finish(flat, new Map(all));
}
