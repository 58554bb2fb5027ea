import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compile } from "../../src/compiler/index.js";

const page = readFileSync(new URL("../../specs/language.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/^```rcv\n(.*?)^```/gms)].map(([, text]) => text as string);

const specs = [...page.matchAll(/^```json\n(.*?)^```/gms)].map(([, text]) => text as string);

test("the examples in the JSON form compile", () => {
  expect(specs.length).toBeGreaterThan(0);
  for (const text of specs) expect(compile(text, { file: "example.json" }).models).toHaveLength(1);
});

describe("the examples of specs/language.md", () => {
  test("are there", () => expect(examples.length).toBeGreaterThanOrEqual(5));

  test.each(examples.map((text) => [text.split("\n").find((line) => /^(model|cell) /.test(line)) ?? "", text]))(
    "%s compiles without a word",
    (_, text) => {
      const compiled = compile(text, { file: "example.rcv" });
      expect(compiled.diagnostics).toEqual([]);
      expect(compiled.models).toHaveLength(1);
    },
  );
});
