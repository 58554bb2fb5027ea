import { label } from "../check/report.js";
import type { Place } from "../check/types.js";
import { defineDiagnostic } from "./types.js";

/** What people look for and the language leaves out on purpose. */
interface Absence {
  readonly what: string;
  readonly why: string;
  readonly help: string;
}

export const batchStatistics: Absence = {
  what: "batch statistics, what is computed across the samples of a mini-batch, are",
  why: "equations are about one sample",
  help: "`layernorm(x)` normalises the features of one sample; how samples are batched changes no value",
};

export const growingTrees: Absence = {
  what: "a tree or graph that grows is",
  why: "its nodes come with the data",
  help: "write what grows as a sequence, for instance of brackets: `axis t < T until y[t] == EOS`",
};

export const ownVocabularies: Absence = {
  what: "a vocabulary for each sample is",
  why: "a vocabulary belongs to the model",
  help: "what differs from sample to sample is a position on an axis: `random a[t] : s` and `a[t] ~ categorical[s](…)`",
};

export const notInLanguage = defineDiagnostic<Absence & { readonly place: Place }>({
  code: "not-in-language",
  severity: "error",
  message: ({ what }) => `${what} not in the language`,
  labels: ({ place, why }) => [label(place, why)],
  help: ({ help }) => help,
});

/** `batchnorm`, `batch_mean`, `BatchNorm1d`, `sync_batch_norm`: names of functions across a mini-batch. */
export const isAcrossBatch = (name: string): boolean =>
  /^(sync_?)?batch_?(norm|re?norm|stand|mean|avg|std|var|stat|max|min|sum)/i.test(name);

/** Names of the axis that nothing here has. */
export const isBatch = (name: string): boolean => /^(mini_?)?batch(_?(size|axis|dim))?$/i.test(name);
