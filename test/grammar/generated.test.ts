import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as parser from "../../grammar/parser.js";
import * as precedence from "../../grammar/precedence.js";
import * as tokens from "../../grammar/tokens.js";
import { std } from "../../src/compiler/std.js";

const root = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");

it("what is generated from the grammar is fresh (else: build, then node scripts/generate/grammar.mjs)", async () => {
  const generator = new URL("scripts/generate/grammar-files.mjs", root).href;
  const { grammarFiles } = (await import(generator)) as {
    grammarFiles(grammar: object): Record<string, string>;
  };
  const files = grammarFiles({ ...parser, ...precedence, ...tokens });
  expect(Object.keys(files)).toEqual(["grammar/grammar.ebnf", "grammar/cst.ts", "grammar/railroad.html"]);
  for (const [path, text] of Object.entries(files)) expect(read(path)).toBe(text);
});

it("the library in the compiler is the one in specs/std (else: node scripts/generate/std.mjs)", () => {
  const names = readdirSync(new URL("specs/std/", root)).filter((name) => name.endsWith(".rcv"));
  expect(names.length).toBeGreaterThan(0);
  expect(std).toEqual(Object.fromEntries(names.map((name) => [name.slice(0, -4), read(`specs/std/${name}`)])));
});
