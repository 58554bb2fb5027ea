import { label } from "../check/report.js";
import type { Place } from "../check/types.js";
import { defineDiagnostic } from "./types.js";

/** What belongs to the language, or is often asked of it, and is not compiled yet: said by its name. */
export const notSupported = defineDiagnostic<{ place: Place; construct: string; help?: string | undefined }>({
  code: "not-supported",
  severity: "error",
  message: ({ construct }) => `${construct} cannot be compiled yet`,
  labels: ({ place }) => [label(place, "not supported yet")],
  help: ({ help }) => help,
});
