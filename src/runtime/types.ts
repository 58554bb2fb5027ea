/** What the parts of the runtime hand to each other. */

/** A record as a user writes it: tokens as strings or ids, numbers, nested lists, any lengths. */
export type DataRecord = Readonly<Record<string, unknown>>;

/** A length; of an axis within another, one for each index of that one. */
export type Lengths = number | readonly Lengths[];

/** A sample: one array per field, unpadded; tokens as ids. `lengths`: of each ragged axis that does not follow from others. */
export interface Sample {
  readonly lengths: Readonly<Record<string, Lengths>>;
  /**
   * Row-major over the field's axes (outermost first), then its shape. A field may be absent (an undrawn random). The maps
   * of trees and graphs are among them, in the record's own numbers of nodes.
   */
  readonly fields: Readonly<Record<string, Float32Array | Int32Array>>;
  /** Of the nodes and edges of trees and graphs. */
  readonly levels?: Levelled;
}

/** By axis: the level of each index. A node stands above everything that it is computed from. */
export type Levelled = Readonly<Record<string, Int32Array>>;

/**
 * Samples padded to one shape. A field is laid out [axes…, batch, shape…], outermost axis first: time-major, so that
 * one time step is a contiguous block. Padding holds values that a sample could have.
 */
export interface Batch {
  readonly size: number;
  /** Of each ragged axis, per sample; of an axis within others [outer axes…, samples], the outermost first, 0 on padding. */
  readonly lengths: Readonly<Record<string, Int32Array>>;
  /** Of each ragged axis, the padded length. */
  readonly extents: Readonly<Record<string, number>>;
  readonly fields: Readonly<Record<string, Float32Array | Int32Array>>;
  /**
   * Nodes and edges of trees and graphs lie level by level, at the same places for all samples: by axis, how many places
   * each level has. Maps between nodes point at places; −1 is nowhere.
   */
  readonly widths?: Readonly<Record<string, readonly number[]>>;
  /** By such an axis, for each sample: the place of each of its own indices. */
  readonly places?: Readonly<Record<string, readonly Int32Array[]>>;
  /** Carried state: which samples start here (see `Compute.states`). Absent where no state is carried. */
  readonly fresh?: Float32Array;
  /** Scheduled sampling: how probable a draw is in the place of a past observation; absent: 0. */
  readonly sampling?: number;
}

export type SplitName = "train" | "valid" | "test";

/** One line of `--json`; see the interface of the CLI. */
export type Event =
  | {
      readonly event: "step";
      readonly step: number;
      readonly epoch: number;
      readonly loss: number;
      readonly tokens_per_second: number;
      readonly lr: number;
      readonly grad_norm: number;
      readonly steps: number | null;
      readonly seconds_left: number | null;
      readonly accuracy?: number;
    }
  | MemoryEvent
  | { readonly event: "epoch"; readonly epoch: number; readonly step: number; readonly loss: number }
  | Evaluated
  | { readonly event: "sample"; readonly step: number; readonly output: unknown; readonly logp: number }
  | { readonly event: "saved"; readonly step: number; readonly dir: string };

/**
 * Of a training under a budget of memory, where a batch needs more than any before it: what the tensors of a step take at a
 * time, by the plan, in bytes. `recomputed`: forward values are computed again. Where it is more than the budget, the largest
 * batch and the greatest length that would fit; 0: none, null: not known.
 */
export type MemoryEvent = {
  readonly event: "memory";
  readonly step: number;
  readonly bytes: number;
  readonly budget: number;
  readonly recomputed: boolean;
  readonly batch_fits?: number;
  readonly length_fits?: number | null;
};

/** `loss`: nats per observation. `metrics`: the spec's own, spread into the event by their names. */
export interface Scores {
  readonly loss: number;
  /** exp of the mean −log p per token, of sequences of tokens. */
  readonly perplexity?: number;
  /** Share of right predictions, given everything before them. */
  readonly accuracy?: number;
  /** Share of records whose every sequence is decoded exactly; `exact_match_of`: how many records were decoded. */
  readonly exact_match?: number;
  readonly exact_match_of?: number;
  readonly [metric: string]: number | undefined;
}

export interface Evaluated {
  readonly event: "evaluated";
  readonly split: SplitName;
  readonly step: number;
  readonly loss: number;
  readonly [score: string]: number | string | undefined;
}
