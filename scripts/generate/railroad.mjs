/**
 * Railroad diagrams of the grammar as one HTML page with inline SVG: nothing is loaded, nothing runs. A diagram is a box
 * with a width, how far it reaches above and below its line, and a function that draws it from a point on the line.
 */
const CHAR = 7.2; // width of a letter
const PAD = 10;
const GAP = 12; // between parts of a sequence
const ARC = 8;
const ROW = 10; // between rows

const escaped = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const line = (x1, y1, x2, y2) => `<path d="M${x1} ${y1}L${x2} ${y2}"/>`;
const path = (d) => `<path d="${d}"/>`;

function box(text, kind) {
  const width = Math.round(text.length * CHAR + 2 * PAD);
  const draw = (x, y) => {
    const shape = `<rect x="${x}" y="${y - 11}" width="${width}" height="22"${kind === "terminal" ? ' rx="11"' : ""} class="${kind}"/>`;
    const label = `<text x="${x + width / 2}" y="${y + 4}">${escaped(text)}</text>`;
    return kind === "rule" ? `<a href="#${text}">${shape}${label}</a>` : shape + label;
  };
  return { width, up: 12, down: 12, draw };
}

const nothing = { width: 0, up: 0, down: 0, draw: () => "" };

function sequence(parts) {
  if (parts.length === 0) return nothing;
  if (parts.length === 1) return parts[0];
  const width = parts.reduce((w, p) => w + p.width, GAP * (parts.length - 1));
  const draw = (x, y) => {
    let at = x;
    return parts
      .map((p, i) => {
        const drawn = p.draw(at, y) + (i < parts.length - 1 ? line(at + p.width, y, at + p.width + GAP, y) : "");
        at += p.width + GAP;
        return drawn;
      })
      .join("");
  };
  return { width, up: Math.max(...parts.map((p) => p.up)), down: Math.max(...parts.map((p) => p.down)), draw };
}

/** One of several, one below the other; the first on the line. */
function choice(parts) {
  if (parts.length === 1) return parts[0];
  const inner = Math.max(...parts.map((p) => p.width));
  const width = inner + 4 * ARC;
  const rows = [];
  let below = parts[0].down;
  for (const p of parts.slice(1)) {
    rows.push(below + ROW + p.up);
    below += ROW + p.up + p.down;
  }
  const draw = (x, y) => {
    const right = x + width;
    const straight = (p, row) => p.draw(x + 2 * ARC, row) + line(x + 2 * ARC + p.width, row, right - 2 * ARC, row);
    const first = line(x, y, x + 2 * ARC, y) + straight(parts[0], y) + line(right - 2 * ARC, y, right, y);
    const others = rows.map((drop, i) => {
      const row = y + drop;
      const down = `M${x} ${y}q${ARC} 0 ${ARC} ${ARC}V${row - ARC}q0 ${ARC} ${ARC} ${ARC}`;
      const back = `M${right - 2 * ARC} ${row}q${ARC} 0 ${ARC} ${-ARC}V${y + ARC}q0 ${-ARC} ${ARC} ${-ARC}`;
      return path(down) + straight(parts[i + 1], row) + path(back);
    });
    return first + others.join("");
  };
  return { width, up: parts[0].up, down: below, draw };
}

/** The part, and the way back above it, through the separator. */
function repeated(part, separator = nothing) {
  const inner = Math.max(part.width, separator.width);
  const width = inner + 4 * ARC;
  const rise = part.up + ROW + separator.down;
  const draw = (x, y) => {
    const [left, right] = [x + 2 * ARC, x + width - 2 * ARC];
    const forward = line(x, y, left, y) + part.draw(left, y) + line(left + part.width, y, x + width, y);
    const top = y - rise;
    const up = `M${right} ${y}q${ARC} 0 ${ARC} ${-ARC}V${top + ARC}q0 ${-ARC} ${-ARC} ${-ARC}`;
    const down = `M${left} ${top}q${-ARC} 0 ${-ARC} ${ARC}V${y - ARC}q0 ${ARC} ${ARC} ${ARC}`;
    const over = separator.draw(left, top) + line(left + separator.width, top, right, top);
    return forward + path(up) + over + path(down);
  };
  return { width, up: rise + Math.max(separator.up, 2), down: part.down, draw };
}

const optional = (part) => choice([nothing, part]);

function diagram(part, terminal) {
  const inner = () => sequence(part.definition.map((p) => diagram(p, terminal)));
  const separator = () => box(terminal(part.separator), "terminal");
  switch (part.constructor.name) {
    case "Terminal":
      return box(terminal(part.terminalType), "terminal");
    case "NonTerminal":
      return box(part.nonTerminalName, "rule");
    case "Alternative":
    case "Rule":
      return inner();
    case "Alternation":
      return choice(part.definition.map((p) => diagram(p, terminal)));
    case "Option":
      return optional(inner());
    case "Repetition":
      return optional(repeated(inner()));
    case "RepetitionMandatory":
      return repeated(inner());
    case "RepetitionWithSeparator":
      return optional(repeated(inner(), separator()));
    case "RepetitionMandatoryWithSeparator":
      return repeated(inner(), separator());
    default:
      throw new Error(`no diagram for a ${part.constructor.name}`);
  }
}

function svg(rule, terminal) {
  const d = diagram(rule, terminal);
  const [width, height] = [d.width + 60, d.up + d.down + 16];
  const y = d.up + 8;
  const ends = `<circle cx="10" cy="${y}" r="4"/>${line(14, y, 30, y)}${line(30 + d.width, y, 46 + d.width, y)}<circle cx="${50 + d.width}" cy="${y}" r="4"/>`;
  return `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${rule.name}">${ends}${d.draw(30, y)}</svg>`;
}

/** `terminal`: what a token looks like. */
export function railroad(productions, terminal) {
  const plain = (type) => terminal(type).replace(/^"(.*)"$/, "$1");
  const rules = productions.map(
    (rule) => `<section id="${rule.name}">\n<h2>${rule.name}</h2>\n${svg(rule, plain)}\n</section>`,
  );
  return `<!doctype html>
<!-- Generated from grammar/parser.ts by scripts/generate/grammar.mjs: do not edit. -->
<html lang="en">
<meta charset="utf-8">
<title>The grammar of Recurve</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; background: #fff; color: #222 }
h2 { font-size: 1em; margin: 1.6em 0 0.2em }
section { overflow-x: auto }
svg { display: block }
path { fill: none; stroke: #555; stroke-width: 1.5 }
circle { fill: #555 }
rect { fill: #fff; stroke: #555; stroke-width: 1.5 }
rect.terminal { fill: #eef5ee }
rect.rule { fill: #eef1f8 }
text { font: 12px ui-monospace, monospace; text-anchor: middle; fill: #222 }
</style>
<h1>The grammar of Recurve</h1>
<p>Round boxes are written as they stand, square ones are rules. Words with a capital (<code>Name</code>, <code>Number</code>,
<code>Separator</code>, …) are explained in <code>grammar.ebnf</code>.</p>
${rules.join("\n")}
</html>
`;
}
