/** Distributions of numbers; several features are drawn independently of one another. */
import type { DistName } from "../../model.js";
import { E, type Expr, op } from "../../system/expr.js";
import { product } from "../../system/types.js";
import type { Dim } from "../dims.js";
import type { Term } from "../terms.js";
import { showType } from "../types.js";
import type { Density, Distribution, Drawn, Fit, Misfit, Observation } from "./types.js";

/** The own parameters, each in the shape of the random. */
const paramsOf = ({ l, drawing, shape }: Density): Expr[] => drawing.params.map((p) => l.as(p, shape));

/** The sum over the features. */
const total = (o: Density, x: Expr): Expr => (o.shape.length ? E.sumf(x) : x);

export function drawsNumbers(name: DistName, { q, known }: Fit): Misfit | null {
  if (known.kind === "float") return null;
  return {
    message: `\`${name}\` draws numbers, and \`${q.name}\` is ${showType(q.type)}`,
    help:
      known.kind === "token"
        ? "draw a token with `categorical(logits)`"
        : "draw a position with `categorical[s](scores[s])`",
  };
}

const featuresOf = ({ known }: Fit): readonly Dim[] => (known.kind === "float" ? known.shape : []);

const positive =
  (what: string) =>
  (_: number | null, b: number | null): string | null =>
    b !== null && !(b > 0) ? `${what} is positive; this is ${b}` : null;

/** A distribution with two parameters, each a number or of the shape of the random. */
function ofTwo(
  name: DistName,
  doc: string,
  names: readonly [readonly string[], readonly string[]],
  density: (y: Expr, a: Expr, b: Expr, shape: readonly number[]) => Expr,
  outside: (a: number | null, b: number | null) => string | null,
): Distribution {
  return {
    name,
    doc,
    over: "never",
    forms: [
      {
        given: "moments",
        params: names.map((n) => ({ names: n })),
        usage: `${name}(${names.map((n) => n[0]).join(", ")})`,
      },
    ],
    misfit: (f) => drawsNumbers(name, f),
    shapes: (f) => [featuresOf(f), featuresOf(f)],
    outside: ([a = null, b = null]) => outside(a, b),
    logp: (o) => {
      const [a, b] = paramsOf(o) as [Expr, Expr];
      return total(o, density(o.y, a, b, o.shape));
    },
    draw: (d) => ({ args: paramsOf(d), attrs: { dist: name }, vars: [] }),
  };
}

export const normal = ofTwo(
  "normal",
  "Normal, by its mean and its standard deviation.",
  [
    ["mu", "mean"],
    ["sigma", "sd"],
  ],
  (y, mu, sigma) => {
    const r = E.div(E.sub(y, mu), sigma);
    // −½ r² − log σ − ½ log 2π
    return E.affine(1, -0.5 * Math.log(2 * Math.PI), E.sub(E.affine(-0.5, 0, E.mul(r, r)), E.map("log", sigma)));
  },
  positive("a deviation"),
);

export const laplace = ofTwo(
  "laplace",
  "Laplace, by its centre and its scale.",
  [
    ["mu", "mean"],
    ["b", "scale"],
  ],
  (y, mu, b) =>
    // −|y − μ| / b − log 2b
    E.affine(-1, -Math.LN2, E.add(E.div(E.map("abs", E.sub(y, mu)), b), E.map("log", b))),
  positive("a scale"),
);

export const uniform = ofTwo(
  "uniform",
  "Uniform between two bounds; the mode is taken to be their middle.",
  [["low"], ["high"]],
  (y, low, high, shape) => {
    const inside = E.mul(op("lessEqual", [low, y]), op("lessEqual", [y, high]));
    return E.where(inside, E.neg(E.map("log", E.sub(high, low))), E.num(Number.NEGATIVE_INFINITY, shape));
  },
  (a, b) => (a !== null && b !== null && !(a < b) ? `the interval from ${a} to ${b} is empty` : null),
);

/** The logit of each feature. */
const logits = (d: Density): Expr => {
  const [x] = paramsOf(d) as [Expr];
  return d.drawing.given === "p" ? E.sub(E.map("log", x), E.map("log", E.affine(-1, 1, x))) : x;
};

