/** Operations of a plan, against counts by hand. */
import { describe, expect, test } from "vitest";
import { flopsOf } from "../../src/compiler/plan/flops.js";
import { planOf } from "../../src/compiler/plan/lower.js";
import { Flat, type Ref } from "../../src/compiler/plan/tensors.js";
import type { TensorOp } from "../../src/compiler/plan/types.js";

function plan(op: TensorOp, shapes: readonly (readonly number[])[], attrs: object, result: readonly number[]) {
  const flat = new Flat();
  const args = shapes.map((shape, k) => flat.one("given", [], { id: `x${k}` }, shape));
  const out = flat.one(op, args, attrs as Record<string, boolean>, result);
  return planOf(flat, new Map<string, Ref>([["out", flat.unary("tanh", out, Math.tanh)]]));
}

describe("two operations for each term of a contraction", () => {
  test.each([
    [false, false, [2, 3], [3, 5]],
    [true, false, [3, 2], [3, 5]],
    [false, true, [2, 3], [5, 3]],
    [true, true, [3, 2], [5, 3]],
  ])("matmul, transposed: %s, %s", (ta, tb, a, b) => {
    expect(flopsOf(plan("matmul", [a, b], { ta, tb }, [2, 5]))).toBe(2 * 2 * 3 * 5);
    const batched = [a, b].map((shape) => [7, ...shape]);
    expect(flopsOf(plan("bmm", batched, { ta, tb }, [7, 2, 5]))).toBe(7 * 2 * 2 * 3 * 5);
  });

  test("convolution and its two gradients cost the same", () => {
    const [images, kernel, result] = [
      [6, 9, 8, 2],
      [3, 2, 2, 4],
      [6, 7, 7, 4],
    ];
    const attrs = { stride: 1, pad: "valid" };
    const expected = 2 * (6 * 7 * 7 * 4) * (3 * 2 * 2);
    expect(flopsOf(plan("conv2d", [images, kernel], attrs, result))).toBe(expected);
    expect(flopsOf(plan("conv2dInput", [result, kernel], attrs, images))).toBe(expected);
    expect(flopsOf(plan("conv2dFilter", [images, result], attrs, kernel))).toBe(expected);
  });
});
