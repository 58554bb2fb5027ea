/** The programs of a decoder, compiled when they are first asked for. */
import { Unfit } from "../../compiler/passes/beam-inside.js";
import { CarryError } from "../../compiler/passes/carry.js";
import type { Inside } from "../../compiler/passes/draw-inside.js";
import { type Compute, decoding } from "../../compiler/programs.js";
import type { Ending } from "./axes.js";
import type { Method } from "./choose.js";
import { endsByItself, insideOf } from "./inside.js";
import type { Phase } from "./phases.js";
import type { SearchOptions } from "./search.js";
import { searchInsideOf } from "./search-inside.js";
import type { DecodeEngine } from "./types.js";

/** Steps of one part of a long axis: long enough to pay for a run, short enough to unroll quickly. */
export const PART = 64;
/** The same where the program draws by itself: its loop is no longer for more steps, and ends with its sequences. */
const WINDOW = 128;

export class DecodePrograms {
  readonly #made = new Map<string, Compute | null>();

  constructor(readonly engine: DecodeEngine) {}

  /** In which the randoms `drawn` are not observed. */
  drawing(drawn: readonly string[]): Compute {
    return this.#cached(drawn.join(), () => decoding(this.engine.model, drawn)) as Compute;
  }

  /** The same with state that is carried along an axis; null where the equations do not allow it. */
  carrying(drawn: readonly string[], axis: string): Compute | null {
    return this.#cached(`${drawn.join()} along ${axis}`, () => {
      try {
        return decoding(this.engine.model, drawn, { carry: axis });
      } catch (e) {
        if (e instanceof CarryError) return null;
        throw e;
      }
    });
  }

  /**
   * The program that computes the draws of a phase itself, where there is one that is worth it. `along`: with state that is
   * carried along this axis, which `carrying` has to allow; `free`: no beginning is known.
   */
  inside(
    drawn: readonly string[],
    phase: Phase,
    open: ReadonlyMap<string, Ending | null>,
    method: Method,
    along: string | null,
    free: boolean,
  ): Compute | null {
    const { model, drawsInside } = this.engine;
    if (!drawsInside) return null;
    const inside = insideOf(model, model.system({ training: false, drawn }), phase, open, method, free);
    if (!inside) return null;
    const key = `${drawn.join()} inside ${phase.randoms.join()} ${inside.how} ${free} along ${along}`;
    return this.#cached(key, () => this.#inside(drawn, inside, along));
  }

  /** The same for a beam search. */
  searching(drawn: readonly string[], search: SearchOptions, along: string | null, free: boolean): Compute | null {
    const { model, drawsInside } = this.engine;
    const { phase, open } = search;
    if (!drawsInside) return null;
    const inside = searchInsideOf(model, model.system({ training: false, drawn }), phase, open, search, free);
    if (!inside) return null;
    const key = `${drawn.join()} searching ${phase.randoms.join()} ${search.k} ${free} along ${along}`;
    return this.#cached(key, () => {
      try {
        const made = this.#inside(drawn, inside, along);
        // noise is drawn anew for each window, and a search on the host has none
        const isNoisy = made && [...made.system.values.values()].some((v) => v.role === "noise");
        return along !== null && isNoisy ? null : made;
      } catch (e) {
        if (e instanceof Unfit || e instanceof CarryError) return null;
        throw e;
      }
    });
  }

  #inside(drawn: readonly string[], inside: Inside, along: string | null): Compute | null {
    const window = along === null ? {} : { window: WINDOW };
    const carry = along === null ? {} : { carry: along };
    const made = decoding(this.engine.model, drawn, { inside: { ...inside, ...window }, ...carry });
    return endsByItself(made) ? made : null;
  }

  #cached(key: string, make: () => Compute | null): Compute | null {
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#made.set(key, made);
    return made;
  }
}