export const bernoulli: Distribution = {
  name: "bernoulli",
  doc: "0 or 1, by the logit or the probability `p` of 1.",
  over: "never",
  forms: [
    { given: "logits", params: [{ names: ["logits", "logit"] }], usage: "bernoulli(logit)" },
    { given: "p", params: [{ names: ["p"], named: true }], usage: "bernoulli(p = …)" },
  ],
  misfit: (f) => drawsNumbers("bernoulli", f),
  shapes: (f) => [featuresOf(f)],
  outside: ([p = null], given) =>
    given === "p" && p !== null && !(p >= 0 && p <= 1) ? `a probability lies between 0 and 1; this is ${p}` : null,
  logp: (o) => {
    const [z] = paramsOf(o) as [Expr];
    // y z − log(1 + e^z), and for probabilities the log of the one that counts: 0 · log 0 never arises
    if (o.drawing.given === "logits") return total(o, E.sub(E.mul(o.y, z), E.map("softplus", z)));
    return total(o, E.map("log", E.where(o.y, z, E.affine(-1, 1, z))));
  },
  hit: (o: Observation) => {
    const [z] = paramsOf(o) as [Expr];
    const half = E.num(o.drawing.given === "p" ? 0.5 : 0, o.shape);
    const right = E.equal(E.less(half, z), o.y);
    return o.shape.length ? E.affine(1 / product(o.shape), 0, E.sumf(right)) : right;
  },
  draw: (d): Drawn => ({ args: [logits(d)], attrs: { dist: "bernoulli" }, vars: [] }),
};

/** Correlated features: `mvnormal(mu, cov)`, or by any matrix L with cov = L Lᵀ. */
export const mvnormal: Distribution = {
  name: "mvnormal",
  doc: "Normal vector, by its mean and its covariance, or by `chol`, a matrix L with covariance L Lᵀ.",
  over: "never",
  forms: [
    { given: "moments", params: [{ names: ["mu", "mean"] }, { names: ["cov"] }], usage: "mvnormal(mu, cov)" },
    {
      given: "chol",
      params: [{ names: ["mu", "mean"] }, { names: ["chol"], named: true }],
      usage: "mvnormal(mu, chol = L)",
    },
  ],
  misfit: (f) =>
    drawsNumbers("mvnormal", f) ??
    (featuresOf(f).length === 1
      ? null
      : {
          message: `\`mvnormal\` draws a vector, and \`${f.q.name}\` is ${showType(f.q.type)}`,
          help: `declare \`random ${f.q.name} : [N]\`, or draw a number from \`normal(mu, sigma)\``,
        }),
  shapes: (f) => {
    const [n] = featuresOf(f) as [Dim];
    return [[n], [n, n]];
  },
  logp: (o) => {
    const { l, drawing, shape } = o;
    const [n] = shape as [number];
    const [mu, matrix] = drawing.params as [Term, Term];
    const r = E.sub(o.y, l.as(mu, shape));
    const A = l.as(matrix, [n, n]);
    const constant = -0.5 * n * Math.log(2 * Math.PI);
    if (drawing.given === "chol") {
      const z = op("solve", [A, r]);
      // −½ |L⁻¹r|² − ½ log det L Lᵀ
      return E.affine(-0.5, constant, E.add(E.dot(z, z), E.map("logdet", E.mm(A, E.transpose(A)))));
    }
    // −½ rᵀ Σ⁻¹ r − ½ log det Σ − n/2 log 2π
    return E.affine(-0.5, constant, E.add(E.dot(r, op("solve", [A, r])), E.map("logdet", A)));
  },
  draw: ({ l, drawing, shape }) => {
    const [n] = shape as [number];
    const [mu, matrix] = drawing.params as [Term, Term];
    const A = l.as(matrix, [n, n]);
    const cov = drawing.given === "chol" ? E.mm(A, E.transpose(A)) : A;
    return { args: [l.as(mu, shape), cov], attrs: { dist: "mvnormal" }, vars: [] };
  },
};
