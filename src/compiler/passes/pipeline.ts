/** The table of contents of the optimiser. */
import type { System } from "../system/types.js";
import { verify } from "../system/verify.js";
import { copyprop } from "./copyprop.js";
import { cse } from "./cse.js";
import { dce } from "./dce.js";
import { maskPadding } from "./mask-padding.js";
import { regroup } from "./regroup.js";
import { simplify } from "./simplify.js";
import type { Pass } from "./types.js";

/** In this order; each is verified after it ran. */
export const pipeline: readonly Pass[] = [
  dce,
  copyprop,
  simplify,
  cse,
  copyprop,
  simplify,
  cse,
  regroup,
  copyprop,
  simplify,
  cse,
  maskPadding,
];

export interface Stage {
  readonly pass: Pass;
  readonly system: System;
}

/** Runs the pipeline; `keep` survives under its ids. `observe` sees the System after each pass. */
export function optimise(system: System, keep: Iterable<string>, observe: (stage: Stage) => void = () => {}): System {
  const kept = new Set(keep);
  let current = system;
  for (const pass of pipeline) {
    current = pass.run(current, kept);
    verify(current, pass.name);
    observe({ pass, system: current });
  }
  return current;
}
