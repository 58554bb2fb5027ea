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

/** Before differentiation: what is packed here, the adjoint has packed too. */
export const preparation: readonly Pass[] = [dce, copyprop, simplify, cse];

/** After it. Each pass is verified after it ran. */
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

type Observer = (stage: Stage) => void;

/** The forward System, made ready for differentiation; `keep` survives under its ids. */
export function prepare(system: System, keep: Iterable<string>, observe?: Observer): System {
  return run(preparation, system, keep, observe);
}

/** Runs the pipeline; `keep` survives under its ids. `observe` sees the System after each pass. */
export function optimise(system: System, keep: Iterable<string>, observe?: Observer): System {
  return run(pipeline, system, keep, observe);
}

function run(passes: readonly Pass[], system: System, keep: Iterable<string>, observe: Observer = () => {}): System {
  const kept = new Set(keep);
  let current = system;
  for (const pass of passes) {
    current = pass.run(current, kept);
    verify(current, pass.name);
    observe({ pass, system: current });
  }
  return current;
}
