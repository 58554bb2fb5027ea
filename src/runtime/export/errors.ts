import type { Diagnostic } from "../../compiler/diagnostics/types.js";
import { RunError } from "../errors.js";

/** The model cannot be exported as it stands. Exit code 3. */
export class ExportError extends RunError {
  readonly exitCode = 3;
  constructor(readonly diagnostic: Diagnostic) {
    super(diagnostic.help ? `${diagnostic.message}: ${diagnostic.help}` : diagnostic.message);
  }
}
