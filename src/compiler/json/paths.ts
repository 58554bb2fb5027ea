/** Where labels lie in specs that are given as JSON, as JSON Pointers: for those who made the JSON by a program. */
import type { Source } from "../diagnostics/source.js";
import type { Diagnostic, Label } from "../diagnostics/types.js";
import { type JsonDocument, pointerAt, readDocument } from "./document.js";

/** `others`: imported files by name, as labels name them. */
export function withPaths(
  diagnostics: readonly Diagnostic[],
  main: Source,
  others: ReadonlyMap<string, string>,
): Diagnostic[] {
  const read = new Map<string | undefined, JsonDocument | null>();
  const document = (file: string | undefined): JsonDocument | null => {
    if (!(file ?? main.file).endsWith(".json")) return null;
    const known = read.get(file);
    if (known !== undefined) return known;
    const found = readDocument((file === undefined ? main.text : others.get(file)) ?? "");
    const made = "kind" in found ? null : found;
    read.set(file, made);
    return made;
  };
  const label = (l: Label): Label => {
    const json = document(l.file);
    return json ? { ...l, path: pointerAt(json, l.span) || "/" } : l;
  };
  return diagnostics.map((d) => ({ ...d, labels: d.labels.map(label) }));
}
