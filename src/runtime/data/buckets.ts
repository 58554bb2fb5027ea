/**
 * Batches of samples of similar length. Every shape of a batch costs a compilation of the plan, every padded step costs
 * computation: lengths are rounded up to few levels, chosen so that the padding is least.
 */
import { permutation } from "../../compiler/random.js";
import type { Sample } from "../types.js";

/** Ascending padded lengths of each ragged axis. */
export type Levels = Readonly<Record<string, readonly number[]>>;

/** Samples of one batch by index, and what to pad them to. */
export interface Group {
  readonly members: readonly number[];
  readonly extents: Readonly<Record<string, number>>;
}

/** Shapes allowed for all axes together. */
const shapes = 9;
/** Distinct lengths above which neighbours are merged before the search, which takes the square of their number. */
const searched = 256;

export function levelsOf(samples: readonly Sample[]): Levels {
  const axes = [...new Set(samples.flatMap((sample) => Object.keys(sample.lengths)))];
  const lengths = axes.map((axis) => samples.flatMap((sample) => sample.lengths[axis] ?? []));
  const varying = lengths.filter((list) => new Set(list).size > 1).length;
  const each = Math.max(1, Math.floor(shapes ** (1 / Math.max(1, varying)) + 1e-9));
  return Object.fromEntries(axes.map((axis, i) => [axis, bestLevels(lengths[i]!, each)]));
}

/**
 * At most `count` levels, the largest length among them, with the least sum of (level − length):
 * cost(j, k) = min over i < j of cost(i, k−1) + Σ_{i<l≤j} n_l (length_j − length_l) over the distinct lengths in order.
 */
export function bestLevels(lengths: readonly number[], count: number): readonly number[] {
  const histogram = new Map<number, number>();
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
  const step = Math.max(1, Math.ceil(new Set(lengths).size / searched));
  const round = (length: number) => (step === 1 ? length : Math.min(longest, Math.ceil(length / step) * step));
  for (const length of lengths) histogram.set(round(length), (histogram.get(round(length)) ?? 0) + 1);
  const distinct = [...histogram.keys()].sort((a, b) => a - b);
  const n = distinct.length;
  if (n <= count) return distinct;
  const number = [0];
  const total = [0];
  for (const [i, length] of distinct.entries()) {
    number.push(number[i]! + histogram.get(length)!);
    total.push(total[i]! + histogram.get(length)! * length);
  }
  const padding = (i: number, j: number) => (number[j]! - number[i]!) * distinct[j - 1]! - (total[j]! - total[i]!);
  let cost = Array.from({ length: n + 1 }, (_, j) => (j === 0 ? 0 : padding(0, j)));
  const choices: number[][] = [];
  for (let k = 2; k <= count; k++) {
    const chosen = new Array<number>(n + 1).fill(-1);
    const next = cost.slice();
    for (let j = 1; j <= n; j++) {
      for (let i = 1; i < j; i++) {
        const here = cost[i]! + padding(i, j);
        if (here < next[j]!) {
          next[j] = here;
          chosen[j] = i;
        }
      }
    }
    choices.push(chosen);
    cost = next;
  }
  const found: number[] = [];
  let j = n;
  for (const chosen of [...choices.reverse(), [0]]) {
    if (j === 0 || chosen[j] === -1) continue;
    found.unshift(distinct[j - 1]!);
    j = chosen[j] ?? 0;
  }
  return found;
}

function roundUp(levels: readonly number[] | undefined, length: number): number {
  return levels?.find((level) => level >= length) ?? length;
}

/**
 * The batches of one epoch: samples are shuffled, put into buckets by their rounded lengths and cut into batches; what is left
 * of the buckets is batched together, from short to long. The order of the batches is random. All batches but one are full.
 */
export function epochGroups(
  samples: readonly Sample[],
  levels: Levels,
  options: { readonly batch: number; readonly seed: number; readonly epoch: number },
): readonly Group[] {
  const { batch, seed, epoch } = options;
  const order = permutation(samples.length, seed, "order", epoch);
  const groups = cut(samples, levels, order, batch);
  return Array.from(permutation(groups.length, seed, "batches", epoch), (i) => groups[i]!);
}

/** The same in a fixed order. */
export function fixedGroups(samples: readonly Sample[], levels: Levels, batch: number): readonly Group[] {
  return cut(samples, levels, samples.keys(), batch);
}

function cut(samples: readonly Sample[], levels: Levels, order: Iterable<number>, batch: number): Group[] {
  const buckets = new Map<string, number[]>();
  const keyOf = (i: number) =>
    Object.keys(levels)
      .map((axis) => String(roundUp(levels[axis], samples[i]!.lengths[axis] ?? 0)).padStart(10, "0"))
      .join(" ");
  for (const i of order) {
    const key = keyOf(i);
    const bucket = buckets.get(key);
    if (bucket) bucket.push(i);
    else buckets.set(key, [i]);
  }
  const groups: Group[] = [];
  const left: number[] = [];
  const add = (members: readonly number[]) => groups.push({ members, extents: extentsOf(samples, levels, members) });
  for (const key of [...buckets.keys()].sort()) {
    const bucket = buckets.get(key)!;
    const full = bucket.length - (bucket.length % batch);
    for (let i = 0; i < full; i += batch) add(bucket.slice(i, i + batch));
    left.push(...bucket.slice(full));
  }
  for (let i = 0; i < left.length; i += batch) add(left.slice(i, i + batch));
  return groups;
}

function extentsOf(samples: readonly Sample[], levels: Levels, members: readonly number[]): Record<string, number> {
  return Object.fromEntries(
    Object.keys(levels).map((axis) => [
      axis,
      roundUp(
        levels[axis],
        members.reduce((longest, i) => Math.max(longest, samples[i]!.lengths[axis] ?? 0), 0),
      ),
    ]),
  );
}
