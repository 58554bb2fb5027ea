/** Walking over broadcast tensors with as few dims as possible. */
import { broadcast } from "../../../compiler/plan/types.js";

/** Dims of the result, and for each operand its stride along each of them (0 where it repeats). */
export interface Walk {
  readonly dims: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/** Adjacent dims that all operands treat alike become one. At least one dim is left. */
export function walk(shapes: readonly (readonly number[])[], out: readonly number[] = shapes.reduce(broadcast)): Walk {
  const rank = out.length;
  const padded = shapes.map((s) => [...new Array<number>(rank - s.length).fill(1), ...s]);
  const dims: number[] = [];
  const kinds: boolean[][] = [];
  for (let d = 0; d < rank; d++) {
    const n = out[d] as number;
    if (n === 1) continue;
    const kind = padded.map((s) => s[d] !== 1);
    const last = kinds[kinds.length - 1];
    if (last?.every((k, i) => k === kind[i])) dims[dims.length - 1] = (dims[dims.length - 1] as number) * n;
    else {
      dims.push(n);
      kinds.push(kind);
    }
  }
  if (!dims.length) {
    dims.push(1);
    kinds.push(shapes.map(() => true));
  }
  const strides = shapes.map((_, i) => {
    let stride = 1;
    const own: number[] = new Array(dims.length).fill(0);
    for (let d = dims.length - 1; d >= 0; d--)
      if (kinds[d]?.[i]) {
        own[d] = stride;
        stride *= dims[d] as number;
      }
    return own;
  });
  return { dims, strides };
}

/** Shapes of the operands with the fewest dims that broadcast in the same way. */
export function collapse(shapes: readonly (readonly number[])[]): number[][] {
  const { dims, strides } = walk(shapes);
  return strides.map((s) => {
    const shape = dims.map((n, d) => (s[d] === 0 ? 1 : n));
    while (shape.length && shape[0] === 1) shape.shift();
    return shape;
  });
}

/** Calls `f(position in the result, offset of each operand)` for every run along the last dim. */
export function eachRun(w: Walk, f: (at: number, offsets: readonly number[]) => void): void {
  const last = w.dims.length - 1;
  const length = w.dims[last] as number;
  const offsets: number[] = new Array(w.strides.length).fill(0);
  let at = 0;
  const go = (d: number): void => {
    if (d === last) {
      f(at, offsets);
      at += length;
      return;
    }
    const n = w.dims[d] as number;
    for (let i = 0; i < n; i++) {
      go(d + 1);
      for (let k = 0; k < offsets.length; k++) offsets[k] = (offsets[k] as number) + (w.strides[k]?.[d] as number);
    }
    for (let k = 0; k < offsets.length; k++) offsets[k] = (offsets[k] as number) - n * (w.strides[k]?.[d] as number);
  };
  go(0);
}
