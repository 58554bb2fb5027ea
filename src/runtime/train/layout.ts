/** How the parameters that are learnt lie one after the other in one vector: an update is then a handful of kernels. */
import { product } from "../../compiler/system/types.js";

export interface Part {
  readonly name: string;
  readonly shape: readonly number[];
  readonly from: number;
  readonly size: number;
}

export interface Layout {
  readonly parts: readonly Part[];
  readonly size: number;
}

export function layoutOf(params: readonly { readonly name: string; readonly shape: readonly number[] }[]): Layout {
  let size = 0;
  const parts = params.map(({ name, shape }) => {
    const part = { name, shape, from: size, size: product(shape) };
    size += part.size;
    return part;
  });
  return { parts, size };
}
