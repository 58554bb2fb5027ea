/** What a caller asks for, put into the form of the spec's blocks and validated like them. */
import { validateBlocks } from "../compiler/blocks/index.js";
import { type DataConfig, type DecodeConfig, decodeMethods, type TrainConfig } from "../compiler/blocks/types.js";
import { nearest } from "../compiler/diagnostics/nearest.js";
import type { Diagnostic } from "../compiler/diagnostics/types.js";
import type { Block, BlockValue, Model } from "../compiler/model.js";
import { UsageError } from "./errors.js";

export interface Configs {
  readonly train: TrainConfig;
  readonly decode: DecodeConfig;
  readonly data: DataConfig | null;
}

/** The blocks of a model. Throws `UsageError` where one is wrong: `check` says it with its place. */
export function configsOf(model: Model): Configs {
  const { train, decode, data, diagnostics } = validateBlocks(model);
  if (!train || !decode || (model.blocks.data && !data)) throw new UsageError(messages(diagnostics));
  return { train, decode, data };
}

/** How to decode; what is absent is as the spec's `decode` block says. At most one of the methods. */
export interface DecodeRequest {
  readonly greedy?: boolean;
  readonly sample?: boolean | { readonly temperature?: number; readonly top_k?: number; readonly top_p?: number };
  /** The width, or `{ k, length_penalty }`. */
  readonly beam?: number | { readonly k?: number; readonly length_penalty?: number };
  readonly viterbi?: boolean;
  readonly max?: number;
  readonly seed?: number;
}

/** Throws `UsageError` where the request is not valid. */
export function decodeConfig(model: Model, request: DecodeRequest): DecodeConfig {
  const { seed: _, ...asked } = request;
  const { fields, optimizers } = model;
  const block: Record<string, BlockValue> = { ...model.blocks.decode };
  if (decodeMethods.some((m) => asked[m] !== undefined)) for (const m of decodeMethods) delete block[m];
  for (const [key, value] of Object.entries(asked)) if (value !== undefined) block[key] = asBlockValue(key, value);
  const { decode, diagnostics } = validateBlocks({ blocks: { decode: block as Block }, fields, optimizers });
  if (!decode) throw new UsageError(messages(diagnostics));
  return decode;
}

function asBlockValue(key: string, value: NonNullable<DecodeRequest[keyof DecodeRequest]>): BlockValue {
  if (typeof value !== "object") return value;
  const named = Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined));
  return { call: key, args: [], named };
}

/** `{ Whh: … }` has no `Whx`: did you mean `Whh`? */
export function unknownName(what: string, name: string, known: readonly string[]): UsageError {
  const meant = nearest(name, known);
  return new UsageError(`there is no ${what} \`${name}\`${meant === undefined ? "" : `: did you mean \`${meant}\`?`}`);
}

function messages(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((d) => d.severity === "error");
  return errors.map((d) => (d.help ? `${d.message} (${d.help})` : d.message)).join("; ");
}
