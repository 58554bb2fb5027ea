/** Contractions. All are linear in each argument and closed under differentiation. Vectors are columns (R2). */
import { E, type Expr } from "../system/expr.js";
import { product } from "../system/types.js";
import { at, defineOp, ShapeError } from "./types.js";

const dims = (shape: readonly number[] | undefined, rank: number, name: string): readonly number[] => {
  if (!shape || shape.length !== rank) throw new ShapeError(`${name} needs rank ${rank}, not [${shape}]`);
  return shape;
};
const agree = (a: number | undefined, b: number | undefined, name: string): void => {
  if (a !== b) throw new ShapeError(`${name} contracts ${a} with ${b}`);
};

/** A·B over matrices given by accessors, row-major. */
function contract(
  m: number,
  k: number,
  n: number,
  a: (i: number, p: number) => number,
  b: (p: number, j: number) => number,
): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) for (let p = 0; p < k; p++) out[i * n + j] = at(out, i * n + j) + a(i, p) * b(p, j);
  return out;
}

export const mv = defineOp({
  name: "mv",
  doc: "Matrix [m, n] times vector [n].",
  params: ["W", "x"],
  multilinear: true,
  zero: "any",
  infer: ([W, x]) => {
    agree(dims(W, 2, "mv")[1], dims(x, 1, "mv")[0], "mv");
    return [(W as number[])[0] as number];
  },
  eval: ([W, x], _, [s]) => {
    const [m, n] = s as [number, number];
    return contract(
      m,
      n,
      1,
      (i, p) => at(W, i * n + p),
      (p) => at(x, p),
    );
  },
  vjp: ({ ct, args: [W, x] }) => [E.outer(ct, x as Expr), E.mvT(W as Expr, ct)], // W̄ = ȳ xᵀ, x̄ = Wᵀ ȳ
  samples: [{ shapes: [[2, 3], [3]] }],
});

export const mvT = defineOp({
  name: "mvT",
  doc: "Transpose of a matrix [m, n] times vector [m].",
  params: ["W", "y"],
  multilinear: true,
  zero: "any",
  infer: ([W, y]) => {
    agree(dims(W, 2, "mvT")[0], dims(y, 1, "mvT")[0], "mvT");
    return [(W as number[])[1] as number];
  },
  eval: ([W, y], _, [s]) => {
    const [m, n] = s as [number, number];
    return contract(
      n,
      m,
      1,
      (i, p) => at(W, p * n + i),
      (p) => at(y, p),
    );
  },
  vjp: ({ ct, args: [W, y] }) => [E.outer(y as Expr, ct), E.mv(W as Expr, ct)],
  samples: [{ shapes: [[2, 3], [2]] }],
});

export const mm = defineOp({
  name: "mm",
  doc: "Matrix [m, k] times matrix [k, n].",
  params: ["A", "B"],
  multilinear: true,
  zero: "any",
  infer: ([A, B]) => {
    agree(dims(A, 2, "mm")[1], dims(B, 2, "mm")[0], "mm");
    return [(A as number[])[0] as number, (B as number[])[1] as number];
  },
  eval: ([A, B], _, [a, b]) => {
    const [m, k] = a as [number, number];
    const n = (b as number[])[1] as number;
    return contract(
      m,
      k,
      n,
      (i, p) => at(A, i * k + p),
      (p, j) => at(B, p * n + j),
    );
  },
  vjp: ({ ct, args: [A, B] }) => [E.mm(ct, E.transpose(B as Expr)), E.mm(E.transpose(A as Expr), ct)],
  samples: [
    {
      shapes: [
        [2, 3],
        [3, 2],
      ],
    },
  ],
});

export const transpose = defineOp({
  name: "transpose",
  doc: "Transpose of a matrix.",
  params: ["A"],
  multilinear: true,
  zero: "all",
  infer: ([A]) => {
    const [m, n] = dims(A, 2, "transpose") as [number, number];
    return [n, m];
  },
  eval: ([A], _, [s]) => {
    const [m, n] = s as [number, number];
    return (A as Float64Array).map((_, k) => at(A, (k % m) * n + Math.floor(k / m)));
  },
  vjp: ({ ct }) => [E.transpose(ct)],
  samples: [{ shapes: [[2, 3]] }],
});

export const outer = defineOp({
  name: "outer",
  doc: "Outer product x yᵀ of two vectors.",
  params: ["x", "y"],
  multilinear: true,
  zero: "any",
  infer: ([x, y]) => [dims(x, 1, "outer")[0] as number, dims(y, 1, "outer")[0] as number],
  eval: ([x, y]) =>
    contract(
      (x as Float64Array).length,
      1,
      (y as Float64Array).length,
      (i) => at(x, i),
      (_, j) => at(y, j),
    ),
  vjp: ({ ct, args: [x, y] }) => [E.mv(ct, y as Expr), E.mvT(ct, x as Expr)],
  samples: [{ shapes: [[2], [3]] }],
});

export const dot = defineOp({
  name: "dot",
  doc: "Inner product of two tensors of one shape.",
  params: ["x", "y"],
  multilinear: true,
  zero: "any",
  infer: ([x, y]) => {
    if (x?.join() !== y?.join()) throw new ShapeError(`dot of [${x}] and [${y}]`);
    return [];
  },
  eval: ([x, y]) => Float64Array.of((x as Float64Array).reduce((s, v, i) => s + v * at(y, i), 0)),
  vjp: ({ ct, args: [x, y] }) => [E.scale(ct, y as Expr), E.scale(ct, x as Expr)],
  samples: [
    { shapes: [[3], [3]] },
    {
      shapes: [
        [2, 2],
        [2, 2],
      ],
    },
  ],
});

export const scale = defineOp({
  name: "scale",
  doc: "A scalar times a tensor.",
  params: ["s", "x"],
  multilinear: true,
  zero: "any",
  infer: ([s, x]) => {
    dims(s, 0, "scale");
    return [...(x as readonly number[])];
  },
  eval: ([s, x]) => (x as Float64Array).map((v) => v * at(s, 0)),
  vjp: ({ ct, args: [s, x] }) => [E.dot(ct, x as Expr), E.scale(s as Expr, ct)],
  samples: [{ shapes: [[], [3]] }, { shapes: [[], [2, 2]] }],
});

export const fill = defineOp({
  name: "fill",
  doc: "A tensor of the given shape, all equal to a scalar.",
  params: ["s"],
  multilinear: true,
  zero: "all",
  infer: ([s], attrs) => {
    dims(s, 0, "fill");
    return [...(attrs["shape"] as number[])];
  },
  eval: ([s], attrs) => new Float64Array(product(attrs["shape"] as number[])).fill(at(s, 0)),
  vjp: ({ ct }) => [E.sumf(ct)],
  samples: [{ shapes: [[]], attrs: { shape: [3] } }],
});

export const sumf = defineOp({
  name: "sumf",
  doc: "Sum of all features.",
  params: ["x"],
  multilinear: true,
  zero: "all",
  infer: () => [],
  eval: ([x]) => Float64Array.of((x as Float64Array).reduce((a, b) => a + b, 0)),
  vjp: ({ ct, shapes }) => [E.fill(ct, shapes[0] as number[])],
  samples: [{ shapes: [[3]] }, { shapes: [[2, 2]] }],
});
