/**
 * Tokens: an integer stands for its one-hot vector (R7). Products with one-hot vectors are gathers, their adjoints scatters;
 * each pair is closed under differentiation. The index argument never has an adjoint. −1 is the missing token, the zero vector.
 */
import { E, type Expr, op } from "../system/expr.js";
import { product } from "../system/types.js";
import { defineOp, dtypeOfFirst, num, ShapeError } from "./types.js";

const index = (i: Float64Array | undefined): number => (i as Float64Array)[0] as number;

export const col = defineOp({
  name: "col",
  doc: "Column i of a matrix [m, n]: W @ onehot(i).",
  params: ["W", "i"],
  dtype: dtypeOfFirst,
  zero: "never",
  infer: ([W]) => {
    if (W?.length !== 2) throw new ShapeError(`col of [${W}]`);
    return [W[0] as number];
  },
  eval: ([W, i], _, [s]) => {
    const [m, n] = s as [number, number];
    return Float64Array.from({ length: m }, (_, r) =>
      index(i) < 0 ? 0 : ((W as Float64Array)[r * n + index(i)] as number),
    );
  },
  vjp: ({ ct, args, shapes }) => [op("putCol", [ct, args[1] as Expr], { n: shapes[0]?.[1] as number }), null],
  samples: [{ shapes: [[2, 3], []], data: [null, [1]] }],
});

export const putCol = defineOp({
  name: "putCol",
  doc: "Outer product of a vector [m] with onehot(i) of size n: the vector in column i of zeros [m, n].",
  params: ["x", "i"],
  multilinear: true,
  zero: "first",
  infer: ([x], attrs) => {
    if (x?.length !== 1) throw new ShapeError(`putCol of [${x}]`);
    return [x[0] as number, num(attrs, "n")];
  },
  eval: ([x, i], attrs) => {
    const n = num(attrs, "n");
    const out = new Float64Array((x as Float64Array).length * n);
    if (index(i) >= 0) for (const [r, v] of (x as Float64Array).entries()) out[r * n + index(i)] = v;
    return out;
  },
  vjp: ({ ct, args }) => [op("col", [ct, args[1] as Expr]), null],
  samples: [{ shapes: [[2], []], data: [null, [1]], attrs: { n: 3 } }],
});

export const pick = defineOp({
  name: "pick",
  doc: "Entry i of the first dim: row i of a matrix, element i of a vector.",
  params: ["x", "i"],
  dtype: dtypeOfFirst,
  zero: "never",
  infer: ([x]) => {
    if (!x?.length) throw new ShapeError("pick from a scalar");
    return x.slice(1);
  },
  eval: ([x, i], _, [s]) => {
    const n = product((s as readonly number[]).slice(1));
    return index(i) < 0 ? new Float64Array(n) : (x as Float64Array).slice(index(i) * n, (index(i) + 1) * n);
  },
  vjp: ({ ct, args, shapes }) => [op("put", [ct, args[1] as Expr], { n: shapes[0]?.[0] as number }), null],
  samples: [
    { shapes: [[4], []], data: [null, [2]] },
    { shapes: [[3, 2], []], data: [null, [1]] },
  ],
});

export const put = defineOp({
  name: "put",
  doc: "x as entry i of n in the first dim, zeros elsewhere: the adjoint of `pick`; `put(1, i)` is the one-hot vector.",
  params: ["x", "i"],
  multilinear: true,
  zero: "first",
  infer: ([x], attrs) => [num(attrs, "n"), ...(x as readonly number[])],
  eval: ([x, i], attrs) => {
    const size = (x as Float64Array).length;
    const out = new Float64Array(num(attrs, "n") * size);
    if (index(i) >= 0) out.set(x as Float64Array, index(i) * size);
    return out;
  },
  vjp: ({ ct, args }) => [op("pick", [ct, args[1] as Expr]), null],
  samples: [
    { shapes: [[], []], data: [null, [2]], attrs: { n: 4 } },
    { shapes: [[2], []], data: [null, [1]], attrs: { n: 3 } },
  ],
});

