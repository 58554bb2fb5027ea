/**
 * Beam search that the program computes itself (`passes/beam-inside.ts`): which searches allow it, what the program is given
 * for them, and what its steps mean. The host walks back from what has ended.
 */
import { ROW, STATE, TERMS } from "../../compiler/beam.js";
import { BEYOND, DRAWN, KNOWN } from "../../compiler/choice.js";
import type { Model } from "../../compiler/model.js";
import { termsOf } from "../../compiler/passes/beam-inside.js";
import { drawInsideOf, givenOf, type Inside, isInside } from "../../compiler/passes/draw-inside.js";
import type { System } from "../../compiler/system/types.js";
import type { Batch } from "../types.js";
import { type Ending, fieldOf } from "./axes.js";
import { grown, type Hypothesis, inOrder, penalty, START } from "./beam.js";
import { isSimple, neverOf } from "./inside.js";
import type { Phase } from "./phases.js";
import { resultsOf, type SearchOptions } from "./search.js";
import type { Decoded, Numbers } from "./types.js";

/** Scores are compared in single precision: of lengths that there are, these penalties lie well inside of it. */
const MOST_PENALTY = 8;

/** How the random of a phase is searched for inside of the program; null where the host searches. */
export function searchInsideOf(
  model: Model,
  system: System,
  { randoms, loop }: Phase,
  open: ReadonlyMap<string, Ending | null>,
  { k, length_penalty, memory }: Pick<SearchOptions, "k" | "length_penalty" | "memory">,
  free: boolean,
): Inside | null {
  const [random, second] = randoms as [string, string?];
  if (!loop || second !== undefined || memory !== null || model.structures.length) return null;
  const { axis } = loop;
  const field = fieldOf(model, random);
  if (!isSimple(model, field) || !isInside(system, random) || field.axes.join() !== axis) return null;
  if (loop.direction !== 1 || [...open.keys()].some((a) => a !== axis)) return null;
  if (!(Math.abs(length_penalty) <= MOST_PENALTY)) return null;
  const ending = open.get(axis);
  const end = ending?.random === random ? ending.token : -1;
  return {
    randoms: [{ name: random, never: neverOf(model, field), end }],
    open: { axis, leader: random },
    how: 0,
    free,
    beam: k,
  };
}

/** A search of which the program makes the steps. */
export class SearchInside {
  readonly #random: string;
  /** Of each sample, the hypothesis of each row. */
  #open: (readonly (Hypothesis | null)[])[];
  readonly #finished: readonly Hypothesis[][];
  #before = 0;

  constructor(
    readonly options: SearchOptions,
    readonly inside: Inside,
  ) {
    this.#random = options.phase.randoms[0] as string;
    this.#open = options.rows.map((_, b) => (this.#limit(b) > 0 ? [START] : []));
    this.#finished = options.rows.map((_, b) => (this.#limit(b) > 0 ? [] : [START]));
  }

  get done(): boolean {
    return this.#open.every((rows) => !rows.some((h) => h));
  }

  /** The next run goes on behind `steps` more steps. */
  advance(steps: number): void {
    this.#before += steps;
  }

  #limit(b: number): number {
    return this.options.rows[b]?.lengths[this.options.phase.loop.axis] as number;
  }

  #prefix(b: number): ArrayLike<number> {
    return this.options.rows[b]?.prefix[this.#random] ?? [];
  }

  #steps = ({ extents }: Batch): number => extents[this.options.phase.loop.axis] as number;

  /** What the program is given beside the sample: what is known, and what scores are divided by. */
  fields(batch: Batch): Record<string, Numbers> {
    const { rows, length_penalty } = this.options;
    const steps = this.#steps(batch);
    const given = new Int32Array(steps * rows.length).fill(BEYOND);
    const terms = new Float32Array(given.length * TERMS.size).fill(1);
    for (const b of rows.keys()) {
      const [prefix, limit] = [this.#prefix(b), this.#limit(b)];
      for (let i = 0; i < Math.min(steps, limit - this.#before); i++) {
        const step = this.#before + i;
        const place = i * rows.length + b;
        given[place] = step < prefix.length ? KNOWN + (prefix[step] as number) : DRAWN;
        const [length, left] = [Math.max(0, step + 1 - prefix.length), limit - step - 1];
        const [own, next, last] = [0, 1, left].map((more) => penalty(length + more, length_penalty));
        terms.set([own as number, next as number, last as number, left > 0 ? 0 : 1], place * TERMS.size);
      }
    }
    return { [givenOf(this.#random)]: given, [termsOf(this.#random)]: terms };
  }

  /** Takes the steps of a run, [steps, k, samples, numbers of a row]. False where a number is not finite. */
  take(batch: Batch, got: Readonly<Record<string, Numbers>>): boolean {
    const { rows } = this.options;
    const all = got[drawInsideOf(this.#random)] as Float32Array;
    for (let i = 0; i < this.#steps(batch); i++)
      for (const b of rows.keys()) {
        const from = (j: number): number => ((i * this.options.k + j) * rows.length + b) * ROW.size;
        if (!this.#open[b]?.some((h) => h)) continue;
        if (Number.isNaN(all[from(0) + ROW.logp])) return false;
        this.#step(b, this.#before + i, (j) => all.subarray(from(j), from(j) + ROW.size));
      }
    return true;
  }

  #step(b: number, step: number, numbers: (j: number) => Float32Array): void {
    const { k } = this.options;
    const before = this.#open[b] as readonly (Hypothesis | null)[];
    const end = this.inside.randoms[0]?.end ?? -1;
    this.#open[b] = Array.from({ length: k }, (_, j) => {
      const row = numbers(j);
      const [token, parent, state, high, middle, low] = row as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      if (state !== STATE.open && state !== STATE.ended) return null;
      const h = before[parent];
      if (!h) throw new Error(`the search of ${this.#random} goes on from a row that is not open`);
      const next = grown(h, { random: this.#random, end }, token, high + middle + low, step >= this.#prefix(b).length);
      if (state === STATE.open) return next;
      (this.#finished[b] as Hypothesis[]).push(next);
      return null;
    });
  }

  results(): Decoded[] {
    return resultsOf(this.options, (b) => inOrder(this.#finished[b] as Hypothesis[], this.options.length_penalty));
  }
}
