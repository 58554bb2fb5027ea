import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DataError, decodeTokens, encode, makeBatch } from "../../src/runtime/data/index.js";
import { floats, language, seq2seq, sketchModel, tokens } from "./model.js";

const arithmetic = sketchModel(seq2seq, {
  In: ["+", "0", "1", "2", "3"],
  Out: ["0", "1", "2", "3", "<BOS>", "<EOS>"],
});

const reason = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof DataError) return error.message;
    throw error;
  }
  throw new Error("nothing was wrong");
};

describe("tokens", () => {
  test("a string is split into code points, and the end token is appended where the axis ends by it", () => {
    const sample = encode(arithmetic, { x: "12+3", y: "3" });
    expect(sample.fields["x"]).toEqual(Int32Array.of(2, 3, 0, 4));
    expect(sample.fields["y"]).toEqual(Int32Array.of(3, 5));
    expect(sample.lengths).toEqual({ S: 4, T: 2 });
  });

  test("lists of tokens and of ids are the same; an end that is written is not doubled", () => {
    const same = encode(arithmetic, { x: ["1", 3, "+", 4], y: ["3", "<EOS>"] });
    expect(same).toEqual(encode(arithmetic, { x: "12+3", y: "3" }));
  });

  test("for prediction the random may be missing, and a prefix gets no end", () => {
    expect(encode(arithmetic, { x: "1" }, { partial: true })).toEqual({
      lengths: { S: 1 },
      fields: { x: Int32Array.of(2) },
    });
    expect(encode(arithmetic, { x: "1", y: "3" }, { partial: true }).fields["y"]).toEqual(Int32Array.of(3));
    expect(reason(() => encode(arithmetic, { y: "1" }, { partial: true }))).toMatch(/`x` is missing/);
    expect(reason(() => encode(arithmetic, { x: "1" }))).toMatch(/`y` is missing/);
  });

  test("an unknown token is named, with its place", () => {
    const where = { file: "a.jsonl", line: 7 };
    expect(reason(() => encode(arithmetic, { x: "1-2", y: "0" }, {}, where))).toBe(
      'a.jsonl:7: `x[1]`: "-" is not in the vocabulary `In` (there are "+", "0", "1", "2", "3")',
    );
    expect(reason(() => encode(arithmetic, { x: [1, 5], y: "0" }))).toMatch(
      /`x\[1\]` is a token of `In` or an id from 0 to 4, not 5/,
    );
    expect(reason(() => encode(arithmetic, { x: [-1], y: "0" }))).toMatch(/not -1/);
  });

  test("a vocabulary with <UNK> takes any token", () => {
    const model = sketchModel({ ...language, vocabs: [{ name: "Char", max: 2 }] }, { Char: ["a", "b", "<UNK>"] });
    expect(encode(model, { c: "abz" }).fields["c"]).toEqual(Int32Array.of(0, 1, 2));
  });

  test("words and lower case as the column says", () => {
    const model = sketchModel(language, { Char: ["don't", "stop", "."] });
    const columns = { c: { kind: "words", column: "text", lower: true } } as const;
    expect(encode(model, { c: "Don't  STOP." }, { columns }).fields["c"]).toEqual(Int32Array.of(0, 1, 2));
  });

  test("a single token is not split", () => {
    const model = sketchModel({
      vocabs: [{ name: "L", tokens: ["no", "yes"] }],
      fields: [tokens("y", "L", [], "random")],
    });
    const sample = encode(model, { y: "yes" });
    expect(sample).toEqual({ lengths: {}, fields: { y: Int32Array.of(1) } });
    expect(decodeTokens(model, model.fields[0]!, sample.fields["y"]!)).toBe("yes");
  });

  test("characters outside of the basic plane are one token", () => {
    const model = sketchModel(language, { Char: ["a", "🐳"] });
    expect(encode(model, { c: "🐳a🐳" }).fields["c"]).toEqual(Int32Array.of(1, 0, 1));
  });

  test("property: what is decoded from an encoded record is the record", () => {
    const y = arithmetic.fields[1]!;
    fc.assert(
      fc.property(fc.stringMatching(/^[0-3]{0,9}$/), (text) => {
        expect(decodeTokens(arithmetic, y, encode(arithmetic, { x: "1", y: text }).fields["y"]!)).toBe(text);
      }),
    );
    const labels = sketchModel(language, { Char: ["up", "down", "<UNK>"] });
    fc.assert(
      fc.property(fc.array(fc.constantFrom("up", "down")), (list) => {
        expect(decodeTokens(labels, labels.fields[0]!, encode(labels, { c: list }).fields["c"]!)).toEqual(list);
      }),
    );
  });
});

