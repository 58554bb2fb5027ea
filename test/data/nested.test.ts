/** Lists within lists whose lengths differ: from records to batches and back. */
import { describe, expect, test } from "vitest";
import { SystemBuilder } from "../../src/compiler/system/builder.js";
import { BATCH } from "../../src/compiler/system/types.js";
import { bucketsOf, fixedGroups } from "../../src/runtime/data/buckets.js";
import { DataError, encode, makeBatch } from "../../src/runtime/data/index.js";
import { present } from "../../src/runtime/decoder/present.js";
import { drawNoise } from "../../src/runtime/noise.js";
import { unpad } from "../../src/runtime/unpad.js";
import { floats, type Sketch, sketchModel, tokens } from "./model.js";

const sketch: Sketch = {
  axes: [
    { bound: "K" },
    { bound: "U", within: "K" },
    { bound: "C", within: "U" },
    { bound: "H", within: "K", length: { op: "div", a: { extent: "U" }, b: 2 } },
  ],
  vocabs: [{ name: "W", tokens: ["a", "b", "c"] }],
  fields: [tokens("w", "W", ["K", "U"]), floats("x", ["K", "U"], [2])],
};
const model = sketchModel(sketch);
const only = (fields: Sketch["fields"], axes = sketch.axes ?? []) => sketchModel({ ...sketch, axes, fields });
const words = only([tokens("w", "W", ["K", "U"])]);

const reason = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof DataError) return error.message;
    throw error;
  }
  throw new Error("nothing was wrong");
};

describe("records", () => {
  test("lists of lists of their own lengths, empty ones too", () => {
    const sample = encode(words, { w: [["a", "b"], [], ["c"]] });
    expect(sample.fields["w"]).toEqual(Int32Array.of(0, 1, 2));
    expect(sample.lengths).toEqual({ K: 3, U: [2, 0, 1] });
    expect(encode(words, { w: [] }).lengths).toEqual({ K: 0, U: [] });
  });

  test("strings of characters, one for each index of the outer axis", () => {
    expect(encode(words, { w: ["ab", "c", ""] })).toEqual(encode(words, { w: [["a", "b"], ["c"], []] }));
  });

  test("three deep", () => {
    const letters = only([tokens("l", "W", ["K", "U", "C"])]);
    const sample = encode(letters, { l: [["ab", "c"], ["cab"]] });
    expect(sample.fields["l"]).toEqual(Int32Array.of(0, 1, 2, 2, 0, 1));
    expect(sample.lengths).toEqual({ K: 2, U: [2, 1], C: [[2, 1], [3]] });
  });

  test("the dims of a step as lists or flat", () => {
    const x = [
      [
        [1, 2],
        [3, 4],
      ],
      [[5, 6]],
    ];
    expect(encode(model, { w: ["ab", "c"], x }).fields["x"]).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    const matrices = only([floats("m", ["K", "U"], [1, 2])]);
    expect(encode(matrices, { m: x }).lengths).toEqual({ K: 2, U: [2, 1] });
  });

  test("what does not fit is said with its place", () => {
    const x = [[[1, 2]], [[5, 6]]];
    expect(reason(() => encode(model, { w: ["ab", "c"], x }))).toBe("`x` has 1 steps along U at [0], but `w` has 2");
    expect(reason(() => encode(model, { w: ["ab"], x }))).toMatch(/`x` has 2 steps along K, but `w` has 1/);
    expect(reason(() => encode(words, { w: ["a", ["b", ["c"]]] }))).toMatch(/is a list, but a single value/);
    expect(reason(() => encode(words, { w: [0, 1] }))).toBe(
      "`w` is lists of K of lists of U, but lists of 2 were given",
    );
    const ragged = [[[1, 2]], [[5, 6, 7]]];
    expect(reason(() => encode(model, { w: ["a", "b"], x: ragged }))).toMatch(/`x\[1, 0\]` has 3 entries/);
  });

  test("each sequence ends by itself where its axis is found by decoding", () => {
    const axes = [{ bound: "K" }, { bound: "U", within: "K", until: { random: "y", token: "<EOS>" } }];
    const ended = sketchModel({
      axes,
      vocabs: [{ name: "W", tokens: ["a", "b", "<EOS>"] }],
      fields: [tokens("y", "W", ["K", "U"], "random")],
    });
    const sample = encode(ended, { y: ["ab", ["a", "<EOS>"], ""] });
    expect(sample.fields["y"]).toEqual(Int32Array.of(0, 1, 2, 0, 2, 2));
    expect(sample.lengths["U"]).toEqual([3, 2, 1]);
    const shown = present(ended, { fields: sample.fields, lengths: sample.lengths, logp: 0, ended: true });
    expect(shown["y"]).toEqual(["ab", "a", ""]);
  });

  test("a field over an axis whose length follows from another agrees with it", () => {
    const derived = only([tokens("w", "W", ["K", "U"]), floats("g", ["K", "H"])]);
    expect(encode(derived, { w: ["abc", "a"], g: [[1], []] }).lengths).toEqual({ K: 2, U: [3, 1] });
    expect(reason(() => encode(derived, { w: ["abc", "a"], g: [[1], [2]] }))).toBe(
      "`g` has 1 steps along H at [1], which has 0",
    );
  });
});

