/** The page of a diagnostic, from a spec whose first comments explain it and that is answered with it. */

export function errorPage(code, read, compile, render) {
  const text = read(`${code}.rcv`);
  const lines = text.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("#"));
  const explanation = lines.slice(0, end).map((line) => line.replace(/^# ?/, ""));
  const example = lines.slice(end).join("\n").trim();
  const { diagnostics, sources } = compile(text, { file: `${code}.rcv`, read: orNull(read) });
  const frames = render(diagnostics, { main: { file: `${code}.rcv`, text }, others: sources }).trim();
  const shown = example.length > 400 ? "" : `\n\`\`\`rcv\n${example}\n\`\`\`\n`;
  const answer = shown ? `\n\`\`\`text\n${frames}\n\`\`\`\n` : "";
  return `<!-- Generated from ${code}.rcv by scripts/generate/errors.mjs: do not edit. -->\n# ${code}\n\n${explanation.join("\n")}\n${shown}${answer}`;
}

const orNull = (read) => (name) => {
  try {
    return read(name);
  } catch {
    return null;
  }
};
