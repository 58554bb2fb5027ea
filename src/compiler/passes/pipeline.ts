/** The table of contents of the optimiser. Every pass is verified after it ran. */
import type { System } from "../system/types.js";
import { verify } from "../system/verify.js";
import { centreWeights } from "./centre-weights.js";
import { concatProducts } from "./concat-products.js";
import { copyprop } from "./copyprop.js";
import { cse } from "./cse.js";
import { dce } from "./dce.js";
import { factor } from "./factor.js";
import { flatten } from "./flatten.js";
import { foldEmbedding } from "./fold-embedding.js";
import { joinMatmuls } from "./join-matmuls.js";
import { keepNames } from "./keep-names.js";
import { maskPadding } from "./mask-padding.js";
import { mergeMatmuls } from "./merge-matmuls.js";
import { packGates, packSums } from "./pack-gates.js";
import { packMatmuls } from "./pack-matmuls.js";
import { regroup } from "./regroup.js";
import { shareConcats } from "./share-concats.js";
import { simplify } from "./simplify.js";
import { splitMatmul } from "./split-matmul.js";
import type { Pass } from "./types.js";
import { views } from "./views.js";
import { wavefront } from "./wavefront.js";

const tidy: readonly Pass[] = [keepNames, copyprop, simplify, views, copyprop, cse];

/** Before differentiation: what is packed here, the adjoint has packed too. */
export const preparation: readonly Pass[] = [
  dce,
  ...tidy,
  flatten,
  splitMatmul,
  views,
  foldEmbedding,
  centreWeights,
  packMatmuls,
  flatten,
  mergeMatmuls,
  ...tidy,
  packSums,
  joinMatmuls,
  regroup,
  ...tidy,
  wavefront,
  // what was in two loops is in one
  ...tidy,
  flatten,
  mergeMatmuls,
  regroup,
  ...tidy,
];

/** After it. */
export const pipeline: readonly Pass[] = [
  dce,
  ...tidy,
  flatten,
  ...tidy,
  flatten,
  factor,
  copyprop,
  simplify,
  flatten,
  regroup,
  shareConcats,
  concatProducts,
  packGates,
  ...tidy,
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
