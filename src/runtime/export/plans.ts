/** Plans of a model that are ready to become graphs. */
import type { Model } from "../../compiler/model.js";
import { namedOwner } from "../../compiler/passes/carry.js";
import { lower } from "../../compiler/plan/lower.js";
import type { Plan } from "../../compiler/plan/plan.js";
import { inference } from "../../compiler/programs.js";
import { outerAxes, paddedLength } from "../../compiler/system/axes.js";
import { axisOf, BATCH, product, type System } from "../../compiler/system/types.js";
import type { Device } from "../device.js";
import type { Numbers } from "../feeds.js";
import { batchFirst, type Shown } from "./boundary.js";
import { exportOp } from "./diagnostics.js";
import { ExportError } from "./errors.js";
import { MISSING } from "./kernels.js";
import { lengthInput, type Sizes, withLengthInputs } from "./lengths.js";
import { type Constants, packed } from "./parts.js";
import type { Described } from "./systems.js";

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

/** All of the model: the values `outputs`. */
export function modelPlan(source: Source, outputs: readonly string[]): Exportable {
  const { plan, constants, system, sizes } = lowered(source, source.described.system, outputs, null);
  const shown = showing(system, null, (id) => id);
  return exportable(batchFirst(plan, shown), { constants, system, sizes });
}

export interface Lowered {
  readonly plan: Plan;
  readonly constants: Constants;
  readonly system: System;
  readonly sizes: Sizes;
}

/** The values `outputs` of a System, with lengths as inputs; `step`: the axis of which there is one index. */
export function lowered(source: Source, described: System, outputs: readonly string[], step: string | null): Lowered {
  const compute = inference(described, outputs);
  const { system } = compute;
  const sizes = sizesOf(source, system, step);
  const ragged = [...system.axes.values()].filter((a) => a.kind === "ragged").map((a) => a.id);
  const extents = Object.fromEntries(ragged.map((id) => [id, sizes.extent(id)]));
  const whole = lower(compute, { batch: source.batch, extents }, outputs, { chunk: null });
  const missing = whole.instrs.find((i) => MISSING.has(i.op));
  if (missing) throw new ExportError(exportOp({ value: nameIn(described, missing.origin), op: missing.op }));
  return { ...packed(withLengthInputs(whole, sizes), source.device, source.parameters), system, sizes };
}

/** The value with a name that an instruction was made for: `K` of `K.0[2]`. */
function nameIn(system: System, origin: string): string {
  const id = origin.replace(/\[.*/, "");
  const value = system.values.get(id);
  return value ? namedOwner(system, value).id : id;
}

function sizesOf({ batch, lengths }: Source, system: System, step: string | null): Sizes {
  const extent = (axis: string): number => {
    const { size, length } = axisOf(system, axis);
    if (size !== undefined) return size;
    if (axis === step) return 1;
    return length === undefined ? (lengths[axis] as number) : paddedLength(length, extent);
  };
  return { system, batch, extent, isFull: (axis) => axis === step };
}

/** `defaults`: of states; `names`: of inputs and results that are not called as their values are, by id. */
export function exportable(
  plan: Plan,
  { constants, system, sizes }: Omit<Lowered, "plan">,
  defaults: ReadonlyMap<string, Numbers> = new Map(),
  names: ReadonlyMap<string, string> = new Map(),
): Exportable {
  const lengths = [...system.axes.keys()].flatMap((axis) => {
    const id = lengthInput(axis);
    if (!plan.given.includes(id)) return [];
    const outer = outerAxes(system, axis).map((a) => sizes.extent(a));
    return [[id, new Int32Array(product(outer) * sizes.batch).fill(sizes.extent(axis))] as const];
  });
  const ids = new Map([...names].map(([id, name]) => [name, id]));
  return { plan, constants, defaults: new Map([...defaults, ...lengths]), ids, system };
}

/** How values look from outside. A state and what it was before the first step have the same slots. */
export function showing(
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
