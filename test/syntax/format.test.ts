import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tokenize } from "../../grammar/tokens.js";
import { format } from "../../src/compiler/syntax/format.js";
import { parse } from "../../src/compiler/syntax/parse.js";

const specs = resolve(import.meta.dirname, "../../specs");
const images = (source: string) =>
  tokenize(source).tokens.map(({ image, tokenType }) => [tokenType.name, image.trim()]);

test("brackets indent, blanks become one, at most one line stays empty", () => {
  const source = `model   m{\n\n dim H=3   # size\n\n\n  data {\ntrain = generate("a  # b",\n count = 3)\n}\n\n}\n\n`;
  expect(format(source)).toBe(
    `model m{\n  dim H=3   # size\n\n  data {\n    train = generate("a  # b",\n      count = 3)\n  }\n}\n`,
  );
});

describe("the specs of this project", () => {
  const read = (name: string) => readFileSync(join(specs, name), "utf8");
  // `fmt` leaves alone what cannot be read
  const files = readdirSync(specs, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".rcv") && parse(read(name)).diagnostics.length === 0,
  );
  test.each(files)("%s is formatted and keeps its tokens", (name) => {
    const source = read(name);
    expect(format(source)).toBe(source);
    expect(images(format(source))).toEqual(images(source));
  });
});

test("whatever the layout was, tokens stay and a second time changes nothing", () => {
  const piece = fc.constantFrom(
    "model m {",
    "}",
    "h[t] =",
    "(",
    ")",
    '"a  #b"',
    "# a  comment",
    "\n",
    " ",
    "\t",
    "x",
    "[",
    "]",
    "+",
    ",",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const source = pieces.join(" ");
      const once = format(source);
      const solid = (text: string) => images(text).filter(([type]) => type !== "Newline");
      expect(solid(once)).toEqual(solid(source));
      expect(format(once)).toBe(once);
    }),
  );
});
