/** Specs as JSON: there and back is the formatter's text; mistakes are told by their path. */
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/compiler/index.js";
import { specSchema } from "../../src/compiler/json/schema.js";
import { specFromJson, specToJson } from "../../src/compiler/json/spec.js";
import { parse } from "../../src/compiler/syntax/parse.js";
import { printFile } from "../../src/compiler/syntax/print.js";
import { file } from "../syntax/arbitrary.js";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

function specs(folder: string): string[] {
  return readdirSync(new URL(folder, root), { withFileTypes: true }).flatMap((d) => {
    if (d.isDirectory()) return d.name === "errors" ? [] : specs(`${folder}${d.name}/`);
    return d.name.endsWith(".rcv") ? [`${folder}${d.name}`] : [];
  });
}

const thereAndBack = (text: string): { source: string; diagnostics: readonly unknown[] } => specFromJson(text);

describe("there and back", () => {
  it.each([...specs("specs/"), ...specs("test/samples/")])("%s", (path) => {
    const tree = parse(read(path)).file;
    const { source, diagnostics } = thereAndBack(JSON.stringify(specToJson(tree)));
    expect(diagnostics).toEqual([]);
    expect(source).toBe(printFile(tree));
  });

  it("any tree", () => {
    fc.assert(
      fc.property(file, (tree) => {
        const { source, diagnostics } = thereAndBack(JSON.stringify(specToJson(tree)));
        expect(diagnostics).toEqual([]);
        expect(source).toBe(printFile(tree));
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it("a compiled spec prints itself as JSON that compiles", () => {
    const text = compile(read("specs/hello.rcv"), { file: "hello.rcv" }).print("json");
    const again = compile(text, { file: "hello.json" });
    expect(again.diagnostics).toEqual([]);
    expect(again.params.map((p) => p.name)).toEqual(["Wxh", "Whh", "Why", "bh", "by"]);
  });
});

it("the published schema is fresh: `node scripts/generate/schema.mjs`", () => {
  expect(JSON.parse(read("specs/schema/spec.schema.json"))).toEqual(specSchema);
});

const model = (body: unknown): string => JSON.stringify({ items: [{ kind: "model", name: "m", body }] });

it("expressions may be written in the language", () => {
  const { source, diagnostics } = specFromJson(
    model([
      { kind: "axis", name: "t", bound: "T" },
      { kind: "random", items: [{ name: "y", indices: [{ value: "t" }] }] },
      { kind: "sample", target: { name: "y", indices: [{ value: "t" }] }, dist: "normal(2 * y[t-1], 1)" },
      { kind: "equation", targets: [{ name: "y", indices: [{ value: -1 }] }], value: 0.5 },
    ]),
  );
  expect(diagnostics).toEqual([]);
  expect(source).toBe("model m {\n  axis t < T\n  random y[t]\n  y[t] ~ normal(2 * y[t-1], 1)\n  y[-1] = 0.5\n}\n");
});

it.each([
  ["no JSON", "{", "json-syntax", /JSON/],
  ["a number", "3", "json-shape", /object/],
  ["an unknown kind", model([{ kind: "dimm", name: "H", value: 3 }]), "json-shape", /\/items\/0\/body\/0.*dimm/],
  ["an unknown key", model([{ kind: "dim", name: "H", value: 3, valu: 4 }]), "json-shape", /no `valu`/],
  ["a missing key", model([{ kind: "dim", name: "H" }]), "json-shape", /lacks `value`/],
  [
    "a bad expression",
    model([{ kind: "dim", name: "H", value: "3 +" }]),
    "json-expression",
    /\/items\/0\/body\/0\/value/,
  ],
])("%s", (_, text, code, message) => {
  const { diagnostics, ok } = compile(text, { file: "spec.json" });
  expect(ok).toBe(false);
  expect(diagnostics.map((d) => d.code)).toEqual([code]);
  expect(diagnostics[0]?.message).toMatch(message);
});
