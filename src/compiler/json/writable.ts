/**
 * What the schema cannot say: a tree must be one that the language can write. Whether it is so is found out by writing and
 * reading it; where it is not, the smallest part that shows it is told and left out.
 */
import { jsonShape } from "../diagnostics/json.js";
import type { Diagnostic } from "../diagnostics/types.js";
import type { SpecFile, Statement } from "../syntax/ast.js";
import { parse } from "../syntax/parse.js";
import { printFile } from "../syntax/print.js";
import { specToJson } from "./write.js";

type Item = SpecFile["items"][number];

export function writable(file: SpecFile): { file: SpecFile; diagnostics: readonly Diagnostic[] } {
  if (mistakes(file) === null) return { file, diagnostics: [] };
  const diagnostics: Diagnostic[] = [];
  const report = (d: Diagnostic): void => void diagnostics.push(d);
  const items = kept(file.items, (item) => ({ items: [item] }), report);
  if (!diagnostics.length) throw new Error("each part of the tree can be written, the whole cannot");
  return { file: { items }, diagnostics };
}

/** The parts that can be written. `alone`: a file that holds one of them and nothing else that could be wrong. */
function kept<Part extends Item | Statement>(
  parts: readonly Part[],
  alone: (part: Part) => SpecFile,
  report: (d: Diagnostic) => void,
): Part[] {
  return parts.flatMap((part) => {
    const all = mistakes(alone(part));
    if (all === null) return [part];
    const hollow = "body" in part ? { ...part, body: [] } : part;
    if ("body" in part && mistakes(alone(hollow)) === null)
      return [{ ...part, body: kept(part.body, (s) => alone({ ...part, body: [s] }), report) }];
    for (const d of told(mistakes(alone(hollow)) ?? [], part)) report(d);
    return [];
  });
}

/** Each kind of mistake once, at the part that has it. */
function told(all: readonly Diagnostic[], { span }: Item | Statement): Diagnostic[] {
  if (!all.length)
    return [jsonShape({ span, message: "this cannot be written in the language", label: "no text means this" })];
  const byCode = new Map(all.map((d) => [d.code, d]));
  return [...byCode.values()].map((d) => ({ ...d, labels: [{ span, text: d.labels[0]?.text ?? "" }] }));
}

/** What the parser says to the text of a file; nothing but that it is another tree; null where all is well. */
function mistakes(file: SpecFile): readonly Diagnostic[] | null {
  const { file: again, diagnostics } = parse(printFile(file));
  if (diagnostics.length) return diagnostics;
  return canonical(again) === canonical(file) ? null : [];
}

const canonical = (file: SpecFile): string => JSON.stringify(specToJson(file));
