/**
 * A bound model on a device: its parameters, the optimiser's state and the programs, compiled when they are first asked
 * for. Every tensor has one owner; after each call there are as many as before it, carried state apart.
 */
import type { OptimizerConfig } from "../compiler/blocks/types.js";
import { isChoice, type Model } from "../compiler/model.js";
import type { Reset } from "../compiler/passes/reset.js";
import { tablesOf } from "../compiler/plan/tables.js";
import type { Compute } from "../compiler/programs.js";
import { getValue } from "../compiler/system/types.js";
import { Computes, type Named } from "./computes.js";
import type { Continuation } from "./continuation.js";
import type { DecodeEngine, Run } from "./decoder/types.js";
import { type Device, type DeviceTensor, Scope } from "./device.js";
import { DivergedError, UsageError } from "./errors.js";
import { type Numbers, tensorShape } from "./feeds.js";
import type { Fitted } from "./fitted.js";
import { type Job, Machine, type States, type Watch } from "./machine.js";
import type { NoiseKey } from "./noise.js";
import { accumulation, names, Optimizer, parse, updating } from "./optimizer.js";
import { Parameters, type Tensors } from "./parameters.js";
import { firstNotFinite } from "./train/diverged.js";
import { layoutOf } from "./train/layout.js";
import { gradientOf, reported, resultOf, type StepResult } from "./train/report.js";
import type { Batch } from "./types.js";
import { type SampleValue, unpad } from "./unpad.js";

export interface EngineOptions {
  readonly optimizer: OptimizerConfig;
  readonly clip: number | null;
  readonly normalize: "observation" | "sample";
  /** Of noise. */
  readonly seed: number;
  /** See `Machine`. */
  readonly warm?: number;
  /** What ends a document in the streams of a truncated training. */
  readonly reset?: Reset;
  /** Does training read draws of the model's own in the place of past observations, at `StepOptions.sampling`? */
  readonly sampling?: boolean;
  /** See `TrainConfig.memory`. */
  readonly memory?: number | null;
}

/** State that goes from window to window along `axis`; null before the first window. */
export interface Carry {
  readonly axis: string;
  states: States | null;
}

export interface StepOptions {
  /** Steps taken before this one. */
  readonly step: number;
  readonly lr: number;
  readonly carry: Carry | null;
  /** How probable a draw is where scheduled sampling is on; absent: 0. */
  readonly sampling?: number;
}

/** Sums over one batch, by the ids of `Model`: `loss.total`, `y.hits`, …; `logp`: Σ log p of each random that is a choice. */
export interface ScoreResult {
  readonly sums: Readonly<Record<string, number>>;
  readonly logp: Readonly<Record<string, number>>;
}

/** A batch with all that its run depended on, so that it can be looked at again. */
type Window = Pick<Job, "batch" | "noise" | "states">;

export class Engine implements DecodeEngine {
  readonly drawsInside = true;
  readonly parameters: Parameters;
  readonly #machine: Machine;
  readonly #computes: Computes;

  constructor(
    readonly model: Model,
    readonly device: Device,
    readonly options: EngineOptions,
    values: Tensors,
  ) {
    this.#machine = new Machine(device, options.warm, options.memory);
    this.#computes = new Computes(model, options.normalize, options);
    const { kind } = options.optimizer;
    const found = model.optimizers.find(kind);
    if (found?.kind !== "optimizer") throw new UsageError(`${model.name} has no optimiser ${kind}`);
    const learnt = model.params.filter((p) => !p.frozen);
    const optimizer = new Optimizer(found.cell, options.optimizer, layoutOf(learnt));
    const tables = optimizer.isElementwise ? tablesOf(model.system({ training: true, drawn: [] })) : undefined;
    this.parameters = new Parameters(model, device, layoutOf(learnt, tables), optimizer, values);
  }

  /** See `Machine.runs`. */
  get runs(): Readonly<Record<string, number>> {
    return this.#machine.runs;
  }

  set runs(runs: Readonly<Record<string, number>>) {
    this.#machine.runs = runs;
  }

