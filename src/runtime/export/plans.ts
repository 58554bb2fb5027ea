/** The plans that a model is exported as: all of it at given lengths, and one step of a sequence with what comes before. */
import type { Model } from "../../compiler/model.js";
import { CarryError } from "../../compiler/passes/carry.js";
import { lower } from "../../compiler/plan/lower.js";
import type { Plan } from "../../compiler/plan/plan.js";
import { type Compute, inference } from "../../compiler/programs.js";
import { outerAxes, paddedLength } from "../../compiler/system/axes.js";
import { axisOf, BATCH, product, type System } from "../../compiler/system/types.js";
import type { Device } from "../device.js";
import type { Numbers } from "../feeds.js";
import { batchFirst, type Shown } from "./boundary.js";
import { exportOp } from "./diagnostics.js";
import { ExportError } from "./errors.js";
import { MISSING } from "./kernels.js";
import { lengthInput, type Sizes, withLengthInputs } from "./lengths.js";
import { type Constants, evaluate, packed, steady } from "./parts.js";
import { depending, rewritten, sourceOf } from "./rewrite.js";
import { type Described, type Stepped, type StepState, stepped } from "./systems.js";

export interface Source {
  readonly model: Model;
  readonly device: Device;
  readonly parameters: Constants;
  readonly described: Described;
  readonly batch: number;
  /** Of the ragged axes that do not follow from others. */
  readonly lengths: Readonly<Record<string, number>>;
}

/** A plan ready to become a graph. */
export interface Exportable {
  readonly plan: Plan;
  readonly constants: Constants;
  readonly defaults: ReadonlyMap<string, Numbers>;
  /** By the name of an input or result: the id of its value in `system`. */
  readonly ids: ReadonlyMap<string, string>;
  readonly system: System;
}

/** `from`: the field that becomes the state as it is; null: the step computes it, under this `output`. */
export type NextState = { readonly input: string } & ({ readonly from: string } | { readonly output: string });

export interface StepPlans {
  readonly axis: string;
  /** null: sequences start with constants, which are the defaults of the states. */
  readonly start: Exportable | null;
  readonly step: Exportable;
  readonly states: readonly NextState[];
  /** Of the results that depend on what is observed at this very step: on which fields. */
  readonly after: ReadonlyMap<string, readonly string[]>;
}

/** All of the model: the values `outputs`. */
export function modelPlan(source: Source, outputs: readonly string[]): Exportable {
  const compute = inference(source.described.system, outputs);
  const { system } = compute;
  const sizes = sizesOf(source, system, null);
  const lowered = packed(loweredPlan(source, compute, outputs, sizes), source.device, source.parameters);
  const shown = showing(system, null, (id) => id);
  return exportable(batchFirst(lowered.plan, shown), lowered.constants, system, sizes, new Map());
}

/** One step along `axis`; why there is none, where a step would have to know the rest of the sequence. */
export function stepPlans(source: Source, axis: string): StepPlans | CarryError | null {
  const { model, described } = source;
  const along = model.fields.filter((f) => f.axes.includes(axis));
  const outputs = described.parameters.flatMap(({ id, random }) => (along.some((f) => f.name === random) ? [id] : []));
  let one: Stepped;
  try {
    one = stepped(described.system, axis, outputs);
  } catch (e) {
    if (e instanceof CarryError) return e;
    throw e;
  }
  // nothing goes from step to step
  if (!one.states.length) return null;
  const all = [...outputs, ...one.states.flatMap((s) => [s.initial, s.next])];
  const compute = inference(one.system, all);
  const sizes = sizesOf(source, compute.system, axis);
  const { plan: whole, constants } = packed(
    loweredPlan(source, compute, all, sizes),
    source.device,
    source.parameters,
  );
  const states = statesOf(whole, one.states, outputs);
  const kept = [...outputs, ...states.flatMap((s) => (s.from === null ? [s.initial, s.next] : [s.initial]))];
  const plan = rewritten(whole, () => null, new Map([...whole.outputs].filter(([id]) => kept.includes(id))));
  const { system } = compute;
  const names = new Map(states.flatMap((s) => [...stateNames(s)]));
  const inside = [...system.axes.keys()].filter((a) => outerAxes(system, a).includes(axis)).map(lengthInput);
  const moves = (id: string): boolean => {
    const value = system.values.get(id);
    return value ? value.role === "state" || value.slots.some((s) => s.axis === axis) : inside.includes(id);
  };
  const cut = steady(
    plan,
    moves,
    constants,
    states.map((s) => s.initial),
  );
  const shown = showing(system, axis, (id) => names.get(id) ?? id);
  const [before, step] = [batchFirst(cut.before, shown), batchFirst(cut.after, shown)];
  const isConstant = before.given.every((id) => constants.has(id));
  const initial = isConstant ? evaluate(source.device, before, constants) : new Map();
  const defaults = new Map([...initial].map(([name, { data }]) => [name, data as Numbers]));
  const drawn = along.filter((f) => f.role === "random").map((f) => f.name);
  return {
    axis,
    start: isConstant ? null : exportable(before, constants, system, sizes, new Map(), names),
    step: exportable(step, constants, system, sizes, defaults, names),
    states: states.map((s): NextState => {
      const input = names.get(s.id) as string;
      return s.from === null ? { input, output: names.get(s.next) as string } : { input, from: s.from };
    }),
    after: new Map(
      [...step.outputs].map(([name, { ref }]) => [name, drawn.filter((f) => dependsOn(step, ref, f))] as const),
    ),
  };
}

