/**
 * Every product that sums (matrix times vector, outer, dot, scaling, and the sums over axes fused into them) is one
 * contraction of two labelled tensors. Here it becomes one matmul, one batched matmul, or a product and a sum.
 */
import type { Flat } from "./tensors.js";
import { isConst, type Ref, size, type TensorRef } from "./types.js";

export type Labels = readonly string[];

interface Operand {
  readonly ref: TensorRef;
  readonly labels: Labels;
}

/**
 * sum over the labels that `out` lacks of a · b. Dims of 1 in an operand are repeated. The result has the labels `out`,
 * of which the first `lead` are variables or the batch, the others features.
 */
export function contract(
  flat: Flat,
  a: { ref: Ref; labels: Labels },
  b: { ref: Ref; labels: Labels },
  out: Labels,
  lead: number,
  sizes: ReadonlyMap<string, number>,
): Ref {
  const extent = (l: string): number => sizes.get(l) as number;
  const inA = present(a);
  const inB = present(b);
  const summed = [...new Set([...a.labels, ...b.labels, ...sizes.keys()])].filter((l) => !out.includes(l));
  // labels that neither operand has count by their extents
  const times = summed.filter((l) => !inA.includes(l) && !inB.includes(l)).reduce((p, l) => p * extent(l), 1);
  if (times === 0 || summed.some((l) => extent(l) === 0) || out.some((l) => extent(l) === 0)) return flat.constant(0);
  const shapeOut = out.map((l) => (inA.includes(l) || inB.includes(l) ? extent(l) : 1));
  if (isConst(a.ref) || isConst(b.ref)) {
    const [k, x] = isConst(a.ref) ? [a.ref.c, b] : [(b.ref as { c: number }).c, a];
    if (isConst(x.ref) || k === 0) return flat.constant(k === 0 ? 0 : k * times * (x.ref as { c: number }).c);
    const own = reduce(flat, strip(flat, x), out);
    return flat.affine(arrange(flat, own, out, shapeOut), k * times, 0);
  }
  const other = (labels: Labels): Labels => [...out, ...labels];
  const x = reduce(flat, strip(flat, a), other(inB));
  const y = reduce(flat, strip(flat, b), other(inA));
  const shared = x.labels.filter((l) => y.labels.includes(l));
  const group: Groups = {
    batch: out.filter((l) => shared.includes(l)),
    sum: shared.filter((l) => !out.includes(l)),
    left: out.filter((l) => x.labels.includes(l) && !y.labels.includes(l)),
    right: out.filter((l) => y.labels.includes(l) && !x.labels.includes(l)),
  };
  return flat.affine(product(flat, x, y, group, out, lead, shapeOut, extent), times, 0);
}

interface Groups {
  readonly batch: Labels;
  readonly sum: Labels;
  readonly left: Labels;
  readonly right: Labels;
}

function product(
  flat: Flat,
  x: Operand,
  y: Operand,
  g: Groups,
  out: Labels,
  lead: number,
  shapeOut: readonly number[],
  extent: (l: string) => number,
): Ref {
  const count = (labels: Labels): number => size(labels.map(extent));
  if (!g.sum.length || (!g.left.length && !g.right.length)) {
    // elementwise over all labels, in the order of the larger operand where some are summed
    const [large, small] = size(x.ref.shape) >= size(y.ref.shape) ? [x, y] : [y, x];
    const all = g.sum.length ? [...new Set([...large.labels, ...small.labels])] : out;
    const both = flat.mul(arrange(flat, x, all), arrange(flat, y, all));
    const axes = all.flatMap((l, i) => (g.sum.includes(l) ? [i] : []));
    const summed = flat.sum(both, axes, all.map(extent));
    const labels = all.filter((l) => !g.sum.includes(l));
    const ref = flat.reshape(summed, labels.map(extent)) as TensorRef;
    return labels.length ? arrange(flat, { ref, labels }, out, shapeOut) : flat.reshape(ref, shapeOut);
  }
  // [left…, right…] or [right…, left…], whichever needs no transposition; a single vector is a row, as it is in a batch
  const isRow = !g.right.length && g.left.every((l) => out.indexOf(l) >= lead);
  const first = out.find((l) => !g.batch.includes(l));
  const swap = isRow || (g.right.length > 0 && first === g.right[0]);
  const [p, q, m, n] = swap ? [y, x, g.right, g.left] : [x, y, g.left, g.right];
  const sum = sumOrder(p, q, g, m, n);
  const left = matrix(flat, p, g.batch, m, sum, count);
  const right = matrix(flat, q, g.batch, sum, n, count);
  const batched = g.batch.length > 0;
  const shape = [...(batched ? [count(g.batch)] : []), count(m), count(n)];
  const result = flat.one(
    batched ? "bmm" : "matmul",
    [left.ref, right.ref],
    { ta: left.flipped, tb: right.flipped },
    shape,
  );
  const labels = [...g.batch, ...m, ...n];
  return arrange(flat, { ref: flat.reshape(result, labels.map(extent)) as TensorRef, labels }, out, shapeOut);
}

