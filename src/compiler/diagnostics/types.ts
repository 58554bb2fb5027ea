import type { Span } from "../syntax/ast.js";

export type Severity = "error" | "warning" | "note";

/** A place in a source file and what is to be said about it; the first label of a diagnostic is its main place. */
export interface Label {
  readonly span: Span;
  readonly text: string;
  /** File of the span if it is not the spec itself (an imported cell library). */
  readonly file?: string;
  /** In a spec that is given as JSON: the JSON Pointer of the value around the span. */
  readonly path?: string;
}

/** What a user is told: a stable code, where, why, and what to write instead. Plain data, printable as JSON. */
export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly labels: readonly Label[];
  readonly help?: string;
}

/** One kind of diagnostic: everything about it in adjacent lines. */
export interface DiagnosticKind<Facts> {
  readonly code: string;
  readonly severity: Severity;
  message(facts: Facts): string;
  labels(facts: Facts): readonly Label[];
  help?(facts: Facts): string | undefined;
}

/** Makes a constructor of diagnostics from their definition. */
export function defineDiagnostic<Facts>(kind: DiagnosticKind<Facts>): (facts: Facts) => Diagnostic {
  return (facts) => {
    const help = kind.help?.(facts);
    return {
      code: kind.code,
      severity: kind.severity,
      message: kind.message(facts),
      labels: kind.labels(facts),
      ...(help === undefined ? {} : { help }),
    };
  };
}
