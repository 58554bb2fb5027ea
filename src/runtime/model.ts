/** A model that runs: the public API. Samples go in and come out as JSON records, tensors as plain arrays. */
import { dirname } from "node:path";
import type { Model, Vocabularies } from "../compiler/model.js";
import type { Reset } from "../compiler/passes/reset.js";
import { draws } from "../compiler/random.js";
import { resetOf } from "../compiler/reset.js";
import { type Snapshot, type SpecText, writeFolder } from "./checkpoint.js";
import { keyedByField } from "./data/columns.js";
import { nodeFiles } from "./data/files.js";
import { type Dataset, encoder, loadData, makeBatch } from "./data/index.js";
import { Decoder } from "./decoder/decoder.js";
import { type Decoding, present } from "./decoder/present.js";
import type { Device } from "./device.js";
import { Engine } from "./engine.js";
import { ModelFolderError, UsageError } from "./errors.js";
import { EXACT_MATCH_RECORDS, exactMatch, score } from "./evaluate.js";
import { initialValues } from "./init.js";
import { tensorReader } from "./init-file.js";
import { WARM, type Watch } from "./machine.js";
import type { Tensors } from "./parameters.js";
import { type Records, recordsDataset } from "./records.js";
import { type Configs, configsOf, type DecodeRequest, decodeConfig, unknownName } from "./requests.js";
import { type Progress, start } from "./train/progress.js";
import { learningRateFactor, samplingRate } from "./train/schedule.js";
import { type FitOptions, type FitResult, type Standing, type Training, train } from "./trainer.js";
import type { Batch, DataRecord, Sample, Scores, SplitName } from "./types.js";
import type { SampleValue } from "./unpad.js";

export interface NetworkOptions {
  readonly model: Model;
  readonly device: Device;
  /** null: made without its text, so that it cannot be saved. */
  readonly spec: SpecText | null;
  /** Of the starting values, of noise, of the order of the data; null: the spec's own `train.seed`. */
  readonly seed: number | null;
  /** See `InstantiateOptions`. */
  readonly warm?: number;
  readonly vocabularies?: Vocabularies;
}

export interface EvaluateOptions {
  /** Default: `test` if there is one, else `valid`, else `train`. */
  readonly split?: SplitName;
  /** Records to decode for the exact match; 0: none. */
  readonly exactMatch?: number;
}

export interface Evaluation {
  readonly split: SplitName;
  readonly scores: Scores;
}

/** What `data()` gave, records in parts, or a list of records, all to train on; null: the spec's own. */
export type Data = Dataset | Records | readonly DataRecord[] | null;

const isList = (data: Dataset | Records | readonly DataRecord[]): data is readonly DataRecord[] => Array.isArray(data);

export class Network {
  readonly spec: SpecText | null;
  readonly config: Configs;
  readonly seed: number;
  readonly device: Device;
  #model: Model;
  #engine: Engine | null = null;
  #decoder: Decoder | null = null;
  #data: Dataset | null = null;
  readonly #standing: Standing = { progress: start(), carry: null, best: null };
  #disposed = false;
  readonly #warm: number;

  constructor({ model, device, spec, seed, warm = WARM, vocabularies }: NetworkOptions) {
    this.#warm = warm;
    this.spec = spec;
    this.device = device;
    this.config = configsOf(model);
    this.seed = seed ?? this.config.train.seed;
    this.#model = vocabularies && model.unsized.length ? model.bind(vocabularies) : model;
  }

  /** The model; its vocabularies are known once data are loaded or vocabularies were given. */
  get model(): Model {
    return this.#model;
  }

  /** Steps taken, epochs done, the best evaluation. */
  get progress(): Readonly<Progress> {
    return this.#standing.progress;
  }

