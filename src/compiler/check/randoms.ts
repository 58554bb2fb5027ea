/** Distributions: their declarations, the log-probability of an observation, and what is drawn. */
import * as names from "../diagnostics/check-names.js";
import * as randoms from "../diagnostics/check-randoms.js";
import * as shapes from "../diagnostics/check-shapes.js";
import { notSupported } from "../diagnostics/check-unsupported.js";
import { nearest } from "../diagnostics/nearest.js";
import type { Expr, Statement } from "../syntax/ast.js";
import { E, op, type Expr as SystemExpr } from "../system/expr.js";
import { product } from "../system/types.js";
import type { Context, Scope } from "./context.js";
import * as dims from "./dims.js";
import { describe } from "./entities.js";
import { checkFree, leftOf } from "./equations.js";
import { elaborate } from "./expressions.js";
import type { Lowering } from "./functions/types.js";
import { defineShape, scalarShape } from "./rules.js";
import { reasons } from "./shapes.js";
import type { DistKind, Quantity, Sampling, Term } from "./terms.js";
import { float, isToken, knownOf, shapeOf, showType } from "./types.js";

type Draw = Extract<Statement, { kind: "sample" }>;
type CallExpr = Extract<Expr, { kind: "call" }>;

const later: ReadonlySet<string> = new Set(["laplace", "mvnormal", "uniform", "mixture", "ctc"]);
const usage: Readonly<Record<DistKind, string>> = {
  categorical: "categorical(logits)",
  bernoulli: "bernoulli(logit)",
  normal: "normal(mu, sigma)",
};
const all = "distributions are `categorical(logits)`, `bernoulli(logit)` and `normal(mu, sigma)`";

/** `y[t] ~ categorical(z[t]) weight w[t]` */
export function elaborateDraw(cx: Context, s: Draw, global: Scope): void {
  const { target } = s;
  const entity = global.names.own(target.name);
  if (entity?.kind === "wrong") return;
  if (entity?.kind !== "quantity" || entity.quantity.role !== "random") {
    const is = entity ? describe(entity) : "not declared";
    cx.report(
      randoms.notRandom({ place: target.span, name: target.name, is, ...(entity ? { declared: entity.place } : {}) }),
    );
    return;
  }
  const q = entity.quantity;
  const left = leftOf(cx, target, global);
  if (!left) return;
  if (left.kind === "clause") {
    const whole = q.slots.length ? `${q.name}[${q.slots.map((x) => x.name).join(", ")}]` : q.name;
    cx.report(randoms.partialDraw({ place: target.span, name: q.name, whole }));
    return;
  }
  if (q.sampling) {
    cx.report(randoms.drawnTwice({ place: s.span, name: q.name, first: q.sampling.span }));
    return;
  }
  const weight = s.weight ? elaborate(cx, s.weight, left.scope) : null;
  if (weight) {
    scalarShape(cx.solver, weight, () =>
      cx.report(
        shapes.badArgument({
          fn: "weight",
          needs: "a number",
          arg: { place: weight.span, type: showType(weight.type) },
        }),
      ),
    );
    checkFree(cx, weight, q.slots, q, target.span);
  }
  const dist = distribution(cx, s.dist, q, left.scope);
  if (!dist) {
    q.sampling = { dist: "categorical", given: "logits", params: [], weight: null, span: s.span };
    return;
  }
  q.sampling = { ...dist, weight, span: s.span };
  for (const p of dist.params) checkFree(cx, p, q.slots, q, target.span);
}

function distribution(cx: Context, e: Expr, q: Quantity, scope: Scope): Omit<Sampling, "weight" | "span"> | null {
  const bad = (message: string, help: string): null => {
    cx.report(randoms.badDistribution({ place: e.span, message, help }));
    return null;
  };
  if (e.kind !== "call") return bad("after `~` stands a distribution", all);
  if (later.has(e.callee) || (e.callee === "categorical" && e.binders.length)) {
    const construct = e.binders.length ? `\`${e.callee}[…]\` over an axis` : `the distribution \`${e.callee}\``;
    cx.report(notSupported({ place: e.calleeSpan, construct, help: all }));
    return null;
  }
  if (!Object.hasOwn(usage, e.callee)) {
    const near = nearest(e.callee, [...Object.keys(usage), ...later]);
    cx.report(names.unknownName({ place: e.calleeSpan, name: e.callee, what: "distribution", near, help: all }));
    return null;
  }
  const dist = e.callee as DistKind;
  const wants = dist === "normal" ? 2 : 1;
  const p = e.args.length === 1 && e.args[0]?.name === "p" && dist !== "normal";
  const named = e.args.some((a) => a.name) && !p;
  const moments = dist === "normal" ? momentsOf(e) : e.args.map((a) => a.value);
  if ((named && dist !== "normal") || !moments || moments.length !== wants)
    return bad(
      `\`${dist}\` takes ${wants === 2 ? "a mean and a deviation" : "one argument"}`,
      `write \`${usage[dist]}\``,
    );
  const params = moments.map((x) => elaborate(cx, x, scope));
  paramShapes(cx, dist, params, q, bad);
  return { dist, given: dist === "normal" ? "moments" : p ? "p" : "logits", params };
}

