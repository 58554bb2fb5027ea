import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { vocabulary } from "../../grammar/tokens.js";
import { render } from "../../src/compiler/diagnostics/render.js";
import { parse, parseExpression } from "../../src/compiler/syntax/parse.js";
import { printExpr, printFile } from "../../src/compiler/syntax/print.js";
import { bare, expr, file } from "./arbitrary.js";

const folder = new URL("../../specs/", import.meta.url);
const specs = ["", "std/"].flatMap((sub) =>
  readdirSync(new URL(`./${sub}`, folder))
    .filter((name) => name.endsWith(".rcv"))
    .map((name) => ({ name: sub + name, text: readFileSync(new URL(sub + name, folder), "utf8") })),
);

describe("what is printed is read back", () => {
  it("for every expression", () => {
    fc.assert(
      fc.property(expr, (tree) => {
        const { expr: again, diagnostics } = parseExpression(printExpr(tree));
        expect(diagnostics).toEqual([]);
        expect(bare(again)).toEqual(bare(tree));
      }),
      { numRuns: 200 },
    );
  });

  it("for every file", () => {
    fc.assert(
      fc.property(file, (tree) => {
        const { file: again, diagnostics } = parse(printFile(tree));
        expect(diagnostics).toEqual([]);
        expect(bare(again)).toEqual(bare(tree));
      }),
      { numRuns: 200 },
    );
  });

  it.each(specs)("for specs/$name", ({ text }) => {
    const { file: tree, diagnostics } = parse(text);
    expect(diagnostics).toEqual([]);
    expect(bare(parse(printFile(tree)).file)).toEqual(bare(tree));
  });
});

/** Reading never throws, points into the text, and what it says can be drawn. */
function holds(source: string): void {
  const { diagnostics } = parse(source);
  for (const { labels } of diagnostics) {
    expect(labels.length).toBeGreaterThan(0);
    for (const { span } of labels) {
      expect(span.start).toBeGreaterThanOrEqual(0);
      expect(span.end).toBeGreaterThanOrEqual(span.start);
      expect(span.end).toBeLessThanOrEqual(source.length);
    }
  }
  render(diagnostics, { main: { file: "x", text: source } }, { color: true });
}

const words = vocabulary.flatMap(({ PATTERN }) => (typeof PATTERN === "string" ? [PATTERN] : []));
const token = fc.constantFrom(
  ...words,
  "a",
  "h",
  "0",
  "1.5",
  '"s"',
  '"',
  "\n",
  "\n",
  " ",
  "#",
  "//",
  "**",
  "§",
  "\ud800",
);

describe("any text can be read", () => {
  it("soups of tokens", () => {
    fc.assert(
      fc.property(fc.array(token, { maxLength: 60 }), (tokens) => holds(tokens.join(" "))),
      { numRuns: 80 },
    );
  });

  it("soups without blanks", () => {
    fc.assert(
      fc.property(fc.array(token, { maxLength: 60 }), (tokens) => holds(tokens.join(""))),
      { numRuns: 200 },
    );
  });

  it("strings of any characters", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 80 }), holds), { numRuns: 100 });
  });

  it("specs that were cut, doubled or swapped somewhere", () => {
    const edit = fc.tuple(fc.constantFrom(...specs), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(40), token);
    fc.assert(
      fc.property(edit, fc.constantFrom("cut", "double", "put", "end"), ([{ text }, where, length, extra], how) => {
        const at = Math.floor(where * text.length);
        const piece = text.slice(at, at + length);
        const rest = text.slice(at + length);
        const middle = { cut: "", double: piece + piece, put: extra + piece, end: piece }[how];
        holds(text.slice(0, at) + middle + (how === "end" ? "" : rest));
      }),
      { numRuns: 80 },
    );
  });

  it.each([
    ["parentheses", `model m { a = ${"(".repeat(10_000)}b${")".repeat(10_000)} }`],
    ["open parentheses", "(".repeat(10_000)],
    ["brackets", `model m { a = ${"[".repeat(10_000)}b${"]".repeat(10_000)} }`],
    ["models", "model m { ".repeat(10_000)],
    ["blocks", "a { ".repeat(10_000)],
    ["ifs", `model m { a = ${"if b then c else ".repeat(10_000)}d }`],
    ["minuses", `model m { a = ${"-".repeat(10_000)}b }`],
    ["quotes", `model m { a = b${"'".repeat(10_000)} }`],
    ["powers", `model m { a = ${"b ^ ".repeat(10_000)}b }`],
    ["a sum", `model m { a = ${"b + ".repeat(10_000)}b }`],
  ])("10,000 %s are a diagnostic and no overflow", (_, source) => {
    const { diagnostics } = parse(source);
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(diagnostics.map(({ code }) => code)).toContain("nesting-too-deep");
  });

  it("in a time that grows with the text alone", () => {
    const broken = `model m {\n${"h[t] = tanh(W @ h[t-1] + b c)\n".repeat(3000)}}`;
    const start = performance.now();
    expect(parse(broken).diagnostics.at(-1)?.code).toBe("too-many-errors");
    expect(performance.now() - start).toBeLessThan(3000);
  });
});
