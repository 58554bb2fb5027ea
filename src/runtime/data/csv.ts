/** Comma-separated values (RFC 4180): quoted fields may hold separators, newlines and doubled quotes. */
import { DataError } from "./errors.js";
import type { SourceRecord } from "./types.js";

interface Row {
  readonly cells: readonly string[];
  readonly line: number;
}

/** The rows of a text with the lines they start on. Empty lines are skipped. Throws `DataError` on a stray quote. */
export function csvRows(text: string, separator: string, file: string): Row[] {
  const rows: Row[] = [];
  const fail = (reason: string, line: number) => {
    throw new DataError(reason, { file, line });
  };
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const start = line;
    const cells: string[] = [];
    for (;;) {
      let cell = "";
      if (text[at] === '"') {
        const opened = line;
        for (at++; ; ) {
          const close = text.indexOf('"', at);
          if (close < 0) fail("a quoted field is never closed", opened);
          const part = text.slice(at, close);
          line += part.split("\n").length - 1;
          cell += part;
          at = close + 1;
          if (text[at] !== '"') break;
          cell += '"';
          at++;
        }
      } else {
        const first = at;
        while (at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") at++;
        cell = text.slice(first, at);
        if (cell.includes('"')) fail('a field with a `"` inside must be quoted, and the `"` doubled', line);
      }
      cells.push(cell);
      if (text[at] !== separator) break;
      at++;
    }
    if (text[at] === "\r") at++;
    if (at < text.length && text[at] !== "\n") fail("a quoted field goes on after its closing quote", line);
    at++;
    line++;
    if (cells.length > 1 || cells[0] !== "") rows.push({ cells, line: start });
  }
  return rows;
}

/** Records by the header line. Every row must have as many fields. */
export function csvRecords(text: string, separator: string, file: string): SourceRecord[] {
  const [header, ...rows] = csvRows(text, separator, file);
  if (!header)
    throw new DataError("the file is empty: a header line with the names of the columns is needed", { file });
  const twice = header.cells.find((name, i) => header.cells.indexOf(name) !== i);
  if (twice !== undefined) throw new DataError(`two columns are called \`${twice}\``, { file, line: header.line });
  return rows.map(({ cells, line }) => {
    if (cells.length !== header.cells.length) {
      throw new DataError(`this row has ${cells.length} fields, the header ${header.cells.length}`, { file, line });
    }
    return { columns: Object.fromEntries(header.cells.map((name, i) => [name, cells[i]])), where: { file, line } };
  });
}
