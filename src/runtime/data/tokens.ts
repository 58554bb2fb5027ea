/** Strings of a record → tokens, by the column of their field. */
import type { Column } from "../../compiler/blocks/types.js";

/** A run of letters and digits, with apostrophes and hyphens inside; every other visible character by itself. */
const word = /[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*|\S/gu;

/** A string as a sequence: words where the column says so, else code points. */
export function splitTokens(text: string, column: Column): string[] {
  return column.kind === "words" ? (cased(text, column).match(word) ?? []) : Array.from(cased(text, column));
}

export function cased(text: string, column: Column): string {
  return (column.kind === "chars" || column.kind === "words") && column.lower ? text.toLowerCase() : text;
}
