/** How the parameters that are learnt lie one after the other in one vector: an update is then a handful of kernels. */
import type { ParamInfo } from "../../compiler/model.js";
import { product } from "../../compiler/system/types.js";

export interface Part {
  readonly name: string;
  readonly shape: readonly number[];
  /** How many of the first dims are axes: `W[l]` is one parameter for each l. */
  readonly axes: number;
  readonly from: number;
  readonly size: number;
}

export interface Layout {
  readonly parts: readonly Part[];
  readonly size: number;
}

export function layoutOf(params: readonly Pick<ParamInfo, "name" | "shape" | "axes">[]): Layout {
  let size = 0;
  const parts = params.map(({ name, shape, axes = 0 }) => {
    const part = { name, shape, axes, from: size, size: product(shape) };
    size += part.size;
    return part;
  });
  return { parts, size };
}
