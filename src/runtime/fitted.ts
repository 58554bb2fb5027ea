/** Plans within the memory that a training may take, and what would fit where one does not. */
import { type Fit, type Job, largest, within } from "../compiler/plan/budget/within.js";

export interface Fitted extends Fit {
  readonly budget: number;
  /** Where it does not fit. */
  readonly advice: { readonly batch: number; readonly length: number | null } | null;
}

export function fitted(job: Job, budget: number): Fitted {
  const fit = within(budget, job);
  return { ...fit, budget, advice: fit.fits ? null : largest(budget, job, fit) };
}
