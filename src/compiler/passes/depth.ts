/** Which loops an equation runs in, as far as passes need to know: what can be computed before a loop should be. */
import { loopsAround, schedule } from "../schedule/schedule.js";
import type { Loop } from "../schedule/types.js";
import { touches } from "../system/deps.js";
import type { Read, System } from "../system/types.js";

export interface Depths {
  /** Number of loops around an equation; 0 for what is given, and for equations made since. */
  of(id: string): number;
  /** Number of loops around `id` in which what `r` reads is computed too: 0 if it is known before all of them. */
  ofRead(id: string, r: Read): number;
  /** Is what `r` reads known before the innermost loop around `id`? False outside loops. */
  isBefore(id: string, r: Read): boolean;
}

export function depths(system: System): Depths {
  const around = loopsAround(schedule(system));
  const loops = (id: string): readonly Loop[] => around.get(id) ?? [];
  const shared = (a: readonly Loop[], b: readonly Loop[]): number => {
    let n = 0;
    while (n < a.length && a[n] === b[n]) n++;
    return n;
  };
  const of = (id: string): number => loops(id).length;
  const ofRead = (id: string, r: Read): number =>
    Math.max(...touches(system, r).map((t) => shared(loops(id), loops(t.v))));
  return { of, ofRead, isBefore: (id, r) => ofRead(id, r) < of(id) };
}
