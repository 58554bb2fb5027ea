import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { recordSchema, recordValidator } from "../../src/compiler/blocks/index.js";
import type { FieldInfo } from "../../src/compiler/model.js";

const token = (vocab: string) => ({ kind: "token" as const, vocab });
const fields: readonly FieldInfo[] = [
  { name: "x", role: "input", axes: ["S"], type: token("In"), shape: [], labels: [] },
  { name: "v", role: "input", axes: ["S"], type: { kind: "float" }, shape: [2], labels: ["F"] },
  { name: "u", role: "input", axes: [], type: { kind: "float" }, shape: [], labels: [] },
  { name: "y", role: "random", axes: [], type: token("Label"), shape: [], labels: [], dist: "categorical" },
];
const model = { name: "m", fields };

const good = [
  {
    x: "abc",
    v: [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    u: 0.5,
    y: "yes",
  },
  { x: ["a", 2], v: [1, 2, 3, 4], u: true, y: 1, other: {} },
];
const bad: [string, unknown, RegExp][] = [
  ["a missing key", { x: "a", v: [1, 2], u: 1 }, /`y` is missing/],
  [
    "a number in a token sequence",
    { x: ["a", 1.5], v: [1, 2], u: 1, y: 0 },
    /`x\[1\]` is a string or an id or a list, not 1.5/,
  ],
  [
    "a string among numbers",
    {
      x: "a",
      v: [
        [1, 2],
        [3, "b"],
      ],
      u: 1,
      y: 0,
    },
    /`v\[1, 1\]` is a number or true or false or a list, not "b"/,
  ],
  ["null among numbers", { x: "a", v: [1, null], u: 1, y: 0 }, /`v\[1\]`/],
  ["a list for a label", { x: "a", v: [1, 2], u: 1, y: ["yes"] }, /`y` is a string or an id/],
  ["a string for a number", { x: "a", v: [1, 2], u: "1", y: 0 }, /`u` is a number/],
];

describe("the schema, as any validator reads it, and our own check agree", () => {
  const schema = new Ajv2020({ allowUnionTypes: true }).compile(recordSchema(model));
  const check = recordValidator(model);
  test.each(good)("%j is a record", (record) => {
    expect(check(record)).toEqual([]);
    expect(schema(record)).toBe(true);
  });
  test.each(bad)("%s", (_, record, message) => {
    expect(check(record)).toHaveLength(1);
    expect(check(record)[0]).toMatch(message);
    expect(schema(record)).toBe(false);
  });
  test.each([[3], [null], [[1]]])("%j is no record", (record) => {
    expect(check(record)[0]).toMatch(/a record is an object with the keys `x`, `v`, `u`, `y`/);
    expect(schema(record)).toBe(false);
  });
});

test("for prediction a random may be missing, an input may not", () => {
  const { y: _, ...inputs } = good[0]!;
  expect(recordValidator(model, true)(inputs)).toEqual([]);
  expect(recordValidator(model, true)({})).toEqual(["`x` is missing", "`v` is missing", "`u` is missing"]);
  expect(recordSchema(model, true)["required"]).toEqual(["x", "v", "u"]);
});

test("names that objects have anyway are not taken for keys", () => {
  const odd = [{ ...fields[2]!, name: "toString" }];
  expect(recordValidator({ fields: odd })({})).toEqual(["`toString` is missing"]);
});
