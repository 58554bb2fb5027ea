/**
 * Which loops are computed in parallel: linear recurrences whose gates lie between −1 and 1, where fewer and larger kernels
 * cost less. Compositions of gates that are larger could overflow where the recurrence itself does not.
 */
import { slotIn } from "../schedule/slots.js";
import type { Item, Loop, Program } from "../schedule/types.js";
import { type Eq, getValue, product, type System } from "../system/types.js";
import { type Linear, linear } from "./linear.js";
import { isGate } from "./magnitude.js";
import type { Extents } from "./places.js";
import { type Costs, costOfRecurrence } from "./recurrence.js";
import { isBatch, type Zeros } from "./values.js";

/** The costs are known roughly: for less than this a loop stays one. */
const GAIN = 0.9;

/** A program whose linear recurrences are no loops where that costs less. `drawn`: values that depend on draws. */
export function inParallel(
  program: Program,
  parts: {
    readonly extents: Extents;
    readonly drawn: ReadonlySet<string>;
    readonly isZero: Zeros;
    readonly costs: Costs;
  },
): Program {
  let { system } = program;
  const items = program.items.flatMap((item): readonly Item[] => {
    if (item.kind === "eq" || item.members.some((id) => parts.drawn.has(id))) return [item];
    const found = linear(system, item, parts.isZero);
    if (!found || !isGate(found.system, found.gate) || !isCheaper(system, item, found, parts)) return [item];
    system = found.system;
    return found.items;
  });
  return system === program.system ? program : { system, items };
}

function isCheaper(
  system: System,
  loop: Loop,
  found: Linear,
  { extents, costs }: { readonly extents: Extents; readonly costs: Costs },
): boolean {
  const state = getValue(system, found.state);
  const along = slotIn(loop.slots, state);
  const n = extents.of(loop.axis);
  const others = state.slots.filter((s) => s !== along).map((s) => (isBatch(s) ? extents.batch : extents.of(s.axis)));
  const width = product(others) * product(state.shape);
  const kernels = (count: number, elements: number): number => count * (costs.call + elements * width * costs.element);
  const members = new Set(loop.members);
  const equations = loop.members.map((id) => getValue(system, id).eq as Eq);
  const known = new Set(equations.flatMap((eq) => eq.args.map((r) => r.v).filter((id) => !members.has(id))));
  const read = [...system.values.values()].flatMap((v) =>
    members.has(v.id) ? [] : (v.eq?.args ?? []).map((r) => r.v).filter((id) => members.has(id)),
  );
  // what the loop reads is cut into steps, what is read of it is put together
  const steps = kernels(n * count(equations), 1) + kernels(known.size + new Set(read).size, n);
  const whole = found.items.flatMap((item) => (item.kind === "eq" ? [getValue(found.system, item.v).eq as Eq] : []));
  return costOfRecurrence(n, width, costs) + kernels(count(whole), n) <= GAIN * steps;
}

/** Kernels of elementwise equations. */
const count = (equations: readonly Eq[]): number =>
  equations.reduce((sum, { op, args }) => {
    if (op === "id" || op === "const" || op === "linearAlong") return sum;
    return sum + (op === "add" || op === "mul" ? args.length - 1 : 1);
  }, 0);
