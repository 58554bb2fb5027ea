/**
 * System → Program: recursive Allen–Kennedy. In each strongly connected component, choose an axis along which every cycle
 * takes a strict step of one sign (after retiming), loop over it, delete the strict edges, and schedule what remains (R12).
 * Whatever is in no cycle is one batched equation, before or after the loops: this is where input projections leave the
 * loop and weight gradients become one large matmul.
 */
import { familyOf, paddedLength } from "../system/axes.js";
import { isOutside, touches } from "../system/deps.js";
import { axisOf, BATCH, getValue, type Pos, type Read, type Step, type System, type Value } from "../system/types.js";
import { type Edge, type Slots, slotIn, slotsAlong } from "./slots.js";
import type { Item, Loop, Program } from "./types.js";

/** No axis with a strict step: the System is not causal. The checker finds this first and says it better. */
export class NotCausal extends Error {
  constructor(readonly cycle: readonly string[]) {
    super(`not causal: ${cycle.join(" → ")} takes no step of one sign along any axis`);
  }
}

export function schedule(system: System): Program {
  const order = new Map([...system.values.keys()].map((id, i) => [id, i]));
  const nodes: string[] = [];
  const edges: Edge[] = [];
  for (const v of system.values.values()) {
    if (!v.eq) continue;
    nodes.push(v.id);
    for (const a of v.eq.args)
      for (const t of touches(system, a))
        if (getValue(system, t.v).eq && !isOutside(t)) edges.push({ from: v.id, to: t.v, read: t });
  }

  /** null where a component has no legal loop; `stuck` remembers it. */
  let stuck: readonly string[] = [];
  const arrange = (members: readonly string[], among: readonly Edge[]): Item[] | null => {
    const items: Item[] = [];
    for (const component of components(members, among)) {
      const inside = new Set(component);
      const inner = among.filter((e) => inside.has(e.from) && inside.has(e.to));
      if (!inner.length) {
        items.push({ kind: "eq", v: component[0] as string });
        continue;
      }
      const loop = bestLoop(component, inner);
      if (!loop) {
        stuck = component;
        return null;
      }
      items.push(loop);
    }
    return items;
  };

  const bestLoop = (component: readonly string[], inner: readonly Edge[]): Loop | null =>
    bestOf(component, inner, false) ?? bestOf(component, inner, true);

  const bestOf = (component: readonly string[], inner: readonly Edge[], fromEach: boolean): Loop | null => {
    const axes = [
      ...new Set(getValue(system, component[0] as string).slots.map((s) => familyOf(system, s.axis))),
    ].filter((axis) => axis !== "#");
    const ways = axes.flatMap((axis) =>
      slotsAlong(system, component, inner, axis, fromEach).map((slots) => ({ axis, slots })),
    );
    const members = [...component].sort((a, b) => (order.get(a) as number) - (order.get(b) as number));
    let best: { loop: Loop; cost: number } | null = null;
    for (const { axis, slots } of ways) {
      const distances = inner.map((e) => distance(system, e, slots));
      for (const direction of [1, -1] as const) {
        // the latest that each edge can read, in loop time
        const steps = distances.map(([least, most]) => (direction === 1 ? most : -least));
        if (steps.includes(Number.POSITIVE_INFINITY)) continue;
        const offsets = retime(component, inner, steps);
        if (!offsets) continue;
        const rest = inner.filter((e, i) => offsets[e.from] === (offsets[e.to] as number) + (steps[i] as number));
        if (rest.length === inner.length) continue;
        const body = arrange(members, rest);
        if (!body) continue;
        const loop: Loop = { kind: "loop", axis, slots, direction, offsets, members, body };
        const cost = costOf(system, loop);
        if (!best || cost < best.cost) best = { loop, cost };
      }
    }
    return best?.loop ?? null;
  };

  const items = arrange(nodes, edges);
  if (!items) throw new NotCausal(stuck);
  return { system, items: resultsLast(system, items, edges) };
}

/**
 * Moves what no axis has and no loop needs, such as the gradients of parameters and the loss, after the last loop, without
 * changing an order that matters: a step then reads as forward, backward, gradients.
 */
function resultsLast(system: System, items: readonly Item[], edges: readonly Edge[]): Item[] {
  const results = new Set<string>();
  const readers = new Map<string, string[]>();
  for (const e of edges) readers.set(e.to, [...(readers.get(e.to) ?? []), e.from]);
  const last = new Set<Item>();
  for (const item of [...items].reverse()) {
    if (item.kind === "loop") continue;
    const isRead = (readers.get(item.v) ?? []).some((id) => !results.has(id));
    if (isRead || getValue(system, item.v).slots.length) continue;
    results.add(item.v);
    last.add(item);
  }
  return [...items.filter((item) => !last.has(item)), ...items.filter((item) => last.has(item))];
}

type Interval = readonly [number, number];
const steps: Readonly<Record<Step, Interval>> = {
  same: [0, 0],
  below: [Number.NEGATIVE_INFINITY, -1],
  above: [1, Number.POSITIVE_INFINITY],
};

