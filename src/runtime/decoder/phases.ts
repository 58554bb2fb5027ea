/**
 * In which order the randoms of a model are drawn. Those of one loop are drawn together, step by step; one outside of loops
 * is drawn over its whole axes. Each phase is a program of its own in which earlier phases are observed: so a loop may
 * stop, or rows may move under beam search, and what comes after still sees whole sequences of known lengths.
 */
import type { Compute } from "../../compiler/programs.js";
import { type Item, type Loop, offsetOf } from "../../compiler/schedule/types.js";
import { getValue } from "../../compiler/system/types.js";

export interface Phase {
  readonly randoms: readonly string[];
  /** `together`: a step of the loop draws all its randoms at one index. */
  readonly loop: { readonly axis: string; readonly direction: 1 | -1; readonly together: boolean } | null;
}

export function phasesOf(compute: Compute): Phase[] {
  const isDraw = (v: string): boolean => getValue(compute.system, v).eq?.op === "draw";
  const drawsIn = (items: readonly Item[]): string[] =>
    items.flatMap((i) => (i.kind === "loop" ? drawsIn(i.body) : isDraw(i.v) ? [i.v] : []));
  const phases: Phase[] = [];
  for (const item of compute.program.items) {
    const randoms = drawsIn([item]);
    const last = phases.at(-1);
    if (!randoms.length) continue;
    if (item.kind === "loop") phases.push({ randoms, loop: loopOf(item, randoms) });
    else if (last && !last.loop) phases[phases.length - 1] = { randoms: [...last.randoms, ...randoms], loop: null };
    else phases.push({ randoms, loop: null });
  }
  return phases;
}

function loopOf(loop: Loop, randoms: readonly string[]): Phase["loop"] {
  const { axis, direction } = loop;
  const times = new Set(randoms.map((v) => offsetOf(loop, v)));
  return { axis, direction, together: times.size === 1 };
}
