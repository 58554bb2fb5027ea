/**
 * Beam search: the k likeliest beginnings of a sequence are carried on together. A hypothesis that ends leaves the beam and
 * keeps its place among the k, so that k = 1 is greedy decoding. Finished ones compete by the length-normalised score
 * logp / ((5 + length) / 6)^α of Wu et al. 2016 (arXiv:1609.08144), and a search ends early where no open one can win.
 *
 * Rows: sample b owns the rows b·k … b·k + k − 1 of a batch. Where a step draws several randoms, each draw is an expansion
 * and the step ends with the last of them, so the search is joint (R19). No tensors here: logits in, tokens and parents out.
 */
import { insert } from "../../compiler/beam.js";
import { logSoftmax } from "./choose.js";

export interface BeamOptions {
  readonly k: number;
  /**
   * Of beginnings that agree in so many last tokens only the best goes on. Where nothing else is carried from step to step,
   * this is Viterbi's algorithm (1967), exact with one place for each combination of so many tokens; null: all go on.
   */
  readonly memory?: number | null;
  /** α; 0 compares plain log-probabilities. */
  readonly length_penalty: number;
  /** Of each sample, the number of steps after which its search ends. */
  readonly limits: readonly number[];
}

/** One draw of one step, for all rows. */
export interface Expansion {
  readonly random: string;
  /** [rows, size]. */
  readonly logits: Float32Array | Float64Array;
  readonly size: number;
  /** `allowed[i]` is 0 where token i is never produced. */
  readonly allowed: Uint8Array;
  /** The token that ends a sequence. */
  readonly end: number | null;
  /** Steps made before this one, of sample b; null where it is not its turn yet. */
  readonly step: (b: number) => number | null;
  /** The last draw of this step? */
  readonly last: boolean;
  /** The known prefix: the token that sample b must take here. Its probability does not count. */
  readonly forced?: (b: number) => number | null;
}

export interface Expanded {
  /** The token of each row; 0 in rows that are not in use. */
  readonly values: Int32Array;
  /** The row, before this draw, that each row goes on from. */
  readonly parent: Int32Array;
  /** Every search has ended. */
  readonly done: boolean;
}

export interface Found {
  /** Of each random, a token per step. */
  readonly tokens: Readonly<Record<string, readonly number[]>>;
  readonly logp: number;
  readonly score: number;
  /** Did it end by itself, or at the limit? */
  readonly ended: boolean;
}

interface Link {
  readonly random: string;
  readonly token: number;
  readonly before: Link | null;
}

export interface Hypothesis {
  readonly links: Link | null;
  readonly logp: number;
  /** Steps that were not forced. */
  readonly length: number;
  readonly ended: boolean;
}

interface Candidate {
  readonly from: number;
  readonly token: number;
  readonly logp: number;
}

export const START: Hypothesis = { links: null, logp: 0, length: 0, ended: false };

export class BeamSearch {
  readonly #open: Hypothesis[][];
  readonly #finished: Hypothesis[][];

  constructor(readonly options: BeamOptions) {
    this.#open = options.limits.map((n) => (n > 0 ? [START] : []));
    this.#finished = options.limits.map((n) => (n > 0 ? [] : [START]));
  }

  get done(): boolean {
    return this.#open.every((o) => o.length === 0);
  }

