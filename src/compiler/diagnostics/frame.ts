import type { Paints } from "./style.js";
import type { Severity } from "./types.js";
import { cell, layLine } from "./width.js";

/** A place on one line, in UTF-16 offsets into it, half-open. */
export interface Mark {
  readonly from: number;
  readonly to: number;
  readonly main: boolean;
  readonly text: string;
}

/** A mark in columns; at least one wide, so that what has no width can be pointed at. */
interface Placed {
  readonly left: number;
  readonly right: number;
  readonly main: boolean;
  readonly text: string;
}

/** Longer lines are cropped around their marks. */
const maxColumns = 110;
/** What stays visible before the first mark of a cropped line. */
const context = 20;

/** The line, and under it its marks with their texts. */
export function drawLine(line: string, marks: readonly Mark[], severity: Severity, paint: Paints): string[] {
  const window = crop(line, marks);
  const { shown, columns } = layLine(window.text);
  const column = (offset: number) => columns[Math.max(0, Math.min(offset - window.offset, columns.length - 1))] ?? 0;
  const placed = marks.map(({ from, to, main, text }): Placed => {
    const left = column(from);
    return { left, right: Math.max(left + 1, column(to)), main, text };
  });
  // Left to right; of two that start together the longer first, so that its text stands below.
  placed.sort((a, b) => a.left - b.left || b.right - a.right);
  return [shown, ...under(placed, severity, paint)];
}

function crop(line: string, marks: readonly Mark[]): { text: string; offset: number } {
  const starts = marks.map(({ from }) => from);
  const first = starts.length === 0 ? 0 : Math.min(...starts);
  if (layLine(line).shown.length <= maxColumns) return { text: line, offset: 0 };
  const from = first <= maxColumns - 2 * context ? 0 : safeStart(line, first - context);
  const to = safeStart(line, Math.min(line.length, from + maxColumns));
  const before = from > 0 ? "…" : "";
  return { text: before + line.slice(from, to) + (to < line.length ? "…" : ""), offset: from - before.length };
}

/** Not between the two halves of a character. */
function safeStart(line: string, at: number): number {
  const code = line.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}

function under(placed: readonly Placed[], severity: Severity, paint: Paints): string[] {
  const last = placed.at(-1);
  if (last === undefined) return [];
  const rows: string[] = [];
  // The rightmost mark says its text beside itself, unless another one reaches past it.
  const inline = placed.every(({ right }) => right <= last.right);
  const [firstLine = "", ...rest] = inline ? last.text.split("\n") : [];
  const underline = new Row();
  for (const mark of placed.filter(({ main }) => !main)) underline.fill(mark.left, mark.right, "-", paint.other);
  for (const mark of placed.filter(({ main }) => main)) underline.fill(mark.left, mark.right, "^", paint[severity]);
  const style = (mark: Placed) => (mark.main ? paint[severity] : paint.other);
  const end = underline.end;
  if (inline && firstLine !== "") underline.write(end + 1, firstLine, style(last));
  rows.push(underline.text());
  const waiting = inline ? placed.slice(0, -1) : [...placed];
  for (const line of rest)
    rows.push(
      bars(waiting, style)
        .write(end + 1, line, style(last))
        .text(),
    );
  if (waiting.some(({ text }) => text !== "")) rows.push(bars(waiting, style).text());
  for (let mark = waiting.pop(); mark !== undefined; mark = waiting.pop()) {
    for (const line of mark.text.split("\n")) {
      if (line !== "") rows.push(bars(waiting, style, mark.left).write(mark.left, line, style(mark)).text());
    }
  }
  return rows;
}

/** A row with a `|` below every mark whose text is still to come, up to a column. */
function bars(waiting: readonly Placed[], style: (mark: Placed) => (text: string) => string, before = Infinity): Row {
  const row = new Row();
  for (const mark of waiting) if (mark.left < before) row.fill(mark.left, mark.left + 1, "|", style(mark));
  return row;
}

/** Signs by column, each with its colour. */
class Row {
  private readonly cells: { readonly sign: string; readonly paint: (text: string) => string }[] = [];

  get end(): number {
    return this.cells.length;
  }

  fill(from: number, to: number, sign: string, paint: (text: string) => string): this {
    for (let column = from; column < to; column++) this.cells[column] = { sign, paint };
    return this;
  }

  write(at: number, text: string, paint: (text: string) => string): this {
    let column = at;
    for (const sign of text) {
      this.cells[column] = { sign: cell(sign, column).shown, paint };
      column++;
    }
    return this;
  }

  /** Neighbours of one colour are painted together. */
  text(): string {
    let out = "";
    let run = "";
    let last: ((text: string) => string) | undefined;
    for (let column = 0; column < this.cells.length; column++) {
      const next = this.cells[column];
      if (next?.paint !== last) {
        out += last === undefined ? run : last(run);
        run = "";
        last = next?.paint;
      }
      run += next?.sign ?? " ";
    }
    return out + (last === undefined ? run : last(run));
  }
}
