/** The blocks of a spec: from what is written, by way of plain JSON and its schemas, to configurations. */
import { blockMissing } from "../diagnostics/blocks.js";
import type { Diagnostic } from "../diagnostics/types.js";
import type { Block, FieldInfo, Model, StructureInfo } from "../model.js";
import { normaliseData } from "./data.js";
import { type BlockName, type Context, context, type JsonObject, type Path, type SpanOf } from "./forms.js";
import { report } from "./report.js";
import { schemas } from "./schemas.js";
import { normaliseDecode, normaliseTrain } from "./train.js";
import type { DataConfig, DecodeConfig, Source, Split, TrainConfig } from "./types.js";
import { lazyValidators } from "./validators.js";

export type { BlockName, Path, SpanOf } from "./forms.js";
export { type RecordValidator, recordSchema, recordValidator } from "./record.js";
export { type JsonSchema, schemas } from "./schemas.js";

export interface Blocks {
  /** Null where there is an error. Without a block, all defaults. */
  readonly train: TrainConfig | null;
  readonly decode: DecodeConfig | null;
  /** Null where there is an error or no block. */
  readonly data: DataConfig | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** `spanOf`: where a value of a block is written: the path `[]` is the block, `["optimizer", "lr"]` an argument. */
export function validateBlocks(
  model: Pick<Model, "blocks" | "optimizers"> & {
    readonly fields: readonly Pick<FieldInfo, "name">[];
    readonly structures?: readonly Pick<StructureInfo, "name">[];
  },
  spanOf: SpanOf = () => undefined,
): Blocks {
  const diagnostics: Diagnostic[] = [];
  const { blocks, fields, optimizers } = model;
  const trainBlock = (ctx: Context, block: Block): JsonObject => normaliseTrain(ctx, block, optimizers);
  const names = [...fields, ...(model.structures ?? [])].map(({ name }) => name);
  return {
    train: validate<TrainConfig>("train", blocks.train ?? {}, trainBlock, diagnostics, spanOf),
    decode: validate<DecodeConfig>("decode", blocks.decode ?? {}, normaliseDecode, diagnostics, spanOf),
    data: blocks.data ? validateData(blocks.data, names, diagnostics, spanOf) : null,
    diagnostics,
  };
}

const validators = lazyValidators(schemas);

/** Checks the plain form and fills in its defaults in place. */
function check(ctx: Context, schema: keyof typeof schemas, plain: JsonObject, at: Path = []): void {
  const validator = validators(schema);
  if (validator(plain)) return;
  for (const error of validator.errors ?? []) ctx.diagnostics.push(report(ctx, error, at));
}

function validate<Config>(
  name: BlockName,
  block: Block,
  normalise: (ctx: Context, block: Block) => JsonObject,
  diagnostics: Diagnostic[],
  spanOf: SpanOf,
): Config | null {
  const before = diagnostics.length;
  const ctx = context(name, diagnostics, spanOf);
  const plain = normalise(ctx, block);
  check(ctx, name, plain);
  return diagnostics.length === before ? (plain as unknown as Config) : null;
}

function validateData(
  block: Block,
  fields: readonly string[],
  diagnostics: Diagnostic[],
  spanOf: SpanOf,
): DataConfig | null {
  const before = diagnostics.length;
  const ctx = context("data", diagnostics, spanOf);
  if (!Object.hasOwn(block, "train")) {
    const help = 'say where records come from: `train = text("moby.txt")`';
    diagnostics.push(blockMissing({ span: ctx.span([]), what: "`data.train`", help }));
    return null;
  }
  const plain = normaliseData(ctx, block, fields);
  if (plain["train"] === undefined) return null;
  check(ctx, "data", plain);
  if (diagnostics.length > before) return null;
  const config = { valid: null, test: null, ...(plain as unknown as Omit<DataConfig, "valid" | "test">) } as DataConfig;
  const complete: DataConfig = {
    ...config,
    train: withOptions(ctx, config.train, ["train"]),
    valid: splitOptions(ctx, config.valid, ["valid"]),
    test: splitOptions(ctx, config.test, ["test"]),
  };
  return diagnostics.length === before ? complete : null;
}

/** The options of a generator have a schema of their own, by its task. */
function withOptions(ctx: Context, source: Source, path: Path): Source {
  if (source.kind !== "generate") return source;
  const plain: JsonObject = { ...source.options, task: source.task };
  check(ctx, "generate", plain, path);
  const { task: _, ...options } = plain;
  return { ...source, options: options as Readonly<Record<string, number>> };
}

function splitOptions(ctx: Context, split: Split | null, path: Path): Split | null {
  return split?.kind === "source" ? { ...split, source: withOptions(ctx, split.source, path) } : split;
}
