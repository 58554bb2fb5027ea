import { grad } from "../ad/grad.js";
import { copyprop } from "../passes/copyprop.js";
import { cse } from "../passes/cse.js";
import { dce } from "../passes/dce.js";
import { keepNames } from "../passes/keep-names.js";
import { simplify } from "../passes/simplify.js";
import { dependencies, reach } from "../system/deps.js";
import type { System } from "../system/types.js";
import { twoParts } from "./equations.js";

/** Passes that leave the mathematics as the user wrote it; those for speed pack and regroup. */
const readable = [dce, keepNames, copyprop, simplify, cse];

export interface Bptt {
  /** The forward equations that the loss depends on. */
  readonly forward: string;
  /** The adjoint equations: backpropagation through time. */
  readonly backward: string;
  readonly system: System;
}

/** The gradient of `loss` in the parameters, as equations that a reader can check: the adjoint System without optimisation. */
export function bptt(system: System, loss = "loss", params: readonly string[] = learnt(system)): Bptt {
  const tidy = (start: System, keep: readonly string[]): System => {
    const kept = new Set(keep);
    let current = start;
    for (const pass of [...readable, ...readable]) current = pass.run(current, kept);
    return current;
  };
  const gradient = grad(tidy(system, [loss]), loss, params);
  const full = tidy(gradient.system, [loss, ...params.map(gradient.adjoint)]);
  const [forward, backward] = twoParts(
    full,
    reach([loss], (id) => dependencies(full, id)),
  );
  return { forward, backward, system: full };
}

/** The parameters that are learnt. */
function learnt(system: System): string[] {
  return [...system.values.values()].filter(({ role }) => role === "param").map(({ id }) => id);
}
