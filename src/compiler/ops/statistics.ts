/** What normalisations are made of: `layernorm(x)` is `scale(inverseRms(c), c)` with c = `centre(x)`. */
import { E, type Expr, op } from "../system/expr.js";
import { product } from "../system/types.js";
import { allEqual, defineOp, num } from "./types.js";

const meanOf = (x: Float64Array): number => x.reduce((a, b) => a + b, 0) / x.length;

export const centre = defineOp({
  name: "centre",
  doc: "x − mean of its features.",
  params: ["x"],
  multilinear: true,
  zero: "all",
  infer: (s) => allEqual(s, "centre"),
  eval: ([x]) => {
    const mean = meanOf(x as Float64Array);
    return (x as Float64Array).map((v) => v - mean);
  },
  // I − 1 1ᵀ / n is symmetric
  vjp: ({ ct }) => [op("centre", [ct])],
  samples: [{ shapes: [[3]] }, { shapes: [[2, 2]] }],
});

export const inverseRms = defineOp({
  name: "inverseRms",
  doc: "1 / √(mean of x² + `epsilon`).",
  params: ["x"],
  zero: "never",
  infer: () => [],
  eval: ([x], attrs) =>
    Float64Array.of(1 / Math.sqrt(meanOf((x as Float64Array).map((v) => v * v)) + num(attrs, "epsilon"))),
  // d (m + ε)^(−½) = −½ (m + ε)^(−3/2) · 2 x dx / n
  vjp: ({ ct, out, args: [x], shapes }) => [
    E.scale(E.affine(-1 / product(shapes[0] as number[]), 0, E.mul(ct, out, out, out)), x as Expr),
  ],
  samples: [
    { shapes: [[3]], attrs: { epsilon: 1e-5 } },
    { shapes: [[2, 2]], attrs: { epsilon: 0.5 } },
  ],
});
