import { drawLine, type Mark } from "./frame.js";
import { Lines, type Source } from "./source.js";
import { type Paints, paints } from "./style.js";
import type { Diagnostic, Label, Severity } from "./types.js";

/** The texts that labels point into. */
export interface Sources {
  /** The spec itself: of labels without a file. */
  readonly main: Source;
  /** Imported files by name, as labels name them. */
  readonly others?: ReadonlyMap<string, string>;
}

export interface RenderOptions {
  /** Colour by ANSI escapes. Off unless asked for. */
  readonly color?: boolean;
}

/**
 * Diagnostics for people: a head with code and message, the lines of the source with a mark under every place
 * (`^` under the main one, `-` under the others), what is to be said about each, and what to write instead.
 */
export function render(diagnostics: readonly Diagnostic[], sources: Sources, options: RenderOptions = {}): string {
  const paint = paints(options.color ?? false);
  const texts = new Texts(sources);
  return diagnostics.map((diagnostic) => `${renderOne(diagnostic, texts, paint)}\n`).join("\n");
}

/** `2 errors, 1 warning`; empty if there is nothing. */
export function summary(diagnostics: readonly Diagnostic[]): string {
  const severities: readonly Severity[] = ["error", "warning", "note"];
  return severities
    .map((severity) => ({ severity, count: diagnostics.filter((d) => d.severity === severity).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => `${count} ${severity}${count === 1 ? "" : "s"}`)
    .join(", ");
}

/** A diagnostic as data: every label with its file, offsets (UTF-16, half-open), lines and columns (from 1). */
export interface DiagnosticJson {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly help?: string;
  readonly labels: readonly LabelJson[];
}

export interface LabelJson {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  /** Absent where the text of the file is not known. */
  readonly line?: number;
  readonly column?: number;
  readonly endLine?: number;
  readonly endColumn?: number;
  readonly text: string;
  /** In a spec that is given as JSON: the JSON Pointer of the value. */
  readonly path?: string;
}

export function toJson(diagnostics: readonly Diagnostic[], sources: Sources): DiagnosticJson[] {
  const texts = new Texts(sources);
  return diagnostics.map(({ code, severity, message, help, labels }) => ({
    code,
    severity,
    message,
    ...(help === undefined ? {} : { help }),
    labels: labels.map((label) => labelJson(label, texts)),
  }));
}

function labelJson({ span, text, file, path }: Label, texts: Texts): LabelJson {
  const pointer = path === undefined ? {} : { path };
  const place = { file: file ?? texts.mainFile, start: span.start, end: span.end, ...pointer };
  const lines = texts.lines(file);
  if (lines === undefined) return { ...place, text };
  const from = lines.position(span.start);
  const to = lines.position(span.end);
  return { ...place, line: from.line, column: from.column, endLine: to.line, endColumn: to.column, text };
}

/** The lines of every text, found once. */
class Texts {
  private readonly found = new Map<string | undefined, Lines>();

  constructor(private readonly sources: Sources) {}

  get mainFile(): string {
    return this.sources.main.file;
  }

  lines(file: string | undefined): Lines | undefined {
    const known = this.found.get(file);
    if (known !== undefined) return known;
    const text = file === undefined ? this.sources.main.text : this.sources.others?.get(file);
    if (text === undefined) return undefined;
    const lines = new Lines(text);
    this.found.set(file, lines);
    return lines;
  }
}

function renderOne(diagnostic: Diagnostic, texts: Texts, paint: Paints): string {
  const { severity, code, message, labels, help } = diagnostic;
  const head = `${paint[severity](`${severity}[${code}]`)}${paint.strong(`: ${message}`)}`;
  const frames = byFile(labels).map((group, i) => frame(group, i === 0, severity, texts, paint));
  const margin = " ".repeat(Math.max(1, ...frames.map(({ width }) => width)));
  const body = frames.flatMap(({ lines }) => lines(margin.length));
  const advice =
    help === undefined ? [] : hanging(`${margin} ${paint.gutter("=")} ${paint.strong("help")}: `, help, margin);
  return [head, ...body, ...advice].join("\n");
}

/** A help of several lines goes on below itself. */
function hanging(head: string, text: string, margin: string): string[] {
  const [first = "", ...rest] = text.split("\n");
  return [head + first, ...rest.map((line) => `${margin}         ${line}`.trimEnd())];
}

/** Labels by file, the main label's first. */
function byFile(labels: readonly Label[]): { file: string | undefined; labels: { label: Label; main: boolean }[] }[] {
  const groups = new Map<string | undefined, { label: Label; main: boolean }[]>();
  labels.forEach((label, i) => {
    const group = groups.get(label.file) ?? [];
    group.push({ label, main: i === 0 });
    groups.set(label.file, group);
  });
  return [...groups].map(([file, group]) => ({ file, labels: group }));
}

interface Frame {
  /** Columns that its line numbers need. */
  readonly width: number;
  lines(width: number): string[];
}

function frame(
  group: ReturnType<typeof byFile>[number],
  first: boolean,
  severity: Severity,
  texts: Texts,
  paint: Paints,
): Frame {
  const lines = texts.lines(group.file);
  const file = group.file ?? texts.mainFile;
  const arrow = paint.gutter(first ? "-->" : ":::");
  if (lines === undefined) {
    const notes = group.labels.map(({ label }) => label.text);
    return { width: 1, lines: (width) => notes.map((text) => `${" ".repeat(width)}${arrow} ${file}: ${text}`) };
  }
  const [leading] = group.labels;
  const { line, column } = lines.position(leading?.label.span.start ?? 0);
  const path = leading?.label.path === undefined ? "" : ` (${leading.label.path})`;
  const marked = marksByLine(group.labels, lines);
  const numbers = [...marked.keys()].sort((a, b) => a - b);
  const last = numbers.at(-1) ?? 1;
  return {
    width: String(last).length,
    lines: (width) => {
      const blank = `${" ".repeat(width)} ${paint.gutter("|")}`;
      const out = [`${" ".repeat(width)}${arrow} ${file}:${line}:${column}${path}`, blank];
      let before: number | undefined;
      for (const number of numbers) {
        if (before !== undefined && number === before + 2) out.push(...drawn(before + 1, []));
        else if (before !== undefined && number > before + 2) out.push(paint.gutter("...".padStart(width)));
        out.push(...drawn(number, marked.get(number) ?? []));
        before = number;
      }
      return out;

      function drawn(number: number, marks: readonly Mark[]): string[] {
        const gutter = paint.gutter(`${String(number).padStart(width)} |`);
        const [source = "", ...under] = drawLine(lines?.line(number).text ?? "", marks, severity, paint);
        return [`${gutter} ${source}`.trimEnd(), ...under.map((text) => `${blank} ${text}`.trimEnd())];
      }
    },
  };
}

/** What is marked on each line. A span of several lines is marked on its first, which says how far it goes. */
function marksByLine(labels: readonly { label: Label; main: boolean }[], lines: Lines): Map<number, Mark[]> {
  const byLine = new Map<number, Mark[]>();
  for (const { label, main } of labels) {
    const { first, last } = lines.linesOf(label.span);
    const { text, start } = lines.line(first);
    const from = Math.min(Math.max(0, label.span.start - start), text.length);
    const to = last > first ? text.length : Math.min(Math.max(from, label.span.end - start), text.length);
    const mark: Mark = { from, to, main, text: last > first ? `${label.text} (to line ${last})` : label.text };
    byLine.set(first, [...(byLine.get(first) ?? []), mark]);
  }
  return byLine;
}
