/** Runs Systems as plans on a device and compares with the reference evaluator. */
import { grad } from "../../src/compiler/ad/grad.js";
import { optimise, prepare } from "../../src/compiler/passes/pipeline.js";
import { fullAxes, type LowerOptions, lower, type Plan } from "../../src/compiler/plan/lower.js";
import { validOf } from "../../src/compiler/plan/places.js";
import { schedule } from "../../src/compiler/schedule/schedule.js";
import { paddedLength } from "../../src/compiler/system/axes.js";
import { outerNames } from "../../src/compiler/system/positions.js";
import { axisOf, getValue, product, type System, type Value } from "../../src/compiler/system/types.js";
import { type Environment, Evaluator, type Lengths } from "../../src/compiler/targets/reference/evaluator.js";
import type { DrawReply, DrawRequest } from "../../src/runtime/decoder/types.js";
import type { Device, DeviceTensor } from "../../src/runtime/device.js";
import { layoutOf, ownIndex, placed, type TestLayout } from "./layout.js";
import { difference, uniform } from "./numbers.js";
import type { Case } from "./sketch.js";

/** What stands on the padding of whatever a sample gives. */
export type Padding = "zero" | "random" | "large";

export interface PlanRun {
  readonly lower?: LowerOptions;
  /** What becomes of the plan. */
  readonly rewrite?: (plan: Plan) => Plan;
  readonly padding?: Padding;
  /** Padded extents beyond the longest sample. */
  readonly extra?: number;
  readonly draw?: (request: DrawRequest) => DrawReply;
}

export const extentsOf = (env: Environment, extra = 0, layout?: TestLayout): Record<string, number> => ({
  ...Object.fromEntries(Object.entries(env.lengths).map(([axis, all]) => [axis, Math.max(0, ...flat(all)) + extra])),
  ...Object.fromEntries(Object.entries(layout?.widths ?? {}).map(([axis, all]) => [axis, all.reduce((a, b) => a + b)])),
});

const flat = (lengths: readonly Lengths[]): number[] => lengths.flatMap((l) => (typeof l === "number" ? [l] : flat(l)));

/** The loss and the gradients of a case, optimised: the System and the ids of what it computes. */
export function trained(c: Case, loss = "loss"): { system: System; outputs: string[] } {
  const { system, adjoint } = grad(prepare(c.system, [loss]), loss, c.params);
  const outputs = [loss, ...c.params.map(adjoint)];
  return { system: optimise(system, outputs), outputs };
}

const extentOf = (system: System, id: string, extents: Record<string, number>, batch: number): number => {
  const axis = axisOf(system, id);
  if (axis.kind === "batch") return batch;
  if (axis.length !== undefined) return paddedLength(axis.length, (base) => extentOf(system, base, extents, batch));
  return axis.size ?? (extents[id] as number);
};

/** The axes around one, outermost first. */
function around(system: System, axis: string): string[] {
  const { within } = axisOf(system, axis);
  return within === undefined ? [] : [...around(system, within), within];
}

/** What a plan is told about the ragged axes: lengths as [outer axes…, batch], 0 on padding. */
export function lengthsOf(
  system: System,
  env: Environment,
  extents: Record<string, number>,
  layout: TestLayout = { widths: {}, places: {} },
): Record<string, Int32Array> {
  const valid = Object.entries(layout.places).map(([axis, places]) => {
    const n = extents[axis] as number;
    const at = Array.from({ length: n }, (_, place) => places.map((own) => (own.includes(place) ? n : 0)));
    return [validOf(axis), Int32Array.from(at.flat())] as const;
  });
  const evaluator = new Evaluator(system, env);
  const own = [...system.axes.values()].filter((a) => a.kind === "ragged");
  return Object.fromEntries([
    ...valid,
    ...own.map(({ id }) => {
      const outer = indices(around(system, id).map((a) => extentOf(system, a, extents, env.batch)));
      const all = outer.flatMap((index) =>
        Array.from({ length: env.batch }, (_, b) => evaluator.extent(id, { "#": b }, [...index].reverse())),
      );
      return [id, Int32Array.from(all)] as const;
    }),
  ]);
}

/** All index tuples of a shape, row by row. */
const indices = (shape: readonly number[]): number[][] =>
  shape.reduce<number[][]>((all, n) => all.flatMap((p) => Array.from({ length: n }, (_, i) => [...p, i])), [[]]);

/** Indices of a value's tensor, outermost axis first, then the batch. */
function positions(system: System, v: Value, extents: Record<string, number>, batch: number): number[][] {
  const order = [...v.slots.keys()].sort((a, b) => Number(v.slots[a]?.axis === "#") - Number(v.slots[b]?.axis === "#"));
  let all: number[][] = [new Array<number>(v.slots.length).fill(0)];
  for (const i of order) {
    const n = extentOf(system, v.slots[i]?.axis as string, extents, batch);
    all = all.flatMap((p) => Array.from({ length: n }, (_, k) => p.map((x, j) => (j === i ? k : x))));
  }
  return all;
}

