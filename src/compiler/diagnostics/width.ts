/** Columns on a terminal. Tabs go to the next multiple of four. */
const tabWidth = 4;

/** East Asian wide characters and emoji, which fill two columns (Unicode Standard Annex 11, in coarse blocks). */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]$/u;
const empty = /^(?:\p{Mn}|\p{Me}|[\u200b-\u200f\u2060\ufeff])$/u;
const control = /^[\p{Cc}\p{Cs}\u2028\u2029]$/u;

/** How a character is shown when it comes to stand in `column` (from 0). */
export function cell(character: string, column: number): { shown: string; width: number } {
  if (character === "\t") {
    const width = tabWidth - (column % tabWidth);
    return { shown: " ".repeat(width), width };
  }
  if (control.test(character)) return { shown: "\ufffd", width: 1 };
  if (empty.test(character)) return { shown: character, width: 0 };
  return { shown: character, width: wide.test(character) ? 2 : 1 };
}

/** A line as it is shown, and the column of each of its UTF-16 offsets (one more than the line is long). */
export function layLine(line: string): { shown: string; columns: readonly number[] } {
  const columns: number[] = [];
  let shown = "";
  let column = 0;
  for (const character of line) {
    for (let i = 0; i < character.length; i++) columns.push(column);
    const next = cell(character, column);
    shown += next.shown;
    column += next.width;
  }
  columns.push(column);
  return { shown, columns };
}
