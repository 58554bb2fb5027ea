/** Rows of a Parquet file. */
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { parquetReadObjects } from "hyparquet";
import { DataError } from "./errors.js";
import type { SourceRecord } from "./types.js";

/** Snappy is hyparquet's own. */
const compressors = {
  GZIP: (input: Uint8Array) => gunzipSync(input),
  BROTLI: (input: Uint8Array) => brotliDecompressSync(input),
};

/** One record per row, counted from 1. Throws `DataError`. */
export async function parquetRecords(bytes: Uint8Array, file: string): Promise<SourceRecord[]> {
  // the reader takes slices of a buffer that is the file and nothing else
  const own = new Uint8Array(bytes).buffer;
  try {
    const rows = await parquetReadObjects({ file: own, compressors });
    return rows.map((row, i) => {
      const columns = Object.entries(row).map(([name, value]) => [name, plain(value)] as const);
      return { columns: Object.fromEntries(columns), where: { file, line: i + 1 } };
    });
  } catch (error) {
    throw new DataError(`the file cannot be read as Parquet: ${(error as Error).message}`, { file });
  }
}

/** Integers of 64 bits as numbers, dates as text; lists and structs alike inside. Bytes stay bytes. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>, plain);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, x]) => [key, plain(x)]));
  return value;
}
