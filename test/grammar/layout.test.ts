import { describe, expect, it } from "vitest";
import { layOut, maxNesting } from "../../grammar/layout.js";
import { Separator, tokenize } from "../../grammar/tokens.js";

/** The laid out tokens as text, `|` where a statement ends. */
function laid(source: string): string {
  const { tokens } = layOut(tokenize(source).tokens);
  return tokens.map((token) => (token.tokenType === Separator ? "|" : token.image || "·")).join(" ");
}

describe("where a statement ends", () => {
  it.each([
    ["a newline", "a = b\nc = d", "a = b | c = d"],
    ["a semicolon", "a = b; c = d;", "a = b | c = d"],
    ["many of them", "\n\na = b;\n;\r\n\nc = d\n\n", "a = b | c = d"],
    ["a declaration keyword", "dim H = 3 dim E = 4", "dim H = 3 | dim E = 4"],
    ["a closing brace", "model m { a = b } model n { }", "model m { a = b } | model n { }"],
  ])("%s", (_, source, expected) => expect(laid(source)).toBe(expected));
});

describe("where it goes on", () => {
  it.each([
    ["in parentheses and brackets", "a = (b\n+ c)\nd = [e\n; f]", "a = ( b + c ) | d = [ e ; f ]"],
    ["after an operator", "a = b +\nc\nd = not\ne", "a = b + c | d = not e"],
    ["after , = ~ -> :", "param W,\nU\na =\nb\ny ~\nf\nx :\n[H]", "param W , U | a = b | y ~ f | x : [ H ]"],
    ["after then and else", "a = if b then\nc else\nd", "a = if b then c else d"],
    ["before an opening brace", "model m\n{\n a = b\n}", "model m { a = b }"],
    ["a keyword as key", "train { loss = 3, input = 4 }", "train { loss = 3 , input = 4 }"],
  ])("%s", (_, source, expected) => expect(laid(source)).toBe(expected));
});

describe("brackets", () => {
  it.each([
    ["a missing ) ends with its line", "a = (b + c\nd = e", "a = ( b + c · | d = e"],
    ["a wrong closer is taken for the right one", "a = (b] + c", "a = ( b ] + c"],
    ["a closer too many is left out", "a = b) + c", "a = b + c"],
    ["a missing } ends before the next model", "model m {\na = b\nmodel n { }", "model m { a = b · | model n { }"],
  ])("%s", (_, source, expected) => expect(laid(source)).toBe(expected));

  it("may nest so deep and no deeper", () => {
    const nested = (depth: number) => layOut(tokenize(`${"(".repeat(depth)}a${")".repeat(depth)}`).tokens).problems;
    expect(nested(maxNesting)).toEqual([]);
    expect(nested(maxNesting + 1).map(({ kind }) => kind)).toEqual(["nesting-too-deep"]);
  });
});
