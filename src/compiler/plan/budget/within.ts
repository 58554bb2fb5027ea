/** The plan that costs the least time among those that hold no more than a budget. */
import { peakBytes } from "../memory.js";
import type { Plan } from "../plan.js";
import type { ChunkOptions } from "../scans.js";
import { thrifty } from "./thrift.js";

export interface Fit {
  readonly plan: Plan;
  /** What it holds at a time, by `peakBytes`. */
  readonly bytes: number;
  readonly fits: boolean;
  /** Are residuals of loops computed again? */
  readonly again: boolean;
}

/** Ever shorter chunks, from the standard one; short loops become scans too. */
const CHUNKS: readonly (ChunkOptions | undefined)[] = [
  undefined,
  { above: 15, steps: 16 },
  { above: 7, steps: 8 },
  { above: 3, steps: 4 },
];

/** `make` lowers for chunks, the standard ones where none are given. Where nothing fits, what holds least. */
export function within(budget: number, make: (chunk?: ChunkOptions) => Plan): Fit {
  let best: Fit | null = null;
  for (const plan of candidates(make)) {
    const bytes = peakBytes(plan.plan);
    const fit = { ...plan, bytes, fits: bytes <= budget };
    if (fit.fits) return fit;
    if (!best || bytes < best.bytes) best = fit;
  }
  if (!best) throw new Error("there is no plan");
  return best;
}

/** In the order of the time that they take. */
function* candidates(make: (chunk?: ChunkOptions) => Plan): Generator<{ plan: Plan; again: boolean }> {
  for (const chunk of CHUNKS) {
    const plan = make(chunk);
    if (!chunk) yield { plan, again: false };
    if (!plan.instrs.some((i) => i.scan)) continue;
    for (const again of [false, true]) yield { plan: thrifty(plan, { again }), again };
  }
}

/** The largest number below `n` for which `bytes` are within a budget; 0: none is. The bytes grow along a line, about. */
export function largest(budget: number, n: number, bytes: (n: number) => number): number {
  let [fits, tooMuch] = [0, n];
  let [last, held] = [n, bytes(n)];
  while (tooMuch - fits > 1) {
    const guess = Math.floor((last * budget) / held);
    last = Math.min(tooMuch - 1, Math.max(fits + 1, guess));
    held = bytes(last);
    if (held <= budget) fits = last;
    else tooMuch = last;
    if (fits > 0 && fits >= 0.9 * tooMuch) break;
  }
  return fits;
}
