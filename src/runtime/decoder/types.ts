/** What the decoder asks of whatever computes tensors, and what it gives back. */
import type { DecodeConfig } from "../../compiler/blocks/types.js";
import type { DistName, Model } from "../../compiler/model.js";
import type { Compute } from "../../compiler/programs.js";
import type { Batch, Lengths } from "../types.js";

export type Numbers = Float32Array | Int32Array;

/** One execution of `draw`: the parameters of a distribution at one index of the random, for all rows of the batch. */
export interface DrawRequest {
  readonly random: string;
  readonly dist: DistName;
  /** Of a mixture: the distribution of its components. */
  readonly base?: DistName;
  /** How many axes the distribution ranges over. */
  readonly over: number;
  /** One index per axis of the random; of `ctc`, which draws a whole sequence at once, without its last axis. */
  readonly index: readonly number[];
  /**
   * As the op `draw` has them (`ops/draws.ts`): [rows, features…], and [rows, axes…, features…] where the distribution
   * ranges over axes. Logits of an index beyond a row's own length are −∞.
   */
  readonly params: readonly { readonly data: Float32Array; readonly shape: readonly number[] }[];
}

export interface DrawReply {
  /** [rows, features…]; the index of the value where it is categorical. Of `ctc` [longest length, rows], any beyond its end. */
  readonly values: Numbers;
  /** Under beam search: the row that each row goes on from, which the carried values have to follow. */
  readonly parent?: Int32Array;
  /** Nothing that is computed after this draw is wanted. */
  readonly stop?: boolean;
}

export interface Run {
  readonly compute: Compute;
  /** Open axes have their longest length in every row. */
  readonly batch: Batch;
  readonly outputs: readonly string[];
  /** Values of role `state`; empty where every sequence starts in this run. */
  readonly states: Readonly<Record<string, Numbers>>;
  /** Do rows move? Then every reply has `parent`. */
  readonly beam: boolean;
  /** Keys of the noise: `samples` names the sample of each row, `step` the part of a long sequence. */
  readonly noise: { readonly seed: number; readonly step: number; readonly samples: readonly number[] };
  /** Absent where the program computes its draws itself (`Compute.inside`). */
  readonly draw?: (request: DrawRequest) => DrawReply;
}

export interface DecodeEngine {
  readonly model: Model;
  /** Are programs that compute their draws themselves worth it? */
  readonly drawsInside?: boolean;
  /** The outputs, laid out like a batch; an empty record where a draw said stop. */
  run(run: Run): Readonly<Record<string, Numbers>>;
}

export interface DecodeOptions extends DecodeConfig {
  readonly seed: number;
  /** Are randoms that a sample has a known beginning of what is drawn (R19)? Otherwise they are not looked at. */
  readonly prefix?: boolean;
  /** Rows computed together. */
  readonly rows?: number;
}

/**
 * What was drawn for one sample. `fields` and `lengths` are those of a `Sample`: the end token is included, of several
 * axes the outermost is first. `logp`: log-probability of what was drawn under the model's own distributions, whatever
 * method chose it; a known beginning does not count.
 */
export interface Decoded {
  readonly fields: Readonly<Record<string, Numbers>>;
  readonly lengths: Readonly<Record<string, Lengths>>;
  readonly logp: number;
  /** Did every open axis end by itself, rather than at its longest length? */
  readonly ended: boolean;
  /** Beam search: all that was found, the best first, with the score by which it was compared. */
  readonly alternatives?: readonly Alternative[];
}

export interface Alternative {
  readonly fields: Readonly<Record<string, Numbers>>;
  readonly lengths: Readonly<Record<string, Lengths>>;
  readonly logp: number;
  readonly score: number;
  readonly ended: boolean;
}
