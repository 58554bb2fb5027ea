/** PNG files as numbers. */
import { decode } from "fast-png";
import type { FieldInfo, Model } from "../../compiler/model.js";
import { DataError } from "./errors.js";
import type { Columns, Files, SourceRecord, Where } from "./types.js";

/** A record in which each column that is read as an image holds its pixels. Throws `DataError`. */
export async function withPixels(
  { fields }: Pick<Model, "fields">,
  columns: Columns,
  record: SourceRecord,
  files: Files,
): Promise<SourceRecord> {
  const found: Record<string, unknown> = {};
  for (const field of fields) {
    const column = columns[field.name];
    if (column?.kind !== "image") continue;
    const value = record.columns[column.column];
    const bytes = typeof value === "string" ? await files.bytes({ path: value, npm: null }) : bytesOf(value);
    if (bytes) found[column.column] = pixels(bytes, channelsOf(field), record.where);
  }
  return Object.keys(found).length ? { ...record, columns: { ...record.columns, ...found } } : record;
}

/** The bytes of a file inside a column of Parquet: themselves, or as `{ bytes, path }`. */
function bytesOf(value: unknown): Uint8Array | null {
  if (value instanceof Uint8Array) return value;
  const inner = typeof value === "object" && value !== null && "bytes" in value ? value.bytes : null;
  return inner instanceof Uint8Array ? inner : null;
}

/** How many numbers a pixel is, by the field that takes the image: [h, w], [h, w, 1] or [h, w, 3]; null: a number itself. */
function channelsOf({ axes, shape }: FieldInfo): 1 | 3 | null {
  if (axes.length + shape.length < 3) return null;
  return shape.at(-1) === 3 ? 3 : 1;
}

/** Rows of pixels in 0 … 1. Grey is repeated where a colour is wanted; a colour becomes grey by its luma (ITU-R BT.601). */
function pixels(bytes: Uint8Array, channels: 1 | 3 | null, where: Where): unknown {
  let image: ReturnType<typeof decode>;
  try {
    image = decode(bytes);
  } catch (error) {
    throw new DataError(`the image cannot be read as PNG: ${(error as Error).message}`, where);
  }
  const { width, height, data, depth, palette } = image;
  if (palette || depth < 8)
    throw new DataError("the image has a palette or fewer than 8 bits for a pixel", where, "save it as grey or RGB");
  const given = image.channels;
  const scale = 1 / (2 ** depth - 1);
  const pixel = (from: number): number | number[] => {
    const at = (k: number): number => (data[from + k] as number) * scale;
    // what is transparent is drawn as it stands: alpha, the second or fourth number, is left out
    const colour = given < 3 ? [at(0), at(0), at(0)] : [at(0), at(1), at(2)];
    if (channels === 3) return colour;
    const [r, g, b] = colour as [number, number, number];
    const grey = given < 3 ? r : 0.299 * r + 0.587 * g + 0.114 * b;
    return channels === 1 ? [grey] : grey;
  };
  const row = (y: number) => Array.from({ length: width }, (_, x) => pixel((y * width + x) * given));
  return Array.from({ length: height }, (_, y) => row(y));
}
