/**
 * The safetensors format: 8 bytes with the length of a header (little-endian), the header as JSON, the numbers.
 * https://github.com/huggingface/safetensors describes it. Writes float32; reads all of its floating-point types as float32.
 */
import { product } from "../compiler/system/types.js";
import { ModelFolderError } from "./errors.js";

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const LENGTH_BYTES = 8;
/** The format's own limit on the header. */
const LONGEST_HEADER = 100_000_000;

export function writeSafetensors(tensors: Readonly<Record<string, Tensor>>): Uint8Array {
  const header: Record<string, Entry> = {};
  let end = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (product(shape) !== data.length) throw new Error(`${name}: ${data.length} numbers for the shape [${shape}]`);
    header[name] = { dtype: "F32", shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  // the numbers start on a multiple of 8 bytes, so the header is padded with spaces
  const bare = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(bare.length / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + length + end);
  bytes.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + length);
  bytes.set(bare, LENGTH_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(length), true);
  let at = LENGTH_BYTES + length;
  for (const { data } of Object.values(tensors))
    for (const x of data) {
      view.setFloat32(at, x, true);
      at += 4;
    }
  return bytes;
}

/**
 * Reads all tensors. `name` is the file, for messages.
 * @throws ModelFolderError where the file is cut short or its header contradicts itself.
 */
export function readSafetensors(bytes: Uint8Array, name: string): Record<string, Tensor> {
  const damaged = (why: string): ModelFolderError => new ModelFolderError(`${name} is damaged: ${why}`);
  if (bytes.length < LENGTH_BYTES) throw damaged("it is shorter than its own header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > LONGEST_HEADER || Number(length) > bytes.length - LENGTH_BYTES)
    throw damaged(`its header claims ${length} bytes of ${bytes.length}`);
  const start = LENGTH_BYTES + Number(length);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, start)));
  } catch {
    throw damaged("its header is not JSON");
  }
  if (typeof header !== "object" || header === null || Array.isArray(header))
    throw damaged("its header is not an object");
  const tensors: Record<string, Tensor> = {};
  for (const [key, value] of Object.entries(header)) {
    if (key === "__metadata__") continue;
    const entry = asEntry(value);
    if (!entry) throw damaged(`the entry of ${key} lacks its type, shape or offsets`);
    const width = WIDTHS[entry.dtype];
    if (!width)
      throw new ModelFolderError(`${name}: ${key} has the type ${entry.dtype}, which is not a floating-point type`);
    const [from, to] = entry.data_offsets;
    if (from < 0 || to < from || start + to > bytes.length) throw damaged(`the numbers of ${key} are not in the file`);
    const n = product(entry.shape);
    if (to - from !== n * width.bytes) throw damaged(`${key} has ${to - from} bytes for the shape [${entry.shape}]`);
    const data = Float32Array.from({ length: n }, (_, i) => width.get(view, start + from + i * width.bytes));
    tensors[key] = { shape: entry.shape, data };
  }
  return tensors;
}

const isIndex = (x: unknown): x is number => typeof x === "number" && Number.isSafeInteger(x) && x >= 0;

function asEntry(value: unknown): Entry | null {
  if (typeof value !== "object" || value === null) return null;
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  if (typeof dtype !== "string" || !Array.isArray(shape) || !shape.every(isIndex)) return null;
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isIndex)) return null;
  return { dtype, shape, data_offsets: offsets as [number, number] };
}

interface Width {
  readonly bytes: number;
  readonly get: (view: DataView, at: number) => number;
}

const WIDTHS: Readonly<Record<string, Width>> = {
  F32: { bytes: 4, get: (view, at) => view.getFloat32(at, true) },
  F64: { bytes: 8, get: (view, at) => view.getFloat64(at, true) },
  F16: { bytes: 2, get: (view, at) => half(view.getUint16(at, true)) },
  BF16: { bytes: 2, get: (view, at) => brain(view.getUint16(at, true)) },
};

/** IEEE half precision: 1 sign, 5 exponent, 10 fraction bits. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));

/** bfloat16 is the upper half of a float32. */
function brain(bits: number): number {
  word.setUint32(0, bits * 0x10000);
  return word.getFloat32(0);
}
