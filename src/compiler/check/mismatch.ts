import { definedMismatch } from "../diagnostics/check-shapes.js";
import type { Diagnostic } from "../diagnostics/types.js";
import { reasons } from "./shapes.js";
import type { Term } from "./terms.js";
import { type Place, showType, type Type } from "./types.js";

/** `name` has one type where it is declared, and the value that it is given has another. */
export const valueMismatch = (name: string, place: Place, type: Type, term: Term, help?: string): Diagnostic =>
  definedMismatch({
    name,
    declared: { place, type: showType(type) },
    value: { place: term.span, type: showType(term.type) },
    why: reasons(term),
    help,
  });
