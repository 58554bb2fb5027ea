/** What the blocks of a spec say once they are validated, with every default filled in. Plain JSON. */

/** A cell that is an optimiser, and its hyperparameters. */
export interface OptimizerConfig {
  /** The name of the cell. */
  readonly kind: string;
  /** Learning rate, before the schedule. */
  readonly lr: number;
  /** All others. */
  readonly options: Readonly<Record<string, number>>;
}

/** A factor on the learning rate, by step. */
export type Schedule =
  | { readonly kind: "constant"; readonly warmup: number }
  | { readonly kind: "cosine"; readonly warmup: number; readonly final: number }
  | { readonly kind: "linear"; readonly warmup: number; readonly final: number }
  | { readonly kind: "exponential"; readonly warmup: number; readonly decay: number; readonly every: number };

export interface Truncation {
  readonly length: number;
  readonly carry: boolean;
  readonly reset: string | null;
}

/** The probability rises along a line from 0 to `final` over so many steps; with `over` 0 it is `final` from the first. */
export interface Sampling {
  readonly final: number;
  readonly over: number;
}

export interface TrainConfig {
  readonly optimizer: OptimizerConfig;
  readonly schedule: Schedule;
  /** Largest global norm of the gradient, or none. */
  readonly clip: number | null;
  /** Samples (or streams of text) per batch. */
  readonly batch: number;
  /** At least one of `epochs` and `steps` is set; training ends with whichever comes first. */
  readonly epochs: number | null;
  readonly steps: number | null;
  /**
   * Truncated BPTT over contiguous text: windows of `length`; `carry` keeps the state from one to the next, and `reset` is the
   * token after which it starts anew.
   */
  readonly truncate: Truncation | null;
  /** How probable it is in training that a model reads its own draw where it would read the observed past: see `Sampling`. */
  readonly scheduled_sampling: Sampling | null;
  /** Stop after `patience` evaluations without a better validation loss, and keep the best parameters. */
  readonly early_stop: { readonly patience: number } | null;
  /** Evaluate on the validation data every so many steps; null: after each epoch. */
  readonly evaluate: number | null;
  /** Save every so many steps; null: with each evaluation. */
  readonly checkpoint: number | null;
  readonly seed: number;
  /** Gradients of so many batches are added before a step. */
  readonly accumulate: number;
  /** N of the objective (R14): observations or samples. */
  readonly normalize: "observation" | "sample";
  /** How many bytes of tensors a step may hold at a time; null: any number. */
  readonly memory: number | null;
}

/** Ways of decoding: at most one stands in a block. */
export const decodeMethods = [
  "greedy",
  "sample",
  "beam",
  "viterbi",
] as const satisfies readonly DecodeConfig["method"]["kind"][];

export interface DecodeConfig {
  readonly method:
    | { readonly kind: "greedy" }
    | {
        readonly kind: "sample";
        readonly temperature: number;
        readonly top_k: number | null;
        readonly top_p: number | null;
      }
    | { readonly kind: "beam"; readonly k: number; readonly length_penalty: number }
    | { readonly kind: "viterbi" };
  /** Longest sequence; null where lengths are known from the inputs. */
  readonly max: number | null;
}

/** Where records come from. */
export type Source =
  /** One record per string. */
  | { readonly kind: "literal"; readonly texts: readonly string[] }
  /** A file (or several, in order) as one contiguous text. */
  | { readonly kind: "text"; readonly files: readonly FileRef[] }
  /** One record per line: `{ line }`. */
  | { readonly kind: "lines"; readonly files: readonly FileRef[] }
  | { readonly kind: "jsonl"; readonly files: readonly FileRef[] }
  | { readonly kind: "csv"; readonly files: readonly FileRef[]; readonly separator: string }
  /** Arrays of NumPy by column, each of one or several files; one record per first index. */
  | { readonly kind: "npy"; readonly arrays: Readonly<Record<string, readonly FileRef[]>> }
  | { readonly kind: "parquet"; readonly files: readonly FileRef[] }
  /** Named lists, one entry a line: records `{ item, list }`; an item of several lists is left out. */
  | { readonly kind: "lists"; readonly lists: Readonly<Record<string, FileRef>> }
  /** Handwritten digits of the package `mnist`: records `{ image, digit, word }`. */
  | { readonly kind: "mnist"; readonly folder: FileRef }
  /** A built-in generator of synthetic records, seeded. */
  | { readonly kind: "generate"; readonly task: string; readonly options: Readonly<Record<string, number>> };

/** `path` is relative to the spec, or inside the installed package `npm`. */
export interface FileRef {
  readonly path: string;
  readonly npm: string | null;
}

/** How a field of the model is read from a record of a source; without an entry, from the column of its own name. */
export type Column =
  | { readonly kind: "chars"; readonly column: string; readonly lower: boolean }
  | { readonly kind: "words"; readonly column: string; readonly lower: boolean }
  | { readonly kind: "value"; readonly column: string }
  /** The path of a PNG file, or its bytes, as rows of pixels in 0 … 1. */
  | { readonly kind: "image"; readonly column: string }
  | { readonly kind: "numbers"; readonly columns: readonly string[] };

/** A part held out from `train`: the last share of the records (or of the text), or a share drawn at random. */
export type Split =
  | { readonly kind: "source"; readonly source: Source }
  | { readonly kind: "last"; readonly share: number }
  | { readonly kind: "random"; readonly share: number };

export interface DataConfig {
  readonly train: Source;
  readonly valid: Split | null;
  readonly test: Split | null;
  readonly columns: Readonly<Record<string, Column>>;
}
