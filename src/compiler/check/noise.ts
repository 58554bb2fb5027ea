/** Noise: `noise e[t] : [Z] ~ normal(0, 1)`. */
import * as randoms from "../diagnostics/check-randoms.js";
import type { Expr } from "../syntax/ast.js";
import { constantOf } from "./constants.js";
import type { Context } from "./context.js";
import type { Names } from "./entities.js";
import type { Quantity } from "./terms.js";

/** `normal(0, 1)`, `bernoulli(0.5)`, `uniform(a, b)` with constants. */
export function noiseOf(cx: Context, e: Expr, scope: Names): Quantity["noise"] {
  const counts = { normal: 2, bernoulli: 1, uniform: 2 } as const;
  const bad = (message: string): null => {
    cx.report(
      randoms.badDistribution({
        place: e.span,
        message,
        help: "noise is `normal(mean, sd)`, `bernoulli(p)` or `uniform(a, b)` of constants",
      }),
    );
    return null;
  };
  if (e.kind !== "call" || !(e.callee in counts)) return bad("this is no distribution of noise");
  const dist = e.callee as keyof typeof counts;
  if (e.args.length !== counts[dist])
    return bad(`\`${dist}\` takes ${counts[dist] === 1 ? "one number" : "two numbers"}`);
  const params = e.args.map((a) => constantOf(cx, a.value, scope, `a parameter of \`${dist}\``));
  if (params.some((p) => p === null)) return null;
  const [a, b] = params as [number, number];
  if (dist === "bernoulli" && !(a >= 0 && a <= 1)) return bad(`a probability lies between 0 and 1; this is ${a}`);
  if (dist === "normal" && b < 0) return bad(`a deviation is not negative; this is ${b}`);
  if (dist === "uniform" && !(a < b)) return bad(`the interval from ${a} to ${b} is empty`);
  return { dist, params: params as number[] };
}
