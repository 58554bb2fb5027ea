/**
 * What the checker found out about a model: everything that the runtime, the CLI and the printers need, as plain data,
 * and the way to its Systems. Sizes of vocabularies may come from the data, so a System is made once they are known.
 */
import type { Diagnostic } from "./diagnostics/types.js";
import type { Optimizers } from "./optimizer/types.js";
import type { Length, System } from "./system/types.js";

export interface VocabInfo {
  readonly name: string;
  /** Listed in the spec; otherwise it comes from the data. */
  readonly tokens?: readonly string[];
  readonly max?: number;
  readonly min?: number;
  /** It is a dim that stands as a type: its tokens are the numbers below it, and so they are in records. */
  readonly isNumbered?: true;
  /** Tokens that the model mentions and that are appended to those of the data: `BOS`, `EOS`, in this order. */
  readonly special: readonly ("BOS" | "EOS")[];
  /** Tokens that the spec writes out (`c[-1] = "h"`): a vocabulary from the data that lacks one is a mistake in either. */
  readonly mentioned: readonly string[];
}

/** A vocabulary with `max` or `min` knows words that it has not seen as `<UNK>` (R17). */
export const hasUnknown = ({ max, min }: Pick<VocabInfo, "max" | "min">): boolean =>
  max !== undefined || min !== undefined;

/** The tokens behind those of the list or the data, in their order. */
export const specialTokens = (vocab: Pick<VocabInfo, "max" | "min" | "special">): string[] => [
  ...(hasUnknown(vocab) ? ["<UNK>"] : []),
  ...vocab.special.map((name) => `<${name}>`),
];

export interface AxisInfo {
  /** The name of the axis, its bound as written: `T`. All variables with one bound are one axis. */
  readonly bound: string;
  readonly vars: readonly string[];
  readonly kind: "static" | "ragged";
  readonly size?: number;
  /** The bound of the axis that this one is within: each of its indices has its own length here. */
  readonly within?: string;
  /** A length that follows from others; then no record gives it. */
  readonly length?: Length;
  /** Is the length of this axis found by decoding (`until y[t] == EOS`), and by which random and token? */
  readonly until?: {
    readonly random: string;
    /** As in `Vocabularies`: `<EOS>`, or a token of the data. */
    readonly token: string;
  };
  /** Of the nodes and of the edges of a tree or graph: its name. */
  readonly family?: string;
}

/** A tree or graph: a key of a data record. Its name is that of its axis of nodes; see `mapsOf` for its maps. */
export interface StructureInfo {
  readonly name: string;
  readonly kind: "tree" | "graph";
}

export type FieldType =
  | { readonly kind: "token"; readonly vocab: string }
  /** An index 0 ≤ i < the sample's own length of the axis. */
  | { readonly kind: "position"; readonly axis: string }
  | { readonly kind: "float" };

/** What a random can be drawn from. */
export type DistName = "categorical" | "bernoulli" | "normal" | "laplace" | "uniform" | "mvnormal" | "mixture" | "ctc";

/** Is there a right and a wrong prediction? Then a random has `.hits`. */
export const hasHits = (dist: DistName | undefined): boolean => dist === "categorical" || dist === "bernoulli";

/** An input or a random of the model: one key of a data record. */
export type Whole = "int" | "bool";

export interface FieldInfo {
  readonly name: string;
  readonly role: "input" | "random";
  /** Bounds of its axes, outermost first. */
  readonly axes: readonly string[];
  readonly type: FieldType;
  /** Dims after the axes, as numbers that hold once vocabularies are bound; `labels` in the user's names. */
  readonly shape: readonly number[];
  readonly labels: readonly string[];
  /** Of an input: `int` is a whole number, `bool` 0 or 1. */
  readonly whole?: Whole;
  /** Of a random. */
  readonly dist?: DistName;
  /** Of a mixture: the distribution of its components. */
  readonly base?: DistName;
  /** The axis over which `categorical[s]`, `mixture[m]` or `ctc[t]` ranges. */
  readonly over?: string;
  /** Of `uniform` with constant bounds: values outside have no probability. */
  readonly support?: readonly [number, number];
}

/** Is each observation one choice among several: a token or a position, by itself? Then there is a perplexity. */
export const isChoice = ({ dist, base }: Pick<FieldInfo, "dist" | "base">): boolean =>
  (dist === "mixture" ? base : dist) === "categorical";

/** A start as equations: `result` in terms of noise, which is drawn once, in the order of the System. */
export interface StartEquations {
  readonly system: System;
  /** Of the shape of the parameter, or a number that fills it. */
  readonly result: string;
}

