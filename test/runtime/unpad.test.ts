import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SystemBuilder } from "../../src/compiler/system/builder.js";
import { BATCH } from "../../src/compiler/system/types.js";
import type { Batch } from "../../src/runtime/types.js";
import { unpad } from "../../src/runtime/unpad.js";

const builder = new SystemBuilder();
builder.axis("T", "ragged");
builder.axis("S", "ragged");
builder.axis("K", "static", { size: 2 });
const [t, s, k] = [
  { name: "t", axis: "T" },
  { name: "s", axis: "S" },
  { name: "k", axis: "K" },
];
builder.declare("grid", [BATCH, t, k, s], [3], "eq");
builder.declare("shared", [k], [2], "eq");
const system = builder.finish();

describe("unpadding", () => {
  it("gives each sample its own box, in order", () => {
    const sizes = fc.array(fc.tuple(fc.nat(3), fc.nat(4)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(sizes, (lengths) => {
        const [T, S] = [0, 1].map((i) => Int32Array.from(lengths, (l) => l[i] as number)) as [Int32Array, Int32Array];
        const batch: Batch = { size: lengths.length, lengths: { T, S }, extents: { T: 3, S: 4 }, fields: {} };
        const n = lengths.length;
        // every number tells where it is: t, k, s, sample, feature
        const data = Float32Array.from({ length: 3 * 2 * 4 * n * 3 }, (_, i) => i);
        const place = (t: number, k: number, s: number, b: number, f: number): number =>
          (((t * 2 + k) * 4 + s) * n + b) * 3 + f;
        for (const [b, sample] of unpad(system, builder.get("grid"), batch, data).entries()) {
          const [own, other] = lengths[b] as [number, number];
          const wanted: number[] = [];
          for (let t = 0; t < own; t++)
            for (let k = 0; k < 2; k++)
              for (let s = 0; s < other; s++) for (let f = 0; f < 3; f++) wanted.push(place(t, k, s, b, f));
          expect(sample.shape).toEqual([own, 2, other, 3]);
          expect([...sample.data]).toEqual(wanted);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("what belongs to no sample is the same for all", () => {
    const batch: Batch = { size: 2, lengths: {}, extents: {}, fields: {} };
    const [one, two] = unpad(system, builder.get("shared"), batch, Int32Array.of(1, 2, 3, 4));
    expect(one).toEqual({ shape: [2, 2], data: Int32Array.of(1, 2, 3, 4) });
    expect(two).toEqual(one);
  });
});
