/** Records keyed by the columns of their source → records keyed by the fields of the model. */
import type { Column } from "../../compiler/blocks/types.js";
import type { FieldInfo, Model } from "../../compiler/model.js";
import type { DataRecord } from "../types.js";
import { DataError } from "./errors.js";
import type { Columns, SourceRecord, Where } from "./types.js";

/** Columns of a source that has only one: the model's only field takes it without being told. */
const single = ["text", "line", "array"];

/** How each field is read; where nothing is said, from the column of its own name. */
export function columnsOf(model: Pick<Model, "fields" | "structures">, columns: Columns, first: DataRecord): Columns {
  const [only, ...others] = model.fields;
  const lone = single.find((name) => Object.hasOwn(first, name));
  if (
    !only ||
    others.length ||
    model.structures.length ||
    Object.hasOwn(columns, only.name) ||
    Object.hasOwn(first, only.name)
  )
    return columns;
  return lone === undefined ? columns : { [only.name]: { kind: "value", column: lone } };
}

/** Throws `DataError` where a column is missing. Values stay as they are but for numbers written as text. */
export function toFields(
  model: Pick<Model, "fields" | "structures">,
  columns: Columns,
  { columns: record, where }: SourceRecord,
): DataRecord {
  return Object.fromEntries(
    keysOf(model).map((key) => [key.name, fieldValue(key, columnOf(columns, key), record, where)]),
  );
}

/** What a record has: fields, and trees and graphs. */
interface Key {
  readonly name: string;
  /** Is text read as numbers? */
  readonly numeric: boolean;
  readonly isTree?: boolean;
}

const keysOf = ({ fields, structures }: Pick<Model, "fields" | "structures">): Key[] => [
  ...fields.map(({ name, type }) => ({ name, numeric: type.kind !== "token" })),
  ...structures.map(({ name, kind }) => ({ name, numeric: kind === "tree", isTree: kind === "tree" })),
];

/**
 * A record of one's own: keyed by fields, or by the columns that the spec reads them from. What it lacks is left out.
 * Throws `DataError` where a column does not hold what the spec reads there.
 */
export function keyedByField(
  model: Pick<Model, "fields" | "structures">,
  columns: Columns,
  record: DataRecord,
  where: Where | null = null,
): DataRecord {
  const keys = keysOf(model);
  const isField = (name: string) => keys.some((key) => key.name === name);
  const found = keys.flatMap((field) => {
    if (Object.hasOwn(record, field.name)) return [];
    const column = columnOf(columns, field);
    const sources = column.kind === "numbers" ? column.columns : [column.column];
    if (!sources.every((name) => Object.hasOwn(record, name) && !isField(name))) return [];
    return [[field.name, fieldValue(field, column, record, where)] as const];
  });
  return found.length ? { ...record, ...Object.fromEntries(found) } : record;
}

export function columnOf(columns: Columns, field: Pick<FieldInfo, "name">): Column {
  const own = Object.hasOwn(columns, field.name) ? columns[field.name] : undefined;
  return own ?? { kind: "value", column: field.name };
}

function fieldValue(field: Key, column: Column, record: DataRecord, where: Where | null): unknown {
  const read = (name: string) => {
    if (Object.hasOwn(record, name)) return record[name];
    const there = Object.keys(record);
    throw new DataError(
      `\`${field.name}\` is to be read from the column \`${name}\`, which this record does not have`,
      where,
      there.length ? `there are ${there.map((key) => `\`${key}\``).join(", ")}` : null,
    );
  };
  switch (column.kind) {
    case "chars":
    case "words": {
      const value = read(column.column);
      if (typeof value === "string") return value;
      throw new DataError(`the column \`${column.column}\` should hold a string`, where);
    }
    case "image":
      return read(column.column);
    case "value": {
      const value = read(column.column);
      const found = field.numeric ? numbers(value, column.column, where) : value;
      return field.isTree && typeof found === "number" ? [found] : found; // one node, as text
    }
    case "numbers":
      return transpose(
        column.columns.map((name) => numbers(read(name), name, where)),
        column.columns,
        where,
      );
  }
}

/** Text of numbers (as in CSV), separated by spaces, → numbers. Everything else is left for the encoder to judge. */
function numbers(value: unknown, column: string, where: Where | null): unknown {
  if (typeof value !== "string") return value;
  const found = value.trim().split(/\s+/);
  const bad = found.find((word) => word === "" || !Number.isFinite(Number(word)));
  if (bad !== undefined) throw new DataError(`the column \`${column}\` should hold a number, not "${bad}"`, where);
  return found.length === 1 ? Number(found[0]) : found.map(Number);
}

/** k columns of one number each: a vector of k; of T numbers each: T vectors of k. */
function transpose(values: readonly unknown[], names: readonly string[], where: Where | null): unknown {
  const lengths = values.map((value) => (Array.isArray(value) ? value.length : -1));
  const length = lengths[0] ?? -1;
  const other = lengths.findIndex((l) => l !== length);
  if (other >= 0) {
    throw new DataError(`the columns \`${names[0]}\` and \`${names[other]}\` are not of the same length`, where);
  }
  if (length < 0) return values;
  return Array.from({ length }, (_, t) => values.map((value) => (value as readonly unknown[])[t]));
}