export type Init =
  | { readonly kind: "zeros" }
  | { readonly kind: "constant"; readonly value: number }
  /** By the equations of a cell, for each of `blocks` equal blocks of rows (packed gates) by itself. */
  | {
      readonly kind: "cell";
      readonly cell: string;
      readonly numbers: Readonly<Record<string, number>>;
      readonly blocks: number;
      /** For a block of that shape. */
      equations(shape: readonly number[]): StartEquations;
    }
  | { readonly kind: "orthogonal"; readonly gain: number; readonly blocks: number }
  | { readonly kind: "identity"; readonly gain: number }
  /** A bias of packed gates: one constant for each of `values.length` equal blocks. */
  | { readonly kind: "gates"; readonly values: readonly number[] }
  | { readonly kind: "file"; readonly path: string; readonly key: string };

export interface ParamInfo {
  /** `Whh`, `enc.W`: the id of its value in the System. */
  readonly name: string;
  /** Of `param W[l]`, the length of l comes first. */
  readonly shape: readonly number[];
  /** How many of the first dims are axes: each index of them starts by itself. */
  readonly axes?: number;
  readonly labels: readonly string[];
  readonly frozen: boolean;
  readonly init: Init;
}

/** A JSON value of a block: numbers, strings, booleans, lists, or a call `adam(lr = 0.1)` as `{ call, args, named }`. */
export type BlockValue = number | string | boolean | null | readonly BlockValue[] | BlockCall;
export interface BlockCall {
  readonly call: string;
  readonly args: readonly BlockValue[];
  readonly named: Readonly<Record<string, BlockValue>>;
}
/** Entries by key; a bare value `beam(5)` or `greedy` is the key itself with its call or `true`. */
export type Block = Readonly<Record<string, BlockValue>>;

/** What a System is specialised for. A random is observed unless it is named in `drawn`. */
export interface Mode {
  readonly training: boolean;
  readonly drawn: readonly string[];
  /** Observed randoms whose draw is an equation beside them, for scheduled sampling: `NAME.draw`. */
  readonly sampled?: readonly string[];
}

/** The tokens of every vocabulary, ids in order: those of the data, then `<UNK>` (under `max`/`min`), then `special`. */
export type Vocabularies = Readonly<Record<string, readonly string[]>>;

/**
 * Ids of the values of a System that have a meaning beyond their equation:
 * - `loss`: the objective (R14), no slots: (Σ −log p · weight + Σ loss terms) / N + penalties
 * - `loss.total`, `loss.count`: its numerator (without penalties) and N, no slots. No name of a spec has a dot or is `loss`
 * - `NAME.logp`: log-probability of a random, over its axes (unweighted); `NAME.hits`: number of right predictions
 *   (categorical, bernoulli), no slots; `NAME.count`: number of its observations, no slots
 * - `metric.NAME.sum`, `metric.NAME.count`: of a metric, no slots
 * - a random itself: an input where it is observed, an equation with op `draw` where it is drawn
 * An input's value has one slot per axis of the field after the batch slot (`BATCH` first), then the field's shape.
 */
export interface Model {
  readonly name: string;
  readonly topology: string;
  readonly axes: readonly AxisInfo[];
  readonly structures: readonly StructureInfo[];
  readonly vocabs: readonly VocabInfo[];
  readonly fields: readonly FieldInfo[];
  readonly params: readonly ParamInfo[];
  readonly metrics: readonly string[];
  readonly hyperparameters: Readonly<Record<string, number>>;
  readonly dims: Readonly<Record<string, number>>;
  /** Raw blocks, as written and overridden; validated and completed by `blocks/`. */
  readonly blocks: { readonly data?: Block; readonly train?: Block; readonly decode?: Block };
  /** What `train.optimizer` can name. */
  readonly optimizers: Optimizers;
  /** Vocabularies whose tokens must come from the data; empty once bound. */
  readonly unsized: readonly string[];
  /** The same model with all vocabularies known: shapes of params and fields are then numbers that hold. */
  bind(vocabularies: Vocabularies): Model;
  /** Tokens by vocabulary; throws while some are unsized. */
  readonly vocabularies: Vocabularies;
  /** The System of a mode, not differentiated, not optimised. Throws while vocabularies are unsized. */
  system(mode: Mode): System;
}

export interface Checked {
  readonly diagnostics: readonly Diagnostic[];
  /** Texts of the imported files, by the `file` of labels that point into them. */
  readonly sources: ReadonlyMap<string, string>;
  /** Absent where an error stands in the way. */
  readonly models: readonly Model[];
}
