/**
 * Which value a categorical draw takes: given a uniform number, the first at which the running sum of the probabilities
 * exceeds it. Before that p becomes p^(1/temperature). Where the `top_k` likeliest values are kept, or of these the
 * likeliest that hold `top_p` of what is left (nucleus sampling: Holtzman et al., ICLR 2020), the sum runs over them from
 * the likeliest on, ties by index; else over all values by index. Nothing is sorted: the place is found by partition, in
 * linear time.
 *
 * What can differ between targets is rounding: here sums are in double precision, on TensorFlow in single precision up to
 * some thousand values. The uniform number has 24 bits and is the same everywhere.
 */

export interface Tempering {
  readonly temperature: number;
  readonly top_k: number | null;
  readonly top_p: number | null;
}

/** The first of the largest among those that may be; −1 if there is none. `from`: where the row begins in `z`. */
export function likeliest(z: ArrayLike<number>, from: number, allowed: Uint8Array): number {
  let found = -1;
  for (let i = 0; i < allowed.length; i++)
    if (allowed[i] && (found < 0 || (z[from + i] as number) > (z[from + found] as number))) found = i;
  return found;
}

/** Draws among `n` values, again and again. */
export class Chooser {
  readonly #order: Int32Array;
  readonly #weights: Float64Array;

  constructor(readonly n: number) {
    this.#order = new Int32Array(n);
    this.#weights = new Float64Array(n);
  }

  /**
   * `z`: logits from `from` on, up to a constant. Values that are not `allowed` or have −∞ are never taken; where there is
   * no other, the first that is allowed.
   */
  choose(z: ArrayLike<number>, from: number, allowed: Uint8Array, tempering: Tempering, u: number): number {
    const { temperature, top_k, top_p } = tempering;
    const first = likeliest(z, from, allowed);
    const top = z[from + first] as number;
    if (first < 0 || top === Number.NEGATIVE_INFINITY) return first;
    const [order, weights] = [this.#order, this.#weights];
    let n = 0;
    for (let i = 0; i < this.n; i++) {
      const x = z[from + i] as number;
      if (!allowed[i] || x === Number.NEGATIVE_INFINITY) continue;
      weights[i] = Math.exp((x - top) / temperature);
      order[n++] = i;
    }
    if (!isCut(tempering)) return this.#drawn(n, u);
    if (top_k !== null && top_k < n) n = this.#upTo(z, from, 0, n, top_k, null);
    if (top_p !== null && top_p < 1) n = this.#upTo(z, from, 0, n, top_p * this.#sum(n), weights);
    const left = u * this.#sum(n);
    return order[this.#upTo(z, from, 0, n, left, weights, true) - 1] as number;
  }

  /** In the order of the indices. */
  #drawn(n: number, u: number): number {
    const left = u * this.#sum(n);
    let held = 0;
    for (let j = 0; j < n - 1; j++) {
      held += this.#weights[this.#order[j] as number] as number;
      if (held > left) return this.#order[j] as number;
    }
    return this.#order[n - 1] as number;
  }

  #sum(n: number): number {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += this.#weights[this.#order[j] as number] as number;
    return sum;
  }

  /**
   * Moves the likeliest of order[low … high − 1] to its front: as few as have a sum of weights (null: a number) that
   * reaches `mass`, or exceeds it. Gives the place behind the last of them, which stands last.
   */
  #upTo(
    z: ArrayLike<number>,
    from: number,
    low: number,
    high: number,
    mass: number,
    weights: Float64Array | null,
    exceeds = false,
  ): number {
    const order = this.#order;
    const isBefore = (a: number, b: number): boolean => {
      const [x, y] = [z[from + a] as number, z[from + b] as number];
      return x > y || (x === y && a < b);
    };
    let held = 0;
    while (high - low > 1) {
      const pivot = order[(low + high) >> 1] as number;
      order[(low + high) >> 1] = order[high - 1] as number;
      order[high - 1] = pivot;
      let [middle, sum] = [low, 0];
      for (let j = low; j < high - 1; j++) {
        const i = order[j] as number;
        if (!isBefore(i, pivot)) continue;
        sum += weights ? (weights[i] as number) : 1;
        order[j] = order[middle] as number;
        order[middle++] = i;
      }
      order[high - 1] = order[middle] as number;
      order[middle] = pivot;
      const own = weights ? (weights[pivot] as number) : 1;
      const [before, after] = [held + sum, held + sum + own];
      if (exceeds ? before > mass : middle > low && before >= mass) high = middle;
      else if (exceeds ? after > mass : after >= mass) return middle + 1;
      else if (middle + 1 === high) return high;
      else {
        held = after;
        low = middle + 1;
      }
    }
    return high;
  }
}

/** log Σ exp zᵢ over a row of `n` from `from` on; NaN where one is NaN. */
export function logSumExp(z: ArrayLike<number>, from: number, n: number): number {
  let m = Number.NEGATIVE_INFINITY;
  for (let i = from; i < from + n; i++) m = Math.max(m, z[i] as number); // NaN spreads through Math.max
  let sum = 0;
  for (let i = from; i < from + n; i++) sum += Math.exp((z[i] as number) - m);
  return m + Math.log(sum);
}

/** Draws rows of logits as the op `choose` has them. */
export class Choices {
  readonly #chooser: Chooser;
  readonly #allowed: Uint8Array;

  /** Of `n` values; `never` are not taken, `end` ends a sequence (−1: none does). */
  constructor(
    readonly n: number,
    never: readonly number[],
    readonly end: number,
  ) {
    this.#chooser = new Chooser(n);
    this.#allowed = new Uint8Array(n).fill(1);
    for (const i of never) this.#allowed[i] = 0;
  }

  /**
   * Writes value, −log p and whether the sequence goes on into `out[to …]`. `tempering`: null takes the likeliest; `u`: a
   * uniform number.
   */
  row(
    out: Float32Array | Float64Array,
    to: number,
    z: ArrayLike<number>,
    from: number,
    given: number,
    goesOn: boolean,
    tempering: Tempering | null,
    u: number,
  ): void {
    let value = given - KNOWN;
    if (value < 0)
      value = tempering
        ? this.#chooser.choose(z, from, this.#allowed, tempering, u)
        : likeliest(z, from, this.#allowed);
    out[to] = value;
    out[to + 1] = logSumExp(z, from, this.n) - (z[from + value] as number);
    out[to + 2] = goesOn && given !== BEYOND && value !== this.end ? 1 : 0;
  }
}

/** What is said of a place of a sequence: it is none and its value means nothing, its value is drawn, or it is the value `given - KNOWN`. */
export const BEYOND = 0;
export const DRAWN = 1;
export const KNOWN = 2;

/** Numbers of `how` of the op `choose`: the temperature; where values are left out, `top_k` (0: none) and `top_p` too. */
export const howOf = ({ temperature, top_k, top_p }: Tempering): readonly number[] =>
  isCut({ top_k, top_p }) ? [temperature, top_k ?? 0, top_p ?? 1] : [temperature];
export const temperingOf = (temperature: number, top_k = 0, top_p = 1): Tempering => ({
  temperature,
  top_k: top_k > 0 ? top_k : null,
  top_p,
});
/** Are unlikely values left out? */
export const isCut = ({ top_k, top_p }: Pick<Tempering, "top_k" | "top_p">): boolean =>
  top_k !== null || (top_p !== null && top_p < 1);