/** How far along the slots of a loop an edge can read, as an interval: [−1, −1] for h[t-1], [−∞, −1] for h[u] with u < t. */
function distance(system: System, e: Edge, slots: Slots): Interval {
  const anywhere = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
  const reader = getValue(system, e.from);
  const value = getValue(system, e.to);
  const mine = slotIn(slots, reader);
  const p = e.read.idx[value.slots.indexOf(slotIn(slots, value))];
  if (p?.k !== "var") return anywhere;
  const levels = levelDistance(system, reader, e.read, mine.name, p);
  if (levels) return levels;
  // in levels, neighbours in number say nothing
  if (axisOf(system, mine.axis).family !== undefined && p.shift !== 0) return anywhere;
  if (p.v === reader.eq?.along) return anywhere;
  if (p.v === mine.name) return [p.shift, p.shift];
  // another variable on the same axis: known only through guards, u < t or t < u
  let [least, most]: readonly [number, number] = anywhere;
  for (const c of e.read.when) {
    if (c.rel === "in" || c.a.k !== "var" || c.b.k !== "var") continue;
    const [a, b] = [c.a, c.b];
    const below = a.v === p.v && b.v === mine.name ? b.shift - a.shift + p.shift : null;
    const above = a.v === mine.name && b.v === p.v ? a.shift - b.shift + p.shift : null;
    const strict = c.rel === "lt" ? 1 : 0;
    if (below !== null) most = Math.min(most, below - strict);
    if (above !== null) least = Math.max(least, above + strict);
    if (c.rel === "eq" && below !== null) least = Math.max(least, below);
    if (c.rel === "eq" && above !== null) most = Math.min(most, above);
  }
  return [least, most];
}

/**
 * Along a structure: x[map[e]] reads at the level that the map leads to, and a sum into map[e] reads what leads here.
 * Null where the equation does not go through a map.
 */
function levelDistance(
  system: System,
  reader: Value,
  r: Read,
  mine: string,
  p: Extract<Pos, { k: "var" }>,
): Interval | null {
  const { eq } = reader;
  if (eq?.op !== "only" || p.shift !== 0 || p.v === mine) return null;
  const [x, index] = eq.args as [Read, Read];
  const { step } = getValue(system, index.v);
  const at = index.idx.find((q) => q.k === "var" && q.v !== BATCH.name);
  if (!step || x.v !== r.v || at?.k !== "var" || at.shift !== 0) return null;
  const [least, most] = steps[step];
  if (eq.attrs["slot"] === p.v && at.v === mine) return [least, most];
  return eq.attrs["slot"] === mine && at.v === p.v ? [-most, -least] : null;
}

/** Times o with o(reader) ≥ o(read) + distance (Bellman–Ford); null if a cycle gains time, so nothing can be strict. */
function retime(
  component: readonly string[],
  edges: readonly Edge[],
  steps: readonly number[],
): Record<string, number> | null {
  const o: Record<string, number> = Object.fromEntries(component.map((id) => [id, 0]));
  for (let round = 0; round <= component.length; round++) {
    let changed = false;
    for (const [i, e] of edges.entries()) {
      const least = (o[e.to] as number) + (steps[i] as number);
      if ((o[e.from] as number) < least) {
        o[e.from] = least;
        changed = true;
      }
    }
    if (!changed) return o;
  }
  return null;
}

const HEAVY = new Set(["mv", "mvT", "mm", "outer", "conv2d", "conv2dInput", "conv2dFilter"]);
/** How long an axis may be: ragged ones are taken as 50 long. */
const sizeOf = (system: System, axis: string): number => {
  const { size, length } = axisOf(system, axis);
  return size ?? (length === undefined ? 50 : paddedLength(length, (base) => sizeOf(system, base)));
};

/** A guess at launches, to choose between legal loop orders. */
export function costOf(system: System, item: Item): number {
  if (item.kind === "eq") return HEAVY.has(getValue(system, item.v).eq?.op ?? "") ? 10 : 1;
  return sizeOf(system, item.axis) * item.body.reduce((sum, x) => sum + costOf(system, x), 0);
}

/** Strongly connected components, dependencies first (Tarjan 1972). */
function components(nodes: readonly string[], edges: readonly Edge[]): string[][] {
  const next = new Map<string, string[]>(nodes.map((id) => [id, []]));
  for (const e of edges) if (next.has(e.to)) next.get(e.from)?.push(e.to);
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const open = new Set<string>();
  const out: string[][] = [];
  const visit = (v: string): void => {
    const n = index.size;
    index.set(v, n);
    low.set(v, n);
    stack.push(v);
    open.add(v);
    for (const w of next.get(v) as string[]) {
      if (!index.has(w)) visit(w);
      if (open.has(w)) low.set(v, Math.min(low.get(v) as number, low.get(w) as number));
    }
    if (low.get(v) !== n) return;
    const component: string[] = [];
    for (let w = ""; w !== v; ) {
      w = stack.pop() as string;
      open.delete(w);
      component.push(w);
    }
    out.push(component.reverse());
  };
  for (const v of nodes) if (!index.has(v)) visit(v);
  return out;
}

/** The loops around every equation, outermost first. */
export function loopsAround(program: Program): Map<string, readonly Loop[]> {
  const out = new Map<string, readonly Loop[]>();
  const go = (items: readonly Item[], inside: readonly Loop[]): void => {
    for (const item of items)
      if (item.kind === "eq") out.set(item.v, inside);
      else go(item.body, [...inside, item]);
  };
  go(program.items, []);
  return out;
}
