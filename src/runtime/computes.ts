/** The programs of a model, compiled when they are first asked for. */
import type { Model } from "../compiler/model.js";
import type { Reset } from "../compiler/passes/reset.js";
import { type Compute, type ComputeOptions, scoring, training } from "../compiler/programs.js";

/** A program and its name in the cache of plans. */
export interface Named {
  readonly key: string;
  readonly compute: Compute;
}

/** `axis`: along which state is carried from window to window; null: none is. `reset`: what ends a document there. */
export class Computes {
  readonly #made = new Map<string, Compute>();

  constructor(
    readonly model: Model,
    readonly normalize: "observation" | "sample",
    readonly reset?: Reset,
  ) {}

  training(axis: string | null): Named {
    const { model, normalize } = this;
    return this.#named(`train ${axis}`, () => training(model, { normalize, ...this.#along(axis) }));
  }

  /** With the named values `ids`. A score is per observation, whatever is minimised. */
  scoring(ids: readonly string[], axis: string | null): Named {
    return this.#named(`score ${axis} ${ids.join()}`, () =>
      scoring(this.model, ids, { normalize: "observation", ...this.#along(axis) }),
    );
  }

  #along(axis: string | null): Pick<ComputeOptions, "carry" | "reset"> {
    return axis === null ? {} : { carry: axis, ...(this.reset && { reset: this.reset }) };
  }

  #named(key: string, make: () => Compute): Named {
    const compute = this.#made.get(key) ?? make();
    this.#made.set(key, compute);
    return { key, compute };
  }
}
