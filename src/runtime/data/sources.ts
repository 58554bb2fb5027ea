/** Sources of a data block → records keyed by columns. */
import type { FileRef, Source } from "../../compiler/blocks/types.js";
import { csvRecords } from "./csv.js";
import { DataError } from "./errors.js";
import { generate } from "./generators/index.js";
import { type Nested, npyEntries } from "./npy.js";
import { parquetRecords } from "./parquet.js";
import type { Files, SourceRecord } from "./types.js";

/** One contiguous text, or separate records. */
export type SourceData =
  | { readonly kind: "text"; readonly text: string; readonly where: { readonly file: string } }
  | { readonly kind: "records"; readonly records: readonly SourceRecord[] };

/** Throws `DataError` with file and line. */
export async function readSource(source: Source, files: Files): Promise<SourceData> {
  switch (source.kind) {
    case "literal": {
      const where = { file: "literal(…)" };
      return { kind: "records", records: source.texts.map((text) => ({ columns: { text }, where })) };
    }
    case "text": {
      const texts: string[] = [];
      for (const ref of source.files) texts.push(newlines(await files.read(ref)));
      return { kind: "text", text: texts.join(""), where: { file: source.files.map(files.name).join(", ") } };
    }
    case "lines":
      return records(source.files, files, (text, file) =>
        lines(text).map(({ text, line }) => ({ columns: { line: text }, where: { file, line } })),
      );
    case "jsonl":
      return records(source.files, files, jsonRecords);
    case "csv":
      return records(source.files, files, (text, file) => csvRecords(text, source.separator, file));
    case "npy":
      return { kind: "records", records: await arrays(source.arrays, files) };
    case "parquet": {
      const found: SourceRecord[] = [];
      for (const ref of source.files)
        for (const record of await parquetRecords(await files.bytes(ref), files.name(ref))) found.push(record);
      return { kind: "records", records: found };
    }
    case "lists":
      return { kind: "records", records: await lists(source.lists, files) };
    case "mnist":
      return { kind: "records", records: await mnist(source.folder, files) };
    case "generate": {
      const where = { file: `generate("${source.task}")` };
      return {
        kind: "records",
        records: generate(source.task, source.options).map((columns) => ({ columns, where })),
      };
    }
  }
}

async function records(
  refs: readonly FileRef[],
  files: Files,
  read: (text: string, file: string) => readonly SourceRecord[],
): Promise<SourceData> {
  const found: SourceRecord[] = [];
  for (const ref of refs) for (const record of read(await files.read(ref), files.name(ref))) found.push(record);
  return { kind: "records", records: found };
}

const newlines = (text: string) => text.replaceAll("\r\n", "\n");

/** Lines that are not empty, numbered from 1. */
function lines(text: string): { text: string; line: number }[] {
  return newlines(text)
    .split("\n")
    .map((line, i) => ({ text: line, line: i + 1 }))
    .filter(({ text }) => text !== "");
}

/** JSON Lines: one object per line that is not empty. Throws `DataError` with the line. */
export function jsonRecords(text: string, file: string): SourceRecord[] {
  return lines(text)
    .filter(({ text }) => text.trim() !== "")
    .map(({ text, line }) => {
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch (error) {
        throw new DataError(`this line is not JSON: ${(error as Error).message}`, { file, line });
      }
      if (typeof value !== "object" || value === null || Array.isArray(value)) {
        throw new DataError("a line must be an object, `{ … }`", { file, line });
      }
      return { columns: value as SourceRecord["columns"], where: { file, line } };
    });
}

/** Arrays by column, each of one or several files, joined along the first index, which counts the records of all. */
async function arrays(named: Readonly<Record<string, readonly FileRef[]>>, files: Files): Promise<SourceRecord[]> {
  const columns: (readonly [string, readonly Nested[], string])[] = [];
  for (const [name, refs] of Object.entries(named)) {
    const entries: Nested[] = [];
    for (const ref of refs)
      for (const entry of npyEntries(await files.bytes(ref), files.name(ref))) entries.push(entry);
    columns.push([name, entries, refs.map(files.name).join(", ")]);
  }
  const [[, first, file]] = columns as [(typeof columns)[number]];
  const other = columns.find(([, entries]) => entries.length !== first.length);
  if (other) throw new DataError(`${other[1].length} records, but ${file} has ${first.length}`, { file: other[2] });
  return first.map((_, i) => ({
    columns: Object.fromEntries(columns.map(([name, entries]) => [name, entries[i]])),
    where: { file, line: i + 1 },
  }));
}

/** Items are trimmed; one that comes twice in a list counts once, one of several lists not at all. */
async function lists(named: Readonly<Record<string, FileRef>>, files: Files): Promise<SourceRecord[]> {
  const owners = new Map<string, Set<string>>();
  const found: SourceRecord[] = [];
  for (const [list, ref] of Object.entries(named)) {
    for (const { text, line } of lines(await files.read(ref))) {
      const item = text.trim();
      if (item === "") continue;
      const owner = owners.get(item) ?? new Set();
      if (owner.has(list)) continue;
      owners.set(item, owner.add(list));
      found.push({ columns: { item, list }, where: { file: files.name(ref), line } });
    }
  }
  return found.filter(({ columns }) => owners.get(columns["item"] as string)?.size === 1);
}

const words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const pixels = 28 * 28;

/** `0.json` … `9.json`, each `{ data }` with the images of one digit one after the other, 28 rows of 28 numbers in 0 … 1. */
async function mnist(folder: FileRef, files: Files): Promise<SourceRecord[]> {
  const found: SourceRecord[] = [];
  for (const [digit, word] of words.entries()) {
    const ref = { ...folder, path: `${folder.path}/${digit}.json` };
    const where = { file: files.name(ref) };
    let data: unknown;
    try {
      data = (JSON.parse(await files.read(ref)) as { data?: unknown }).data;
    } catch (error) {
      if (error instanceof DataError) throw error;
      throw new DataError(`the file is not JSON: ${(error as Error).message}`, where);
    }
    if (!Array.isArray(data) || data.length % pixels !== 0) {
      throw new DataError(`\`data\` should be a list of images of ${pixels} numbers each`, where);
    }
    const images = Float32Array.from(data as number[]);
    for (let start = 0; start < images.length; start += pixels) {
      const columns = { image: images.subarray(start, start + pixels), digit: String(digit), word };
      found.push({ columns, where });
    }
  }
  return found;
}
