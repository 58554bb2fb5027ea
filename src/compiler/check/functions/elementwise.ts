/** Functions of each entry by itself. */
import { E, type Expr, op } from "../../system/expr.js";
import { unaryShape } from "../shapes.js";
import { arg, type Builtin, type CallTerm, type Lowering, reject, result, whenKnown } from "./types.js";

function elementwise(name: string, doc: string, lower: (x: Expr, l: Lowering, t: CallTerm) => Expr): Builtin {
  return {
    name,
    doc,
    params: ["x"],
    check: (c) => unaryShape(c.solver, arg(c.call), c.call.type),
    lower: (l, t) => lower(l.tensor(arg(t)), l, t),
  };
}
const op1 = (name: string, doc: string): Builtin => elementwise(name, doc, (x) => E.map(name, x));

/** Each argument broadcast to the larger shape. */
function pairwise(name: string, opName: string, doc: string): Builtin {
  return {
    name,
    doc,
    params: ["x", "y"],
    check: (c) =>
      whenKnown(c, c.call.args, (a, b) => {
        if (a.length && b.length)
          c.solver.equalShapes(a, b, () => reject(c, arg(c.call, 1), "two equal shapes or a scalar"));
        result(c, a.length ? a : b);
      }),
    lower: (l, t) => op(opName, [l.as(arg(t), l.shape(t)), l.as(arg(t, 1), l.shape(t))]),
  };
}

/** x Φ(x) by the tanh approximation of Hendrycks & Gimpel, "Gaussian error linear units", 2016. */
const gelu = (x: Expr): Expr => {
  const inner = E.affine(Math.sqrt(2 / Math.PI), 0, E.add(x, E.affine(0.044715, 0, E.mul(x, E.mul(x, x)))));
  return E.mul(E.affine(0.5, 0, x), E.affine(1, 1, E.map("tanh", inner)));
};

export const elementwiseFunctions: readonly Builtin[] = [
  op1("tanh", "Hyperbolic tangent."),
  op1("sigmoid", "Logistic function, also written `σ`."),
  op1("relu", "max(x, 0)."),
  op1("softplus", "log(1 + e^x)."),
  elementwise("gelu", "x Φ(x), by its tanh approximation.", gelu),
  op1("exp", "e^x."),
  op1("log", "Natural logarithm."),
  op1("sqrt", "Square root."),
  op1("abs", "Absolute value."),
  op1("sign", "−1, 0 or 1."),
  op1("floor", "Largest integer not above x."),
  elementwise("ceil", "Smallest integer not below x.", (x) => E.neg(E.map("floor", E.neg(x)))),
  elementwise("round", "The nearest integer; a half goes up.", (x) => E.map("floor", E.affine(1, 0.5, x))),
  elementwise("silu", "x σ(x), also called swish.", (x) => E.mul(x, E.map("sigmoid", x))),
  elementwise("elu", "x where it is positive, e^x − 1 elsewhere.", (x, l, t) => {
    const zero = E.num(0, l.shape(t));
    return E.where(E.less(zero, x), x, E.affine(1, -1, E.exp(op("minimum", [x, zero]))));
  }),
  op1("sin", "Sine."),
  op1("cos", "Cosine."),
  elementwise("tan", "Tangent.", (x) => E.div(E.map("sin", x), E.map("cos", x))),
  elementwise("stop", "x, with no gradient through it.", (x) => E.stop(x)),
  pairwise("maximum", "maximum", "The larger of two."),
  pairwise("minimum", "minimum", "The smaller of two."),
  {
    name: "dropout",
    doc: "While training, each entry is 0 with probability p and divided by 1 − p otherwise; else x itself.",
    params: ["x"],
    options: { p: null },
    positional: ["p"],
    noisy: true,
    check: (c) => unaryShape(c.solver, arg(c.call), c.call.type),
    lower: (l, t) => {
      const x = l.tensor(arg(t));
      const p = t.options["p"] as number;
      if (!l.training || p === 0) return x;
      return E.mul(x, E.affine(1 / (1 - p), 0, l.noise(t)));
    },
  },
];
