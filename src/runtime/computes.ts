/** The programs of a model, compiled when they are first asked for. */
import type { Model } from "../compiler/model.js";
import { type Compute, type ComputeOptions, scoring, training } from "../compiler/programs.js";

/** A program and its name in the cache of plans. */
export interface Named {
  readonly key: string;
  readonly compute: Compute;
}

/** `axis`: along which state is carried from window to window; null: none is. `options`: of training, `reset` of scoring too. */
export class Computes {
  readonly #made = new Map<string, Compute>();

  constructor(
    readonly model: Model,
    readonly normalize: "observation" | "sample",
    readonly options: Pick<ComputeOptions, "reset" | "sampling"> = {},
  ) {}

  training(axis: string | null): Named {
    const { model, normalize } = this;
    const { sampling = false } = this.options;
    return this.#named(`train ${axis}`, () => training(model, { normalize, sampling, ...this.#along(axis) }));
  }

  /** With the named values `ids`. A score is per observation, whatever is minimised. */
  scoring(ids: readonly string[], axis: string | null): Named {
    return this.#named(`score ${axis} ${ids.join()}`, () =>
      scoring(this.model, ids, { normalize: "observation", ...this.#along(axis) }),
    );
  }

  #along(axis: string | null): Pick<ComputeOptions, "carry" | "reset"> {
    const { reset } = this.options;
    return axis === null ? {} : { carry: axis, ...(reset && { reset }) };
  }

  #named(key: string, make: () => Compute): Named {
    const compute = this.#made.get(key) ?? make();
    this.#made.set(key, compute);
    return { key, compute };
  }
}