  expand(e: Expansion): Expanded {
    const { k } = this.options;
    const values = new Int32Array(this.#open.length * k);
    const parent = Int32Array.from(values, (_, row) => row);
    for (const [b, open] of this.#open.entries()) {
      const step = e.step(b);
      if (!open.length || step === null) continue;
      const picked = this.#candidates(b, e).map((c) => ({ c, next: grow(open[c.from] as Hypothesis, c, e, b) }));
      const over = (h: Hypothesis): boolean => e.last && (h.ended || step + 1 >= (this.options.limits[b] as number));
      (this.#finished[b] as Hypothesis[]).push(...picked.map((p) => p.next).filter(over));
      const kept = picked.filter((p) => !over(p.next));
      for (const [i, { c }] of kept.entries()) {
        values[b * k + i] = c.token;
        parent[b * k + i] = b * k + c.from;
      }
      const won = e.last && this.#decided(b, kept, step + 1);
      this.#open[b] = won ? [] : kept.map((p) => p.next);
    }
    return { values, parent, done: this.done };
  }

  /** The hypotheses of sample b, best first; ties in the order in which they were found. */
  found(b: number): Found[] {
    return inOrder(this.#finished[b] as Hypothesis[], this.options.length_penalty);
  }

  #score(logp: number, length: number): number {
    return logp / penalty(length, this.options.length_penalty);
  }

  /** The best continuations of sample b, as many as there are places; ties go to the earlier row, then the lower token. */
  #candidates(b: number, e: Expansion): Candidate[] {
    const places = this.options.k - (this.#finished[b] as Hypothesis[]).length;
    const forced = e.forced?.(b) ?? null;
    const all: Candidate[] = [];
    const top: Candidate[] = [];
    const { memory = null } = this.options;
    const add = (c: Candidate): void => {
      if (memory !== null || forced !== null) all.push(c);
      else insert(top, c, places);
    };
    for (const [from, h] of (this.#open[b] as Hypothesis[]).entries()) {
      if (forced !== null) {
        add({ from, token: forced, logp: h.logp });
        continue;
      }
      const row = (b * this.options.k + from) * e.size;
      const logp = logSoftmax(e.logits.subarray(row, row + e.size));
      // what is impossible, such as an index beyond the end, is no candidate where anything else is
      const isPossible = logp.some((x, i) => e.allowed[i] && x !== Number.NEGATIVE_INFINITY);
      for (let token = 0; token < e.size; token++)
        if (e.allowed[token] && (!isPossible || logp[token] !== Number.NEGATIVE_INFINITY))
          add({ from, token, logp: h.logp + (logp[token] as number) });
    }
    if (memory === null) return forced === null ? top : all;
    const best = new Map<string, Candidate>();
    for (const c of all) {
      const key = [c.token, ...lastTokens((this.#open[b] as Hypothesis[])[c.from] as Hypothesis, memory - 1)].join();
      const known = best.get(key);
      if (!known || c.logp > known.logp) best.set(key, c);
    }
    return [...best.values()];
  }

  /** Can no open hypothesis overtake the best finished one? Its score is largest at one end of the lengths it may reach. */
  #decided(b: number, open: readonly { next: Hypothesis }[], steps: number): boolean {
    const best = Math.max(...(this.#finished[b] as Hypothesis[]).map((h) => this.#score(h.logp, h.length)));
    const left = (this.options.limits[b] as number) - steps;
    return open.every(
      ({ next: { logp, length } }) => Math.max(this.#score(logp, length + 1), this.#score(logp, length + left)) <= best,
    );
  }
}

/** What divides the log-probability of so many steps. */
export const penalty = (length: number, alpha: number): number => ((5 + length) / 6) ** alpha;

/** Finished hypotheses, best first; ties in the order in which they were found. */
export function inOrder(finished: readonly Hypothesis[], alpha: number): Found[] {
  return finished
    .map(({ links, logp, length, ended }) => ({
      tokens: unlink(links),
      logp,
      score: logp / penalty(length, alpha),
      ended,
    }))
    .sort((x, y) => y.score - x.score);
}

/** The last `n` tokens, the latest first. */
function lastTokens({ links }: Hypothesis, n: number): number[] {
  const tokens: number[] = [];
  for (let l = links; l && tokens.length < n; l = l.before) tokens.push(l.token);
  return tokens;
}

function grow(h: Hypothesis, c: Candidate, e: Expansion, b: number): Hypothesis {
  const forced = (e.forced?.(b) ?? null) !== null;
  return grown(h, e, c.token, c.logp, e.last && !forced);
}

/** `counts`: is this a step that was not forced? */
export const grown = (
  h: Hypothesis,
  { random, end }: Pick<Expansion, "random" | "end">,
  token: number,
  logp: number,
  counts: boolean,
): Hypothesis => ({
  links: { random, token, before: h.links },
  logp,
  length: h.length + (counts ? 1 : 0),
  ended: h.ended || token === end,
});

function unlink(links: Link | null): Record<string, number[]> {
  const tokens: Record<string, number[]> = {};
  for (let l = links; l; l = l.before) (tokens[l.random] ??= []).push(l.token);
  for (const list of Object.values(tokens)) list.reverse();
  return tokens;
}
