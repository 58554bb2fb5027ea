/** `fmt` on every spec in other layouts: the mathematics, the comments and a second time. */
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tokenize } from "../../grammar/tokens.js";
import { format } from "../../src/compiler/syntax/format.js";
import { parse } from "../../src/compiler/syntax/parse.js";
import { bare } from "./arbitrary.js";

const root = new URL("../../", import.meta.url);
const specs = ["specs/", "test/samples/"].flatMap((folder) =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".rcv"))
    .map((name) => ({ name: folder + name, text: readFileSync(new URL(folder + name, root), "utf8") }))
    .filter(({ text }) => parse(text).diagnostics.length === 0),
);

/** A text between its comments and strings, and those. */
interface Piece {
  readonly kind: "code" | "string" | "comment";
  readonly text: string;
}

function pieces(text: string): Piece[] {
  return [...text.matchAll(/(#[^\n\r]*)|("(?:[^"\\\n]|\\.)*")|[^#"]+/g)].map(([all, comment, string]) => ({
    kind: comment === undefined ? (string === undefined ? "code" : "string") : "comment",
    text: all,
  }));
}

const inCode = (text: string, change: (code: string) => string): string =>
  pieces(text)
    .map((p) => (p.kind === "code" ? change(p.text) : p.text))
    .join("");
const comments = (text: string): string[] =>
  pieces(text).flatMap((p) => (p.kind === "comment" ? [p.text.trimEnd()] : []));
const tree = (text: string): unknown => {
  const { file, diagnostics } = parse(text);
  expect(diagnostics).toEqual([]);
  return bare(file);
};

/** Numbers without end, from a few. */
function dice(seeds: readonly number[]): (below: number) => number {
  let i = 0;
  return (below) => (seeds[i++ % seeds.length] as number) % below;
}

const seeds = fc.array(fc.nat(1000), { minLength: 7, maxLength: 40 });
const blanks = ["", " ", "\t", "   ", " \t "];

/** Other blanks at both ends of lines and where there are some, other ends of lines, more empty lines. */
function respaced(text: string, next: (below: number) => number): string {
  const spaced = inCode(text, (code) => code.replace(/(?<=\S)[ ]+(?=\S)/g, (b) => b + blanks[next(blanks.length)]));
  const end = next(2) ? "\r\n" : "\n";
  return spaced
    .split("\n")
    .map((line) => {
      const whole = (blanks[next(5)] as string) + line.trimStart() + blanks[next(5)];
      return line.trim() === "" && next(2) ? `${whole}${end}${end}` : whole;
    })
    .join(end);
}

/** Comments where they may stand, newlines inside brackets and after operators, statements on one line, empty lines. */
function rearranged(text: string, next: (below: number) => number): string {
  let depth = 0;
  return tokenize(text)
    .tokens.flatMap((token, i, all) => {
      const { image } = token;
      if (image === "(" || image === "[") depth++;
      if (image === ")" || image === "]") depth--;
      const from = token.startOffset + image.length;
      const gap = text.slice(from, all[i + 1]?.startOffset ?? text.length);
      const isBreak = token.tokenType.name === "Newline";
      if (isBreak) return [image, next(8) === 0 ? `# new ${next(9)} "\n` : "", next(8) === 0 ? "\n\n\n" : "", gap];
      // at the start of a line, `random` declares one
      const declares = /^(?:random|input|loss)$/.test(all[i + 1]?.image ?? "");
      const mayBreak = !declares && (depth > 0 || /^(?:[=+*/@~,]|->|then|else|if)$/.test(image));
      if (mayBreak && !gap.includes("#") && next(9) === 0) return [image, ` #  why (${next(9)}\n`, gap];
      return mayBreak && next(6) === 0 ? [image, "\n", gap] : [image, gap];
    })
    .join("");
}

describe.each(specs)("$name", ({ text }) => {
  test("whatever the blanks, the layout is the same", () => {
    const wanted = format(text);
    fc.assert(
      fc.property(seeds, (numbers) => {
        expect(format(respaced(text, dice(numbers)))).toBe(wanted);
      }),
      { numRuns: 5 },
    );
  });

  test("comments and the tree stay, a second time changes nothing", () => {
    fc.assert(
      fc.property(seeds, (numbers) => {
        const other = rearranged(text, dice(numbers));
        const once = format(other);
        expect(comments(once)).toEqual(comments(other));
        expect(tree(once)).toEqual(tree(text));
        expect(format(once)).toBe(once);
        expect(once).not.toMatch(/[ \t]$|\n\n\n/m);
      }),
      { numRuns: 5 },
    );
  });
});
