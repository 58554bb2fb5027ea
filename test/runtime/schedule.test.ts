import { describe, expect, it } from "vitest";
import { learningRateFactor } from "../../src/runtime/train/schedule.js";

const factors = (schedule: Parameters<typeof learningRateFactor>[0], total: number | null, n = 8): number[] =>
  Array.from({ length: n }, (_, step) => learningRateFactor(schedule, step, total));

describe("learning-rate schedules", () => {
  it("warm up linearly and reach the whole rate right after", () => {
    expect(factors({ kind: "constant", warmup: 3 }, null, 5)).toEqual([0.25, 0.5, 0.75, 1, 1]);
    expect(factors({ kind: "constant", warmup: 0 }, null, 3)).toEqual([1, 1, 1]);
  });

  it("linear and cosine go from 1 to their final factor at the last step, and stay there", () => {
    const linear = factors({ kind: "linear", warmup: 0, final: 0 }, 5, 7);
    expect(linear).toEqual([1, 0.75, 0.5, 0.25, 0, 0, 0]);
    const cosine = factors({ kind: "cosine", warmup: 1, final: 0.2 }, 6, 8);
    expect(cosine[1]).toBe(1);
    expect(cosine[3]).toBeCloseTo(0.6, 10);
    expect(cosine[5]).toBeCloseTo(0.2, 10);
    expect(cosine[7]).toBeCloseTo(0.2, 10);
  });

  it("exponential falls by its factor every so many steps after the warm-up", () => {
    expect(factors({ kind: "exponential", warmup: 2, decay: 0.5, every: 3 }, null, 9)).toEqual([
      1 / 3,
      2 / 3,
      1,
      1,
      1,
      0.5,
      0.5,
      0.5,
      0.25,
    ]);
  });
});
