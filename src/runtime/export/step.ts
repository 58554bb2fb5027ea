/** One step of a sequence as a plan, and what comes before the first one. */
import { CarryError } from "../../compiler/passes/carry.js";
import type { Output, Plan } from "../../compiler/plan/plan.js";
import { isConst, type Ref } from "../../compiler/plan/types.js";
import { outerAxes } from "../../compiler/system/axes.js";
import type { System } from "../../compiler/system/types.js";
import type { Numbers } from "../feeds.js";
import { batchFirst } from "./boundary.js";
import { lengthInput } from "./lengths.js";
import { evaluate, steady } from "./parts.js";
import { type Exportable, exportable, lowered, type Source, showing } from "./plans.js";
import { depending, giving, sourceOf, supplied } from "./rewrite.js";
import { type StepState, stepped } from "./systems.js";

/** What a state becomes: the field `from` as it is, or the result `output` of the step. */
export type NextState = { readonly input: string } & ({ readonly from: string } | { readonly output: string });

export interface StepPlans {
  readonly axis: string;
  /** null: sequences start with constants, which are the defaults of the states. */
  readonly start: Exportable | null;
  readonly step: Exportable;
  readonly states: readonly NextState[];
  /** Of each result, the randoms of this very step that it depends on. */
  readonly after: ReadonlyMap<string, readonly string[]>;
}

/** Why there is no step. */
export interface Stepless {
  readonly axis: string;
  readonly reason: string;
}

/** One step along `axis`: the parameters of the randoms along it, and the states. */
export function stepPlans(source: Source, axis: string): StepPlans | Stepless {
  const along = source.model.fields.filter((f) => f.axes.includes(axis));
  const randoms = along.filter((f) => f.role === "random").map((f) => f.name);
  const outputs = source.described.parameters.filter((p) => randoms.includes(p.random)).map((p) => p.id);
  const one = steppedAlong(source.described.system, axis, outputs);
  if ("reason" in one) return one;
  const all = [...outputs, ...one.states.flatMap((s) => [s.initial, s.next])];
  const whole = lowered(source, one.system, all, axis);
  const states = statesOf(
    whole.plan,
    one.states,
    outputs,
    along.map((f) => f.name),
  );
  if (!states.length) return { axis, reason: "nothing is carried from step to step" };

  const { system, constants } = whole;
  const inside = [...system.axes.keys()].filter((a) => outerAxes(system, a).includes(axis)).map(lengthInput);
  const moves = (id: string): boolean => {
    const value = system.values.get(id);
    return value ? value.role === "state" || value.slots.some((s) => s.axis === axis) : inside.includes(id);
  };
  const initial = states.map((s) => s.initial);
  const kept = [...outputs, ...initial, ...states.flatMap((s) => (s.from === null ? [s.next] : []))];
  const cut = steady(giving(whole.plan, only(whole.plan, kept)), moves, constants, initial);
  const names = new Map(states.flatMap((s) => [...namesOf(s)]));
  const shown = showing(system, axis, (id) => names.get(id) ?? id);
  const before = batchFirst(started(cut.before, states), shown);
  const step = batchFirst(cut.after, shown);
  const isConstant = before.given.every((id) => constants.has(id));
  const starts = isConstant ? [...evaluate(source.device, before, constants)] : [];
  const defaults = new Map(starts.map(([name, { data }]): [string, Numbers] => [name, data]));
  return {
    axis,
    start: isConstant ? null : exportable(before, whole, new Map(), names),
    step: exportable(step, whole, defaults, names),
    states: states.map((s): NextState => {
      const input = names.get(s.id) as string;
      return s.from === null ? { input, output: names.get(s.next) as string } : { input, from: s.from };
    }),
    after: new Map([...step.outputs].map(([name, { ref }]) => [name, randoms.filter((r) => dependsOn(step, ref, r))])),
  };
}

function steppedAlong(system: System, axis: string, outputs: readonly string[]): ReturnType<typeof stepped> | Stepless {
  try {
    return stepped(system, axis, outputs);
  } catch (e) {
    if (e instanceof CarryError) return { axis, reason: `\`${e.value}\` ${e.what}` };
    throw e;
  }
}

const only = (plan: Plan, ids: readonly string[]): Map<string, Output> =>
  new Map([...plan.outputs].filter(([id]) => ids.includes(id)));

const dependsOn = (plan: Plan, ref: Ref, field: string): boolean =>
  !isConst(ref) && depending(plan, (id) => id === field).has(ref.n);

interface Held extends StepState {
  /** The field that becomes the state. */
  readonly from: string | null;
}

/** The states that the results need, in this step or a later one. */
function statesOf(
  plan: Plan,
  states: readonly StepState[],
  outputs: readonly string[],
  fields: readonly string[],
): Held[] {
  const needed = new Set<string>();
  for (let before = -1; before !== needed.size; ) {
    before = needed.size;
    const wanted = [...outputs, ...states.filter((s) => needed.has(s.id)).map((s) => s.next)];
    const { given } = giving(plan, only(plan, wanted));
    for (const { id } of states) if (given.includes(id)) needed.add(id);
  }
  return states
    .filter((s) => needed.has(s.id))
    .map((s) => {
      const source = sourceOf(plan, (plan.outputs.get(s.next) as Output).ref);
      const id = source?.op === "given" ? (source.attrs["id"] as string) : "";
      return { ...s, from: fields.includes(id) ? id : null };
    });
}

/** What a clause reads of another state is what that one starts with. */
function started(before: Plan, states: readonly StepState[]): Plan {
  const initial = new Map(states.map((s) => [s.id, s.initial]));
  const starts = giving(
    before,
    only(
      before,
      states.map((s) => s.initial),
    ),
  );
  let plan = before;
  while (plan.given.some((id) => initial.has(id))) plan = supplied(plan, starts, initial);
  return plan;
}

/** A state is called as in the equations, `h[-1]`; what it becomes `h[-1].next`. */
function namesOf({ id, initial, next }: StepState): Map<string, string> {
  const at = id.indexOf("@");
  const name = `${id.slice(0, at)}[${id.slice(at + 1)}]`;
  return new Map([
    [id, name],
    [initial, name],
    [next, `${name}.next`],
  ]);
}
