import { RunError } from "../errors.js";
import type { Where } from "./types.js";

/** Data that cannot be used: a file that is missing, a record that does not fit the model. Exit code 4. */
export class DataError extends RunError {
  readonly exitCode = 4;
  constructor(
    readonly reason: string,
    readonly where: Where | null = null,
    readonly help: string | null = null,
  ) {
    super([at(where), reason, help === null ? "" : ` (${help})`].join(""));
  }
}

function at(where: Where | null): string {
  if (!where) return "";
  return where.line === undefined ? `${where.file}: ` : `${where.file}:${where.line}: `;
}
