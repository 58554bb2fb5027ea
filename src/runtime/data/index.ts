/** From the data block of a spec to batches. */
import type { DataConfig } from "../../compiler/blocks/types.js";
import type { FieldInfo, Model } from "../../compiler/model.js";
import type { Batch, DataRecord, Sample } from "../types.js";
import type { Columns, DataOptions, Dataset, EncodeOptions, Where } from "./types.js";

export { DataError } from "./errors.js";
export type { Columns, DataOptions, Dataset, EncodeOptions, Files, Split, Where } from "./types.js";

/** Reads the sources, builds the vocabularies, binds the model, encodes the records. Throws `DataError`. */
export declare function loadData(model: Model, config: DataConfig, options: DataOptions): Promise<Dataset>;

/** A record keyed by the model's fields → a sample of a bound model. Throws `DataError`, naming the field. */
export declare function encode(model: Model, record: DataRecord, options?: EncodeOptions, where?: Where): Sample;

/** Ids of a field back to what a record has: a string of characters, a list of words, one token; no end token. */
export declare function decodeTokens(
  model: Model,
  field: FieldInfo,
  ids: ArrayLike<number>,
  columns?: Columns,
): string | readonly string[];

/** Pads samples to one shape: to their longest, or to `extents` where those are given. */
export declare function makeBatch(
  model: Model,
  samples: readonly Sample[],
  extents?: Readonly<Record<string, number>>,
): Batch;