const softmaxOf = (z: Float64Array): Float64Array => {
  const m = Math.max(...z);
  const e = z.map((v) => Math.exp(v - m));
  const s = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / s);
};

export const xent = defineOp({
  name: "xent",
  doc: "Cross-entropy −log softmax(z)[y] of logits z with a token y.",
  params: ["z", "y"],
  zero: "never",
  infer: () => [],
  eval: ([z, y]) => {
    const m = Math.max(...(z as Float64Array));
    return Float64Array.of(
      m +
        Math.log((z as Float64Array).reduce((s, v) => s + Math.exp(v - m), 0)) -
        ((z as Float64Array)[index(y)] as number),
    );
  },
  vjp: ({ ct, args }) => [E.scale(ct, op("xentGrad", args)), null], // softmax(z) − onehot(y)
  samples: [{ shapes: [[4], []], data: [null, [2]] }],
});

export const xentGrad = defineOp({
  name: "xentGrad",
  doc: "softmax(z) − onehot(y).",
  params: ["z", "y"],
  zero: "never",
  infer: ([z]) => [...(z as readonly number[])],
  eval: ([z, y]) => softmaxOf(z as Float64Array).map((v, i) => v - (i === index(y) ? 1 : 0)),
  vjp: (c) => [
    E.sub(
      E.mul(softmaxFrom(c.args[0] as Expr), c.ct),
      E.scale(E.dot(softmaxFrom(c.args[0] as Expr), c.ct), softmaxFrom(c.args[0] as Expr)),
    ),
    null,
  ],
  samples: [{ shapes: [[4], []], data: [null, [2]] }],
});
const softmaxFrom = (z: Expr): Expr => E.softmax(z);

export const argmaxf = defineOp({
  name: "argmaxf",
  doc: "Index of the first maximum of a vector.",
  params: ["x"],
  dtype: "int",
  zero: "never",
  infer: () => [],
  eval: ([x]) => Float64Array.of((x as Float64Array).indexOf(Math.max(...(x as Float64Array)))),
  vjp: { none: "an index" },
  samples: [{ shapes: [[4]] }],
});

export const toFloat = defineOp({
  name: "toFloat",
  doc: "An integer as a real number.",
  params: ["i"],
  zero: "all",
  infer: ([i]) => [...(i as readonly number[])],
  eval: ([i]) => i as Float64Array,
  vjp: { none: "an integer" },
  samples: [{ shapes: [[]], data: [[3]] }],
});

export const toInt = defineOp({
  name: "toInt",
  doc: "A number that is an integer, as an index.",
  params: ["x"],
  dtype: "int",
  zero: "all",
  infer: ([x]) => [...(x as readonly number[])],
  eval: ([x]) => x as Float64Array,
  vjp: { none: "an index" },
  samples: [{ shapes: [[]], data: [[2]] }],
});

export const only = defineOp({
  name: "only",
  doc:
    "x where the variable `slot` has the index i, else `fill` (0). Summed over `slot` it is a gather, over others a scatter. " +
    "`sure`: i is an index of the axis.",
  params: ["x", "i"],
  dtype: dtypeOfFirst,
  multilinear: true,
  zero: (attrs) => ("fill" in attrs ? "never" : "first"),
  infer: ([x]) => [...(x as readonly number[])],
  vjp: ({ ct, args, attrs }) => [op("only", [ct, args[1] as Expr], { slot: attrs["slot"] as string }), null],
  samples: [],
  unsampled: "depends on the point where it is evaluated: tested in whole systems",
});

export const token = defineOp({
  name: "token",
  doc: "A constant integer or token.",
  params: [],
  dtype: "int",
  zero: "never",
  infer: () => [],
  eval: (_, attrs) => Float64Array.of(num(attrs, "value")),
  vjp: { none: "an integer" },
  samples: [{ shapes: [], attrs: { value: 2 } }],
});
