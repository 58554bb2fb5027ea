/**
 * Loops over diagonals (the pass `wavefront`): on the diagonal w only some of the cells exist, at the padded extents the
 * same for all samples. The others are not computed: nothing reads them, so zeros stand there.
 */
import { axisOf, type Value } from "../system/types.js";
import { type Extents, type Frame, restrict } from "./places.js";
import type { Flat } from "./tensors.js";
import { isConst, type Ref } from "./types.js";
import type { Indices } from "./values.js";

/** The indices of a variable at which a diagonal has cells, of `total`. */
export interface Stretch {
  readonly v: string;
  readonly from: number;
  readonly len: number;
  readonly total: number;
}

/** The stretch of a value at one step of a loop over diagonals; null for anything else, and where all cells exist. */
export function stretchOf(v: Value, at: Indices, extents: Extents): Stretch | null {
  const w = v.slots.findIndex((s, k) => axisOf(extents.system, s.axis).diagonal && typeof at[k] === "number");
  const diagonal = v.slots[w] && axisOf(extents.system, v.slots[w].axis).diagonal;
  if (!diagonal) return null;
  const [cell, ...others] = v.slots.filter((s, k) => s.axis === diagonal.i && at[k] === null);
  if (!cell || others.length) return null;
  const n = at[w] as number;
  const [I, J] = [extents.of(diagonal.i), extents.of(diagonal.j)];
  const from = Math.max(0, n - J + 1);
  const len = Math.min(I - 1, n) - from + 1;
  return len > 0 && len < I ? { v: cell.name, from, len, total: I } : null;
}

export const onStretch = (frame: Frame, stretch: Stretch | null): Frame =>
  stretch ? restrict(frame, stretch.v, stretch.from, stretch.len) : frame;

/** A result in dims of which one is the stretch, over all indices of that one. */
export function widened(flat: Flat, x: Ref, dims: readonly string[], stretch: Stretch | null): Ref {
  if (!stretch || isConst(x)) return x;
  const d = dims.indexOf(stretch.v);
  // repeated: it is the same everywhere
  if (d < 0 || x.shape[d] !== stretch.len) return x;
  return flat.pad(x, d, stretch.from, stretch.total);
}
