/** `truncate(…, reset = "\n")`: which field and which of its tokens a reset means. */
import { type FieldInfo, hasUnknown, type Model } from "./model.js";
import type { Reset } from "./passes/reset.js";

/** Why there is no such token, as the end of a sentence whose subject is `truncate`; and what to do. */
export interface NoReset {
  readonly reason: string;
  readonly help: string;
}

type Tokens = Pick<Model, "fields" | "vocabs" | "unsized"> & { readonly vocabularies?: Model["vocabularies"] };

/**
 * The field of tokens along `axis` whose vocabulary has the token `text` (`EOS`, `BOS` and `UNK` are the special ones); where
 * there are several, the only random or the only input among them. The id is −1 while the vocabulary is not known.
 */
export function resetOf(model: Tokens, axis: string, text: string): Reset | NoReset {
  const token = ["EOS", "BOS", "UNK"].includes(text) ? `<${text}>` : text;
  const along = model.fields.filter((f) => f.type.kind === "token" && f.axes.join() === axis);
  if (!along.length)
    return { reason: `resets at \`${text}\`, but nothing along ${axis} is a token`, help: "leave `reset` out" };
  const known = along.filter((f) => has(model, vocabOf(f), token));
  const names = [...new Set(along.map(vocabOf))];
  if (!known.length) {
    const which = names.length > 1 ? `the vocabularies ${names.join(", ")}` : `the vocabulary ${names[0]}`;
    return {
      reason: `resets at \`${text}\`, which is no token of ${which}`,
      help: `\`reset\` is the token that ends a document, one of ${names.join(" or ")}`,
    };
  }
  const only = (fields: readonly FieldInfo[]): FieldInfo | undefined => (fields.length === 1 ? fields[0] : undefined);
  const field =
    only(known) ?? only(known.filter((f) => f.role === "random")) ?? only(known.filter((f) => f.role === "input"));
  if (!field)
    return {
      reason: `resets at \`${text}\`, which ${known.map((f) => `\`${f.name}\``).join(" and ")} can be`,
      help: "leave `reset` out, or give the documents' ends a vocabulary of their own",
    };
  const tokens = tokensOf(model, vocabOf(field));
  return { field: field.name, token: tokens ? tokens.indexOf(token) : -1 };
}

const vocabOf = (f: FieldInfo): string => (f.type.kind === "token" ? f.type.vocab : "");

const tokensOf = (model: Tokens, vocab: string): readonly string[] | undefined =>
  model.unsized.includes(vocab) ? undefined : model.vocabularies?.[vocab];

function has(model: Tokens, name: string, token: string): boolean {
  const tokens = tokensOf(model, name);
  if (tokens) return tokens.includes(token);
  const vocab = model.vocabs.find((v) => v.name === name);
  if (!vocab) return false;
  if (/^<(EOS|BOS)>$/.test(token)) return vocab.special.some((s) => `<${s}>` === token);
  return token === "<UNK>" ? hasUnknown(vocab) : (vocab.tokens?.includes(token) ?? true);
}
