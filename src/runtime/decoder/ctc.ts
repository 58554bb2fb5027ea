/**
 * Decoding of connectionist temporal classification: frames of logits, the blank last, to a sequence of labels.
 * Greedy takes the likeliest entry of each frame, without repetitions and blanks: the best path, not always the likeliest
 * sequence. A beam search over prefixes adds up all paths of a sequence (A. Graves, N. Jaitly, "Towards end-to-end speech
 * recognition with recurrent neural networks", ICML 2014).
 */
import { bestPath } from "../../compiler/ops/draws.js";
import { chooseCategorical, isGreedy, logSoftmax, type Method } from "./choose.js";
import { logSum } from "./draws.js";

export interface Labels {
  readonly labels: readonly number[];
  /** log of the probability of the labels: of all paths that say them. */
  readonly logp: number;
}

/** The frames of one sample up to its own length: beyond it, all logits are −∞. `allowed`: of each label. */
export function framesOf(
  logits: Float32Array,
  count: number,
  size: number,
  allowed: (label: number) => boolean,
): Float64Array[] {
  const frames: Float64Array[] = [];
  for (let t = 0; t < count; t++) {
    const own = logits.subarray(t * size, (t + 1) * size);
    if (own.every((z) => z === Number.NEGATIVE_INFINITY)) break;
    frames.push(logSoftmax(own).map((x, k) => (k === size - 1 || allowed(k) ? x : Number.NEGATIVE_INFINITY)));
  }
  return frames;
}

export function chooseLabels(frames: readonly Float64Array[], method: Method, uniform: () => number): Labels {
  const path = isGreedy(method)
    ? frames
    : frames.map((f) => {
        const { value } = chooseCategorical(f, new Uint8Array(f.length).fill(1), method, uniform);
        return f.map((_, k) => (k === value ? 0 : Number.NEGATIVE_INFINITY));
      });
  const labels = [...bestPath(path)];
  return { labels, logp: logProbability(frames, labels) };
}

/** Of a sequence: the sum over all paths, by the forward recurrence over blanks and labels in turn. */
export function logProbability(frames: readonly Float64Array[], labels: readonly number[]): number {
  const blank = (frames[0]?.length ?? 1) - 1;
  const states = [blank, ...labels.flatMap((l) => [l, blank])];
  const NONE = Number.NEGATIVE_INFINITY;
  // before the first frame: the path may start at the first blank or at the first label
  let alpha: number[] | null = null;
  for (const frame of frames) {
    const before: readonly number[] | null = alpha;
    alpha = states.map((label, s): number => {
      if (!before) return s <= 1 ? (frame[label] as number) : NONE;
      const skips = s >= 2 && label !== blank && label !== states[s - 2];
      const from: number[] = [
        before[s] as number,
        s >= 1 ? (before[s - 1] as number) : NONE,
        skips ? (before[s - 2] as number) : NONE,
      ];
      return (frame[label] as number) + logSum(from);
    });
  }
  if (!alpha) return labels.length ? NONE : 0;
  return logSum(alpha.slice(-2));
}

interface Prefix {
  readonly labels: readonly number[];
  /** log probability of all its paths that end in a blank, and of those that end in its last label. */
  blank: number;
  label: number;
}

const totalOf = (p: Prefix): number => logSum([p.blank, p.label]);

/** The k likeliest sequences of a prefix beam search, best first. */
export function searchLabels(frames: readonly Float64Array[], k: number): Labels[] {
  const NONE = Number.NEGATIVE_INFINITY;
  let beam: Prefix[] = [{ labels: [], blank: 0, label: NONE }];
  for (const frame of frames) {
    const blank = frame.length - 1;
    const next = new Map<string, Prefix>();
    const at = (labels: readonly number[]): Prefix => {
      const key = labels.join();
      const known = next.get(key);
      if (known) return known;
      const made = { labels, blank: NONE, label: NONE };
      next.set(key, made);
      return made;
    };
    for (const p of beam) {
      const last = p.labels[p.labels.length - 1];
      const stays = at(p.labels);
      stays.blank = logSum([stays.blank, totalOf(p) + (frame[blank] as number)]);
      if (last !== undefined) stays.label = logSum([stays.label, p.label + (frame[last] as number)]);
      for (let c = 0; c < blank; c++) {
        if (frame[c] === NONE) continue;
        const grown = at([...p.labels, c]);
        // a repeated label needs a blank between
        grown.label = logSum([grown.label, (c === last ? p.blank : totalOf(p)) + (frame[c] as number)]);
      }
    }
    beam = [...next.values()].sort((a, b) => totalOf(b) - totalOf(a)).slice(0, k);
  }
  return beam.map(({ labels }) => ({ labels, logp: logProbability(frames, labels) })).sort((a, b) => b.logp - a.logp);
}
