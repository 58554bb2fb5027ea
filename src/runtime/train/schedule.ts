/** What changes from step to step: the factor on the learning rate, the rate of scheduled sampling. */
import type { Sampling, Schedule } from "../../compiler/blocks/types.js";

/**
 * The factor for the step number `step` (from 0) of `total` (null: no end is known, and what runs towards an end stays at
 * its start). Warm-up is linear and reaches 1 at step `warmup`; what follows counts from there.
 */
export function learningRateFactor(schedule: Schedule, step: number, total: number | null): number {
  if (step < schedule.warmup) return (step + 1) / (schedule.warmup + 1);
  const since = step - schedule.warmup;
  // 0 at the first step after the warm-up, 1 at the last step
  const progress = total === null ? 0 : Math.min(1, since / Math.max(1, total - 1 - schedule.warmup));
  switch (schedule.kind) {
    case "constant":
      return 1;
    case "cosine":
      return schedule.final + (1 - schedule.final) * 0.5 * (1 + Math.cos(Math.PI * progress));
    case "linear":
      return 1 + (schedule.final - 1) * progress;
    case "exponential":
      return schedule.decay ** Math.floor(since / schedule.every);
  }
}

/** How probable it is at the step number `step` (from 0) that a draw takes the place of a past observation. */
export const samplingRate = (sampling: Sampling | null, step: number): number =>
  sampling === null ? 0 : sampling.final * (sampling.over ? Math.min(1, step / sampling.over) : 1);
