/** Elementwise ops: all arguments and the result have one shape. Derivatives with R22's subgradients. */
import { E, type Expr } from "../system/expr.js";
import {
  allEqual,
  defineOp,
  dtypeOfFirst,
  num,
  type OpDef,
  type OpSample,
  type VjpContext,
  type ZeroRule,
} from "./types.js";

const vector: OpSample[] = [{ shapes: [[3]] }, { shapes: [[2, 2]] }, { shapes: [[]] }];
const positive: OpSample[] = [{ shapes: [[3]], data: [[0.3, 1, 2.5]] }];
const pairs: OpSample[] = [{ shapes: [[3], [3]] }, { shapes: [[], []] }];

function unary<Name extends string>(
  name: Name,
  doc: string,
  f: (x: number) => number,
  vjp: ((c: VjpContext, x: Expr) => Expr) | { none: string },
  options: { zero?: "all"; samples?: OpSample[] } = {},
): OpDef<Name> {
  return defineOp({
    name,
    doc,
    params: ["x"],
    zero: options.zero ?? "never",
    infer: (s) => allEqual(s, name),
    eval: ([x]) => (x as Float64Array).map(f),
    vjp: typeof vjp === "function" ? (c) => [vjp(c, c.args[0] as Expr)] : vjp,
    samples: options.samples ?? vector,
  });
}

function binary<Name extends string>(
  name: Name,
  doc: string,
  f: (x: number, y: number) => number,
  vjp: ((c: VjpContext, x: Expr, y: Expr) => readonly (Expr | null)[]) | { none: string },
  samples: OpSample[] = pairs,
  zero: ZeroRule = "never",
): OpDef<Name> {
  return defineOp({
    name,
    doc,
    params: ["x", "y"],
    zero,
    infer: (s) => allEqual(s, name),
    eval: ([x, y]) => (x as Float64Array).map((v, i) => f(v, (y as Float64Array)[i] as number)),
    vjp: typeof vjp === "function" ? (c) => vjp(c, c.args[0] as Expr, c.args[1] as Expr) : vjp,
    samples,
  });
}

const piecewise = { none: "piecewise constant: zero almost everywhere" };
const comparison = { none: "comparison: zero almost everywhere" };
const zeros = (c: VjpContext): Expr => E.num(0, c.outShape);
const sigmoidOf = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

export const add = defineOp({
  name: "add",
  doc: "Sum of any number of tensors of one shape.",
  params: ["x…"],
  zero: "all",
  infer: (s) => allEqual(s, "add"),
  eval: (xs) => (xs[0] as Float64Array).map((_, i) => xs.reduce((a, x) => a + (x[i] as number), 0)),
  vjp: ({ ct, args }) => args.map(() => ct),
  samples: [{ shapes: [[3], [3]] }, { shapes: [[2], [2], [2]] }],
});

export const mul = defineOp({
  name: "mul",
  doc: "Elementwise product of any number of tensors of one shape.",
  params: ["x…"],
  multilinear: true,
  zero: "any",
  infer: (s) => allEqual(s, "mul"),
  eval: (xs) => (xs[0] as Float64Array).map((_, i) => xs.reduce((a, x) => a * (x[i] as number), 1)),
  // d(xy) = dx·y + x·dy
  vjp: ({ ct, args }) => args.map((_, i) => E.mul(ct, ...args.filter((_, j) => j !== i))),
  samples: [{ shapes: [[3], [3]] }, { shapes: [[2], [2], [2]] }],
});

export const affine = defineOp({
  name: "affine",
  doc: "a·x + b with constants a and b.",
  params: ["x"],
  zero: (attrs) => (attrs["b"] === 0 ? "all" : "never"),
  infer: (s) => allEqual(s, "affine"),
  eval: ([x], attrs) => (x as Float64Array).map((v) => num(attrs, "a") * v + num(attrs, "b")),
  vjp: ({ ct, attrs }) => [E.affine(num(attrs, "a"), 0, ct)],
  samples: [{ shapes: [[3]], attrs: { a: -2, b: 0.5 } }],
});

export const div = binary(
  "div",
  "Real quotient x / y.",
  (x, y) => x / y,
  (c, _, y) => [
    E.div(c.ct, y),
    E.neg(E.mul(c.ct, E.div(c.out, y))), // d(x/y) = −(x/y)/y dy
  ],
  [{ shapes: [[3], [3]], data: [null, [0.5, -2, 3]] }],
  "first",
);

export const pow = binary(
  "pow",
  "x to the power y.",
  (x, y) => x ** y,
  (c, x, y) => [
    // y x^(y−1); 0 where y = 0, also at x = 0
    E.where(E.equal(y, zeros(c)), zeros(c), E.mul(c.ct, y, E.pow(x, E.affine(1, -1, y)))),
    // x^y ln x where x > 0; a power of a non-positive base has no derivative in its exponent
    E.mul(
      c.ct,
      c.out,
      E.where(E.less(zeros(c), x), E.map("log", E.where(E.less(zeros(c), x), x, E.num(1, c.outShape))), zeros(c)),
    ),
  ],
  [
    {
      shapes: [[3], [3]],
      data: [
        [0.5, 2, 3],
        [2, -1, 0.5],
      ],
    },
  ],
);

export const maximum = binary(
  "maximum",
  "The larger of x and y; a tie gives all of the gradient to x.",
  Math.max,
  (c, x, y) => [E.where(E.less(x, y), zeros(c), c.ct), E.where(E.less(x, y), c.ct, zeros(c))],
);

