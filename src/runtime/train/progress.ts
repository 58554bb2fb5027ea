/** Where a training stands: with the parameters, the optimiser's vectors and the carried state, all that resuming needs. */
import type { TrainConfig } from "../../compiler/blocks/types.js";

export interface Progress {
  /** Steps taken. */
  step: number;
  /** The epoch that is under way, from 0, and how many of its batches are done. */
  epoch: number;
  position: number;
  /** Of the epoch under way: Σ Nₖ lossₖ and Σ Nₖ. */
  epochLoss: number;
  epochCount: number;
  /** The best evaluation so far, and how many came after it. */
  best: { readonly loss: number; readonly step: number } | null;
  worse: number;
  /** The step of the last evaluation. */
  evaluated: number | null;
}

export const start = (): Progress => ({
  step: 0,
  epoch: 0,
  position: 0,
  epochLoss: 0,
  epochCount: 0,
  best: null,
  worse: 0,
  evaluated: null,
});

export type Finish = "steps" | "epochs" | "early_stop";

/** Why training is over, or null while it is not. */
export function finished(config: TrainConfig, progress: Progress): Finish | null {
  if (config.early_stop && progress.worse >= config.early_stop.patience) return "early_stop";
  if (config.steps !== null && progress.step >= config.steps) return "steps";
  if (config.epochs !== null && progress.epoch >= config.epochs) return "epochs";
  return null;
}

/** Steps of the whole training; null if no end is set. */
export function totalSteps(config: TrainConfig, batchesPerEpoch: number): number | null {
  const perEpoch = Math.ceil(batchesPerEpoch / config.accumulate);
  const ends = [config.steps, config.epochs === null ? null : config.epochs * perEpoch].filter((n) => n !== null);
  return ends.length ? Math.min(...ends) : null;
}

/** Smoothed speed of training: the last steps count most, and the first, which compiles, does not count. */
export class Rate {
  #seconds = 0;
  #tokens = 0;
  #steps = 0;
  #first = true;

  add(seconds: number, tokens: number): void {
    if (this.#first) {
      this.#first = false;
      return;
    }
    const keep = 0.95;
    this.#seconds = keep * this.#seconds + seconds;
    this.#tokens = keep * this.#tokens + tokens;
    this.#steps = keep * this.#steps + 1;
  }

  get tokensPerSecond(): number {
    return this.#seconds > 0 ? this.#tokens / this.#seconds : 0;
  }

  /** null before the second step. */
  secondsFor(steps: number): number | null {
    return this.#steps > 0 ? (steps * this.#seconds) / this.#steps : null;
  }
}
