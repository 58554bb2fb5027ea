/**
 * One step of a beam search, as the op `beam` has it and as `runtime/decoder/beam.ts` defines it: the likeliest
 * continuations of the open hypotheses of a sample. A hypothesis that ends keeps its place among the k, so that the row of a
 * place is open, has ended at this step, or is not in use.
 *
 * Numbers of a row, all in single precision: the token, the row that it goes on from, its state, log p as a sum of three
 * numbers, which hold a double, and of the whole sample how many have ended and the best score among them (0 if none).
 */
import { KNOWN } from "./choice.js";

export const ROW = { token: 0, parent: 1, state: 2, logp: 3, ended: 6, best: 7, size: 8 } as const;
/** `first`: before the search, when the first row is the only one and open. Above 0 where there is more to come. */
export const STATE = { first: 0, open: 1, ended: -1, unused: -2 } as const;
/**
 * What divides log p into a score: of a hypothesis that ends at this step, at the next one, at the last one; and 1 at the
 * last step, else 0.
 */
export const TERMS = { own: 0, next: 1, last: 2, isLast: 3, size: 4 } as const;

type Reals = Float32Array | Float64Array;

interface Candidate {
  readonly from: number;
  readonly token: number;
  readonly logp: number;
}

export class BeamStep {
  readonly #allowed: Uint8Array;

  /** `k` rows of `n` logits; `never` are not taken, `end` ends a sequence (−1: none does). */
  constructor(
    readonly k: number,
    readonly n: number,
    never: readonly number[],
    readonly end: number,
  ) {
    this.#allowed = new Uint8Array(n).fill(1);
    for (const i of never) this.#allowed[i] = 0;
  }

  /**
   * Sample `b` of `count`: its row i is the row i · count + b of `z`, `before` and `out`. Where a logit of an open row is
   * not finite, or none of its values is possible, log p of the first row is NaN and all rows are unused.
   */
  sample(out: Reals, z: Reals, before: Reals, given: number, terms: ArrayLike<number>, b = 0, count = 1): void {
    const row = (i: number): number => (i * count + b) * ROW.size;
    const was = (i: number, what: number): number => before[row(i) + what] as number;
    const term = (what: number): number => terms[what] as number;
    const isFirst = was(0, ROW.state) === STATE.first;
    const rows = Array.from({ length: this.k }, (_, i) => i);
    const open = isFirst ? [0] : rows.filter((i) => was(i, ROW.state) === STATE.open);
    const logps = rows.map((i) => was(i, ROW.logp) + was(i, ROW.logp + 1) + was(i, ROW.logp + 2));
    let [ended, best] = [was(0, ROW.ended), was(0, ROW.best)];
    const write = (i: number, { from, token, logp }: Candidate, state: number): void => {
      const high = Math.fround(logp);
      const middle = Math.fround(logp - high);
      out.set([token, from, state, high, middle, logp - high - middle, ended, best], row(i));
    };
    const picked =
      given >= KNOWN
        ? open.map((from) => ({ from, token: given - KNOWN, logp: logps[from] as number }))
        : this.#best(open, logps, this.k - ended, (i) =>
            z.subarray((i * count + b) * this.n, (i * count + b + 1) * this.n),
          );
    if (!picked) {
      for (const i of rows) write(i, { from: i, token: 0, logp: i ? 0 : Number.NaN }, STATE.unused);
      return;
    }
    const isOver = ({ token }: Candidate): boolean => token === this.end || term(TERMS.isLast) > 0;
    for (const c of picked.filter(isOver)) {
      const score = Math.fround(c.logp / term(TERMS.own));
      best = ended++ ? Math.max(best, score) : score;
    }
    const kept = picked.filter((c) => !isOver(c));
    const bound = ({ logp }: Candidate): number =>
      Math.fround(Math.max(logp / term(TERMS.next), logp / term(TERMS.last)));
    const isDecided = ended > 0 && kept.every((c) => bound(c) <= best);
    for (const i of rows) {
      const c = picked[i];
      if (!c) write(i, { from: i, token: 0, logp: 0 }, STATE.unused);
      else write(i, c, isOver(c) ? STATE.ended : isDecided ? STATE.unused : STATE.open);
    }
  }

  /** The best `places` continuations; ties go to the earlier row, then the lower token. Null where there is no saying. */
  #best(
    open: readonly number[],
    logps: readonly number[],
    places: number,
    logits: (i: number) => Reals,
  ): Candidate[] | null {
    const top: Candidate[] = [];
    for (const from of open) {
      const z = logits(from);
      let most = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < this.n; i++) most = Math.max(most, z[i] as number); // NaN spreads through Math.max
      let sum = 0;
      for (let i = 0; i < this.n; i++) sum += Math.exp((z[i] as number) - most);
      const norm = Math.log(sum);
      if (!Number.isFinite(norm)) return null;
      let isPossible = false;
      const base = logps[from] as number;
      for (let token = 0; token < this.n; token++) {
        const x = z[token] as number;
        if (x === Number.NEGATIVE_INFINITY || !this.#allowed[token]) continue;
        isPossible = true;
        const logp = base + (x - most - norm);
        const worst = top[places - 1];
        if (!worst || logp > worst.logp) insert(top, { from, token, logp }, places);
      }
      if (!isPossible) return null;
    }
    return top;
  }
}

/** Into a list in descending order of at most `places`; behind its equals. */
export function insert<C extends { readonly logp: number }>(top: C[], c: C, places: number): void {
  if (top.length >= places && c.logp <= (top[places - 1] as C).logp) return;
  let i = top.length;
  while (i > 0 && (top[i - 1] as C).logp < c.logp) i--;
  top.splice(i, 0, c);
  if (top.length > places) top.pop();
}
