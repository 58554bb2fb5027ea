/**
 * The layout of a spec made regular: two spaces for each open bracket, one space between words, no more than one blank
 * line. Tokens, comments and line ends stay what they are, so that a formatted spec means the same.
 */
export function format(source: string): string {
  const out: string[] = [];
  let depth = 0;
  for (const line of source.split(/\r?\n/)) {
    const { code, comment } = split(line);
    const text = code.trim().replace(outsideStrings, (found, string: string | undefined) => string ?? (found && " "));
    if (text === "" && comment === "") {
      if (out.length > 0 && out.at(-1) !== "" && !/[{([]$/.test(out.at(-1) ?? "")) out.push("");
      continue;
    }
    const closing = /^[\])}]+/.exec(text)?.[0].length ?? 0;
    if (closing > 0 && out.at(-1) === "") out.pop();
    const indent = "  ".repeat(Math.max(0, depth - closing));
    // Comments behind code may stand in a column of their own.
    const gap = text !== "" && comment !== "" ? /\s*$/.exec(code)?.[0] || " " : "";
    out.push(indent + text + gap + comment.trimEnd());
    depth = Math.max(0, depth + change(text));
  }
  while (out.at(-1) === "") out.pop();
  return out.length === 0 ? "" : `${out.join("\n")}\n`;
}

/** A string, or blanks. */
const outsideStrings = /("(?:[^"\\]|\\.)*")|\s+/g;

/** A line before and from its `#`, if that stands in no string. */
function split(line: string): { code: string; comment: string } {
  const code = /^(?:"(?:[^"\\]|\\.)*"|[^"#])*/.exec(line)?.[0] ?? "";
  // A string that is not closed: a mistake that another part of the compiler explains.
  if (line[code.length] === '"') return { code: line, comment: "" };
  return { code, comment: line.slice(code.length) };
}

function change(text: string): number {
  const brackets = text.replace(/"(?:[^"\\]|\\.)*"/g, "");
  return [...brackets].reduce((sum, c) => sum + ("{([".includes(c) ? 1 : "})]".includes(c) ? -1 : 0), 0);
}
