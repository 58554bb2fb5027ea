/** What the schedule achieved, as numbers: for `explain`, and for the tests that keep it so. */
import { loopsAround } from "../schedule/schedule.js";
import { slotIn } from "../schedule/slots.js";
import type { Item, Loop, Program } from "../schedule/types.js";
import { mapsOf } from "../system/axes.js";
import { reach } from "../system/deps.js";
import { axisOf, getValue, type System } from "../system/types.js";
import { variable } from "./positions.js";

/** Ops that are one matrix product or convolution each. */
const products: ReadonlySet<string> = new Set(["mv", "mvT", "mm", "outer", "conv2d", "conv2dInput", "conv2dFilter"]);

export interface LoopInfo {
  readonly axis: string;
  /** The index of the axis as its members call it. */
  readonly variable: string;
  /** 1: from 0 up; -1: from the end down. */
  readonly direction: 1 | -1;
  /** 0 for an outermost loop. */
  readonly depth: number;
  /** Ids of what is computed once per step, without that of inner loops. */
  readonly equations: readonly string[];
  /** Matrix products and convolutions per step, without those of inner loops. */
  readonly matmuls: number;
  /** Over the diagonals of two axes: all cells of one at once. */
  readonly diagonal: readonly [string, string] | null;
  /** Over the levels of a tree or graph. */
  readonly structure: "tree" | "graph" | null;
  /** Does it compute adjoints: is it a loop of backpropagation? */
  readonly backward: boolean;
}

export interface GradientInfo {
  readonly param: string;
  readonly adjoint: string;
  /** Are its matrix products made outside all loops: one for all steps instead of one for each? */
  readonly afterLoops: boolean;
}

export interface LoopSummary {
  /** In the order in which they run, an outer loop before its inner ones. */
  readonly loops: readonly LoopInfo[];
  readonly gradients: readonly GradientInfo[];
}

/**
 * The loops of a program and where the gradients of parameters are computed. `gradients` gives the adjoint of each
 * parameter; without it the names that differentiation gives are looked for.
 */
export function loopSummary(program: Program, gradients?: ReadonlyMap<string, string>): LoopSummary {
  const { system } = program;
  const around = loopsAround(program);
  return {
    loops: loopsOf(program.items, 0, system),
    gradients: [...(gradients ?? adjoints(system))].map(([param, adjoint]) => ({
      param,
      adjoint,
      afterLoops: [...terms(system, adjoint)].every((id) => !makesWeights(system, id) || around.get(id)?.length === 0),
    })),
  };
}

export const isProduct = (system: System, id: string): boolean => products.has(getValue(system, id).eq?.op ?? "");

/** Which structure an axis is of: only trees have parents. */
export function structureOf(system: System, axis: string): LoopInfo["structure"] {
  const { family } = axisOf(system, axis);
  if (family === undefined) return null;
  return system.values.has(mapsOf(family).up) ? "tree" : "graph";
}

/** In which order a loop over a tree or graph goes. */
export function orderOf(structure: "tree" | "graph", direction: 1 | -1): string {
  if (structure === "tree") return direction === 1 ? "from the leaves up" : "from the root down";
  return direction === 1 ? "along the edges" : "against the edges";
}

/** The name of a loop's index. */
export function loopVariable(system: System, { axis, slots, members: [first] }: Loop): string {
  if (axisOf(system, axis).family !== undefined) return variable(axis);
  return variable(slotIn(slots, getValue(system, first as string)).name);
}

function loopsOf(items: readonly Item[], depth: number, system: System): LoopInfo[] {
  return items.flatMap((item) =>
    item.kind === "eq" ? [] : [describe(item, depth, system), ...loopsOf(item.body, depth + 1, system)],
  );
}

function describe(loop: Loop, depth: number, system: System): LoopInfo {
  const equations = loop.body.flatMap((item) => (item.kind === "eq" ? [item.v] : []));
  const { diagonal } = axisOf(system, loop.axis);
  return {
    axis: loop.axis,
    variable: loopVariable(system, loop),
    direction: loop.direction,
    depth,
    structure: structureOf(system, loop.axis),
    equations,
    matmuls: equations.filter((id) => isProduct(system, id)).length,
    backward: loop.members.some((id) => isAdjoint(system, id)),
    diagonal: diagonal ? [diagonal.i, diagonal.j] : null,
  };
}

/** Only adjoints are zero outside of their domain, and what is laid out by diagonals. */
function isAdjoint(system: System, id: string): boolean {
  const { outside, slots } = getValue(system, id);
  if (outside !== "zero") return false;
  return slots.every((s) => !axisOf(system, s.axis).diagonal) || (id.startsWith("d") && system.values.has(id.slice(1)));
}

function adjoints(system: System): [param: string, adjoint: string][] {
  return [...system.values.values()].flatMap(({ id, role }): [string, string][] =>
    role === "param" && system.values.has(`d${id}`) ? [[id, `d${id}`]] : [],
  );
}

/** Products that have the shape of a weight. */
const weightProducts: ReadonlySet<string> = new Set(["outer", "mm", "putCol", "conv2dFilter"]);
const makesWeights = (system: System, id: string) => weightProducts.has(getValue(system, id).eq?.op ?? "");

/** What only adds up and moves its arguments. */
const gathering: ReadonlySet<string> = new Set(["add", "id", "mask", "concat", "slice", "pad", "reshape", "transpose"]);

/** An adjoint and all that is added up to make it. */
function terms(system: System, adjoint: string): ReadonlySet<string> {
  const next = (id: string): string[] => {
    const { eq } = getValue(system, id);
    if (eq === null || !gathering.has(eq.op)) return [];
    return eq.args.map(({ v }) => v).filter((v) => getValue(system, v).eq !== null);
  };
  return reach([adjoint], next);
}
