/** Products, shapes and reductions over features. */
import { E, type Expr, op } from "../../system/expr.js";
import { product } from "../../system/types.js";
import * as dims from "../dims.js";
import type { Term } from "../terms.js";
import { isToken, knownOf, setKnown, shapeOf } from "../types.js";
import {
  arg,
  type Builtin,
  type CallContext,
  type CallTerm,
  type Lowering,
  reject,
  result,
  type Shape,
  whenKnown,
} from "./types.js";

/** All features to one number. */
function reduction(name: string, doc: string, lower: (x: Expr, n: number, l: Lowering, t: CallTerm) => Expr): Builtin {
  return {
    name,
    doc,
    params: ["x"],
    check: (c) => whenKnown(c, c.call.args, () => result(c, [])),
    lower: (l, t) => {
      const n = product(l.shape(arg(t)));
      return lower(l.shape(arg(t)).length ? l.tensor(arg(t)) : E.fill(l.tensor(arg(t)), [1]), n, l, t);
    },
  };
}

/** Over the last dim: of each row of a matrix by itself (R10). */
function overLast(name: string, doc: string, lower: (x: Expr, shape: readonly number[]) => Expr): Builtin {
  return {
    name,
    doc,
    params: ["x"],
    check: (c) =>
      whenKnown(c, c.call.args, (s) => {
        if (!s.length) reject(c, arg(c.call), "a vector or a matrix");
        else result(c, s);
      }),
    lower: (l, t) => lower(l.tensor(arg(t)), l.shape(t)),
  };
}

/** An unknown parameter beside a known vector is a vector of its size. */
function sameAsOther(c: CallContext): void {
  const [a, b] = c.call.args as [Term, Term];
  c.solver.add(
    () =>
      (shapeOf(a.type) !== null || knownOf(a.type) !== null) && (shapeOf(b.type) !== null || knownOf(b.type) !== null),
    () => {
      const [sa, sb] = [shapeOf(a.type), shapeOf(b.type)];
      if (sa && !knownOf(b.type)) setKnown(b.type, { kind: "float", shape: sa });
      else if (sb && !knownOf(a.type)) setKnown(a.type, { kind: "float", shape: sb });
      else return false;
      return true;
    },
  );
}

const mean = (x: Expr, n: number): Expr => E.affine(1 / Math.max(n, 1), 0, E.sumf(x));

/** (x − mean) / sqrt(variance + 1e-5), biased variance, no gain (R10). */
const standardised = (x: Expr): Expr => {
  const centred = op("centre", [x]);
  return E.scale(op("inverseRms", [centred], { epsilon: 1e-5 }), centred);
};

/** The same of each row of a matrix. */
const standardisedRows = (x: Expr, m: number, n: number): Expr => {
  const ones = E.num(1, [n]);
  const spread = (rows: Expr): Expr => E.outer(rows, ones);
  const meanOf = (y: Expr): Expr => E.affine(1 / n, 0, E.mv(y, ones));
  const centred = E.sub(x, spread(meanOf(x)));
  const variance = meanOf(E.mul(centred, centred));
  return E.mul(centred, spread(E.div(E.num(1, [m]), E.map("sqrt", E.affine(1, 1e-5, variance)))));
};

export const linearFunctions: readonly Builtin[] = [
  {
    name: "dot",
    doc: "Inner product.",
    params: ["x", "y"],
    check: (c) => {
      sameAsOther(c);
      whenKnown(c, c.call.args, (a, b) => {
        const wrong = (): void => reject(c, arg(c.call, 1), `two equal shapes (the first is ${dims.showShape(a)})`);
        c.solver.equalShapes(a, b, wrong);
        result(c, []);
      });
    },
    lower: (l, t) => {
      const [a, b] = t.args as [Term, Term];
      if (isToken(b.type)) return op("pick", [l.tensor(a), l.raw(b)]);
      if (isToken(a.type)) return op("pick", [l.tensor(b), l.raw(a)]);
      return l.shape(a).length ? E.dot(l.tensor(a), l.tensor(b)) : E.mul(l.tensor(a), l.tensor(b));
    },
  },
  {
    name: "outer",
    doc: "Outer product of two vectors.",
    params: ["x", "y"],
    check: (c) =>
      whenKnown(c, c.call.args, (a, b) => {
        if (a.length !== 1) reject(c, arg(c.call), "vectors");
        else if (b.length !== 1) reject(c, arg(c.call, 1), "vectors");
        else result(c, [a[0] as dims.Dim, b[0] as dims.Dim]);
      }),
    lower: (l, t) => E.outer(l.tensor(arg(t)), l.tensor(arg(t, 1))),
  },
  {
    name: "flatten",
    doc: "All entries as one vector, row by row.",
    params: ["x"],
    check: (c) => whenKnown(c, c.call.args, (s) => result(c, [s.reduce(dims.times, dims.number(1))])),
    lower: (l, t) => E.reshape(l.tensor(arg(t)), l.shape(t)),
  },
  {
    name: "reshape",
    doc: "The same entries under another shape, row by row.",
    params: ["x"],
    dims: true,
    check: (c) =>
      whenKnown(c, c.call.args, (s) => {
        const size = (shape: Shape): dims.Dim => shape.reduce(dims.times, dims.number(1));
        c.solver.equalDims(size(s), size(c.call.dims), () =>
          reject(c, arg(c.call), `as many entries as ${dims.showShape(c.call.dims)} has`),
        );
        result(c, c.call.dims);
      }),
    lower: (l, t) => E.reshape(l.tensor(arg(t)), l.shape(t)),
  },
  {
    name: "onehot",
    doc: "The one-hot vector of a token.",
    params: ["y"],
    check: (c) =>
      whenKnown(c, c.call.args, (s) => {
        if (!isToken(arg(c.call).type)) reject(c, arg(c.call), "a token");
        else result(c, s);
      }),
    lower: (l, t) => l.tensor(arg(t)),
  },
  reduction("sum", "Sum of all features.", (x) => E.sumf(x)),
  reduction("mean", "Mean of all features.", mean),
  reduction("max", "Largest feature.", (x) => op("maxf", [x])),
  reduction("min", "Smallest feature.", (x) => E.neg(op("maxf", [E.neg(x)]))),
  reduction("norm", "Euclidean norm.", (x) => E.map("sqrt", E.dot(x, x))),
  reduction("logsumexp", "log Σ exp of all features.", (x) => op("lsef", [x])),
  overLast("softmax", "exp(x) normalised over the last dim.", (x) => E.softmax(x)),
  overLast(
    "layernorm",
    "Zero mean and unit variance over the last dim; no gain, biased variance, ε = 1e-5.",
    (x, shape) => {
      const n = shape[shape.length - 1] as number;
      if (shape.length === 1) return standardised(x);
      const m = product(shape) / n;
      return E.reshape(standardisedRows(E.reshape(x, [m, n]), m, n), shape);
    },
  ),
  {
    name: "argmax",
    doc: "The index of the largest entry of a vector: a token where the vector is over a vocabulary.",
    params: ["x"],
    check: (c) =>
      whenKnown(c, c.call.args, (s) => {
        if (s.length !== 1) return reject(c, arg(c.call), "a vector");
        const vocab = c.vocabulary(s[0] as dims.Dim);
        if (vocab && !knownOf(c.call.type)) setKnown(c.call.type, { kind: "token", vocab });
        else result(c, []);
      }),
    lower: (l, t) => {
      const index = op("argmaxf", [l.tensor(arg(t))]);
      return isToken(t.type) ? index : op("toFloat", [index]);
    },
  },
];