  /** One step of the optimiser on a batch, or on several as on one large batch. Throws `DivergedError`, and nothing has changed. */
  step(group: readonly Batch[], { step, lr, carry, sampling = 0 }: StepOptions): StepResult {
    if (!this.parameters.layout.size) throw new UsageError(`${this.model.name} has no parameter to learn`);
    const named = this.#computes.training(carry?.axis ?? null);
    const { compute } = named;
    const scalars = reported(compute);
    const outputs = [...scalars, ...compute.gradients.values(), ...compute.states.values()];
    const windows: Window[] = [];
    const scope = new Scope(this.device);
    try {
      let states = carry?.states ?? null;
      const { optimizer, counters } = this.parameters;
      const host = optimizer.numbers(lr, counters);
      const numbers = new Map([...host.numbers].map(([id, x]) => [id, scope.upload(Float32Array.of(x), [])]));
      let updated: ReadonlyMap<string, DeviceTensor> | null = null;
      let sum: DeviceTensor | null = null;
      for (const given of group) {
        const batch = { ...given, sampling };
        const window = { batch, noise: this.#noise(step, batch, samplesIn(windows)), states };
        windows.push(window);
        const job = { ...named, ...window, outputs };
        const last = scope.own(
          this.#run(job, group.length === 1 ? this.#updating(compute, scalars, numbers) : undefined),
        );
        states = new Map([...compute.states].map(([state, id]) => [state, last.get(id) as DeviceTensor]));
        if (group.length === 1) {
          updated = last;
          break;
        }
        const added = scope.own(this.#accumulate(compute, scalars, sum, last));
        scope.free([
          ...(sum ? [sum] : []),
          ...[...compute.gradients.values()].map((id) => last.get(id) as DeviceTensor),
        ]);
        sum = added.get(names.sum) as DeviceTensor;
      }
      updated ??= scope.own(this.#update(scalars, numbers, sum as DeviceTensor));
      const result = resultOf(scalars, this.device.read(updated.get(names.report) as DeviceTensor));
      if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradNorm))
        throw new DivergedError(step, result.loss, result.gradNorm, this.#origin(named, windows));
      this.parameters.replace(updated, (tensor) => scope.release(tensor));
      this.parameters.counters = host.counters;
      if (carry) {
        this.drop(carry);
        if (states) for (const tensor of states.values()) scope.release(tensor);
        carry.states = states;
      }
      return result;
    } finally {
      scope.free();
    }
  }

  /** Makes the program of a step, which the first one would else do. */
  compile(): void {
    this.#computes.training(null);
  }

  /** Tells of every plan that runs from now on; null: of none. */
  watch(watch: Watch | null): void {
    this.#machine.watch = watch;
  }

  /** Tells of every plan that is made under a budget of memory from now on; null: of none. */
  onFit(told: ((fit: Fitted) => void) | null): void {
    this.#machine.onFit = told;
  }

  /** The objective and its gradient on a batch, without a step. */
  gradients(given: Batch, step: number, sampling = 0): { loss: number; grads: Tensors } {
    const batch = { ...given, sampling };
    const named = this.#computes.training(null);
    const { gradients } = named.compute;
    const outputs = ["loss", ...gradients.values()];
    return this.#using({ ...named, batch, outputs, noise: this.#noise(step, batch, 0) }, (read) => ({
      loss: read("loss")[0] as number,
      grads: Object.fromEntries(
        this.parameters.layout.parts.map(({ name, shape }) => [
          name,
          { shape, data: Float32Array.from(read(gradientOf(named.compute, name))) },
        ]),
      ),
    }));
  }

  /** What a batch adds to the scores of its split. */
  score(batch: Batch, carry: Carry | null): ScoreResult {
    const randoms = this.model.fields.filter((f) => f.role === "random" && isChoice(f)).map((f) => f.name);
    const logps = randoms.map((name) => `${name}.logp`);
    const named = this.#computes.scoring(logps, carry?.axis ?? null);
    const { system, states } = named.compute;
    const scalars = named.compute.outputs.filter((id) => !logps.includes(id));
    const outputs = [...scalars, ...logps, ...states.values()];
    const job = { ...named, batch, outputs, noise: this.#noise(0, batch, 0), states: carry?.states ?? null };
    return this.#using(job, (read, out, scope) => {
      const sums = Object.fromEntries(scalars.map((id) => [id, read(id)[0] as number]));
      const logp = randoms.map((name) => {
        const id = `${name}.logp`;
        return [name, sum(unpad(system, getValue(system, id), batch, read(id)).map((s) => sum(s.data)))] as const;
      });
      if (carry) {
        this.drop(carry);
        carry.states = new Map([...states].map(([state, id]) => [state, scope.release(out.get(id) as DeviceTensor)]));
      }
      return { sums, logp: Object.fromEntries(logp) };
    });
  }

  /** Named values of each sample, unpadded. */
  values(batch: Batch, ids: readonly string[], step: number): Record<string, SampleValue>[] {
    const named = this.#computes.scoring(ids, null);
    const { system } = named.compute;
    return this.#using({ ...named, batch, outputs: ids, noise: this.#noise(step, batch, 0) }, (read) => {
      const columns = ids.map((id) => [id, unpad(system, getValue(system, id), batch, read(id))] as const);
      return Array.from({ length: batch.size }, (_, b) =>
        Object.fromEntries(columns.map(([id, samples]) => [id, samples[b] as SampleValue])),
      );
    });
  }

  /** For the decoder: a program with draws, on the host's numbers. */
  run({ compute, batch, outputs, states, beam, noise, draw }: Run): Record<string, Numbers> {
    const scope = new Scope(this.device);
    try {
      const given = Object.entries(states).map(([id, data]) => {
        const shape = tensorShape(compute.system, getValue(compute.system, id), batch);
        return [id, scope.upload(data, shape)] as const;
      });
      const { mode, inside } = compute;
      const how = inside ? `${inside.open?.axis} ${inside.how} ${inside.free} ${inside.beam}` : "";
      const key = `decode ${mode.drawn.join()} ${[...compute.states.keys()].join()} ${how}`;
      const job: Job = { key, compute, batch, outputs, noise, states: new Map(given), beam, ...(draw && { draw }) };
      const out = this.#machine.run(job, this.parameters);
      if (!out) return {};
      scope.own(out);
      return Object.fromEntries(outputs.map((id) => [id, this.device.read(out.get(id) as DeviceTensor)]));
    } finally {
      scope.free();
    }
  }

  /** Forgets what was carried. */
  drop(carry: Carry): void {
    for (const tensor of carry.states?.values() ?? []) this.device.dispose(tensor);
    carry.states = null;
  }

  readCarry({ states }: Carry): Tensors | null {
    if (!states) return null;
    const read = (tensor: DeviceTensor): Float32Array => Float32Array.from(this.device.read(tensor));
    return Object.fromEntries([...states].map(([id, t]) => [id, { shape: t.shape, data: read(t) }]));
  }

  /** The inverse of `readCarry`, for training along `axis`. Throws `UsageError` where it does not fit the model. */
  restoreCarry(axis: string, tensors: Tensors): Carry {
    const { compute } = this.#computes.training(axis);
    const scope = new Scope(this.device);
    try {
      const states = [...compute.states.keys()].map((id) => {
        const tensor = tensors[id];
        if (!tensor) throw new UsageError(`the saved state lacks \`${id}\``);
        const isInt = getValue(compute.system, id).dtype === "int";
        return [id, scope.upload(isInt ? Int32Array.from(tensor.data) : tensor.data, tensor.shape)] as const;
      });
      for (const [, tensor] of states) scope.release(tensor);
      return { axis, states: new Map(states) };
    } finally {
      scope.free();
    }
  }

  dispose(): void {
    this.#machine.dispose();
    this.parameters.dispose();
  }

  #noise(step: number, batch: Batch, first: number): NoiseKey {
    return { seed: this.options.seed, step, samples: Array.from({ length: batch.size }, (_, i) => first + i) };
  }

  #run(job: Job, then?: Continuation): Map<string, DeviceTensor> {
    const out = this.#machine.run(job, this.parameters, then);
    if (!out) throw new Error(`${job.key} has no draw that could stop it`);
    return out;
  }

  /** Runs a program and hands its outputs to `use`; they are freed afterwards, but for those that it releases. */
  #using<R>(job: Job, use: (read: (id: string) => Numbers, out: Map<string, DeviceTensor>, scope: Scope) => R): R {
    const scope = new Scope(this.device);
    try {
      const out = scope.own(this.#run(job));
      return use((id) => this.device.read(out.get(id) as DeviceTensor), out, scope);
    } finally {
      scope.free();
    }
  }

  /** Adds the gradients of one batch to those of the batches before it. */
  #accumulate(
    compute: Compute,
    scalars: readonly string[],
    sum: DeviceTensor | null,
    out: ReadonlyMap<string, DeviceTensor>,
  ): Map<string, DeviceTensor> {
    const { layout } = this.parameters;
    return this.#machine.runInstructions(
      `accumulate ${scalars.join()} ${sum === null}`,
      () => accumulation(layout, scalars, sum === null),
      (id) => (id === names.sum ? (sum as DeviceTensor) : computed(compute, out, id)),
    );
  }

  /** New parameters and optimiser's tensors, from the gradients of one batch. */
  #updating(compute: Compute, scalars: readonly string[], numbers: ReadonlyMap<string, DeviceTensor>): Continuation {
    const { parameters, options } = this;
    return {
      key: `update ${scalars.join()}`,
      make: () => updating(parameters.optimizer, options.clip, parameters.layout, scalars, false),
      give: (id) => {
        const { kind, name } = parse(id);
        switch (kind) {
          case "param":
            return { parameter: name };
          case "gradient":
            return { output: gradientOf(compute, name) };
          case "scalar":
            return { output: name };
          default:
            return { tensor: this.#input(id, numbers) };
        }
      },
    };
  }

  /** New parameters and optimiser's tensors, from the `sum` of several batches. */
  #update(
    scalars: readonly string[],
    numbers: ReadonlyMap<string, DeviceTensor>,
    sum: DeviceTensor,
  ): Map<string, DeviceTensor> {
    const { parameters, options } = this;
    return this.#machine.runInstructions(
      `update ${scalars.join()} of several`,
      () => updating(parameters.optimizer, options.clip, parameters.layout, scalars, true),
      (id) => (id === names.sum ? sum : this.#input(id, numbers)),
    );
  }

  /** A tensor that the optimiser's instructions read, none of a program. */
  #input(id: string, numbers: ReadonlyMap<string, DeviceTensor>): DeviceTensor {
    const { kind, name } = parse(id);
    if (kind === "param") return this.parameters.get(name);
    if (kind === "slot") return this.parameters.slot(name);
    const number = kind === "number" ? numbers.get(name) : undefined;
    if (!number) throw new Error(`nothing gives ${id} to the optimiser`);
    return number;
  }

  /** Runs the batches of a failed step again and looks into them. */
  #origin({ key, compute }: Named, windows: readonly Window[]): DivergedError["origin"] {
    for (const window of windows) {
      const origin = firstNotFinite(compute, window.batch, (ids) =>
        this.#using(
          { key: `${key} again`, compute, ...window, outputs: ids },
          (read) => new Map(ids.map((id) => [id, read(id)])),
        ),
      );
      if (origin) return origin;
    }
    return null;
  }
}

/** A gradient or a scalar of a run, by its name in the optimiser's instructions. */
function computed(compute: Compute, out: ReadonlyMap<string, DeviceTensor>, id: string): DeviceTensor {
  const { kind, name } = parse(id);
  const tensor = out.get(kind === "gradient" ? gradientOf(compute, name) : name);
  if (!tensor) throw new Error(`no program has computed ${id}`);
  return tensor;
}

const samplesIn = (windows: readonly Window[]): number => windows.reduce((n, w) => n + w.batch.size, 0);

const sum = (numbers: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < numbers.length; i++) total += numbers[i] as number;
  return total;
};
