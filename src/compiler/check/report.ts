import type { Diagnostic, Label } from "../diagnostics/types.js";
import type { Place } from "./types.js";

/** A label at a place that may be in an imported file. */
export const label = (place: Place, text: string): Label => ({
  span: { start: place.start, end: place.end },
  text,
  ...(place.file === undefined ? {} : { file: place.file }),
});

/** Collects diagnostics; the same one is told once (a cell that is used twice is checked twice). */
export class Reporter {
  readonly #seen = new Set<string>();
  readonly diagnostics: Diagnostic[] = [];

  /** `via`: the call whose cell is being looked at; a mistake inside it is shown with the call. */
  add(diagnostic: Diagnostic, via?: Place): void {
    const main = diagnostic.labels[0];
    const full =
      via && main && (main.span.start !== via.start || main.file !== via.file)
        ? { ...diagnostic, labels: [...diagnostic.labels, label(via, "in this call")] }
        : diagnostic;
    const key = `${full.code}|${full.message}|${main?.file}|${main?.span.start}|${main?.span.end}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.diagnostics.push(full);
  }

  get failed(): boolean {
    return this.diagnostics.some((d) => d.severity === "error");
  }
}
