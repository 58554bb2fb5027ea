/** The loop that a spec's `train` block asks for. */
import { setImmediate } from "node:timers/promises";
import type { TrainConfig } from "../compiler/blocks/types.js";
import type { Dataset, Split } from "./data/index.js";
import type { Carry, Engine } from "./engine.js";
import { UsageError } from "./errors.js";
import type { Tensors } from "./parameters.js";
import { type Finish, finished, type Progress, Rate, totalSteps } from "./train/progress.js";
import type { StepResult } from "./train/report.js";
import { learningRateFactor, samplingRate } from "./train/schedule.js";
import type { Batch, Event, Scores } from "./types.js";

export interface FitOptions {
  readonly onEvent?: (event: Event) => void;
  /** Stops after the step that is under way, and saves. */
  readonly signal?: AbortSignal;
  /** Model folder for checkpoints; without it nothing is saved. */
  readonly dir?: string;
}

export interface FitResult {
  readonly reason: Finish | "aborted";
  readonly step: number;
  /** Scores of the last evaluation of this call, if there was one. */
  readonly valid: Scores | null;
}

/** Where a training stands: all that a checkpoint holds beside the parameters and the optimiser's vectors. */
export interface Standing {
  progress: Progress;
  /** State that goes from window to window; null where the spec carries none. */
  carry: Carry | null;
  /** The parameters at the best evaluation, where early stopping may want them back. */
  best: Tensors | null;
}

export interface Training {
  readonly engine: Engine;
  readonly config: TrainConfig;
  readonly standing: Standing;
  evaluate(split: Split): Scores;
  /** Writes the checkpoint. */
  save(dir: string): Promise<void>;
}

/** Trains until the spec's end, early stopping or the signal. Throws `DivergedError` with the parameters before that step. */
export async function train(training: Training, data: Dataset, options: FitOptions = {}): Promise<FitResult> {
  const loop = new Loop(training, data, options);
  const reason = await loop.run();
  return { reason, step: training.standing.progress.step, valid: loop.valid };
}

const BREATH_MS = 20;
/** Where nothing is evaluated, the end of an epoch saves what took longer than this. */
const UNSAVED_MS = 20_000;

class Loop {
  valid: Scores | null = null;
  readonly #total: number | null;
  readonly #rate = new Rate();
  #breathed = performance.now();
  #saved = performance.now();

  constructor(
    readonly training: Training,
    readonly data: Dataset,
    readonly options: FitOptions,
  ) {
    this.#total = totalSteps(training.config, data.train.batchesPerEpoch);
  }