describe("numbers", () => {
  const film = sketchModel({
    axes: [{ bound: "T" }, { bound: "K", kind: "static", size: 2 }],
    fields: [floats("x", ["T"], [2, 2, 1]), floats("m", ["K"]), floats("u", [])],
  });
  const flat = [1, 2, 3, 4, 5, 6, 7, 8];
  const rest = { m: [1, 2], u: 3 };

  test.each<[string, unknown]>([
    [
      "nested fully",
      [
        [
          [[1], [2]],
          [[3], [4]],
        ],
        [
          [[5], [6]],
          [[7], [8]],
        ],
      ],
    ],
    ["a flat list per step", [flat.slice(0, 4), flat.slice(4)]],
    ["one flat list", flat],
    ["a typed array", Float32Array.from(flat)],
    ["typed arrays per step", [Float32Array.from(flat.slice(0, 4)), Float32Array.from(flat.slice(4))]],
  ])("%s", (_, x) => {
    const sample = encode(film, { x, ...rest });
    expect(sample.lengths).toEqual({ T: 2 });
    expect(sample.fields["x"]).toEqual(Float32Array.from(flat));
    expect(sample.fields["u"]).toEqual(Float32Array.of(3));
  });

  test("no step at all", () => {
    expect(encode(film, { x: [], ...rest }).lengths).toEqual({ T: 0 });
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ["a wrong number of pixels", { x: [1, 2, 3], ...rest }, /`x` is T × 2 × 2 × 1 values, but 3 values were given/],
    ["rows for columns", { x: [[[[1, 2, 3, 4]]]], ...rest }, /but 1 × 1 × 1 × 4 values/],
    ["ragged rows", { x: [[1, 2, 3, 4], [5]], ...rest }, /`x\[1\]` has 1 entries, but the lists beside it 4/],
    ["lists beside numbers", { x: [1, [2]], ...rest }, /`x\[1\]` is a list, but a single value/],
    ["a fixed axis", { x: [], m: [1, 2, 3], u: 0 }, /`m` is 2 values, but 3 values/],
    ["a string", { x: ["a"], ...rest }, /`x\[0\]` is a number/],
    ["not finite", { x: [1, 2, 3, Number.NaN], ...rest }, /`x\[3\]` is a/],
    ["a list for a scalar", { x: [], m: [1, 2], u: [1, 2] }, /`u` is a number/],
  ])("%s", (_, record, message) => {
    expect(reason(() => encode(film, record))).toMatch(message);
  });

  test("an axis that two fields share has one length", () => {
    const model = sketchModel({ axes: [{ bound: "T" }], fields: [floats("x", ["T"]), floats("z", ["T"])] });
    expect(reason(() => encode(model, { x: [1, 2, 3], z: [1, 2] }))).toMatch(/`z` has 2 steps along T, but `x` has 3/);
  });

  test("a bernoulli random is 0, 1 or a truth value", () => {
    const model = sketchModel({ axes: [], fields: [{ ...floats("a", []), role: "random", dist: "bernoulli" }] });
    expect(encode(model, { a: true }).fields["a"]).toEqual(Float32Array.of(1));
    expect(reason(() => encode(model, { a: 2 }))).toMatch(/0 or 1/);
  });
});

describe("batches", () => {
  test("time-major, padded with the last token", () => {
    const samples = [encode(arithmetic, { x: "1+2", y: "3" }), encode(arithmetic, { x: "3", y: "33" })];
    const batch = makeBatch(arithmetic, samples);
    expect(batch.size).toBe(2);
    expect(batch.extents).toEqual({ S: 3, T: 3 });
    expect(batch.lengths).toEqual({ S: Int32Array.of(3, 1), T: Int32Array.of(2, 3) });
    expect(batch.fields["x"]).toEqual(Int32Array.of(2, 4, 0, 4, 3, 4));
    expect(batch.fields["y"]).toEqual(Int32Array.of(3, 3, 5, 3, 5, 5));
  });

  const grid = sketchModel({
    axes: [{ bound: "I" }, { bound: "J" }, { bound: "K", kind: "static", size: 2 }],
    fields: [floats("x", ["I", "J"], [2]), floats("m", ["K"], [3]), floats("u", [])],
  });

  test("property: element [i, j, b, k] of a batch is element [i, j, k] of its sample, and the rest is one of its own", () => {
    const record = fc
      .record({ I: fc.integer({ min: 0, max: 4 }), J: fc.integer({ min: 0, max: 4 }) })
      .map(({ I, J }) => ({
        x: Array.from({ length: I }, (_, i) =>
          Array.from({ length: J }, (_, j) => [100 * i + 10 * j + 1, 100 * i + 10 * j + 2]),
        ),
        m: [
          [1, 2, 3],
          [4, 5, 6],
        ],
        u: 7,
        I,
        J,
      }))
      .filter(({ I, J }) => I > 0 || J === 0);
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 4 }), fc.integer({ min: 0, max: 6 }), (records, most) => {
        const batch = makeBatch(
          grid,
          records.map((r) => encode(grid, r)),
          { I: most },
        );
        const { I = 0, J = 0 } = batch.extents;
        const B = records.length;
        expect(I).toBe(Math.max(most, ...records.map((r) => r.I)));
        const all = records.flatMap((r) => r.x.flat());
        const own = records.map((r) => {
          const entries = r.x.flat();
          return entries.length ? entries : all.length ? all : [[0, 0]];
        });
        for (let i = 0; i < I; i++) {
          for (let j = 0; j < J; j++) {
            for (const [b, r] of records.entries()) {
              const at = ((i * J + j) * B + b) * 2;
              const entry = [...batch.fields["x"]!.subarray(at, at + 2)];
              const given = r.x[i]?.[j];
              if (given) expect(entry).toEqual(given);
              else expect(own[b]).toContainEqual(entry);
            }
          }
        }
        for (const b of records.keys()) {
          expect(batch.fields["u"]![b]).toBe(7);
          for (const [k, row] of records[b]!.m.entries()) {
            for (const [d, v] of row.entries()) expect(batch.fields["m"]![(k * B + b) * 3 + d]).toBe(v);
          }
        }
      }),
    );
  });

  test("a random that only some samples have", () => {
    const samples = [
      encode(arithmetic, { x: "1", y: "3" }, { partial: true }),
      encode(arithmetic, { x: "1" }, { partial: true }),
    ];
    expect(reason(() => makeBatch(arithmetic, samples))).toMatch(/has no length along T/);
    expect(makeBatch(arithmetic, [samples[1]!]).fields["y"]).toBeUndefined();
  });
});
