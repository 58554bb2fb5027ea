/**
 * The programs that one model becomes: training (forward, BPTT, the gradient of every parameter), scoring (the loss and
 * whatever else is asked for), decoding (randoms drawn instead of observed). Each is a System, optimised and scheduled.
 */
import type { Mode, Model } from "./model.js";
import type { Stage } from "./passes/pipeline.js";
import type { Program } from "./schedule/types.js";
import type { System } from "./system/types.js";

export interface Compute {
  readonly mode: Mode;
  /** Optimised; every id in `outputs`, `gradients` and `states` is one of its values. */
  readonly system: System;
  readonly program: Program;
  readonly outputs: readonly string[];
  /** Parameter → its adjoint. Empty unless training. */
  readonly gradients: ReadonlyMap<string, string>;
  /**
   * Truncation with carried state (R16): a value of role `state` → the value that becomes it in the next window.
   * Where this is not empty, the System has the input `#fresh`, one number per sample: 1 where the sequence starts here
   * (the boundary clauses count), 0 where it goes on (the carried state counts, with the gradient stopped).
   */
  readonly states: ReadonlyMap<string, string>;
}

export interface ComputeOptions {
  /** Axis along which states are carried from window to window. */
  readonly carry?: string;
  /** N of the objective (R14). */
  readonly normalize?: "observation" | "sample";
  readonly observe?: (stage: Stage) => void;
}

/** `loss`, `total`, `count`, per-random `.hits` and `.count`, metrics, and the gradient of `loss` in every parameter that is not frozen. */
export declare function training(model: Model, options?: ComputeOptions): Compute;

/** The same without gradients, `training` false; `values`: further named values to compute. */
export declare function scoring(model: Model, values?: readonly string[], options?: ComputeOptions): Compute;

/** `drawn` randoms are drawn (op `draw`); its outputs are the drawn randoms. */
export declare function decoding(model: Model, drawn: readonly string[], options?: ComputeOptions): Compute;
