/** Specs as JSON: there and back is the formatter's text; mistakes are told at their place and by their path. */
import { readdirSync, readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { render, toJson } from "../../src/compiler/diagnostics/render.js";
import { compile } from "../../src/compiler/index.js";
import { readDocument } from "../../src/compiler/json/document.js";
import { readJsonSpec } from "../../src/compiler/json/read.js";
import { specSchema } from "../../src/compiler/json/schema.js";
import { specToJson } from "../../src/compiler/json/write.js";
import type { Span, SpecFile } from "../../src/compiler/syntax/ast.js";
import { parse } from "../../src/compiler/syntax/parse.js";
import { printExpr, printFile } from "../../src/compiler/syntax/print.js";
import { bare, file } from "../syntax/arbitrary.js";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

function specs(folder: string): string[] {
  return readdirSync(new URL(folder, root), { withFileTypes: true }).flatMap((d) => {
    if (d.isDirectory()) return specs(`${folder}${d.name}/`);
    const path = `${folder}${d.name}`;
    return d.name.endsWith(".rcv") && parse(read(path)).diagnostics.length === 0 ? [path] : [];
  });
}
const all = [...specs("specs/"), ...specs("test/samples/")];

const published = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, discriminator: true });
const isValid = published.compile(JSON.parse(read("specs/schema/spec.schema.json")));

/** Expressions of a JSON spec as texts in the language, at every place where one stands. */
function withTexts(file: SpecFile): string {
  const isExpr = new Set("number string name index call unary transpose binary if concat list".split(" "));
  return JSON.stringify(file, (key, value: unknown) => {
    if (/span$/i.test(key) || value === null) return undefined;
    const kind = (value as { readonly kind?: string }).kind ?? "";
    return isExpr.has(kind) ? printExpr(value as never) : value;
  });
}

function isSame(text: string, tree: SpecFile): void {
  expect(isValid(JSON.parse(text)), JSON.stringify(isValid.errors?.slice(0, 3))).toBe(true);
  const { file: again, diagnostics } = readJsonSpec(text);
  expect(diagnostics).toEqual([]);
  expect(bare(again)).toEqual(bare(tree));
  expect(printFile(again)).toBe(printFile(tree));
}

describe("there and back", () => {
  it.each(all)("%s", (path) => {
    const { file: tree } = parse(read(path));
    isSame(JSON.stringify(specToJson(tree)), tree);
    isSame(withTexts(tree), tree);
  });

  it("any tree", () => {
    fc.assert(
      fc.property(file, (tree) => {
        const readable = parse(printFile(tree)).file;
        isSame(JSON.stringify(specToJson(readable)), readable);
        isSame(withTexts(readable), readable);
      }),
      { numRuns: 200 },
    );
  });

  it("a compiled spec prints itself as JSON that compiles to the same", () => {
    const plain = compile(read("specs/dates.rcv"), { file: "dates.rcv" });
    const again = compile(plain.print("json"), { file: "dates.json" });
    expect(again.diagnostics).toEqual([]);
    for (const stage of ["ast", "json", "model", "equations", "bptt", "program"] as const)
      expect(again.print(stage)).toBe(plain.print(stage));
  });
});

describe("names and numbers lie where they stand in the JSON", () => {
  interface Placed {
    readonly kind?: string;
    readonly name?: string;
    readonly value?: unknown;
    readonly span?: Span;
    readonly nameSpan?: Span;
  }

  function lies(x: unknown, text: string): void {
    if (typeof x !== "object" || x === null) return;
    const { kind, name, value, span, nameSpan } = x as Placed;
    const at = (place: Span | undefined) => text.slice(place?.start, place?.end);
    if (kind === "name") expect(at(span)).toBe(name);
    if (kind === "number") expect(Number(at(span))).toBe(value);
    if (name !== undefined && nameSpan !== undefined) expect(at(nameSpan)).toBe(name);
    for (const inner of Object.values(x)) lies(inner, text);
  }

  it.each(specs("specs/std/"))("%s", (path) => {
    const tree = parse(read(path)).file;
    const asNodes = JSON.stringify(specToJson(tree), null, 2);
    lies(readJsonSpec(asNodes).file, asNodes);
    const asTexts = withTexts(tree);
    lies(readJsonSpec(asTexts).file, asTexts);
  });
});

