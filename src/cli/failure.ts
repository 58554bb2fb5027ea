/** From what was thrown to what is printed and the exit code. */
import { RunError } from "../runtime/errors.js";
import { EXIT } from "./exit-codes.js";
import type { Session } from "./session.js";

/** Ends a verb that has said all there is to say. */
export class Exit extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

/** Prints what is to be said about a failure; the exit code. */
export function report(error: unknown, { output, phase }: Session): number {
  if (error instanceof Exit) return error.code;
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  if (error instanceof RunError) {
    output.event({ event: "failed", code: error.exitCode, kind: error.name, message });
    output.problem(`error: ${message}`);
    output.detail(stack);
    return error.exitCode;
  }
  output.event({ event: "failed", code: EXIT.internal, kind: "internal", phase, message });
  output.problem(`recurve failed while ${phase}: ${message}`);
  output.problem("This is a fault of Recurve, not of your spec: please report it with the spec and `recurve doctor`.");
  output.problem(output.verbose ? stack : "`-v` prints the stack.");
  return EXIT.internal;
}
