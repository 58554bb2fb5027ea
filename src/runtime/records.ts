/** A caller's own records as the data of a training: they go the way of a JSONL file, without the file. */
import type { Column, DataConfig, Source } from "../compiler/blocks/types.js";
import type { Model } from "../compiler/model.js";
import { keyedByField } from "./data/columns.js";
import { type Columns, type DataOptions, type Dataset, loadData } from "./data/index.js";
import type { DataRecord } from "./types.js";

/** Keyed by the model's fields, or by the columns that the spec reads them from; sequences of any lengths. */
export interface Records {
  readonly train: readonly DataRecord[];
  readonly valid?: readonly DataRecord[];
  readonly test?: readonly DataRecord[];
}

/** `columns`: how the spec splits strings. Throws `DataError`, naming part and record: `valid:3`. */
export async function recordsDataset(
  model: Model,
  own: Records,
  columns: Columns,
  options: Omit<DataOptions, "files">,
): Promise<Dataset> {
  const keyed = (part: readonly DataRecord[]) => part.map((record) => keyedByField(model, columns, record));
  const records: Records = {
    train: keyed(own.train),
    ...(own.valid && { valid: keyed(own.valid) }),
    ...(own.test && { test: keyed(own.test) }),
  };
  const source = (path: string): Source => ({ kind: "jsonl", files: [{ path, npm: null }] });
  const part = (name: "valid" | "test"): DataConfig["valid"] =>
    records[name] ? { kind: "source", source: source(name) } : null;
  const config: DataConfig = {
    train: source("train"),
    valid: part("valid"),
    test: part("test"),
    columns: Object.fromEntries(model.fields.map(({ name }) => [name, ownColumn(name, columns[name], records)])),
  };
  const files: DataOptions["files"] = {
    name: ({ path }) => path,
    bytes: async ({ path }) => {
      throw new Error(`the records of ${path} are read as text`);
    },
    read: async ({ path }) => (records[path as keyof Records] ?? []).map((r) => JSON.stringify(r, asLists)).join("\n"),
  };
  return loadData(model, config, { ...options, files });
}

/** Strings are split and cased as the spec says; what is a list already is taken as it is. */
function ownColumn(name: string, column: Column | undefined, { train }: Records): Column {
  const split = column?.kind === "chars" || column?.kind === "words" ? column : null;
  return split && train.every((r) => typeof r[name] === "string")
    ? { ...split, column: name }
    : { kind: "value", column: name };
}

/** A typed array would become an object with keys. */
const asLists = (_: string, value: unknown): unknown =>
  ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as Float32Array) : value;
