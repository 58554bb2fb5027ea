/** The plan that costs the least time among those that hold no more than a budget. */

import type { Program } from "../../schedule/types.js";
import type { System } from "../../system/types.js";
import { type LowerOptions, lower, type Shapes } from "../lower.js";
import { peakBytes } from "../memory.js";
import type { Plan } from "../plan.js";
import type { ChunkOptions } from "../scans.js";
import { narrowed, roundedShapes } from "./rounded.js";
import { thrifty } from "./thrift.js";

/** How a plan comes to hold less. */
export interface Way {
  /** Of loops, those as they would be anyway where it is absent; short loops become scans too. */
  readonly chunk?: ChunkOptions;
  /** Are residuals of loops computed again? */
  readonly again: boolean;
}

export interface Fit {
  readonly plan: Plan;
  /** What it holds at a time, by `peakBytes`. */
  readonly bytes: number;
  readonly fits: boolean;
  /** null: it is what it would be without a budget. */
  readonly way: Way | null;
}

/** What is lowered; `then` completes plans. */
export interface Job {
  readonly compute: { readonly system: System; readonly program: Program };
  readonly shapes: Shapes;
  readonly outputs: readonly string[];
  readonly options?: LowerOptions;
  then(plan: Plan): Plan;
}

/** Ever shorter chunks, from the standard ones. */
const CHUNKS: readonly (ChunkOptions | undefined)[] = [
  undefined,
  { above: 15, steps: 16 },
  { above: 7, steps: 8 },
  { above: 3, steps: 4 },
];

/** From here on a plan is slower than one that takes sums block by block, since nothing stays in a cache. */
const LARGE = 1e9;

/** Of large plans, one that holds less in no more time. */
export function economical(plan: Plan): Plan {
  if (!plan.instrs.some((i) => i.scan)) return plan;
  const bytes = peakBytes(plan);
  if (bytes < LARGE) return plan;
  const less = thrifty(plan, { again: false });
  return peakBytes(less) < bytes ? less : plan;
}

/** Where nothing fits, what holds least. */
export function within(budget: number, job: Job): Fit {
  const first = job.then(lower(job.compute, job.shapes, job.outputs, job.options));
  let best: Fit = { plan: first, bytes: peakBytes(first), fits: false, way: null };
  if (best.bytes <= budget) return { ...best, fits: true };
  for (const chunk of CHUNKS) {
    const plan = inChunks(job, chunk);
    if (!plan.instrs.some((i) => i.scan)) continue;
    for (const again of [false, true]) {
      const less = thrifty(plan, { again });
      const bytes = peakBytes(less);
      const fit = { plan: less, bytes, fits: bytes <= budget, way: { ...(chunk && { chunk }), again } };
      if (fit.fits) return fit;
      if (bytes < best.bytes) best = fit;
    }
  }
  return best;
}

/** The largest batch and the greatest length that fit when plans are made in the same way; 0: none is, null: not known. */
export function largest(budget: number, job: Job, { bytes, way }: Fit): { batch: number; length: number | null } {
  const { batch, extents, widths = {} } = job.shapes;
  const held = (shapes: Shapes): number => {
    const scaled = { ...job, shapes };
    if (!way) return peakBytes(job.then(lower(job.compute, shapes, job.outputs, job.options)));
    return peakBytes(thrifty(inChunks(scaled, way.chunk), way));
  };
  const length = Math.max(0, ...Object.values(extents));
  const ofLength = (n: number): Shapes => ({
    ...job.shapes,
    extents: Object.fromEntries(Object.entries(extents).map(([id, m]) => [id, Math.ceil((m * n) / length)])),
  });
  return {
    batch: largestBelow(batch, bytes, budget, (n) => held({ ...job.shapes, batch: n })),
    length:
      length > 1 && !Object.keys(widths).length ? largestBelow(length, bytes, budget, (n) => held(ofLength(n))) : null,
  };
}

function inChunks({ compute, shapes, outputs, options, then }: Job, chunk: ChunkOptions | undefined): Plan {
  const { system } = compute;
  const rounded = roundedShapes(system, shapes);
  const plan = lower(compute, rounded ?? shapes, outputs, { ...options, ...(chunk && { chunk }) });
  return then(rounded ? narrowed(plan, system, shapes) : plan);
}

/** The largest number below `n`, about, for which `held` is within a budget: what is held grows along a line, nearly. */
function largestBelow(n: number, bytes: number, budget: number, held: (n: number) => number): number {
  let [fits, tooMuch] = [0, n];
  let guess = Math.floor((n * budget) / bytes);
  while (tooMuch - fits > 1 && fits < 0.8 * tooMuch) {
    const next = Math.min(tooMuch - 1, Math.max(fits + 1, guess));
    const now = held(next);
    if (now <= budget) fits = next;
    else tooMuch = next;
    guess = now > budget ? Math.floor((next * budget) / now) : Math.ceil((fits + tooMuch) / 2);
  }
  return fits;
}