export const minimum = binary(
  "minimum",
  "The smaller of x and y; a tie gives all of the gradient to x.",
  Math.min,
  (c, x, y) => [E.where(E.less(y, x), zeros(c), c.ct), E.where(E.less(y, x), c.ct, zeros(c))],
);

export const mod = binary(
  "mod",
  "Floored remainder: the sign of y.",
  (x, y) => x - y * Math.floor(x / y),
  { none: "an index operation" },
  [
    {
      shapes: [[3], [3]],
      data: [
        [5, -1, 7],
        [3, 3, 2],
      ],
    },
  ],
);

export const where = defineOp({
  name: "where",
  doc: "x where the condition is not 0, else y. It selects adjoints and never multiplies, so 0 · inf cannot arise.",
  params: ["condition", "x", "y"],
  dtype: ([, x, y]) => (x === "int" && y === "int" ? "int" : "float"),
  zero: "never",
  infer: (s) => allEqual(s, "where"),
  eval: ([c, x, y]) =>
    (c as Float64Array).map((v, i) => (v !== 0 ? (x as Float64Array)[i] : (y as Float64Array)[i]) as number),
  vjp: (c) => [null, E.where(c.args[0] as Expr, c.ct, zeros(c)), E.where(c.args[0] as Expr, zeros(c), c.ct)],
  samples: [{ shapes: [[3], [3], [3]], data: [[1, 0, 1], null, null] }],
});

export const less = binary("less", "1 where x < y, else 0.", (x, y) => (x < y ? 1 : 0), comparison);
export const lessEqual = binary("lessEqual", "1 where x ≤ y, else 0.", (x, y) => (x <= y ? 1 : 0), comparison);
export const equal = binary("equal", "1 where x = y, else 0.", (x, y) => (x === y ? 1 : 0), comparison, [
  {
    shapes: [[3], [3]],
    data: [
      [1, 2, 3],
      [1, 0, 3],
    ],
  },
]);

export const tanh = unary(
  "tanh",
  "Hyperbolic tangent.",
  Math.tanh,
  (c) => E.mul(c.ct, E.affine(-1, 1, E.mul(c.out, c.out))),
  { zero: "all" },
); // 1 − tanh²
export const sigmoid = unary("sigmoid", "Logistic function 1 / (1 + e^−x).", sigmoidOf, (c) =>
  E.mul(c.ct, c.out, E.affine(-1, 1, c.out)),
); // σ(1 − σ)
export const relu = unary(
  "relu",
  "max(x, 0), with derivative 0 at 0.",
  (x) => Math.max(x, 0),
  (c) => E.where(E.less(zeros(c), c.out), c.ct, zeros(c)),
  { zero: "all" },
);
export const softplus = unary(
  "softplus",
  "log(1 + e^x), without overflow.",
  (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  (c, x) => E.mul(c.ct, E.map("sigmoid", x)),
);
export const exp = unary("exp", "e^x.", Math.exp, (c) => E.mul(c.ct, c.out));
export const log = unary("log", "Natural logarithm.", Math.log, (c, x) => E.div(c.ct, x), { samples: positive });
export const sqrt = unary(
  "sqrt",
  "Square root, with derivative 0 at 0.",
  Math.sqrt,
  (c) => {
    const isPositive = E.less(zeros(c), c.out);
    return E.where(isPositive, E.div(c.ct, E.affine(2, 0, E.where(isPositive, c.out, E.num(1, c.outShape)))), zeros(c));
  },
  { zero: "all", samples: positive },
);
export const abs = unary(
  "abs",
  "Absolute value, with derivative 0 at 0.",
  Math.abs,
  (c, x) => E.mul(c.ct, E.map("sign", x)),
  { zero: "all" },
);
export const sign = unary("sign", "−1, 0 or 1.", Math.sign, piecewise, { zero: "all" });
export const floor = unary("floor", "Largest integer not above x.", Math.floor, piecewise, { zero: "all" });
export const sin = unary("sin", "Sine.", Math.sin, (c, x) => E.mul(c.ct, E.map("cos", x)), { zero: "all" });
export const cos = unary("cos", "Cosine.", Math.cos, (c, x) => E.neg(E.mul(c.ct, E.map("sin", x))));

export const stop = defineOp({
  name: "stop",
  doc: "x, with no gradient through it.",
  params: ["x"],
  dtype: dtypeOfFirst,
  zero: "all",
  infer: (s) => allEqual(s, "stop"),
  eval: ([x]) => x as Float64Array,
  vjp: { none: "stop-gradient" },
  samples: vector,
});

export const id = defineOp({
  name: "id",
  doc: "x itself.",
  params: ["x"],
  dtype: dtypeOfFirst,
  multilinear: true,
  zero: "all",
  infer: (s) => allEqual(s, "id"),
  eval: ([x]) => x as Float64Array,
  vjp: ({ ct }) => [ct],
  samples: vector,
});

export const mask = defineOp({
  name: "mask",
  doc: "x inside the domain of the named variables; on the padding of a batch, 0 by selection. Without padding it is x.",
  params: ["x"],
  dtype: dtypeOfFirst,
  multilinear: true,
  zero: "all",
  infer: (s) => allEqual(s, "mask"),
  eval: ([x]) => x as Float64Array,
  vjp: ({ ct, attrs }) => [{ e: "op", op: "mask", args: [ct], attrs }],
  samples: [{ shapes: [[2]], attrs: { slots: ["t"] } }],
});
