/** The programs of a model, compiled when they are first asked for. */
import type { Model } from "../compiler/model.js";
import { CarryError } from "../compiler/passes/carry.js";
import { type Compute, scoring, training } from "../compiler/programs.js";
import { SpecError } from "./errors.js";

/** A program and its name in the cache of plans. */
export interface Named {
  readonly key: string;
  readonly compute: Compute;
}

/** `axis`: along which state is carried from window to window; null: none is. */
export class Computes {
  readonly #made = new Map<string, Compute>();

  constructor(
    readonly model: Model,
    readonly normalize: "observation" | "sample",
  ) {}

  training(axis: string | null): Named {
    const { model, normalize } = this;
    return this.#named(`train ${axis}`, () => carrying(axis, (carry) => training(model, { normalize, ...carry })));
  }

  /** With the named values `ids`. A score is per observation, whatever is minimised. */
  scoring(ids: readonly string[], axis: string | null): Named {
    return this.#named(`score ${axis} ${ids.join()}`, () =>
      carrying(axis, (carry) => scoring(this.model, ids, { normalize: "observation", ...carry })),
    );
  }

  #named(key: string, make: () => Compute): Named {
    const compute = this.#made.get(key) ?? make();
    this.#made.set(key, compute);
    return { key, compute };
  }
}

/** Throws `SpecError` where the model does not allow state to be carried. */
function carrying(axis: string | null, make: (options: { carry?: string }) => Compute): Compute {
  try {
    return make(axis === null ? {} : { carry: axis });
  } catch (e) {
    if (e instanceof CarryError) throw new SpecError(`\`truncate(…, carry)\` is not possible here: ${e.message}`);
    throw e;
  }
}
