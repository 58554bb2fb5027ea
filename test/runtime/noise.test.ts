import { describe, expect, it } from "vitest";
import { SystemBuilder } from "../../src/compiler/system/builder.js";
import { BATCH, getValue, type Value } from "../../src/compiler/system/types.js";
import { drawNoise } from "../../src/runtime/noise.js";
import type { Batch } from "../../src/runtime/types.js";

const builder = new SystemBuilder();
builder.axis("T", "ragged");
builder.axis("L", "static", { size: 2 });
const slots = [BATCH, { name: "l", axis: "L" }, { name: "t", axis: "T" }];
const declare = (
  id: string,
  noise: NonNullable<Value["noise"]>,
  over = slots,
  shape: readonly number[] = [3],
): Value => {
  builder.declare(id, over, shape, "noise", { noise });
  return builder.get(id);
};
const keep = declare("keep", { dist: "bernoulli", params: [0.25] });
const bell = declare("bell", { dist: "normal", params: [5, 2] });
const flat = declare("flat", { dist: "uniform", params: [-1, 1] });
const shared = declare("shared", { dist: "normal", params: [0, 1] }, [BATCH], [4]);
const system = builder.finish();

const batch = (lengths: readonly number[], extent = Math.max(...lengths)): Batch => ({
  size: lengths.length,
  lengths: { T: Int32Array.from(lengths) },
  extents: { T: extent },
  fields: {},
});
const key = { seed: 1, step: 7, samples: Array.from({ length: 100 }, (_, i) => i) };

/** The numbers of sample b at (l, t), of [2, T, B, 3]. */
const at = (x: Float32Array, { size, extents }: Batch, b: number, l: number, t: number): number[] => {
  const from = ((l * (extents["T"] as number) + t) * size + b) * 3;
  return [...x.subarray(from, from + 3)];
};

describe("noise", () => {
  it("is the same for a sample whatever the padding and the batch", () => {
    const [one, two] = [batch([2]), batch([5, 2, 1], 6)];
    const alone = drawNoise(system, bell, one, { ...key, samples: [1] });
    const among = drawNoise(system, bell, two, key);
    for (const l of [0, 1]) for (const t of [0, 1]) expect(at(among, two, 1, l, t)).toEqual(at(alone, one, 0, l, t));
    // padding repeats the number before it
    for (const t of [2, 5]) expect(at(among, two, 1, 0, t)).toEqual(at(alone, one, 0, 0, 1));
  });

  it("differs by seed, step, sample, name, index", () => {
    const b = batch([3, 3]);
    const x = drawNoise(system, bell, b, key);
    expect(at(x, b, 0, 0, 0)).not.toEqual(at(x, b, 1, 0, 0));
    expect(at(x, b, 0, 0, 0)).not.toEqual(at(x, b, 0, 1, 0));
    expect(at(x, b, 0, 0, 0)).not.toEqual(at(x, b, 0, 0, 1));
    expect(drawNoise(system, bell, b, { ...key, step: 8 })).not.toEqual(x);
    expect(drawNoise(system, bell, b, { ...key, seed: 2 })).not.toEqual(x);
    expect(drawNoise(system, flat, b, key)).not.toEqual(drawNoise(system, keep, b, key));
  });

  it("has the distribution that it states", () => {
    const b = batch(Array.from({ length: 100 }, () => 20));
    const mean = (x: Float32Array): number => x.reduce((a, v) => a + v, 0) / x.length;
    const k = drawNoise(system, keep, b, key);
    expect(new Set(k)).toEqual(new Set([0, 1]));
    expect(mean(k)).toBeCloseTo(0.25, 1);
    const n = drawNoise(system, bell, b, key);
    expect(mean(n)).toBeCloseTo(5, 1);
    expect(mean(n.map((v) => (v - 5) ** 2))).toBeCloseTo(4, 0);
    const u = drawNoise(system, flat, b, key);
    expect(Math.min(...u)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...u)).toBeLessThan(1);
    expect(mean(u)).toBeCloseTo(0, 1);
  });

  it("without an axis there is one draw for each sample", () => {
    expect(drawNoise(system, shared, batch([3, 1]), key).length).toBe(8);
    expect(getValue(system, "shared").role).toBe("noise");
  });
});
