import type { Span } from "../syntax/ast.js";

/** A text with its name; what a span's offsets count in. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

/** Where an offset is for people: both count from 1, columns in characters (code points). */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Finds lines and columns of offsets, in logarithmic time. */
export class Lines {
  /** Offset of the first character of each line. */
  private readonly starts: readonly number[];

  constructor(private readonly text: string) {
    const starts = [0];
    for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);
    this.starts = starts;
  }

  /** The line (from 1) that an offset is on; offsets outside the text count as its ends. */
  lineOf(offset: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.start(middle) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  /** The text of a line without its end, and where it starts. */
  line(number: number): { text: string; start: number } {
    const start = this.start(number - 1);
    const next = this.starts[number] ?? this.text.length;
    return { text: this.text.slice(start, next).replace(/[\r\n]+$/, ""), start };
  }

  position(offset: number): Position {
    const inside = Math.max(0, Math.min(offset, this.text.length));
    const line = this.lineOf(inside);
    return { line, column: [...this.text.slice(this.start(line - 1), inside)].length + 1 };
  }

  /** The first and the last line that a span marks; a span that ends with a line does not reach into the next. */
  linesOf({ start, end }: Span): { first: number; last: number } {
    const first = this.lineOf(start);
    return { first, last: Math.max(first, this.lineOf(Math.max(start, end - 1))) };
  }

  private start(index: number): number {
    return this.starts[index] ?? this.text.length;
  }
}