/** `normal(mu, sigma)`, also by name. */
function momentsOf(e: CallExpr): Expr[] | null {
  const place = new Map([
    ["mu", 0],
    ["mean", 0],
    ["sigma", 1],
    ["sd", 1],
  ]);
  const out: Expr[] = [];
  for (const [i, a] of e.args.entries()) {
    const k = a.name === undefined ? i : place.get(a.name);
    if (k === undefined || out[k]) return null;
    out[k] = a.value;
  }
  return out.filter(Boolean);
}

/** The parameters have the shape of what is drawn; logits have an entry for each token. */
function paramShapes(
  cx: Context,
  dist: DistKind,
  params: readonly Term[],
  q: Quantity,
  bad: (message: string, help: string) => null,
): void {
  const k = knownOf(q.type);
  if (!k || k.kind === "poison") return;
  if ((dist === "categorical") !== (k.kind === "token")) {
    if (dist === "categorical")
      bad(
        `\`categorical\` draws a token, and \`${q.name}\` is ${showType(q.type)}`,
        `declare \`random ${q.name} : V\` with \`vocab V\`, or draw it from \`normal(mu, sigma)\``,
      );
    else
      bad(
        `\`${dist}\` draws numbers, and \`${q.name}\` is ${showType(q.type)}`,
        "draw a token with `categorical(logits)`",
      );
    return;
  }
  const shape = float(k.kind === "token" ? [dims.named(k.vocab)] : k.shape);
  for (const p of params)
    defineShape(cx.solver, shape, p, () =>
      cx.report(
        shapes.shapeMismatch({
          what: `\`${dist}\``,
          left: { place: p.span, type: showType(p.type) },
          right: { place: q.span, type: showType(q.type) },
          why: reasons(p),
          help:
            k.kind === "token"
              ? `it needs one number for each token: ${dims.showShape(shapeOf(shape) ?? [])}`
              : undefined,
        }),
      ),
    );
}

/** log p of an observation, a scalar; features are independent, so theirs add up. */
export function logProbability(l: Lowering, q: Quantity, s: Sampling, y: SystemExpr): SystemExpr {
  const [first, second] = s.params as [Term, Term];
  const shape = l.shape(shapeTerm(q, first));
  const total = (x: SystemExpr): SystemExpr => (shape.length ? E.sumf(x) : x);
  switch (s.dist) {
    case "categorical":
      if (s.given === "p") return E.map("log", op("pick", [l.as(first, shape), y]));
      return E.neg(op("xent", [l.as(first, shape), y]));
    case "bernoulli": {
      const z = l.as(first, shape);
      // y z − log(1 + e^z), and for probabilities the log of the one that counts: 0 · log 0 never arises
      if (s.given === "logits") return total(E.sub(E.mul(y, z), E.map("softplus", z)));
      return total(E.map("log", E.where(y, z, E.affine(-1, 1, z))));
    }
    case "normal": {
      const [mu, sigma] = [l.as(first, shape), l.as(second, shape)];
      const r = E.div(E.sub(y, mu), sigma);
      // −½ r² − log σ − ½ log 2π
      return total(
        E.affine(1, -0.5 * Math.log(2 * Math.PI), E.sub(E.affine(-0.5, 0, E.mul(r, r)), E.map("log", sigma))),
      );
    }
  }
}

/** The shape of what the parameters describe: the logits of a token, the features of numbers. */
const shapeTerm = (q: Quantity, like: Term): Term => ({ kind: "wrong", span: like.span, type: q.type });

/** Is the most probable value the observed one? A scalar; null where that is not asked. */
export function hit(l: Lowering, q: Quantity, s: Sampling, y: SystemExpr): SystemExpr | null {
  const [first] = s.params as [Term];
  const shape = l.shape(shapeTerm(q, first));
  if (s.dist === "normal") return null;
  if (s.dist === "categorical") return E.equal(op("argmaxf", [l.as(first, shape)]), y);
  const half = E.num(s.given === "p" ? 0.5 : 0, shape);
  const right = E.equal(E.less(half, l.as(first, shape)), y);
  return shape.length ? E.affine(1 / product(shape), 0, E.sumf(right)) : right;
}

/** The draw itself. */
export function drawOf(l: Lowering, q: Quantity, s: Sampling): SystemExpr {
  const [first] = s.params as [Term];
  const shape = l.shape(shapeTerm(q, first));
  const params = s.params.map((p) => l.as(p, shape));
  const [x] = params as [SystemExpr];
  if (s.given === "p" && isToken(q.type)) return op("draw", [E.map("log", x)], { dist: s.dist });
  if (s.given === "p") return op("draw", [E.sub(E.map("log", x), E.map("log", E.affine(-1, 1, x)))], { dist: s.dist });
  return op("draw", params, { dist: s.dist });
}
