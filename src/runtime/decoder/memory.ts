/** Where Viterbi's algorithm is exact (R21): a random's own past is all that is carried from draw to draw. */
import type { Compute } from "../../compiler/programs.js";
import { slotIn } from "../../compiler/schedule/slots.js";
import type { Item, Loop } from "../../compiler/schedule/types.js";
import { touches } from "../../compiler/system/deps.js";
import { getValue } from "../../compiler/system/types.js";

/**
 * How many of its own last values a draw depends on through the loop that it is made in; null where the loop carries
 * something else, so that the whole past matters.
 */
export function memoryOf({ system, program }: Compute, random: string): number | null {
  const loop = loopAround(program.items, random);
  if (!loop) return 0;
  const members = new Set(loop.members);
  const known = new Map<string, number | null>();
  const busy = new Set<string>();
  /** The farthest value of the random that `id` looks back to; null: without end. */
  const reach = (id: string): number | null => {
    const before = known.get(id);
    if (before !== undefined) return before;
    if (busy.has(id)) return null;
    busy.add(id);
    let most: number | null = 0;
    for (const arg of getValue(system, id).eq?.args ?? [])
      for (const r of touches(system, arg)) {
        if (!members.has(r.v) || most === null) continue;
        const u = getValue(system, r.v);
        const p = r.idx[u.slots.indexOf(slotIn(loop.slots, u))];
        const lag = p?.k === "var" ? -p.shift * loop.direction : Number.NaN;
        const inner = r.v === random ? 0 : reach(r.v);
        most = inner === null || Number.isNaN(lag) ? null : Math.max(most, lag + inner);
      }
    busy.delete(id);
    known.set(id, most);
    return most;
  };
  return reach(random);
}

function loopAround(items: readonly Item[], id: string): Loop | null {
  for (const item of items) if (item.kind === "loop" && item.members.includes(id)) return item;
  return null;
}
