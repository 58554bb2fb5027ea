/** What every verb gets: where to print, how to say what it is doing, and when to stop. */
import type { Output } from "./output.js";

export interface Session {
  readonly output: Output;
  /** What is going on, in the words of a report of a failure: `checking`, `training`. */
  phase: string;
  /** Ctrl-C was pressed. */
  readonly signal: AbortSignal;
  /** From now on the first Ctrl-C aborts `signal` and does not end the process. */
  stopGently(): void;
}
