/** Scores of a split: sums over all of it, never means of means. */
import type { DecodeConfig } from "../compiler/blocks/types.js";
import { type FieldInfo, isChoice, type Model } from "../compiler/model.js";
import type { Split } from "./data/index.js";
import type { Decoder } from "./decoder/decoder.js";
import type { Carry, Engine, ScoreResult } from "./engine.js";
import { UsageError } from "./errors.js";
import type { Numbers } from "./feeds.js";
import type { Sample, Scores } from "./types.js";

/**
 * Loss in nats per observation, perplexity of sequences of tokens, accuracy (of several randoms also `NAME.accuracy`), and
 * the spec's own metrics. `carry`: the axis along which state goes from window to window.
 */
export function score(engine: Engine, split: Split, carry: string | null): Scores {
  const state: Carry | null = carry === null ? null : { axis: carry, states: null };
  const sums: Record<string, number> = {};
  const logp: Record<string, number> = {};
  try {
    for (const batch of split.evaluation()) {
      const result: ScoreResult = engine.score(batch, state);
      for (const [id, x] of Object.entries(result.sums)) sums[id] = (sums[id] ?? 0) + x;
      for (const [name, x] of Object.entries(result.logp)) logp[name] = (logp[name] ?? 0) + x;
    }
  } finally {
    if (state) engine.drop(state);
  }
  if (sums["loss.count"] === undefined) throw new UsageError("there is nothing to evaluate: the split has no record");
  return scoresOf(engine.model, sums, logp);
}

function scoresOf(
  { fields, metrics }: Model,
  sums: Readonly<Record<string, number>>,
  logp: Readonly<Record<string, number>>,
): Scores {
  const get = (id: string): number => {
    const sum = sums[id];
    if (sum === undefined) throw new Error(`scoring gave no ${id}`);
    return sum;
  };
  const randoms = fields.filter((f) => f.role === "random");
  const tokens = randoms.filter((f) => isChoice(f) && f.axes.length > 0);
  const guessed = randoms.filter((f) => sums[`${f.name}.hits`] !== undefined);
  const total = (list: readonly FieldInfo[], what: string): number =>
    list.reduce((a, f) => a + get(`${f.name}.${what}`), 0);
  const nll = -tokens.reduce((a, f) => a + (logp[f.name] as number), 0);
  const accuracies = guessed.map((f) => [`${f.name}.accuracy`, total([f], "hits") / total([f], "count")] as const);
  return {
    loss: get("loss.total") / get("loss.count"),
    ...(tokens.length ? { perplexity: Math.exp(nll / total(tokens, "count")) } : {}),
    ...(guessed.length ? { accuracy: total(guessed, "hits") / total(guessed, "count") } : {}),
    ...(guessed.length > 1 ? Object.fromEntries(accuracies) : {}),
    ...Object.fromEntries(metrics.map((m) => [m, get(`metric.${m}.sum`) / get(`metric.${m}.count`)])),
  };
}

/** Records decoded for the exact match where the caller does not say how many. */
export const EXACT_MATCH_RECORDS = 2000;

/**
 * Decodes the first `limit` records of a split from their inputs and compares all sequences of tokens, whole. Empty where
 * that says nothing: no such sequence, or no input that would determine it.
 */
export function exactMatch(
  decoder: Decoder,
  split: Split,
  config: DecodeConfig,
  { seed, limit }: { seed: number; limit: number },
): Pick<Scores, "exact_match" | "exact_match_of"> {
  const { fields } = decoder.engine.model;
  const sequences = fields.filter((f) => f.role === "random" && f.type.kind !== "float" && f.axes.length > 0);
  const samples = split.samples.slice(0, limit);
  const applies = sequences.length > 0 && fields.some((f) => f.role === "input") && split.kind === "samples";
  if (!applies || !samples.length) return {};
  // prefix: false, because the samples hold the very answers
  const decoded = decoder.decode(samples, { ...config, seed, prefix: false });
  const right = samples.filter((sample, i) =>
    sequences.every((f) => same(sample.fields[f.name], decoded[i]?.fields[f.name])),
  );
  return { exact_match: right.length / samples.length, exact_match_of: samples.length };
}

const same = (a: Sample["fields"][string] | undefined, b: Numbers | undefined): boolean =>
  a !== undefined && b !== undefined && a.length === b.length && a.every((x, i) => x === b[i]);
