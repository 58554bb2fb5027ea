import { describe, expect, it } from "vitest";
import { render, summary, toJson } from "../../src/compiler/diagnostics/render.js";
import type { Diagnostic, Label } from "../../src/compiler/diagnostics/types.js";

const file = "specs/x.rcv";

/** A label at the `nth` occurrence of a piece of the text. */
function at(text: string, piece: string, label: string, nth = 0): Label {
  let start = text.indexOf(piece);
  for (let i = 0; i < nth; i++) start = text.indexOf(piece, start + 1);
  if (start < 0) throw new Error(`no ${piece}`);
  return { span: { start, end: start + piece.length }, text: label };
}

function shown(text: string, labels: Label[], rest: Partial<Diagnostic> = {}): string {
  const diagnostic: Diagnostic = { code: "some-code", severity: "error", message: "this is wrong", labels, ...rest };
  return render([diagnostic], { main: { file, text } });
}

describe("source frames", () => {
  const text = "dim H = 3\nh[t] = W @ h[t]\n\n\nz = 1\n";

  it("marks a place and says what to write", () => {
    expect(shown(text, [at(text, "h[t]", "reads itself", 1)], { help: "did you mean `h[t-1]`?\nor another" })).toBe(`\
error[some-code]: this is wrong
 --> specs/x.rcv:2:12
  |
2 | h[t] = W @ h[t]
  |            ^^^^ reads itself
  = help: did you mean \`h[t-1]\`?
          or another
`);
  });

  it("draws several labels of one line, the texts from right to left", () => {
    const labels = [at(text, "h[t]", "defined here"), at(text, "W", "a matrix"), at(text, "h[t]", "read here", 1)];
    expect(shown(text, labels)).toBe(`\
error[some-code]: this is wrong
 --> specs/x.rcv:2:1
  |
2 | h[t] = W @ h[t]
  | ^^^^   -   ---- read here
  | |      |
  | |      a matrix
  | defined here
`);
  });

  it("draws a label inside another below it", () => {
    const labels = [at(text, "h[t]", "this read", 1), at(text, "W @ h[t]", "of this product")];
    expect(shown(text, labels)).toBe(`\
error[some-code]: this is wrong
 --> specs/x.rcv:2:12
  |
2 | h[t] = W @ h[t]
  |        ----^^^^ this read
  |        |
  |        of this product
`);
    const reversed = [at(text, "W @ h[t]", "this product"), at(text, "W", "of this")];
    expect(shown(text, reversed)).toBe(`\
error[some-code]: this is wrong
 --> specs/x.rcv:2:8
  |
2 | h[t] = W @ h[t]
  |        ^^^^^^^^
  |        |
  |        of this
  |        this product
`);
  });

  it("shows one line between, and leaves out more", () => {
    const lines = Array.from({ length: 12 }, (_, i) => `a${i + 1} = 1`).join("\n");
    const labels = [at(lines, "a9", "nine"), at(lines, "a11", "eleven"), at(lines, "a2", "two")];
    expect(shown(lines, labels)).toBe(`\
error[some-code]: this is wrong
  --> specs/x.rcv:9:1
   |
 2 | a2 = 1
   | -- two
...
 9 | a9 = 1
   | ^^ nine
10 | a10 = 1
11 | a11 = 1
   | --- eleven
`);
  });

  it("keeps marks under tabs, wide characters and accents", () => {
    const odd = "\tα = 日本 + e\u0301x * y\n";
    expect(shown(odd, [at(odd, "y", "here"), at(odd, "日本", "wide")])).toBe(`\
error[some-code]: this is wrong
 --> specs/x.rcv:1:17
  |
1 |     α = 日本 + e\u0301x * y
  |         ----        ^ here
  |         |
  |         wide
`);
  });

  it("points at places without width, at the end of a line and of the text", () => {
    const short = "a =\nb = ";
    const end = short.length;
    const labels = [
      { span: { start: 3, end: 3 }, text: "here" },
      { span: { start: end, end }, text: "and here" },
    ];
    expect(shown(short, labels)).toBe(`\
error[some-code]: this is wrong
 --> specs/x.rcv:1:4
  |
1 | a =
  |    ^ here
2 | b =
  |     - and here
`);
  });

  it("marks the first line of a long span and says how far it goes", () => {
    const body = "model m {\n  a = 1\n}\n";
    expect(shown(body, [{ span: { start: 0, end: body.length }, text: "this model" }])).toBe(`\
error[some-code]: this is wrong
 --> specs/x.rcv:1:1
  |
1 | model m {
  | ^^^^^^^^^ this model (to line 3)
`);
  });

  it("crops long lines around their marks", () => {
    const long = `v = [${"1, ".repeat(200)}x, ${"2, ".repeat(200)}]`;
    const frame = shown(long, [at(long, "x", "not a number")]).split("\n");
    expect(frame[1]).toBe(" --> specs/x.rcv:1:606");
    expect(Math.max(...frame.map((line) => line.length))).toBeLessThan(130);
    const marked = frame[4]?.indexOf("^") ?? -1;
    expect(frame[3]?.[marked]).toBe("x");
  });

  it("shows other files, whether their text is known or not", () => {
    const other: Label = { span: { start: 5, end: 9 }, text: "defined here", file: "std.cells" };
    const diagnostic: Diagnostic = {
      code: "c",
      severity: "warning",
      message: "m",
      labels: [at(text, "W", "used here"), other],
    };
    const main = { file, text };
    expect(render([diagnostic], { main, others: new Map([["std.cells", "cell LSTM(x) -> y {}"]]) })).toBe(`\
warning[c]: m
 --> specs/x.rcv:2:8
  |
2 | h[t] = W @ h[t]
  |        ^ used here
 ::: std.cells:1:6
  |
1 | cell LSTM(x) -> y {}
  |      ---- defined here
`);
    expect(render([diagnostic], { main })).toContain("::: std.cells: defined here");
  });

  it("colours only when asked to, and changes no character", () => {
    const diagnostic: Diagnostic = {
      code: "c",
      severity: "note",
      message: "m",
      labels: [at(text, "W", "w")],
      help: "h",
    };
    const main = { file, text };
    const colored = render([diagnostic], { main }, { color: true });
    expect(colored).toContain("\u001b[1;36m^\u001b[0m");
    expect(colored.replace(/\u001b\[[0-9;]*m/g, "")).toBe(render([diagnostic], { main }));
  });

  it("counts", () => {
    const make = (severity: Diagnostic["severity"]): Diagnostic => ({ code: "c", severity, message: "", labels: [] });
    expect(summary([make("warning"), make("error"), make("error")])).toBe("2 errors, 1 warning");
    expect(summary([])).toBe("");
  });
});

describe("diagnostics as data", () => {
  it("gives offsets, lines and columns in characters", () => {
    const text = "𝒂 = 1\r\nb = 22\n";
    const labels = [at(text, "22", "here"), { span: { start: 0, end: 2 }, text: "and", file: "unknown.rcv" }];
    const diagnostic: Diagnostic = { code: "c", severity: "error", message: "m", labels, help: "h" };
    expect(toJson([diagnostic], { main: { file, text } })).toEqual([
      {
        code: "c",
        severity: "error",
        message: "m",
        help: "h",
        labels: [
          { file, start: 12, end: 14, line: 2, column: 5, endLine: 2, endColumn: 7, text: "here" },
          { file: "unknown.rcv", start: 0, end: 2, text: "and" },
        ],
      },
    ]);
    const [first] = toJson([{ ...diagnostic, labels: [at(text, "=", "x")] }], { main: { file, text } });
    expect(first?.labels[0]?.column).toBe(3);
  });
});