it("the published schema is fresh: `node scripts/generate/schema.mjs`", () => {
  expect(JSON.parse(read("specs/schema/spec.schema.json"))).toEqual(specSchema);
});

const model = (...body: unknown[]): string => JSON.stringify({ items: [{ kind: "model", name: "m", body }] });
const dim = (value: unknown): string => model({ kind: "dim", name: "H", value });

it("expressions may be written in the language", () => {
  const { file, diagnostics } = readJsonSpec(
    model(
      { kind: "axis", name: "t", bound: "T" },
      { kind: "random", items: [{ name: "y", indices: [{ value: "t" }] }] },
      { kind: "sample", target: { name: "y", indices: [{ value: "t" }] }, dist: "normal(2 * y[t-1], 1)" },
      { kind: "equation", targets: [{ name: "y", indices: [{ value: -1 }] }], value: { kind: "number", value: -0.5 } },
    ),
  );
  expect(diagnostics).toEqual([]);
  expect(printFile(file)).toBe(
    "model m {\n  axis t < T\n  random y[t]\n  y[t] ~ normal(2 * y[t-1], 1)\n  y[-1] = -0.5\n}\n",
  );
});

/** The text under the first label of each diagnostic, and what else a mistake is known by. */
function mistakes(text: string): string[][] {
  const { ok, diagnostics } = compile(text, { file: "spec.json" });
  expect(ok).toBe(false);
  render(diagnostics, { main: { file: "spec.json", text } });
  return diagnostics.map(({ code, labels: [main], help }) => [
    code,
    main?.path ?? "",
    text.slice(main?.span.start, main?.span.end),
    /did you mean `(.*?)`/.exec(help ?? "")?.[1] ?? "",
  ]);
}

it.each<[string, string, ...string[][]]>([
  ["no JSON", '{"items": ]', ["json-syntax", "", "]", ""]],
  ["a key twice", '{"items": [], "items": []}', ["json-shape", "", "items", ""]],
  ["a number", "3", ["json-shape", "/", "3", ""]],
  ["nothing", "{}", ["json-shape", "/", "{", ""]],
  [
    "an unknown kind",
    model({ kind: "dimm", name: "H", value: 3 }),
    ["json-shape", "/items/0/body/0/kind", "dimm", "dim"],
  ],
  ["no kind", model({ name: "H" }), ["json-shape", "/items/0/body/0", "{", ""]],
  ["a kind that is none", model({ kind: 3 }), ["json-shape", "/items/0/body/0/kind", "3", ""]],
  ["a statement at the top", '{"items": [{"kind": "dim"}]}', ["json-shape", "/items/0/kind", "dim", ""]],
  [
    "an unknown key",
    model({ kind: "dim", name: "H", value: 3, valu: 4 }),
    ["json-shape", "/items/0/body/0", "valu", "value"],
  ],
  ["a missing key", model({ kind: "dim", name: "H" }), ["json-shape", "/items/0/body/0", "{", ""]],
  ["no expression", dim(true), ["json-shape", "/items/0/body/0/value", "true", ""]],
  [
    "an unknown operator",
    dim({ kind: "binary", op: "dvi", left: 1, right: 2 }),
    ["json-shape", "/items/0/body/0/value/op", "dvi", "div"],
  ],
  ["no name", model({ kind: "dim", name: "a b", value: 3 }), ["json-shape", "/items/0/body/0/name", "a b", ""]],
  ["a keyword", model({ kind: "dim", name: "loss", value: 3 }), ["json-shape", "/items/0/body/0/name", "loss", ""]],
  ["too few", model({ kind: "equation", targets: [], value: 3 }), ["json-shape", "/items/0/body/0/targets", "[", ""]],
  [
    "statements in a name",
    dim({ kind: "name", name: "T\n loss 3" }),
    ["json-shape", "/items/0/body/0/value/name", "T\\n loss 3", ""],
  ],
  [
    "statements in a topology",
    '{"items":[{"kind":"model","name":"m","topology":"a { } model b","body":[]}]}',
    ["json-shape", "/items/0/topology", "a { } model b", ""],
  ],
  [
    "statements in a path",
    model({ kind: "use", path: "a.b\n loss 3", isFile: false }),
    ["json-shape", "/items/0/body/0", '{"kind":"use","path":"a.b\\n loss 3","isFile":false}', ""],
  ],
  ["a bad expression", dim("3 * (4 +)"), ["missing-value", "/items/0/body/0/value", ")", ""]],
  ["a bad expression behind escapes", dim('"a\\n" + (4 +)'), ["missing-value", "/items/0/body/0/value", ")", ""]],
  ["two expressions", dim("3\nloss 3"), ["unexpected-token", "/items/0/body/0/value", "", ""]],
  [
    "a keyword in an expression",
    dim({ kind: "name", name: "then" }),
    ["missing-value", "/items/0/body/0", '{"kind":"dim","name":"H","value":{"kind":"name","name":"then"}}', ""],
  ],
  [
    "a set where none can stand",
    dim({ kind: "index", name: "h", indices: [{ value: "k", in: "kids(n)" }] }),
    ["binder-without-reduction", "/items/0/body/0", expect.stringContaining("kids"), ""],
  ],
  [
    "a name that all objects have",
    model({ kind: "param", frozen: false, items: [{ name: "constructor" }] }),
    ["inherited-name", "/items/0/body/0", expect.stringContaining("param"), ""],
  ],
  [
    "a statement that cells have not",
    JSON.stringify({
      items: [{ kind: "cell", name: "C", formals: [], results: [{ name: "y" }], body: [{ kind: "vocab", name: "V" }] }],
    }),
    ["misplaced-statement", "/items/0/body/0", '{"kind":"vocab","name":"V"}', ""],
  ],
  [
    "a number too large",
    '{"items": [{"kind": "model", "name": "m", "body": [{"kind": "dim", "name": "H", "value": 1e999}]}]}',
    ["number-too-large", "", "1e999", ""],
  ],
])("%s", (_, text, ...expected) => {
  expect(mistakes(text)).toEqual(expected);
});