  get #progress(): Progress {
    return this.training.standing.progress;
  }

  async run(): Promise<Finish | "aborted"> {
    const { engine } = this.training;
    let most = 0;
    engine.onFit(({ bytes, budget, way, advice }) => {
      if (bytes <= most) return;
      most = bytes;
      const fits = advice ? { batch_fits: advice.batch, length_fits: advice.length } : {};
      this.options.onEvent?.({
        event: "memory",
        step: this.#progress.step,
        bytes,
        budget,
        recomputed: way?.again === true,
        ...fits,
      });
    });
    try {
      return await this.#run();
    } finally {
      engine.onFit(null);
    }
  }

  async #run(): Promise<Finish | "aborted"> {
    const { data } = this;
    const { config } = this.training;
    const progress = this.#progress;
    for (;;) {
      const reason = finished(config, progress) ?? (this.#aborted ? "aborted" : null);
      if (reason) return this.#end(reason);
      await this.#epoch(data.train.epoch(progress.epoch, progress.position));
      if (progress.position === 0) throw new UsageError("there is nothing to train on: an epoch has no batch");
      if (progress.position >= data.train.batchesPerEpoch && !this.#aborted) await this.#epochEnd();
    }
  }

  get #aborted(): boolean {
    return this.options.signal?.aborted ?? false;
  }

  /** Steps until the epoch is over or training is to stop. */
  async #epoch(batches: Iterable<Batch>): Promise<void> {
    const { config } = this.training;
    const progress = this.#progress;
    for (const group of grouped(batches, config.accumulate)) {
      this.#step(group);
      await this.#breathe();
      const { step } = progress;
      const due = (every: number | null): boolean => every !== null && step % every === 0;
      const evaluated = due(config.evaluate) && this.#evaluate();
      if (due(config.checkpoint) || (config.checkpoint === null && evaluated)) await this.#save();
      if (finished(config, progress) || this.#aborted) return;
    }
  }

  /** Lets signals and timers in now and then: a step itself never waits. */
  async #breathe(): Promise<void> {
    if (performance.now() - this.#breathed < BREATH_MS) return;
    await setImmediate();
    this.#breathed = performance.now();
  }

  #step(group: readonly Batch[]): void {
    const { engine, config, standing } = this.training;
    const { progress, carry } = standing;
    const began = performance.now();
    const lr = config.optimizer.lr * learningRateFactor(config.schedule, progress.step, this.#total);
    const sampling = samplingRate(config.scheduled_sampling, progress.step);
    const result = engine.step(group, { step: progress.step, lr, carry, sampling });
    progress.step += 1;
    progress.position += group.length;
    progress.epochLoss += result.loss * result.count;
    progress.epochCount += result.count;
    this.#rate.add((performance.now() - began) / 1000, result.observations);
    this.#report(result, lr);
  }

  #report({ loss, gradNorm, accuracy }: StepResult, lr: number): void {
    const { step, epoch } = this.#progress;
    this.options.onEvent?.({
      event: "step",
      step,
      epoch,
      loss,
      tokens_per_second: this.#rate.tokensPerSecond,
      lr,
      grad_norm: gradNorm,
      steps: this.#total,
      seconds_left: this.#total === null ? null : this.#rate.secondsFor(this.#total - step),
      ...(accuracy === null ? {} : { accuracy }),
    });
  }

  async #epochEnd(): Promise<void> {
    const { config } = this.training;
    const progress = this.#progress;
    const loss = progress.epochLoss / progress.epochCount;
    progress.epoch += 1;
    progress.position = 0;
    progress.epochLoss = 0;
    progress.epochCount = 0;
    this.options.onEvent?.({ event: "epoch", epoch: progress.epoch, step: progress.step, loss });
    const evaluated = config.evaluate === null && this.#evaluate();
    const long = performance.now() - this.#saved > UNSAVED_MS;
    if (config.checkpoint === null && (evaluated || long)) await this.#save();
  }

  /** Scores the validation data, if there are any, and remembers the best parameters if they may be wanted again. */
  #evaluate(): boolean {
    const { training, data } = this;
    const { config } = training;
    const progress = this.#progress;
    if (!data.valid) return false;
    this.valid = training.evaluate(data.valid);
    this.options.onEvent?.({ event: "evaluated", split: "valid", step: progress.step, ...this.valid });
    const { loss } = this.valid;
    progress.evaluated = progress.step;
    if (progress.best === null || loss < progress.best.loss) {
      progress.best = { loss, step: progress.step };
      progress.worse = 0;
      if (config.early_stop) training.standing.best = training.engine.parameters.read();
    } else progress.worse += 1;
    return true;
  }

  async #save(): Promise<void> {
    const { dir } = this.options;
    if (dir === undefined) return;
    await this.training.save(dir);
    this.#saved = performance.now();
    this.options.onEvent?.({ event: "saved", step: this.#progress.step, dir });
  }

  async #end(reason: Finish | "aborted"): Promise<Finish | "aborted"> {
    const { training } = this;
    const { config } = training;
    const progress = this.#progress;
    // the last steps may be the best ones
    if (reason !== "aborted" && config.early_stop && progress.evaluated !== progress.step) this.#evaluate();
    if (reason !== "aborted" && training.standing.best) {
      training.engine.parameters.set(training.standing.best);
      training.standing.best = null;
    }
    await this.#save();
    return reason;
  }
}

/** Consecutive batches in groups of `size`; the last group of an epoch may be smaller. */
function* grouped(batches: Iterable<Batch>, size: number): Generator<Batch[]> {
  let group: Batch[] = [];
  for (const batch of batches) {
    group.push(batch);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length) yield group;
}