  /** The data that the spec names, read once, or the caller's own. Binds the vocabularies. Throws `DataError`. */
  async data(records?: Records | readonly DataRecord[]): Promise<Dataset> {
    const { data, train: config } = this.config;
    if (records) {
      const { batch, truncate } = config;
      const parts: Records = isList(records) ? { train: records } : records;
      const own = await recordsDataset(this.#model, parts, data?.columns ?? {}, { seed: this.seed, batch, truncate });
      this.#bind(own);
      return own;
    }
    if (this.#data) return this.#data;
    if (!data) throw new UsageError(`${this.#model.name} has no \`data\` block: write one, or hand over the data`);
    const { batch, truncate } = config;
    const files = nodeFiles(this.#dir());
    this.#data = await loadData(this.#model, data, { files, seed: this.seed, batch, truncate });
    this.#bind(this.#data);
    return this.#data;
  }

  /** Every parameter in the shape of the mathematics: W @ x with W: [out, in]. */
  params(): Tensors {
    return this.#ready().parameters.read();
  }

  /** Replaces the parameters that are named. */
  async setParams(
    values: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>>,
  ): Promise<void> {
    const floats = Object.entries(values).map(([name, tensor]) => {
      if (!Array.isArray(tensor?.shape) || typeof tensor.data !== "object")
        throw new UsageError(`\`${name}\` is to be \`{ shape: […], data: Float32Array }\``);
      return [name, { shape: tensor.shape, data: Float32Array.from(tensor.data) }];
    });
    this.#ready().parameters.set(Object.fromEntries(floats));
  }

  /** Values of the equations by name (`h`, `y.logp`), of each sample, unpadded: [axes…, shape…]. */
  async values(samples: readonly DataRecord[], names: readonly string[]): Promise<Record<string, SampleValue>[]> {
    const engine = this.#ready();
    const { values } = this.#model.system({ training: false, drawn: [] });
    const namedValues = [...values.values()].filter((v) => v.named).map((v) => v.id);
    for (const name of names) if (!values.has(name)) throw unknownName("value", name, namedValues);
    return engine.values(this.#batch(samples), names, this.#standing.progress.step);
  }

  /** The objective and its gradient in every parameter that is learnt: the mean that a training step takes over these samples. */
  async gradients(samples: readonly DataRecord[]): Promise<{ loss: number; grads: Tensors }> {
    const { step } = this.#standing.progress;
    const sampling = samplingRate(this.config.train.scheduled_sampling, step);
    return this.#ready().gradients(this.#batch(samples), step, sampling);
  }

  /** One step of the optimiser; the loss before it. Throws `DivergedError`. */
  async step(samples: readonly DataRecord[]): Promise<number> {
    const engine = this.#ready();
    return this.#step(engine, this.#batch(samples));
  }

  /** Makes the program of a training step, which the first one would else do. */
  compile(): void {
    this.#ready().compile();
  }

  /** Steps of the optimiser on one batch, which is encoded once: each call takes one. `watch` is told of the plans that run. */
  repeat(samples: readonly DataRecord[], watch: Watch): () => number {
    const engine = this.#ready();
    const batch = this.#batch(samples);
    return () => {
      engine.watch(watch);
      try {
        return this.#step(engine, batch);
      } finally {
        engine.watch(null);
      }
    };
  }

  /**
   * The training that the spec asks for, on the spec's own data or on `data`: records, or what `data()` gave. It goes on where it stopped: after a save and
   * a load it ends with the same parameters, bit for bit. Throws `DataError`, `DivergedError`.
   */
  async fit(data?: Data, options: FitOptions = {}): Promise<FitResult> {
    const dataset = await this.#dataset(data);
    const engine = this.#ready();
    const standing = this.#standing;
    if (dataset.carry !== null) standing.carry ??= { axis: dataset.carry, states: null };
    const training: Training = {
      engine,
      config: this.config.train,
      standing,
      evaluate: (split) => score(engine, split, dataset.carry),
      save: (dir) => this.save(dir),
    };
    return train(training, dataset, options);
  }

  /** Scores of a split, over all of it. */
  async evaluate(data?: Data, options: EvaluateOptions = {}): Promise<Evaluation> {
    const dataset = await this.#dataset(data);
    const engine = this.#ready();
    const split = options.split ?? (dataset.test ? "test" : dataset.valid ? "valid" : "train");
    const part = dataset[split];
    if (!part) throw new UsageError(`the data has no part \`${split}\``);
    const scores = score(engine, part, dataset.carry);
    const limit = options.exactMatch ?? EXACT_MATCH_RECORDS;
    const match = limit > 0 ? exactMatch(this.#decoding(), part, this.config.decode, { seed: this.seed, limit }) : {};
    return { split, scores: { ...scores, ...match } };
  }

  /**
   * Draws the model's randoms for each record, as the spec's `decode` block says or as `request` does:
   * `[{ y: "81", logp: -0.02 }, …]`, the inputs not repeated. A random that a record has is a known beginning.
   */
  async decode(records: readonly DataRecord[], request: DecodeRequest = {}): Promise<Decoding[]> {
    this.#ready();
    const config = decodeConfig(this.#model, request);
    const samples = this.#encoded(records, { partial: true });
    const decoded = this.#decoding().decode(samples, { ...config, seed: request.seed ?? this.seed, prefix: true });
    return decoded.map((d) => present(this.#model, d, this.config.data?.columns));
  }

  /** Writes the model folder. */
  async save(dir: string): Promise<void> {
    await writeFolder(dir, this.#snapshot());
  }

  /** Puts a training back where a snapshot was taken. Throws `ModelFolderError` where it does not fit the model. */
  restore({ params, optimizer, counters, carry, best, progress, runs }: Snapshot): void {
    const engine = this.#ready();
    try {
      for (const { name } of this.#model.params) if (!params[name]) throw new UsageError(`\`${name}\` is missing`);
      engine.parameters.set(params);
      engine.parameters.setSlots(optimizer, counters);
      engine.runs = runs ?? {};
      if (this.#standing.carry) engine.drop(this.#standing.carry);
      this.#standing.carry = carry && engine.restoreCarry(carry.axis, carry.states);
    } catch (e) {
      if (e instanceof UsageError) throw new ModelFolderError(`the saved parameters do not fit the spec: ${e.message}`);
      throw e;
    }
    this.#standing.progress = { ...progress };
    this.#standing.best = best;
  }

  /** Frees every tensor. The model is of no use afterwards. */
  dispose(): void {
    if (this.#standing.carry) this.#engine?.drop(this.#standing.carry);
    this.#engine?.dispose();
    this.#engine = null;
    this.#decoder = null;
    this.#disposed = true;
  }

  /** The engine, made with the starting values when it is first wanted. */
  #ready(): Engine {
    if (this.#engine) return this.#engine;
    if (this.#disposed) throw new UsageError("the model was disposed of");
    const { unsized, name, params } = this.#model;
    if (unsized.length)
      throw new UsageError(
        `the vocabularies ${unsized.join(", ")} of ${name} come from the data: call fit() first, or pass \`vocabularies\``,
      );
    const { optimizer, clip, normalize, memory } = this.config.train;
    const reset = this.#reset();
    const read = tensorReader(this.#dir());
    const values = params.map((p) => {
      const data = initialValues(p, draws(this.seed, "init", p.name), read);
      return [p.name, { shape: p.shape, data }] as const;
    });
    const sampling = this.config.train.scheduled_sampling !== null;
    const common = { optimizer, clip, normalize, seed: this.seed, sampling, warm: this.#warm, memory };
    const options = { ...common, ...(reset && { reset }) };
    this.#engine = new Engine(this.#model, this.device, options, Object.fromEntries(values));
    return this.#engine;
  }

  #step(engine: Engine, batch: Batch): number {
    const { optimizer, schedule, scheduled_sampling, steps } = this.config.train;
    const { step } = this.#standing.progress;
    const lr = optimizer.lr * learningRateFactor(schedule, step, steps);
    const sampling = samplingRate(scheduled_sampling, step);
    const { loss } = engine.step([batch], { step, lr, carry: null, sampling });
    this.#standing.progress.step += 1;
    return loss;
  }

  #reset(): Reset | null {
    const { truncate } = this.config.train;
    const [axis, ...others] = this.#model.axes.filter(({ kind }) => kind === "ragged");
    if (!truncate?.carry || truncate.reset === null || !axis || others.length) return null;
    const reset = resetOf(this.#model, axis.bound, truncate.reset);
    if ("reason" in reset) throw new UsageError(`\`truncate\` ${reset.reason}: ${reset.help}`);
    return reset;
  }

  #decoding(): Decoder {
    this.#decoder ??= new Decoder(this.#ready());
    return this.#decoder;
  }

  async #dataset(data: Data | undefined): Promise<Dataset> {
    if (!data) return this.data();
    if (isList(data) || !("model" in data)) return this.data(data);
    this.#bind(data);
    return data;
  }

  /** Takes over the vocabularies of data. Throws `UsageError` where others are known already. */
  #bind({ model }: Dataset): void {
    if (this.#model.unsized.length) this.#model = model;
    const known = JSON.stringify(this.#model.vocabularies);
    if (known !== JSON.stringify(model.vocabularies))
      throw new UsageError("the data was encoded with other vocabularies than the model's");
  }

  #batch(records: readonly DataRecord[]): Batch {
    if (!records.length) throw new UsageError("there is no sample");
    return makeBatch(this.#model, this.#encoded(records));
  }

  /** Records keyed by fields or by the columns that the spec reads them from. */
  #encoded(records: readonly DataRecord[], options: { readonly partial?: boolean } = {}): Sample[] {
    const columns = this.config.data?.columns ?? {};
    const encode = encoder(this.#model, { columns, ...options });
    return records.map((record) => encode(keyedByField(this.#model, columns, record)));
  }

  #dir = (): string => dirname(this.spec?.file ?? "spec.rcv");

  #snapshot(): Snapshot {
    if (!this.spec) throw new UsageError("the model was made without the text of its spec, so it cannot be saved");
    const { parameters, runs } = this.#ready();
    const states = this.#standing.carry && this.#engine?.readCarry(this.#standing.carry);
    return {
      spec: this.spec,
      model: this.#model.name,
      seed: this.seed,
      vocabularies: this.#model.vocabularies,
      progress: this.#standing.progress,
      params: parameters.read(),
      optimizer: parameters.readSlots(),
      counters: Object.fromEntries(parameters.counters),
      runs,
      carry: this.#standing.carry && states ? { axis: this.#standing.carry.axis, states } : null,
      best: this.#standing.best,
    };
  }
}