it("what is wrong with the model is told where it stands in the JSON", () => {
  const index = [{ value: "t" }];
  const text = JSON.stringify(
    JSON.parse(
      model(
        { kind: "axis", name: "t", bound: "T" },
        { kind: "random", items: [{ name: "y", indices: index }] },
        { kind: "equation", targets: [{ name: "y", indices: [{ value: -1 }] }], value: 0 },
        { kind: "equation", targets: [{ name: "z", indices: index }], value: { kind: "name", name: "wrong" } },
        { kind: "dim", name: "D", value: "3 +" },
        { kind: "sample", target: { name: "y", indices: index }, dist: "normal(y[t-1] + zz[t], 1)" },
      ),
    ),
    null,
    2,
  );
  expect(mistakes(text)).toEqual([
    ["unknown-name", "/items/0/body/3/value/name", "wrong", ""],
    ["missing-value", "/items/0/body/4/value", "", ""],
    ["unknown-name", "/items/0/body/5/dist", "zz", ""],
  ]);
  const { diagnostics } = compile(text, { file: "a.json" });
  const [, , last] = toJson(diagnostics, { main: { file: "a.json", text } });
  const at = text.slice(0, text.indexOf("zz")).split("\n");
  expect(last?.labels[0]).toMatchObject({
    path: "/items/0/body/5/dist",
    line: at.length,
    column: (at.at(-1) ?? "").length + 1,
  });
  expect(render(diagnostics, { main: { file: "a.json", text } })).toContain(
    ` --> a.json:${at.length}:${(at.at(-1) ?? "").length + 1} (/items/0/body/5/dist)\n`,
  );
});