type Ref = NonNullable<ReturnType<Plan["outputs"]["get"]>>["ref"];
const dependsOn = (plan: Plan, ref: Ref, field: string): boolean =>
  "n" in ref && depending(plan, (id) => id === field).has(ref.n);

interface Held extends StepState {
  /** The field that becomes the state. */
  readonly from: string | null;
}

/** The states that the results need, in this step or a later one. */
function statesOf(plan: Plan, states: readonly StepState[], outputs: readonly string[]): Held[] {
  const needed = new Set<string>();
  for (let before = -1; before !== needed.size; ) {
    before = needed.size;
    const wanted = [...outputs, ...states.filter((s) => needed.has(s.id)).map((s) => s.next)];
    const part = rewritten(plan, () => null, new Map([...plan.outputs].filter(([id]) => wanted.includes(id))));
    for (const { id } of states) if (part.given.includes(id)) needed.add(id);
  }
  return states
    .filter((s) => needed.has(s.id))
    .map((s) => {
      const source = sourceOf(plan, (plan.outputs.get(s.next) as { ref: Ref }).ref);
      const from = source?.op === "given" ? (source.attrs["id"] as string) : null;
      return { ...s, from: from !== null && states.every((o) => o.id !== from) ? from : null };
    });
}

/** A state is called as in the equations, `h[-1]`; what it becomes `h[-1].next`. */
function stateNames({ id, initial, next }: StepState): Map<string, string> {
  const at = id.indexOf("@");
  const name = `${id.slice(0, at)}[${id.slice(at + 1)}]`;
  return new Map([
    [id, name],
    [initial, name],
    [next, `${name}.next`],
  ]);
}

function loweredPlan({ batch }: Source, compute: Compute, outputs: readonly string[], sizes: Sizes): Plan {
  const ragged = [...compute.system.axes.values()].filter((a) => a.kind === "ragged").map((a) => a.id);
  const extents = Object.fromEntries(ragged.map((id) => [id, sizes.extent(id)]));
  const plan = lower(compute, { batch, extents }, outputs, { chunk: null });
  const missing = plan.instrs.find((i) => MISSING.has(i.op));
  if (missing) throw new ExportError(exportOp({ value: missing.origin.replace(/\[.*/, ""), op: missing.op }));
  return withLengthInputs(plan, sizes);
}

/** `step`: the axis of which there is one index. */
function sizesOf({ batch, lengths }: Source, system: System, step: string | null): Sizes {
  const extent = (axis: string): number => {
    const { size, length } = axisOf(system, axis);
    if (size !== undefined) return size;
    if (axis === step) return 1;
    return length === undefined ? (lengths[axis] as number) : paddedLength(length, extent);
  };
  return { system, batch, extent, isFull: (axis) => axis === step };
}

function exportable(
  plan: Plan,
  constants: Constants,
  system: System,
  sizes: Sizes,
  states: ReadonlyMap<string, Numbers>,
  names: ReadonlyMap<string, string> = new Map(),
): Exportable {
  const lengths = [...system.axes.keys()].map((axis) => [lengthInput(axis), axis] as const);
  const defaults = new Map(states);
  for (const [id, axis] of lengths) {
    const outer = outerAxes(system, axis).map((a) => sizes.extent(a));
    if (plan.given.includes(id))
      defaults.set(id, new Int32Array(product(outer) * sizes.batch).fill(sizes.extent(axis)));
  }
  const ids = new Map([...names].map(([id, name]) => [name, id]));
  return { plan, constants, defaults, ids, system };
}

/** How values look from outside. A state and what it was before the first step have the same slots. */
function showing(
  system: System,
  step: string | null,
  nameOf: (id: string) => string,
): (id: string) => Shown | null {
  const lengths = new Map([...system.axes.keys()].map((axis) => [lengthInput(axis), axis]));
  return (id) => {
    const axis = lengths.get(id);
    const hiddenOf = (own: readonly string[]): number | null =>
      step === null || !own.includes(step) ? null : own.indexOf(step);
    if (axis !== undefined && !system.values.has(id)) {
      const outer = outerAxes(system, axis).reverse();
      return { name: id, axes: outer.length, perSample: true, hidden: hiddenOf(outer) };
    }
    const value = system.values.get(id);
    if (!value || value.role === "param" || value.role === "frozen") return null;
    const own = value.slots.filter((s) => s.axis !== BATCH.axis).map((s) => s.axis);
    return { name: nameOf(id), axes: own.length, perSample: own.length < value.slots.length, hidden: hiddenOf(own) };
  };
}
