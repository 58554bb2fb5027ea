/** The public API of the runtime: a compiled spec becomes a model that trains, scores and generates. */
import { type Compiled, compile } from "../compiler/index.js";
import type { BlockValue, Model, Vocabularies } from "../compiler/model.js";
import { type BackendName, openBackend } from "./backends.js";
import { readFolder, type SpecText } from "./checkpoint.js";
import type { Dataset } from "./data/index.js";
import { ModelFolderError, SpecError } from "./errors.js";
import { Network } from "./model.js";

export { type Backend, type BackendName, backendNames, openBackend } from "./backends.js";
export { type Benchmark, type BenchmarkOptions, benchmark } from "./bench/benchmark.js";
export { type RandomRecords, randomRecords, standIns } from "./bench/records.js";
export { DataError, type Dataset, type Split } from "./data/index.js";
export type { Decoding } from "./decoder/present.js";
export { DivergedError, ModelFolderError, type Origin, RunError, SpecError, UsageError } from "./errors.js";
export {
  ExportError,
  type Exported,
  type ExportFormat,
  type ExportOptions,
  exportFormats,
  exportGraphs,
} from "./export/index.js";
export type { Data, EvaluateOptions, Evaluation } from "./model.js";
export { Network } from "./model.js";
export type { Tensors } from "./parameters.js";
export type { Records } from "./records.js";
export type { DecodeRequest } from "./requests.js";
export type { Tensor } from "./safetensors.js";
export type { FitOptions, FitResult } from "./trainer.js";
export type { DataRecord, Event, Scores, SplitName } from "./types.js";
export type { SampleValue } from "./unpad.js";

export interface InstantiateOptions {
  /** Default `auto`: the fastest that works here. */
  readonly backend?: BackendName | "auto";
  /** Default: the spec's own `train.seed`. */
  readonly seed?: number;
  /**
   * How often batches of one shape run op by op, before what runs them is made one graph (tensorflow) or code of its own
   * (wasm): that takes part of a second and makes each run several times as fast. Default 16; 0: at once.
   */
  readonly warm?: number;
  /** Tokens of vocabularies that the spec does not list; else they come from the data. */
  readonly vocabularies?: Vocabularies;
  /** Data that are loaded already: their vocabularies are taken over. */
  readonly data?: Dataset;
}

/**
 * A model with its starting values. Vocabularies that come from data are known after `fit()` or `data()`.
 * Throws `SpecError` where the spec has errors, `Error` where the backend cannot be had.
 */
export async function instantiate(program: Compiled | Model, options: InstantiateOptions = {}): Promise<Network> {
  const compiled = "diagnostics" in program ? program : null;
  if (compiled && !compiled.ok) throw new SpecError(`the spec has errors: ${errorsOf(compiled)}`);
  const model = "diagnostics" in program ? program.model : program;
  const vocabularies = options.vocabularies ?? options.data?.model.vocabularies;
  return new Network({
    model,
    device: await openBackend(options.backend ?? "auto"),
    spec: compiled && specOf(compiled),
    seed: options.seed ?? null,
    ...(options.warm === undefined ? {} : { warm: options.warm }),
    ...(vocabularies ? { vocabularies } : {}),
  });
}

export interface LoadOptions {
  readonly backend?: BackendName | "auto";
  /** Set from outside over what the folder was made with: `{ "train.steps": 3000 }` trains on. */
  readonly set?: Readonly<Record<string, BlockValue>>;
}

/** The model of a folder, where it was when it was saved. Throws `ModelFolderError`. */
export async function load(dir: string, options: LoadOptions = {}): Promise<Network> {
  const snapshot = await readFolder(dir);
  const { spec, seed, vocabularies } = snapshot;
  const compiled = compile(spec.source, {
    file: spec.file,
    model: snapshot.model,
    set: { ...(spec.set as Record<string, BlockValue>), ...options.set },
    read: (path) => spec.imports[path] ?? null,
  });
  if (!compiled.ok) throw new ModelFolderError(`the spec of ${dir} does not compile: ${errorsOf(compiled)}`);
  const network = await instantiate(compiled, { backend: options.backend ?? "auto", seed, vocabularies });
  try {
    network.restore(snapshot);
  } catch (e) {
    network.dispose();
    throw e;
  }
  return network;
}

const specOf = ({ source, file, set, sources }: Compiled): SpecText => ({
  source,
  file,
  set,
  imports: Object.fromEntries(sources),
});

function errorsOf({ diagnostics }: Compiled): string {
  const errors = diagnostics.filter((d) => d.severity === "error");
  return errors.map((d) => `${d.message} [${d.code}]`).join("; ");
}
