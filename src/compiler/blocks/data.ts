/** The block `data` as it is written → the plain form that `dataSchema` describes. */
import { blockArguments, blockUnknownKey, blockWrongType } from "../diagnostics/blocks.js";
import { nearest } from "../diagnostics/nearest.js";
import type { Block, BlockCall, BlockValue } from "../model.js";
import { file } from "./files.js";
import {
  type Context,
  isCall,
  type Json,
  type JsonObject,
  named,
  type Path,
  plain,
  show,
  unknownValue,
} from "./forms.js";
import { generators } from "./generators.js";

const parts = ["train", "valid", "test"] as const;
const isPart = (key: string): boolean => parts.some((part) => part === key);
const columnReaders = ["chars", "words", "value", "image", "numbers"];

/** `fields`: the names of the model's inputs and randoms, the other keys there can be. */
export function normaliseData(ctx: Context, block: Block, fields: readonly string[]): JsonObject {
  const plainForm: JsonObject = {};
  const columns: JsonObject = {};
  for (const [key, value] of Object.entries(block)) {
    if (isPart(key) && fields.includes(key) && isCall(value) && columnReaders.includes(value.call)) {
      const reason = `says where records come from, and cannot say how the column of \`${key}\` is read`;
      const help = `give the input or random \`${key}\` another name`;
      ctx.diagnostics.push(blockArguments({ span: ctx.span([key]), what: `\`data.${key}\``, reason, help }));
    } else if (key === "train") set(plainForm, key, source(ctx, value, [key]));
    else if (key === "valid" || key === "test") {
      // `none` holds nothing out, as does leaving the key out.
      if (value !== null) set(plainForm, key, split(ctx, value, [key]));
    } else if (fields.includes(key)) set(columns, key, column(ctx, value, [key]));
    else {
      const known = [...parts, ...fields];
      const where = "the block `data`";
      ctx.diagnostics.push(blockUnknownKey({ span: ctx.span([key]), where, key, known, nearest: nearest(key, known) }));
    }
  }
  return { ...plainForm, columns };
}

function set(object: JsonObject, key: string, value: Json | undefined): void {
  if (value !== undefined) object[key] = value;
}

type Reader = (ctx: Context, call: BlockCall, path: Path) => JsonObject | undefined;

/** Several values, each by itself or in one list. */
function spread(args: readonly BlockValue[]): readonly BlockValue[] {
  return args.flatMap((arg) => (Array.isArray(arg) ? (arg as readonly BlockValue[]) : [arg]));
}

function files(ctx: Context, call: BlockCall, path: Path): Json[] | undefined {
  const found = spread(call.args).map((arg) => file(ctx, arg, path));
  return found.every((f) => f !== undefined) ? found : undefined;
}

const fromFiles: Reader = (ctx, call, path) => {
  const found = files(ctx, call, path);
  return found && { files: found, ...named(ctx, { ...call, args: [] }, path, []) };
};

const sources: Readonly<Record<string, Reader>> = {
  literal: (ctx, call, path) => ({
    texts: spread(call.args).map(plain),
    ...named(ctx, { ...call, args: [] }, path, []),
  }),
  text: fromFiles,
  lines: fromFiles,
  jsonl: fromFiles,
  csv: fromFiles,
  parquet: fromFiles,
  npy(ctx, call, path) {
    const what = "`npy(…)`";
    const names = Object.keys(call.named);
    if (call.args.length ? names.length : !names.length) {
      const reason = "takes files, or files with names";
      const help = 'write `npy("x.npy")`, or `npy(x = "x.npy", y = "y.npy")`: the names become the columns';
      ctx.diagnostics.push(blockArguments({ span: ctx.span(path), what, reason, help }));
      return undefined;
    }
    const columns: readonly (readonly [string, readonly BlockValue[]])[] = names.length
      ? Object.entries(call.named).map(([name, value]) => [name, [value]] as const)
      : [["array", call.args]];
    const read = columns.map(([name, args]) => [name, files(ctx, { ...call, args, named: {} }, path)] as const);
    return read.every((entry): entry is [string, Json[]] => entry[1] !== undefined)
      ? { arrays: Object.fromEntries(read) }
      : undefined;
  },
  lists(ctx, call, path) {
    const what = "`lists(…)`";
    if (call.args.length || Object.keys(call.named).length === 0) {
      const reason = "takes files with names";
      const help =
        'write `lists(female = "women.txt", male = "men.txt")`: the names become the values of the column `list`';
      ctx.diagnostics.push(blockArguments({ span: ctx.span(path), what, reason, help }));
      return undefined;
    }
    const entries = Object.entries(call.named).map(
      ([name, value]) => [name, file(ctx, value, [...path, name])] as const,
    );
    return entries.every((entry): entry is [string, JsonObject] => entry[1] !== undefined)
      ? { lists: Object.fromEntries(entries) }
      : undefined;
  },
  mnist(ctx, call, path) {
    const args = named(ctx, call, path, ["folder"]);
    if (!args || args["folder"] === undefined) return args;
    const folder = file(ctx, args["folder"] as BlockValue, path);
    return folder && { ...args, folder };
  },
  generate(ctx, call, path) {
    const args = named(ctx, call, path, ["task"]);
    if (!args) return undefined;
    const { task, ...options } = args;
    if (typeof task === "string" && !Object.hasOwn(generators, task)) {
      unknownValue(ctx, path, task, Object.keys(generators));
      return undefined;
    }
    return { ...(task === undefined ? {} : { task }), options };
  },
};

function source(ctx: Context, value: BlockValue, path: Path): Json | undefined {
  if (!isCall(value)) {
    const help = 'write `text("moby.txt")`, `lines(…)`, `jsonl(…)`, `csv(…)`, `literal("…")` or `generate("addition")`';
    const what = `\`data.${path.join(".")}\``;
    ctx.diagnostics.push(
      blockWrongType({ span: ctx.span(path), what, expected: "a source of data", found: show(value), help }),
    );
    return undefined;
  }
  const read = Object.hasOwn(sources, value.call) ? sources[value.call] : undefined;
  if (!read) {
    unknownValue(ctx, path, value.call, [...Object.keys(sources), ...(path[0] === "train" ? [] : ["last", "random"])]);
    return undefined;
  }
  const found = read(ctx, value, path);
  return found && { ...found, kind: value.call };
}

function split(ctx: Context, value: BlockValue, path: Path): Json | undefined {
  if (isCall(value) && (value.call === "last" || value.call === "random")) {
    const args = named(ctx, value, path, ["share"]);
    return args && { ...args, kind: value.call };
  }
  const own = source(ctx, value, path);
  return own === undefined ? undefined : { kind: "source", source: own };
}

function column(ctx: Context, value: BlockValue, path: Path): Json | undefined {
  if (typeof value === "string") return { kind: "value", column: value };
  if (!isCall(value)) return plain(value);
  switch (value.call) {
    case "chars":
    case "words": {
      const args = named(ctx, value, path, ["column"], ["lower"]);
      return args && { ...args, kind: value.call };
    }
    case "value":
    case "image": {
      const args = named(ctx, value, path, ["column"]);
      return args && { ...args, kind: value.call };
    }
    case "numbers":
      return {
        ...named(ctx, { ...value, args: [] }, path, []),
        kind: "numbers",
        columns: spread(value.args).map(plain),
      };
    default:
      unknownValue(ctx, path, value.call, columnReaders);
      return undefined;
  }
}
