/** Arrays as NumPy saves them: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
import { product } from "../../compiler/system/types.js";
import { DataError } from "./errors.js";

/** An array as nested lists; a number where it has no index. */
export type Nested = number | readonly Nested[];

type Read = (view: DataView, at: number, little: boolean) => number;

/** By kind and width: `f4` is float32, `i8` int64, `b1` a truth value. */
const readers: Readonly<Record<string, Read>> = {
  f4: (v, at, le) => v.getFloat32(at, le),
  f8: (v, at, le) => v.getFloat64(at, le),
  i1: (v, at) => v.getInt8(at),
  i2: (v, at, le) => v.getInt16(at, le),
  i4: (v, at, le) => v.getInt32(at, le),
  i8: (v, at, le) => Number(v.getBigInt64(at, le)),
  u1: (v, at) => v.getUint8(at),
  u2: (v, at, le) => v.getUint16(at, le),
  u4: (v, at, le) => v.getUint32(at, le),
  b1: (v, at) => v.getUint8(at),
};

/** One entry for each first index. Throws `DataError` where the file is not such an array. */
export function npyEntries(bytes: Uint8Array, file: string): readonly Nested[] {
  const fail = (message: string, help: string | null = null): never => {
    throw new DataError(message, { file }, help);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = String.fromCharCode(...bytes.subarray(0, 6));
  if (magic !== "\x93NUMPY" || bytes.length < 12) fail("the file is no NumPy array (`.npy`)");
  const wide = view.getUint8(6) > 1; // version 1 has a short for the length of the header
  const start = wide ? 12 : 10;
  const from = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder().decode(bytes.subarray(start, from));
  const [, order, type] = /'descr':\s*'([<>|=])(\w+)'/.exec(header) ?? [];
  const read = type === undefined ? undefined : readers[type];
  const sizes = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (!read || type === undefined || sizes === undefined)
    return fail("its numbers are of a kind that is not read", "save it as float32, float64, int32, int64 or uint8");
  if (/'fortran_order':\s*True/.test(header))
    fail("its first index runs fastest", "save it in C order: `numpy.ascontiguousarray(x)`");
  const shape = [...sizes.matchAll(/\d+/g)].map(Number);
  if (!shape.length) fail("it is a single number: there is no first index that would count records");
  const width = Number(type.slice(1));
  if (bytes.length < from + product(shape) * width) fail(`the file ends before its [${shape}] numbers do`);
  let at = from;
  const nested = (depth: number): Nested => {
    if (depth < shape.length) return Array.from({ length: shape[depth] as number }, () => nested(depth + 1));
    at += width;
    return read(view, at - width, order !== ">");
  };
  return nested(0) as readonly Nested[];
}
