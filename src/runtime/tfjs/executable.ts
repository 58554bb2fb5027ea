/** Runs a plan on a backend. A run leaves exactly its results behind; what it keeps for the next run goes with `dispose`. */
import type { Plan } from "../../compiler/plan/lower.js";
import type { Code, Nested, RunFeed, State } from "./code.js";
import { compile } from "./compile.js";
import { MadeTensors } from "./made.js";
import type { Memory } from "./memory.js";

export interface Result<H> {
  readonly handle: H;
  readonly shape: readonly number[];
  readonly int: boolean;
}

/** A plan on a backend. */
export interface Program<H> {
  /** Calls of one run: of kernels, or nodes of its graph. */
  readonly kernels: number;
  /** Does it run as one graph? */
  readonly isGraph: boolean;
  /** The results become the caller's; null where a draw said stop. */
  run(feed: RunFeed<H>): Map<string, Result<H>> | null;
  /** Many runs are expected. */
  optimise(): void;
  dispose(): void;
}

export class TensorProgram<H> implements Program<H> {
  readonly isGraph = false;
  readonly #code: Code<H>;
  readonly #made: MadeTensors<H>;

  constructor(
    plan: Plan,
    readonly memory: Memory<H>,
  ) {
    this.#code = compile(plan, memory, (body) => new Body(body, memory));
    this.#made = new MadeTensors(
      this.#code.host.map((h) => h.instr),
      memory,
    );
  }

  /** Ids of the integers that are given. */
  get tokens(): readonly string[] {
    return this.#code.tokens;
  }

  get kernels(): number {
    return this.#code.steps.reduce((n, s) => n + s.kernels, 0);
  }

  optimise(): void {}

  run(feed: RunFeed<H>): Map<string, Result<H>> | null {
    this.memory.expectMissing?.(this.#code.tokens.some((id) => feed.given(id).missing));
    return this.steps(feed);
  }

  /** All steps, on a backend that has been told of missing tokens. */
  protected steps(feed: RunFeed<H>): Map<string, Result<H>> | null {
    const { memory } = this;
    const { slots: kinds, steps } = this.#code;
    const state: State<H> = { slots: new Array<H | undefined>(kinds.length), feed, stopped: false };
    const { slots } = state;
    try {
      this.#enter(state);
      for (const step of steps) {
        step.run(state);
        if (state.stopped) return null;
        for (const s of step.free) {
          const handle = slots[s];
          if (handle === undefined) continue;
          slots[s] = undefined;
          memory.free(handle);
        }
      }
      return this.#take(slots);
    } finally {
      // views come after what they view
      for (let s = slots.length - 1; s >= 0; s--) {
        const handle = slots[s];
        if (handle !== undefined && kinds[s]?.owned) memory.free(handle);
      }
    }
  }

  dispose(): void {
    for (const handle of this.#code.constants) this.memory.free(handle);
    this.#made.dispose();
    for (const nested of this.#code.nested) nested.dispose();
  }

  /** Puts constants into their slots, and what is made from the lengths. */
  #enter({ slots, feed }: State<H>): void {
    for (const [slot, handle] of this.#code.fixed) slots[slot] = handle;
    const made = this.#made.for(feed.lengths);
    for (const [k, { slot }] of this.#code.host.entries()) slots[slot] = made[k];
  }

  /** Hands over what the run owns, once; copies what is shared, given, or part of something else. */
  #take(slots: (H | undefined)[]): Map<string, Result<H>> {
    const { results, slots: kinds } = this.#code;
    const taken = new Map<string, Result<H>>();
    for (const [k, { id, slot, constant, shape, int }] of results.entries()) {
      let handle: H;
      if (slot === null) handle = this.memory.write(constant as Float32Array, shape);
      else {
        const mine =
          kinds[slot]?.owned && kinds[slot]?.of === null && !results.some((r, i) => i > k && r.slot === slot);
        if (mine) {
          handle = slots[slot] as H;
          slots[slot] = undefined;
        } else handle = this.memory.copy(slots[slot] as H, shape, int ? "int32" : "float32");
      }
      taken.set(id, { handle, shape, int });
    }
    return taken;
  }
}

/** The body of a loop, which draws nothing: nothing stops it. */
class Body<H> extends TensorProgram<H> implements Nested<H> {
  execute(feed: RunFeed<H>): Map<string, Result<H>> {
    const results = this.steps(feed);
    if (!results) throw new Error("the body of a loop was stopped");
    return results;
  }
}