/** The index of a sample's own that lies at a place of a batch; null on padding. */
function ownOf(
  system: System,
  v: Value,
  place: readonly number[],
  env: Environment,
  layout: TestLayout,
): number[] | null {
  const b = place[v.slots.findIndex((s) => s.axis === "#")] ?? 0;
  const index = v.slots.map((s, i) => ownIndex(layout, s.axis, b, place[i] as number));
  return index.includes(-1) || !isInside(system, v, index, env) ? null : index;
}

/** Is an index inside the sample's own lengths? Without a sample, inside the longest. */
function isInside(system: System, v: Value, index: readonly number[], env: Environment): boolean {
  const evaluator = new Evaluator(system, env);
  const at = (name: string): number => index[v.slots.findIndex((s) => s.name === name)] as number;
  const b = v.slots.findIndex((s) => s.axis === "#");
  const point = b < 0 ? {} : { "#": index[b] as number };
  return v.slots.every(
    (s, i) => (index[i] as number) < evaluator.extent(s.axis, point, outerNames(v.slots, s).map(at)),
  );
}

/** The numbers of a value that is given, padded. */
export function dataOf(
  system: System,
  v: Value,
  env: Environment,
  extents: Record<string, number>,
  padding: Padding,
  layout: TestLayout = { widths: {}, places: {} },
): { data: Float32Array | Int32Array; shape: number[] } {
  const all = positions(system, v, extents, env.batch);
  const n = product(v.shape);
  const data = v.dtype === "int" ? new Int32Array(all.length * n) : new Float32Array(all.length * n);
  all.forEach((place, k) => {
    const index = ownOf(system, v, place, env, layout);
    if (index) {
      const given = Array.from(env.given(v.id, index));
      data.set(v.dtype === "int" ? given.map((x) => placed(layout, system, v, index[0] as number, x)) : given, k * n);
      return;
    }
    if (v.step !== undefined) data[k] = -1;
    if (v.dtype === "int" || padding === "zero") return;
    const size = padding === "large" ? 1e3 : 1;
    for (let i = 0; i < n; i++) data[k * n + i] = size * (2 * uniform("padding", v.id, k, i) - 1);
  });
  const axes = v.slots.filter((s) => s.axis !== "#").map((s) => extentOf(system, s.axis, extents, env.batch));
  return { data, shape: [...axes, ...(axes.length < v.slots.length ? [env.batch] : []), ...v.shape] };
}

/** All results of one run, by id. Everything uploaded is freed again. */
export function runPlan(
  device: Device,
  system: System,
  env: Environment,
  outputs: readonly string[],
  options: PlanRun = {},
): Map<string, Float32Array | Int32Array> | null {
  const layout = layoutOf(system, env, options.extra);
  const extents = extentsOf(env, options.extra, layout);
  const lengths = lengthsOf(system, env, extents, layout);
  const shapes = { batch: env.batch, extents, widths: layout.widths, full: fullAxes(system, { extents }, lengths) };
  const lowered = lower({ system, program: schedule(system) }, shapes, outputs, options.lower);
  const plan = options.rewrite?.(lowered) ?? lowered;
  const executable = device.prepare(plan);
  const own: DeviceTensor[] = [];
  const given = new Map<string, DeviceTensor>();
  try {
    for (const id of plan.given) {
      const { data, shape } = dataOf(system, getValue(system, id), env, extents, options.padding ?? "zero", layout);
      const tensor = device.upload(data, shape);
      own.push(tensor);
      given.set(id, tensor);
    }
    const results = executable.run({ given, lengths, ...(options.draw ? { draw: options.draw } : {}) });
    own.push(...(results?.values() ?? []));
    return results && new Map([...results].map(([id, tensor]) => [id, device.read(tensor)]));
  } finally {
    for (const tensor of own) device.dispose(tensor);
    executable.dispose();
  }
}

/** The greatest difference between a run and the reference, over all indices inside the samples, and where it is. */
export function compare(
  system: System,
  env: Environment,
  results: ReadonlyMap<string, Float32Array | Int32Array>,
  extra = 0,
): { worst: number; where: string } {
  const evaluator = new Evaluator(system, env);
  const layout = layoutOf(system, env, extra);
  const extents = extentsOf(env, extra, layout);
  let found = { worst: 0, where: "" };
  for (const [id, data] of results) {
    const v = getValue(system, id);
    const n = product(v.shape);
    positions(system, v, extents, env.batch).forEach((place, k) => {
      const index = ownOf(system, v, place, env, layout);
      if (!index) return;
      evaluator.value(id, index).forEach((x, i) => {
        const got = data[k * n + i] as number;
        const d = x === got ? 0 : difference(x, got);
        if (!(d <= found.worst))
          found = { worst: Number.isNaN(d) ? Infinity : d, where: `${id}[${index}].${i}: ${got}, not ${x}` };
      });
    });
  }
  return found;
}
