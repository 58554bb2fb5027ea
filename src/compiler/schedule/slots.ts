/**
 * Along which slot of each member a loop runs. Most values have one slot over an axis; of D[i, j] with i and j on one axis
 * a loop takes one, the loop inside it the other, and all members have to agree which.
 */
import { familyOf } from "../system/axes.js";
import { getValue, type Read, type Slot, type System, type Value } from "../system/types.js";

/** `from` reads `to`. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly read: Read;
}

/** By member: the name of a slot. */
export type Slots = Readonly<Record<string, string>>;

const slotsOver = (system: System, v: Value, axis: string): Slot[] => {
  const family = familyOf(system, axis);
  return v.slots.filter((s) => familyOf(system, s.axis) === family);
};

/**
 * The ways to run a loop over `axis` through a component: one, unless its members have several slots over it. Then the slot
 * of one member says those of the others; `fromEach`: in turn of each member that has several.
 */
export function slotsAlong(
  system: System,
  component: readonly string[],
  edges: readonly Edge[],
  axis: string,
  fromEach: boolean,
): Slots[] {
  const own = new Map(component.map((id) => [id, slotsOver(system, getValue(system, id), axis)]));
  if ([...own.values()].some((s) => !s.length)) return [];
  const first: Slots = Object.fromEntries([...own].map(([id, s]) => [id, (s[0] as Slot).name]));
  const several = component.filter((id) => (own.get(id) as Slot[]).length > 1);
  if (!several.length) return fromEach ? [] : [first];
  const found = several
    .slice(0, fromEach ? several.length : 1)
    .flatMap((id) => (own.get(id) as Slot[]).map((s) => spread(system, edges, own, id, s.name)));
  const all = [...found.map((f) => ({ ...first, ...f })), first];
  const texts = all.map((f) => JSON.stringify(f));
  return all.filter((_, i) => texts.indexOf(texts[i] as string) === i);
}

/** What follows for the others where a member runs along a slot: a read looks along the variable that its reader runs along. */
function spread(
  system: System,
  edges: readonly Edge[],
  own: ReadonlyMap<string, readonly Slot[]>,
  start: string,
  slot: string,
): Slots {
  const out: Record<string, string> = { [start]: slot };
  const settle = (id: string, candidates: readonly Slot[]): boolean => {
    if (out[id] !== undefined || candidates.length !== 1) return false;
    out[id] = (candidates[0] as Slot).name;
    return true;
  };
  const across = (e: Edge, downwards: boolean): boolean => {
    const { from, to, read } = e;
    const theirs = own.get(to) as readonly Slot[];
    const mine = own.get(from) as readonly Slot[];
    const { slots } = getValue(system, to);
    const variable = (s: Slot): string | null => {
      const p = read.idx[slots.findIndex((x) => x.name === s.name)];
      return p?.k === "var" ? p.v : null;
    };
    if (downwards) {
      const reader = out[from];
      if (reader === undefined) return false;
      return settle(to, theirs.length === 1 ? theirs : theirs.filter((s) => variable(s) === reader));
    }
    const at = theirs.find((s) => s.name === out[to]);
    return at !== undefined && settle(from, mine.length === 1 ? mine : mine.filter((s) => s.name === variable(at)));
  };
  // what a reader says first: what is read may lie elsewhere, c[i, k] with k < j
  const settleOne = (downwards: boolean): boolean => edges.some((e) => across(e, downwards));
  while (settleOne(true) || settleOne(false));
  return out;
}

/** The slot of a member that a loop runs along. */
export function slotIn(slots: Slots, v: Value): Slot {
  const slot = v.slots.find((s) => s.name === slots[v.id]);
  if (!slot) throw new Error(`${v.id} is no member of this loop`);
  return slot;
}