/** The order of the summed labels that an operand has already; of two, the larger operand decides. */
function sumOrder(p: Operand, q: Operand, g: Groups, m: Labels, n: Labels): Labels {
  const order = (o: Operand): Labels => o.labels.filter((l) => g.sum.includes(l));
  const natural = (o: Operand, free: Labels): boolean => {
    const have = o.labels.join();
    return have === [...g.batch, ...free, ...order(o)].join() || have === [...g.batch, ...order(o), ...free].join();
  };
  if (natural(p, m) && natural(q, n)) return size(p.ref.shape) >= size(q.ref.shape) ? order(p) : order(q);
  return natural(p, m) ? order(p) : order(q);
}

/** An operand as [batch, rows, cols], or flipped as [batch, cols, rows] where it lies so in memory. */
function matrix(
  flat: Flat,
  o: Operand,
  batch: Labels,
  rows: Labels,
  cols: Labels,
  count: (labels: Labels) => number,
): { ref: Ref; flipped: boolean } {
  const lead = batch.length ? [count(batch)] : [];
  const flipped = rows.length > 0 && cols.length > 0 && o.labels.join() === [...batch, ...cols, ...rows].join();
  const order = flipped ? o.labels : [...batch, ...rows, ...cols];
  const shape = flipped ? [...lead, count(cols), count(rows)] : [...lead, count(rows), count(cols)];
  return { ref: flat.reshape(arrange(flat, o, order), shape), flipped };
}

/** The labels that an operand really has. */
const present = (o: { ref: Ref; labels: Labels }): Labels =>
  o.labels.filter((_, i) => !isConst(o.ref) && o.ref.shape[i] !== 1);

const strip = (flat: Flat, o: { ref: Ref; labels: Labels }): Operand => {
  const ref = o.ref as TensorRef;
  const shape = ref.shape.filter((d) => d !== 1);
  return { ref: flat.reshape(ref, shape) as TensorRef, labels: present(o) };
};

/** Sums what only one operand has and nobody wants. */
function reduce(flat: Flat, o: Operand, keep: Labels): Operand {
  const axes = o.labels.map((_, i) => i).filter((i) => !keep.includes(o.labels[i] as string));
  if (!axes.length) return o;
  const summed = flat.sum(o.ref, axes, o.ref.shape) as TensorRef;
  const labels = o.labels.filter((l) => keep.includes(l));
  return {
    ref: flat.reshape(
      summed,
      o.ref.shape.filter((_, i) => !axes.includes(i)),
    ) as TensorRef,
    labels,
  };
}

/** An operand under another order of labels, with dims of 1 where it lacks one. */
function arrange(flat: Flat, o: Operand, order: Labels, shape?: readonly number[]): Ref {
  const own = order.filter((l) => o.labels.includes(l));
  const moved = flat.transpose(
    o.ref,
    own.map((l) => o.labels.indexOf(l)),
  );
  const dims = order.map((l) => (o.labels.includes(l) ? (o.ref.shape[o.labels.indexOf(l)] as number) : 1));
  return flat.reshape(moved, shape ?? dims);
}
