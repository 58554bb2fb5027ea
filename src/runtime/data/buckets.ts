/**
 * Batches of samples of similar length. Every shape of a batch costs a compilation of the plan, every padded step costs
 * computation: lengths are rounded up to few levels, chosen so that the padding is least.
 */
import { permutation } from "../../compiler/random.js";
import { longest } from "../lengths.js";
import type { Sample } from "../types.js";
import { type Widths, widest, widthsOf } from "./layout.js";

/** Ascending padded lengths of each ragged axis. */
export type Levels = Readonly<Record<string, readonly number[]>>;

/** Samples of one batch by index, and what to pad them to. */
export interface Group {
  readonly members: readonly number[];
  readonly extents: Readonly<Record<string, number>>;
  /** Of the levels of trees and graphs. */
  readonly widths: Widths;
}

/** How samples are put together. */
export interface Buckets {
  readonly levels: Levels;
  /** The widest levels of trees and graphs among the samples of a bucket, by its key. */
  readonly widths: ReadonlyMap<string, Widths>;
}

/** Shapes allowed for all axes together. */
const shapes = 9;
/** Distinct lengths above which neighbours are merged before the search, which takes the square of their number. */
const searched = 256;

/**
 * The lengths that matter: of ragged axes; of a tree or graph its number of nodes, and of its levels, which are loops.
 * Those of its edges go with them.
 */
function sizesOf(sample: Sample): Readonly<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const [axis, length] of Object.entries(sample.lengths)) {
    const levels = sample.levels?.[axis];
    if (levels && !(`${axis}.edges` in sample.levels!)) continue;
    sizes[axis] = longest(length);
    if (levels) sizes[`${axis}.levels`] = levels.reduce((a, b) => Math.max(a, b), 0);
  }
  return sizes;
}

export function bucketsOf(samples: readonly Sample[]): Buckets {
  const levels = levelsOf(samples);
  const widths = new Map<string, Widths>();
  for (const sample of samples) {
    if (!sample.levels) continue;
    const key = keyOf(sample, levels);
    widths.set(key, joined(widths.get(key) ?? {}, ownWidths(sample)));
  }
  return { levels, widths };
}

const ownWidths = (sample: Sample): Widths =>
  Object.fromEntries(Object.entries(sample.levels ?? {}).map(([axis, levels]) => [axis, widthsOf(levels)]));

const joined = (a: Widths, b: Widths): Widths =>
  Object.fromEntries(Object.keys({ ...a, ...b }).map((axis) => [axis, widest(a[axis] ?? [], b[axis] ?? [])]));

const keyOf = (sample: Sample, levels: Levels): string => {
  const sizes = sizesOf(sample);
  return Object.keys(levels)
    .map((axis) => String(roundUp(levels[axis], sizes[axis] ?? 0)).padStart(10, "0"))
    .join(" ");
};

export function levelsOf(samples: readonly Sample[]): Levels {
  const all = samples.map(sizesOf);
  const axes = [...new Set(all.flatMap((sizes) => Object.keys(sizes)))];
  const lengths = axes.map((axis) => all.flatMap((sizes) => sizes[axis] ?? []));
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
  const most = lengths.reduce((a, b) => Math.max(a, b), 0);
  const step = Math.max(1, Math.ceil(new Set(lengths).size / searched));
  const round = (length: number) => (step === 1 ? length : Math.min(most, Math.ceil(length / step) * step));
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
  buckets: Buckets,
  options: { readonly batch: number; readonly seed: number; readonly epoch: number },
): readonly Group[] {
  const { batch, seed, epoch } = options;
  const order = permutation(samples.length, seed, "order", epoch);
  const groups = cut(samples, buckets, order, batch);
  return Array.from(permutation(groups.length, seed, "batches", epoch), (i) => groups[i]!);
}

/** The same in a fixed order. */
export function fixedGroups(samples: readonly Sample[], buckets: Buckets, batch: number): readonly Group[] {
  return cut(samples, buckets, samples.keys(), batch);
}

function cut(samples: readonly Sample[], buckets: Buckets, order: Iterable<number>, batch: number): Group[] {
  const { levels, widths } = buckets;
  const full = new Map<string, number[]>();
  for (const i of order) {
    const key = keyOf(samples[i]!, levels);
    const bucket = full.get(key);
    if (bucket) bucket.push(i);
    else full.set(key, [i]);
  }
  const groups: Group[] = [];
  const left: number[] = [];
  const add = (members: readonly number[]) => {
    const keys = new Set(members.map((i) => keyOf(samples[i]!, levels)));
    const least = [...keys].map((key) => widths.get(key) ?? {}).reduce(joined, {});
    groups.push({ members, extents: extentsOf(samples, levels, members), widths: least });
  };
  for (const key of [...full.keys()].sort()) {
    const bucket = full.get(key)!;
    const whole = bucket.length - (bucket.length % batch);
    for (let i = 0; i < whole; i += batch) add(bucket.slice(i, i + batch));
    left.push(...bucket.slice(whole));
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
        members.reduce((most, i) => Math.max(most, longest(samples[i]!.lengths[axis] ?? 0)), 0),
      ),
    ]),
  );
}
