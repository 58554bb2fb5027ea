/** Plans within the memory that a training may take, and what would fit where one does not. */
import { type Fit, largest, within } from "../compiler/plan/budget/within.js";
import type { LowerOptions, Plan, Shapes } from "../compiler/plan/lower.js";

export type Make = (shapes: Shapes, options?: LowerOptions) => Plan;

export interface Fitted extends Fit {
  readonly budget: number;
  /** Where it does not fit: the largest batch of this length and the greatest length of this batch that do; 0: none. */
  readonly advice: { readonly batch: number; readonly length: number | null } | null;
}

/** The length of a batch is that of its longest axis; null where lengths cannot be scaled. */
export function fitted(make: Make, shapes: Shapes, budget: number): Fitted {
  const fit = withinShapes(make, shapes, budget);
  if (fit.fits) return { ...fit, budget, advice: null };
  const length = Math.max(0, ...Object.values(shapes.extents));
  const bytes = (scaled: Shapes): number => withinShapes(make, scaled, budget).bytes;
  const batch = largest(budget, shapes.batch, (n) => bytes({ ...shapes, batch: n }));
  const isFree = length > 1 && !Object.keys(shapes.widths ?? {}).length;
  return {
    ...fit,
    budget,
    advice: { batch, length: isFree ? largest(budget, length, (n) => bytes(ofLength(shapes, n, length))) : null },
  };
}

const withinShapes = (make: Make, shapes: Shapes, budget: number): Fit =>
  within(budget, (chunk) => make(shapes, chunk ? { chunk } : {}));

const ofLength = (shapes: Shapes, n: number, of: number): Shapes => ({
  ...shapes,
  extents: Object.fromEntries(
    Object.entries(shapes.extents).map(([axis, extent]) => [axis, Math.ceil((extent * n) / of)]),
  ),
});
