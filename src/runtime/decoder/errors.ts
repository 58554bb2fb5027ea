import type { Diagnostic } from "../../compiler/diagnostics/types.js";
import { RunError } from "../errors.js";

/** The spec, or what was asked beside it, cannot be decoded as it stands. Exit code 3. */
export class DecodeError extends RunError {
  readonly exitCode = 3;
  constructor(readonly diagnostic: Diagnostic) {
    super(diagnostic.help ? `${diagnostic.message}: ${diagnostic.help}` : diagnostic.message);
  }
}

/** A parameter of a distribution is not a finite number, or not in its range, so nothing can be drawn from it. Exit code 5. */
export class NotFiniteError extends RunError {
  readonly exitCode = 5;
  constructor(
    readonly number: number,
    reason = `a distribution to draw from has the parameter ${number}: the model's parameters have overflowed; ` +
      "train it again with a smaller learning rate or `clip = 1`",
  ) {
    super(reason);
  }
}
