/** Masks made on the host, and selections by them. */
import { type Dim, type Frame, overLoop, type Truth } from "./places.js";
import type { Flat } from "./tensors.js";
import { type HostCond, type HostDim, isConst, type Ref, type Side } from "./types.js";

const mentions = (s: Side, v: string): boolean => s.v === v || (s.outer?.some((o) => mentions(o.at, v)) ?? false);

/** The dims that sides depend on, under names that do not depend on the equation, so that equal masks are shared. */
export function hostDimsOf(
  sides: readonly Side[],
  frame: Frame,
): { dims: readonly Dim[]; hostDims: readonly HostDim[]; rename: (s: Side) => Side } {
  const dims = frame.dims.filter((d) => sides.some((s) => mentions(s, d.v)));
  const name = new Map(dims.map((d, i) => [d.v, `i${i}`]));
  const rename = (s: Side): Side => ({
    ...s,
    v: s.v === null ? null : (name.get(s.v) as string),
    ...(s.outer ? { outer: s.outer.map((o) => ({ ...o, at: rename(o.at) })) } : {}),
  });
  return { dims, hostDims: dims.map((d) => ({ v: name.get(d.v) as string, from: d.from, len: d.len })), rename };
}

/** A mask in the layout of the frame, without features: [dims…, batch], 1 where it does not depend on a dim. */
export function mask(flat: Flat, conds: readonly HostCond[], frame: Frame): Ref {
  const sides = conds.flatMap((c) => [c.a, c.b]);
  const { chunk } = frame;
  if (chunk && sides.some((s) => mentions(s, chunk.dim.v)))
    return chunk.body.enter(mask(chunk.body.around, conds, overLoop(frame)), chunk.step);
  const { dims, hostDims, rename } = hostDimsOf(sides, frame);
  const batch = sides.some((s) => s.end !== null) ? frame.batch : 1;
  const made = flat.one(
    "mask",
    [],
    {
      conds: conds.map((c) => ({ rel: c.rel, a: rename(c.a), b: rename(c.b) })),
      dims: hostDims,
      batch,
    },
    [...dims.map((d) => d.len), batch],
  );
  return flat.reshape(made, [...frame.dims.map((d) => (dims.includes(d) ? d.len : 1)), batch]);
}

/** `x` where the truth holds, else `other`; both in the layout of the frame with `rank` feature dims. */
export function select(flat: Flat, truth: Truth, x: Ref, other: Ref, frame: Frame, rank: number): Ref {
  if (typeof truth === "boolean") return truth ? x : other;
  const m = mask(flat, truth, frame);
  if (isConst(m)) return flat.where(m, x, other);
  return flat.where(flat.reshape(m, [...m.shape, ...new Array<number>(rank).fill(1)]), x, other);
}