describe("batches", () => {
  const samples = [
    encode(words, { w: ["ab", "c"] }),
    encode(words, { w: ["b"] }),
    encode(words, { w: [] }),
    encode(words, { w: ["", "abc"] }),
  ];

  test("lengths are laid out outer axes first, samples last; derived ones are computed", () => {
    const batch = makeBatch(words, samples);
    expect(batch.extents).toEqual({ K: 2, U: 3, H: 1 });
    expect(batch.lengths["U"]).toEqual(Int32Array.of(2, 1, 0, 0, 1, 0, 0, 3));
    expect(batch.lengths["H"]).toEqual(Int32Array.of(1, 0, 0, 0, 0, 0, 0, 1));
    // [K, U, samples]
    const at = (k: number, u: number, b: number): number => batch.fields["w"]?.[(k * 3 + u) * 4 + b] as number;
    expect([at(0, 0, 0), at(0, 1, 0), at(1, 0, 0), at(0, 0, 1), at(1, 2, 3)]).toEqual([0, 1, 2, 1, 2]);
  });

  test("padded further, lengths stay; a derived axis follows the padding of what it is derived from", () => {
    const batch = makeBatch(words, samples, { K: 3, U: 5 });
    expect(batch.extents).toEqual({ K: 3, U: 5, H: 2 });
    expect(batch.lengths["U"]).toHaveLength(3 * 4);
  });

  test("buckets know the longest of a sample", () => {
    const groups = fixedGroups(samples, bucketsOf(samples), 2);
    expect(groups.flatMap((g) => g.members).sort()).toEqual([0, 1, 2, 3]);
    for (const { members, extents } of groups) {
      const batch = makeBatch(
        words,
        members.map((i) => samples[i] as (typeof samples)[number]),
        extents,
      );
      expect(batch.extents).toMatchObject(extents);
    }
  });

  const builder = new SystemBuilder();
  builder.axis("K", "ragged");
  builder.axis("U", "ragged", { within: "K" });
  const slots = [BATCH, { name: "k", axis: "K" }, { name: "u", axis: "U", of: "k" }];
  builder.declare("e", slots, [2], "noise", { noise: { dist: "normal", params: [0, 1] } });
  const system = builder.finish();
  const noise = builder.get("e");

  test("noise depends on the indices alone, and padding repeats it", () => {
    const key = { seed: 1, step: 2, samples: [0, 1, 2, 3] };
    const [near, far] = [makeBatch(words, samples), makeBatch(words, samples, { K: 4, U: 7 })].map((batch) =>
      unpad(system, noise, batch, drawNoise(system, noise, batch, key)).map((s) => ({ ...s, data: [...s.data] })),
    );
    expect(near).toEqual(far);
    const alone = makeBatch(words, samples.slice(3));
    const own = unpad(system, noise, alone, drawNoise(system, noise, alone, { ...key, samples: [3] }));
    expect(own.map((s) => [...s.data])).toEqual([near?.[3]?.data]);
    const all = drawNoise(system, noise, makeBatch(words, samples, { K: 4, U: 7 }), key);
    expect(new Set(all).size).toBe(2 * (3 + 1 + 0 + 3));
  });

  test("values of a sample have the box of its own lengths", () => {
    const batch = makeBatch(words, samples, { K: 4, U: 7 });
    const data = Float32Array.from({ length: 4 * 7 * 4 }, (_, i) => i + 1);
    const scalar = { ...noise, shape: [] };
    const got = unpad(system, scalar, batch, data);
    expect(got.map((s) => s.shape)).toEqual([
      [2, 2],
      [1, 1],
      [0, 0],
      [2, 3],
    ]);
    expect([...(got[0]?.data ?? [])]).toEqual([1, 5, 29, 0]);
    expect([...(got[3]?.data ?? [])]).toEqual([0, 0, 0, 32, 36, 40]);
  });
});
