/** What the data layer hands to the trainer, the evaluator and the decoder. */
import type { Column, FileRef, Truncation } from "../../compiler/blocks/types.js";
import type { Model } from "../../compiler/model.js";
import type { Batch, DataRecord, Sample } from "../types.js";

/** Reads files that a spec names. The Node implementation is in `files.ts`; a browser can bring its own. */
export interface Files {
  /** The text of a file, UTF-8. Throws `DataError` where it cannot be read. */
  read(ref: FileRef): Promise<string>;
  /** Its bytes. Throws `DataError` likewise. */
  bytes(ref: FileRef): Promise<Uint8Array>;
  /** How messages call the file. */
  name(ref: FileRef): string;
}

/** Where a record comes from. `line` counts from 1. */
export interface Where {
  readonly file: string;
  readonly line?: number;
}

/** A record as its source has it, keyed by columns, and where it stands. */
export interface SourceRecord {
  readonly columns: DataRecord;
  readonly where: Where;
}

/**
 * One part of the data. `samples`: independent records, batched by length. `streams`: one long sequence, read as
 * parallel streams of contiguous windows (truncated BPTT); `Batch.fresh` is set where state is carried.
 */
export interface Split {
  readonly kind: "samples" | "streams";
  /** Records of `samples`; steps of the sequence (characters) of `streams`. */
  readonly count: number;
  /** Encoded; of `streams` the one long sequence. The order is that of the source. */
  readonly samples: readonly Sample[];
  readonly batchesPerEpoch: number;
  /**
   * The batches of an epoch (from 0), from batch `from` on. The same arguments give the same batches. Every record comes once
   * in an epoch; of a stream the remainder that fills no window is dropped. Carried state starts afresh with each epoch.
   */
  epoch(epoch: number, from?: number): Iterable<Batch>;
  /** Everything once, in a fixed order, nothing dropped: for scores. */
  evaluation(): Iterable<Batch>;
}

export interface Dataset {
  /** The model with all vocabularies known. */
  readonly model: Model;
  readonly train: Split;
  readonly valid: Split | null;
  readonly test: Split | null;
  /** Set where state is carried from window to window: the axis of the windows (`ComputeOptions.carry`). */
  readonly carry: string | null;
}

export interface DataOptions {
  readonly files: Files;
  /** Of `TrainConfig`: order of records, random splits. */
  readonly seed: number;
  readonly batch: number;
  readonly truncate: (Omit<Truncation, "reset"> & Partial<Truncation>) | null;
}

export type Columns = Readonly<Record<string, Column>>;

export interface EncodeOptions {
  /** `DataConfig.columns`: says which fields are split into words or put into lower case. */
  readonly columns?: Columns;
  /** For prediction: randoms may be missing, and those present are prefixes, so no end token is appended. */
  readonly partial?: boolean;
}
