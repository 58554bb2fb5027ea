/** Where tensors lie: a place is a part of a root, by offset and strides. All tensors have 4 bytes a number. */
import { size } from "../../../compiler/plan/types.js";

/**
 * - `arena`: at an offset in the memory of all runs, `at`
 * - `constant`: at an offset in the plan's own memory
 * - `slot`: at an address that each run brings: a tensor that is given, made from the lengths, or a result
 */
export interface Root {
  kind: "arena" | "constant" | "slot";
  readonly size: number;
  /** Of a slot its number, else an offset in numbers. */
  at: number;
  /** The first and the last node that touch it. */
  first: number;
  last: number;
}

export interface Place {
  readonly root: Root;
  readonly offset: number;
  readonly shape: readonly number[];
  /** In numbers; 0 where the same number is repeated. */
  readonly strides: readonly number[];
}

export const newRoot = (kind: Root["kind"], n: number, at = -1): Root => ({
  kind,
  size: n,
  at,
  first: Number.POSITIVE_INFINITY,
  last: -1,
});

export function straightStrides(shape: readonly number[]): number[] {
  let stride = 1;
  return [...shape]
    .reverse()
    .map((n) => {
      const own = stride;
      stride *= n;
      return own;
    })
    .reverse();
}

export const whole = (root: Root, shape: readonly number[]): Place => ({
  root,
  offset: 0,
  shape,
  strides: straightStrides(shape),
});

/** Do the numbers lie one behind the other? */
export function isStraight({ shape, strides }: Place): boolean {
  const straight = straightStrides(shape);
  return shape.every((n, d) => n === 1 || strides[d] === straight[d]);
}

/** Is it all of its root? */
export const isWhole = (p: Place): boolean => p.offset === 0 && size(p.shape) === p.root.size && isStraight(p);

export const samePlace = (a: Place, b: Place): boolean =>
  a.root === b.root &&
  a.offset === b.offset &&
  a.shape.length === b.shape.length &&
  a.shape.every((n, d) => n === b.shape[d] && (n === 1 || a.strides[d] === b.strides[d]));

/** The same numbers under another shape; null where their order in memory does not allow it. */
export function reshaped(p: Place, shape: readonly number[]): Place | null {
  const dims = p.shape.flatMap((n, d) => (n === 1 ? [] : [{ n, stride: p.strides[d] as number }]));
  const strides = new Array<number>(shape.length).fill(0);
  let d = 0;
  let k = 0;
  while (k < shape.length) {
    if (shape[k] === 1) {
      k++;
      continue;
    }
    // the fewest dims of either shape that hold equally many numbers
    let [own, wanted] = [(dims[d] as { n: number }).n, shape[k] as number];
    let [dEnd, kEnd] = [d + 1, k + 1];
    while (own !== wanted)
      if (own < wanted) own *= (dims[dEnd++] as { n: number }).n;
      else wanted *= shape[kEnd++] as number;
    for (let j = d; j + 1 < dEnd; j++) {
      const [outer, inner] = [dims[j], dims[j + 1]] as { n: number; stride: number }[] as [
        { n: number; stride: number },
        { n: number; stride: number },
      ];
      if (outer.stride !== inner.stride * inner.n) return null;
    }
    let stride = (dims[dEnd - 1] as { stride: number }).stride;
    for (let j = kEnd - 1; j >= k; j--) {
      strides[j] = stride;
      stride *= shape[j] as number;
    }
    d = dEnd;
    k = kEnd;
  }
  return { ...p, shape, strides };
}

/** Entries `from … from + len − 1` of a dim. */
export const sliced = (p: Place, axis: number, from: number, len: number): Place => ({
  ...p,
  offset: p.offset + from * (p.strides[axis] as number),
  shape: p.shape.map((n, d) => (d === axis ? len : n)),
});

/** Entry `i` of the first dim. */
export const entry = (p: Place, i: number): Place => ({
  root: p.root,
  offset: p.offset + i * (p.strides[0] as number),
  shape: p.shape.slice(1),
  strides: p.strides.slice(1),
});

export const transposed = (p: Place, perm: readonly number[]): Place => ({
  ...p,
  shape: perm.map((d) => p.shape[d] as number),
  strides: perm.map((d) => p.strides[d] as number),
});

/** Repeated along dims of 1 and along new ones, as in broadcasting. */
export function broadcasted(p: Place, shape: readonly number[]): Place {
  const more = shape.length - p.shape.length;
  return {
    ...p,
    shape,
    strides: shape.map((_, d) => (d < more || p.shape[d - more] === 1 ? 0 : (p.strides[d - more] as number))),
  };
}

/** Gives the roots of an arena their offsets: those that live at the same time share nothing. Returns its size in numbers. */
export function arrange(roots: Iterable<Root>): number {
  const ALIGN = 16;
  const waiting = [...roots].sort((a, b) => a.first - b.first);
  const free: { at: number; n: number }[] = [{ at: 0, n: Number.POSITIVE_INFINITY }];
  let live: { root: Root; at: number; n: number }[] = [];
  let top = 0;
  for (const root of waiting) {
    const dead = live.filter((l) => l.root.last < root.first);
    if (dead.length) {
      live = live.filter((l) => l.root.last >= root.first);
      free.push(...dead.map(({ at, n }) => ({ at, n })));
      free.sort((a, b) => a.at - b.at);
      for (let k = 0; k + 1 < free.length; ) {
        const [a, b] = [free[k], free[k + 1]] as { at: number; n: number }[] as [
          { at: number; n: number },
          { at: number; n: number },
        ];
        if (a.at + a.n === b.at) {
          a.n += b.n;
          free.splice(k + 1, 1);
        } else k++;
      }
    }
    const n = Math.ceil(root.size / ALIGN) * ALIGN;
    const gap = free.find((g) => g.n >= n) as { at: number; n: number };
    root.at = gap.at;
    live.push({ root, at: gap.at, n });
    gap.at += n;
    gap.n -= n;
    if (gap.n === 0) free.splice(free.indexOf(gap), 1);
    top = Math.max(top, root.at + n);
  }
  return top;
}