describe("deeply nested", () => {
  const nests: readonly (readonly [string, string, string])[] = [
    ["minuses", '{"kind":"unary","op":"-","arg":', "}"],
    ["lists", '{"kind":"list","items":[', "]}"],
    ["calls", '{"kind":"call","callee":"f","args":[{"value":', "}]}"],
    ["conditions", '{"kind":"if","cond":1,"then":2,"else":', "}"],
  ];
  it.each(nests)("%s are a diagnostic and no overflow", (_, open, close) => {
    const levels = open.split(/[[{]/).length - 1;
    for (const n of [Math.floor(600 / levels), Math.floor(990 / levels), 20_000]) {
      const text = dim("#").replace('"#"', `${open.repeat(n)}1${close.repeat(n)}`);
      expect(mistakes(text).map(([code]) => code)).toEqual(["nesting-too-deep"]);
    }
  });

  it("what the language can write, its JSON can say", () => {
    for (const value of ["1 + ".repeat(490), "-".repeat(490), "f(".repeat(95)]) {
      const source = `model m {\n  dim H = ${value}1${")".repeat(value.split("(").length - 1)}\n}\n`;
      const { file: tree, diagnostics } = parse(source);
      expect(diagnostics).toEqual([]);
      isSame(JSON.stringify(specToJson(tree)), tree);
    }
  });
});

it("cells may be imported from a spec in JSON", () => {
  const cells = JSON.stringify(specToJson(parse("cell Half(x : [X]) -> (y : [X]) {\n  y = x / 2\n}\n").file), null, 1);
  const source =
    'use "cells.json" (Half)\nmodel m {\n  axis t < T\n  input x[t] : [2]\n  random y[t] : [2]\n  cell half = Half()\n  y[t] ~ normal(half(x[t]), 1)\n}\n';
  expect(compile(source, { file: "m.rcv", read: () => cells }).diagnostics).toEqual([]);
  const wrong = cells.replace('"x"', '"q"');
  const { diagnostics } = compile(source, { file: "m.rcv", read: () => wrong });
  const inCells = diagnostics.flatMap((d) => d.labels).filter((l) => l.file === "cells.json");
  expect(inCells.map((l) => [l.path, wrong.slice(l.span.start, l.span.end)])).toContainEqual([
    "/items/0/body/0/value/left/name",
    "x",
  ]);
});

it("mutations of JSON specs are answered, never with an exception", () => {
  const texts = all.slice(0, 10).map((path) => JSON.stringify(specToJson(parse(read(path)).file)));
  const piece = fc.constantFrom(
    "",
    '"',
    "}",
    "]",
    "1",
    "null",
    '"kind":"name",',
    '{"kind":"call","callee":"f"}',
    "\\u0000",
    "[]",
    "\ud800",
  );
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.nat(), fc.nat(30), piece, (text, at, length, extra) => {
      const start = at % text.length;
      const mutated = text.slice(0, start) + extra + text.slice(start + length);
      const { diagnostics } = compile(mutated, { file: "x.json" });
      render(diagnostics, { main: { file: "x.json", text: mutated } });
      for (const { labels } of diagnostics)
        for (const { span } of labels) expect(span.end).toBeLessThanOrEqual(mutated.length);
    }),
    { numRuns: 150 },
  );
});

it("values put in the place of others are answered, never with an exception", () => {
  const texts = all.slice(0, 10).map((path) => JSON.stringify(specToJson(parse(read(path)).file)));
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.nat(), fc.nat(), (text, i, j) => {
      const document = readDocument(text);
      if ("kind" in document) throw new Error(document.kind);
      const places = [...document.places.values()].map(({ start, end }) =>
        text[start - 1] === '"' ? { start: start - 1, end: end + 1 } : { start, end },
      );
      const [into, from] = [places[i % places.length], places[j % places.length]];
      if (!into || !from) throw new Error("there are places");
      const mutated = text.slice(0, into.start) + text.slice(from.start, from.end) + text.slice(into.end);
      const { diagnostics } = compile(mutated, { file: "x.json" });
      render(diagnostics, { main: { file: "x.json", text: mutated } });
    }),
    { numRuns: 150 },
  );
});

it("the page of json-shape shows what is answered to its example", () => {
  const page = read("specs/errors/json-shape.md");
  const [json = "", answer = ""] = [...page.matchAll(/```\w+\n(.*?)```/gs)].map((m) => m[1]);
  const { diagnostics } = compile(json, { file: "m.json" });
  expect(render(diagnostics, { main: { file: "m.json", text: json } })).toBe(answer);
});
