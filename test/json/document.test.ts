/** JSON with places: what is read is what `JSON.parse` reads, and every value stands where its place says. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Json, maxDepth, placesInText, pointerAt, readDocument } from "../../src/compiler/json/document.js";

const read = (text: string) => {
  const found = readDocument(text);
  if ("kind" in found) throw new Error(`${found.kind} in ${text}`);
  return found;
};

/** What a pointer leads to, by the definition of RFC 6901. */
function follow(value: Json, pointer: string): Json | undefined {
  const keys = pointer.split("/").slice(1);
  return keys.reduce<Json | undefined>(
    (at, key) => (at as Readonly<Record<string, Json>>)[key.replaceAll("~1", "/").replaceAll("~0", "~")],
    value,
  );
}

describe("any JSON", () => {
  it("is read as JSON.parse does, each value at its place", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 1, "\t"), (json, indent) => {
        const text = JSON.stringify(JSON.parse(json), null, indent);
        const { value, places, keys } = read(text);
        expect(value).toEqual(JSON.parse(text));
        for (const [pointer, { start, end }] of places) {
          const here = follow(value, pointer) as Json;
          const quote = typeof here === "string" ? 1 : 0;
          expect(JSON.parse(text.slice(start - quote, end + quote))).toEqual(here);
        }
        for (const [pointer, { start, end }] of keys) {
          const key = pointer
            .slice(pointer.lastIndexOf("/") + 1)
            .replaceAll("~1", "/")
            .replaceAll("~0", "~");
          expect(JSON.parse(text.slice(start - 1, end + 1))).toBe(key);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("and what is none is refused where JSON.parse refuses it", () => {
    const piece = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      '"',
      "1",
      "-",
      "01",
      "1.",
      "1e5",
      "true",
      "nul",
      " ",
      "\\",
      "\u0001",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join("");
        const found = readDocument(text);
        // stops earlier: at a number that is infinite
        if ("kind" in found && found.kind === "number") return;
        // and refuses more: a key that stands twice
        const isRead = !("kind" in found) || found.kind === "duplicate";
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        expect(isRead).toBe(isJson);
      }),
      { numRuns: 2000 },
    );
  });
});

it("the members of objects are their own, whatever their names", () => {
  const { value } = read('{"__proto__": {"a": 1}, "constructor": 2}');
  expect(Object.entries(value as object)).toEqual([
    ["__proto__", { a: 1 }],
    ["constructor", 2],
  ]);
});

it.each([
  ["", { kind: "syntax", reason: "a value should stand here", span: { start: 0, end: 0 } }],
  ['{"a" 1}', { kind: "syntax", reason: "a `:` should stand here", span: { start: 5, end: 6 } }],
  ["[1 2]", { kind: "syntax", reason: "a `,` or the closing `]` should stand here", span: { start: 3, end: 4 } }],
  ['{"a": 1, "a": 2}', { kind: "duplicate", key: "a", span: { start: 10, end: 11 } }],
  ["[1e999]", { kind: "number", text: "1e999", span: { start: 1, end: 6 } }],
])("%s", (text, problem) => {
  expect(readDocument(text)).toEqual(problem);
});

it("what nests too deeply is told, without a stack overflow", () => {
  for (const [open, close] of [
    ["[", "]"],
    ['{"a":', "}"],
  ] as const) {
    const nested = (n: number): string => `${open.repeat(n)}1${close.repeat(n)}`;
    expect(readDocument(nested(100_000))).toMatchObject({ kind: "depth" });
    expect(readDocument(nested(maxDepth))).not.toHaveProperty("kind");
    expect(readDocument(nested(maxDepth + 1))).toMatchObject({ kind: "depth" });
  }
});

it("offsets in a text value are places in the document, escapes and all", () => {
  const document = read(String.raw`{"a": "x\n\u00e9\\y z"}`);
  const place = placesInText(document, document.places.get("/a") ?? { start: 0, end: 0 });
  const value = "x\né\\y z";
  const written = [...value].map((_, i) => document.text.slice(place(i), place(i + 1)));
  expect(written).toEqual(["x", "\\n", "\\u00e9", "\\\\", "y", " ", "z"]);
});

it("the innermost value around a place", () => {
  const document = read('{"a": [10, {"b/c": "text"}], "d": 3}');
  const at = (piece: string) => {
    const start = document.text.indexOf(piece);
    return pointerAt(document, { start, end: start + piece.length });
  };
  expect([at("10"), at("ext"), at("b/c"), at('{"b'), at("d")]).toEqual(["/a/0", "/a/1/b~1c", "/a/1", "/a/1", ""]);
});
