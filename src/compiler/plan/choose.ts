/** The op `only`: where a variable has an index that is data. Its sums are gathers and scatters, all else is a selection. */
import { getValue, type Read, type Slot, type Value } from "../system/types.js";
import { select } from "./masks.js";
import { type Choice, gatherAlong, scatterAlong } from "./rows.js";
import { isConst, type Ref } from "./types.js";
import { type Around, indexOf, lengthOf, reduceOver, valid } from "./variables.js";

/** One equation with its arguments, in the layout of the frame. */
interface Here extends Around {
  readonly v: Value;
  /** The variable that is compared with the index, and its dim; −1 inside of a loop over it. */
  readonly slot: Slot;
  readonly dim: number;
  readonly x: Ref;
  readonly index: Ref;
  /** Extents of the dims and the batch, and which of them are summed. */
  readonly lead: readonly number[];
  readonly reduced: readonly number[];
}

/** The value of an equation with the op `only`, in the layout of the frame; reduced dims are 1. */
export function choose(around: Around, v: Value, args: readonly Ref[], reduced: readonly number[]): Ref {
  const { flat, frame } = around;
  const eq = v.eq as NonNullable<Value["eq"]>;
  const slot = [...v.slots, ...(eq.red?.vars ?? [])].find((s) => s.name === eq.attrs["slot"]) as Slot;
  const dim = frame.dims.findIndex((d) => d.v === slot.name);
  const x = args[0] as Ref;
  const index = flat.int(args[1] as Ref);
  const lead = [...frame.dims.map((d) => d.len), frame.batch];
  const here: Here = { ...around, v, slot, dim, x, index, lead, reduced };
  const result = ruleOf(here)(here);
  return v.dtype === "int" ? flat.int(result) : result;
}

function ruleOf({ v, dim, x, index, reduced }: Here): (here: Here) => Ref {
  const isApart = dim >= 0 && (isConst(index) || index.shape[dim] === 1);
  if (!isApart || v.eq?.red?.kind !== "sum") return selection;
  if (reduced.includes(dim)) return gather;
  return isConst(x) || x.shape[dim] === 1 ? scatter : selection;
}

/** Maps of a structure stay inside of it; any other index may lie on the padding, which is outside. */
function limitOf(here: Here): Ref | null {
  const { extents, v, slot } = here;
  const index = v.eq?.args[1] as Read;
  if (getValue(extents.system, index.v).step !== undefined || !extents.isRagged(slot.axis)) return null;
  if (extents.isLevelled(slot.axis)) return null; // where a node or edge lies is no longer than nothing
  const lengths = lengthOf(here, slot.axis, here.frame.outer.get(slot.name) ?? [], true);
  return isConst(lengths) ? null : lengths;
}

const choiceOf = (here: Here): Choice => ({
  flat: here.flat,
  rank: here.lead.length,
  dim: here.dim,
  n: here.lead[here.dim] as number,
  from: here.frame.dims[here.dim]?.from as number,
  index: here.index,
  limit: limitOf(here),
  isSure: here.v.eq?.attrs["sure"] === true,
});

/** sum[s] x[s] where s = i: the entry of x at i. */
function gather(here: Here): Ref {
  const { flat, v, x, dim, lead, reduced } = here;
  if (isConst(x) && x.c === 0) return x;
  const choice = choiceOf(here);
  const own = isConst(x) ? lead.map(() => 1) : x.shape.slice(0, lead.length);
  const table = flat.full(x, [...own.map((d, k) => (k === dim ? choice.n : d)), ...v.shape]);
  const found = isConst(table) ? table : gatherAlong(choice, table, v.shape);
  const rest = reduced.filter((k) => k !== dim);
  return flat.sum(found, rest, [...lead.map((d, k) => (k === dim ? 1 : d)), ...v.shape]);
}

/** sum[t] x[t] where s = i[t], for each s: x is added up at its indices. */
function scatter(here: Here): Ref {
  const { flat, v, x, index, dim, lead, reduced } = here;
  // what the index does not depend on is added up first
  const free = reduced.filter((k) => isConst(index) || index.shape[k] === 1);
  const summed = flat.sum(x, free, [...lead.map((d, k) => (k === dim ? 1 : d)), ...v.shape]);
  if (isConst(summed) && summed.c === 0) return summed;
  const rest = reduced.filter((k) => !free.includes(k));
  return scatterAlong(choiceOf(here), summed, v.shape, rest);
}

/** Element by element, then reduced: maxima and log-sum-exps of segments, single indices of a loop, no sum at all. */
function selection(here: Here): Ref {
  const { flat, frame, v, slot, x, index, lead, reduced } = here;
  const eq = v.eq as NonNullable<Value["eq"]>;
  const rank = v.shape.length;
  const fill = flat.constant((eq.attrs["fill"] as number | undefined) ?? 0, x.int);
  const isHere = flat.binary("equal", indexOf(here, slot.name), flat.float(index), (a, b) => (a === b ? 1 : 0));
  const column = isConst(isHere) ? isHere : flat.reshape(isHere, [...isHere.shape, ...v.shape.map(() => 1)]);
  const chosen = flat.where(column, x, fill);
  const inside = limitOf(here) ? select(flat, valid(here, [slot]), chosen, fill, frame, rank) : chosen;
  if (!eq.red) return inside;
  if (eq.red.kind === "sum" || eq.red.kind === "draw") return flat.sum(inside, reduced, [...lead, ...v.shape]);
  const overSamples = eq.red.vars.some((s) => s.axis === "#");
  const truth = valid(here, [...eq.red.vars, ...(overSamples ? v.slots : [])]);
  return reduceOver(here, eq.red.kind, reduced, truth, inside, rank, v.shape);
}
