/**
 * Which loops become scans: long ones over one axis, whose equations read each other some steps back and nothing else of
 * each other. The indices `from …` are cut into chunks; those before are computed one by one.
 */
import { slotIn } from "../schedule/slots.js";
import type { Loop, Program } from "../schedule/types.js";
import { touches } from "../system/deps.js";
import { axisOf, type Clause, getValue, type Read, type System } from "../system/types.js";
import type { Extents } from "./places.js";

export interface ChunkOptions {
  /** Loops of more steps than this become scans. */
  readonly above: number;
  /** Of one run of the body. Fewer where they divide the loop better. */
  readonly steps: number;
}

export interface Chunks {
  readonly loop: Loop;
  readonly from: number;
  readonly steps: number;
  readonly count: number;
}

/** `drawn`: values that depend on draws; each of these is a call of its own. */
export function chooseScans(
  program: Program,
  extents: Extents,
  drawn: ReadonlySet<string>,
  { above, steps }: ChunkOptions,
): Map<Loop, Chunks> {
  const found = new Map<Loop, Chunks>();
  for (const item of program.items) {
    if (item.kind !== "loop" || extents.isLevelled(item.axis)) continue;
    const n = extents.of(item.axis);
    if (n <= above || item.members.some((id) => drawn.has(id))) continue;
    const depth = depthOf(program.system, item);
    if (depth === null) continue;
    const chunk = Math.max(depth, divisor(n, steps));
    const count = Math.floor(n / chunk);
    if (count > 1) found.set(item, { loop: item, from: n - chunk * count, steps: chunk, count });
  }
  return found;
}

/** May a loop become a scan, if its draws do not call the host? */
export const canScan = (system: System, loop: Loop): boolean => depthOf(system, loop) !== null;

/** The length of a chunk, about `steps`, that leaves the least of n. */
function divisor(n: number, steps: number): number {
  let best = steps;
  for (let k = steps - 1; k >= 0.5 * steps; k--) if (n % k < n % best) best = k;
  return best;
}

/** How many steps back the equations of a loop read each other; null where it cannot be a scan. */
function depthOf(system: System, loop: Loop): number | null {
  const { axis, members, body, offsets } = loop;
  if (axisOf(system, axis).diagonal || [...system.axes.values()].some((a) => a.within === axis)) return null;
  if (body.some((item) => item.kind === "loop") || members.some((id) => offsets[id] !== 0)) return null;
  const inside = new Set(members);
  let depth = 0;
  for (const id of members) {
    const v = getValue(system, id);
    const name = slotIn(loop.slots, v).name;
    if (v.clauses.some((c) => !isOutside(name, c.pins))) return null;
    for (const r of v.eq?.args ?? [])
      for (const t of touches(system, r)) {
        if (!inside.has(t.v)) continue;
        const back = t === r ? stepsBack(system, loop, r, name) : null;
        if (back === null) return null;
        depth = Math.max(depth, back);
      }
  }
  return depth;
}

/** Do pins on the slot of the loop lie before its start or after its end? */
function isOutside(name: string, pins: Clause["pins"]): boolean {
  return pins.every(({ slot, at }) => slot !== name || (at.k === "start" ? at.off < 0 : at.k === "end" && at.off >= 0));
}

/** How far back in time a member is read by one with the variable `name`; null for any other read. */
function stepsBack(system: System, loop: Loop, r: Read, name: string): number | null {
  const v = getValue(system, r.v);
  const slot = v.slots.indexOf(slotIn(loop.slots, v));
  const p = r.idx[slot];
  if (p?.k !== "var" || p.v !== name) return null;
  if (r.idx.some((q, i) => i !== slot && q.k === "var" && q.v === name)) return null;
  const back = -loop.direction * p.shift;
  return back >= 0 ? back : null;
}
