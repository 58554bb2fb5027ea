/** Vocabularies from data: tokens, then `<UNK>`, then the special tokens. */
import { hasUnknown, type Model, specialTokens, type VocabInfo, type Vocabularies } from "../../compiler/model.js";
import type { DataRecord } from "../types.js";
import { columnOf } from "./columns.js";
import { DataError } from "./errors.js";
import { cased, splitTokens } from "./tokens.js";
import type { Columns, Where } from "./types.js";

export interface FieldRecord {
  readonly fields: DataRecord;
  readonly where: Where;
}

/**
 * For the vocabularies that the spec does not list. Where there is `<UNK>` only the training records count; without it every
 * record does, since nothing is learnt from an alphabet and a letter outside of it could not be read at all.
 */
export function buildVocabularies(
  model: Pick<Model, "fields" | "vocabs" | "unsized">,
  columns: Columns,
  train: readonly FieldRecord[],
  heldOut: readonly FieldRecord[],
): Vocabularies {
  return Object.fromEntries(
    model.unsized.map((name) => {
      const vocab = model.vocabs.find((v) => v.name === name);
      if (!vocab) throw new Error(`data: the model has no vocabulary ${name}`);
      const counts = count(model, vocab, columns, hasUnknown(vocab) ? train : [...train, ...heldOut]);
      if (counts.size === 0) throw new DataError(`the data has no token for the vocabulary \`${name}\``);
      return [name, order(vocab, counts, byFrequency(model, vocab, columns))];
    }),
  );
}

function byFrequency(model: Pick<Model, "fields">, vocab: VocabInfo, columns: Columns): boolean {
  const words = model.fields.some(
    (field) =>
      field.type.kind === "token" && field.type.vocab === vocab.name && columnOf(columns, field).kind === "words",
  );
  return words || hasUnknown(vocab);
}

function count(
  model: Pick<Model, "fields">,
  vocab: VocabInfo,
  columns: Columns,
  records: readonly FieldRecord[],
): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (token: string) => counts.set(token, (counts.get(token) ?? 0) + 1);
  for (const field of model.fields) {
    if (field.type.kind !== "token" || field.type.vocab !== vocab.name) continue;
    const column = columnOf(columns, field);
    const visit = (value: unknown, depth: number, where: Where): void => {
      if (typeof value === "string") {
        if (depth > 0) for (const token of splitTokens(value, column)) add(token);
        else add(cased(value, column));
      } else if (Array.isArray(value)) for (const item of value) visit(item, depth - 1, where);
      else if (value !== undefined && value !== null) {
        const help = `list its tokens, \`vocab ${vocab.name} = ["…"]\`, or write tokens as strings`;
        throw new DataError(
          `\`${field.name}\` has the id ${String(value)}, but the vocabulary \`${vocab.name}\` comes from the data`,
          where,
          help,
        );
      }
    };
    for (const { fields, where } of records) visit(fields[field.name], field.axes.length, where);
  }
  return counts;
}

/** Order of code points, so that it does not depend on the locale. */
function compareCodePoints(a: string, b: string): number {
  const [x, y] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < x.length && i < y.length; i++) {
    const difference = x[i]!.codePointAt(0)! - y[i]!.codePointAt(0)!;
    if (difference) return difference;
  }
  return x.length - y.length;
}

function order(vocab: VocabInfo, counts: ReadonlyMap<string, number>, byCount: boolean): string[] {
  const special = specialTokens(vocab);
  const missing = vocab.mentioned.find((token) => !counts.has(token) && !special.includes(token));
  if (missing !== undefined) {
    throw new DataError(
      `the spec writes the token ${JSON.stringify(missing)} of \`${vocab.name}\`, but no record has it`,
      null,
      `list the vocabulary, \`vocab ${vocab.name} = ["…"]\`, or write a token of the data`,
    );
  }
  const frequent = (a: string, b: string) => counts.get(b)! - counts.get(a)!;
  const sorted = Array.from(counts.keys())
    .filter((token) => !special.includes(token))
    .sort((a, b) => (byCount ? frequent(a, b) : 0) || compareCodePoints(a, b));
  // Tokens that the spec writes are kept, however rare.
  const named = new Set(vocab.mentioned.filter((token) => counts.has(token)));
  let room = (vocab.max ?? Number.POSITIVE_INFINITY) - named.size;
  const kept = sorted.filter((token) => named.has(token) || (counts.get(token)! >= (vocab.min ?? 1) && room-- > 0));
  return [...kept, ...special];
}
