/** How the parameters that are learnt lie one after the other in one vector: an update is then a handful of kernels. */
import type { ParamInfo } from "../../compiler/model.js";
import { product } from "../../compiler/system/types.js";

export interface Part {
  readonly name: string;
  readonly shape: readonly number[];
  /** How many of the first dims are axes: `W[l]` is one parameter for each l. */
  readonly axes: number;
  /** Does the device keep its transpose, see `tablesOf`? */
  readonly isTable: boolean;
  readonly from: number;
  readonly size: number;
}

export interface Layout {
  readonly parts: readonly Part[];
  readonly size: number;
}

export function layoutOf(
  params: readonly Pick<ParamInfo, "name" | "shape" | "axes">[],
  tables: ReadonlySet<string> = new Set(),
): Layout {
  let size = 0;
  const parts = params.map(({ name, shape, axes = 0 }) => {
    const part = { name, shape, axes, isTable: tables.has(name), from: size, size: product(shape) };
    size += part.size;
    return part;
  });
  return { parts, size };
}

/** The shape that a parameter has on a device. */
export const storedShape = ({ shape, isTable }: Pick<Part, "shape" | "isTable">): readonly number[] =>
  isTable ? [...shape].reverse() : shape;

/** The numbers of a matrix as a device keeps them. */
export const stored = ({ shape, isTable }: Pick<Part, "shape" | "isTable">, data: Float32Array): Float32Array =>
  isTable ? transposed(data, shape) : data;

/** The inverse of `stored`. */
export const restored = (part: Pick<Part, "shape" | "isTable">, data: Float32Array): Float32Array =>
  part.isTable ? transposed(data, storedShape(part)) : data;

function transposed(data: Float32Array, [n = 1, m = 1]: readonly number[]): Float32Array {
  const result = new Float32Array(n * m);
  for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) result[j * n + i] = data[i * m + j] as number;
  return result;
}
