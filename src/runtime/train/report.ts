/** What a training step says about itself: one vector that is read from the device, and its meaning. */
import type { Compute } from "../../compiler/programs.js";

export interface StepResult {
  /** The objective (R14), of several batches as if they were one. */
  readonly loss: number;
  /** What the objective was divided by. */
  readonly count: number;
  /** Observations of randoms, of all kinds. */
  readonly observations: number;
  /** Before clipping. */
  readonly gradNorm: number;
  /** null where no random has a right prediction. */
  readonly accuracy: number | null;
}

/** The scalars that a step reads, the loss first. */
export const reported = (compute: Compute): readonly string[] => {
  const others = compute.outputs.filter((id) => /\.(hits|count)$/.test(id));
  return ["loss", ...new Set(others)];
};

/** `report`: the scalars, then the norm of the gradient. */
export function resultOf(scalars: readonly string[], report: ArrayLike<number>): StepResult {
  const get = (id: string): number => report[scalars.indexOf(id)] as number;
  const isCount = (id: string): boolean => id.endsWith(".count") && !/^(loss|metric)\./.test(id);
  const sum = (ids: readonly string[]): number => ids.reduce((a, id) => a + get(id), 0);
  const hits = scalars.filter((id) => id.endsWith(".hits"));
  const tries = sum(hits.map((id) => id.replace(/\.hits$/, ".count")));
  return {
    loss: get("loss"),
    count: get("loss.count"),
    observations: sum(scalars.filter(isCount)),
    gradNorm: report[scalars.length] as number,
    accuracy: hits.length && tries > 0 ? sum(hits) / tries : null,
  };
}

export function gradientOf({ gradients }: Compute, param: string): string {
  const id = gradients.get(param);
  if (id === undefined) throw new Error(`no gradient of ${param} is computed`);
  return id;
}
