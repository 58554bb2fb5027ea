/** The distributions of the language, by name. */
import type { DistName } from "../../model.js";
import { drawOver, type Expr, op } from "../../system/expr.js";
import type { Drawing, Sampling, Term } from "../terms.js";
import { categorical } from "./categorical.js";
import { ctc } from "./ctc.js";
import { mixture } from "./mixture.js";
import { bernoulli, laplace, mvnormal, normal, uniform } from "./numbers.js";
import type { Density, Distribution, Observation } from "./types.js";

const table: Readonly<Record<DistName, Distribution>> = {
  categorical,
  bernoulli,
  normal,
  laplace,
  uniform,
  mvnormal,
  mixture: mixture((name) => table[name]),
  ctc,
};

export const distributions: ReadonlyMap<string, Distribution> = new Map(Object.entries(table));

export const distributionOf = (name: DistName): Distribution => table[name];

/** All usages, for messages. */
export const usages = (d: Distribution): string => d.forms.map((f) => `\`${f.usage}\``).join(" or ");

/** log p of an observation, a scalar. */
export const logProbability = (o: Observation): Expr => table[o.drawing.dist].logp(o);

/** Is the most probable value the observed one? Null where that is not asked. */
export const hit = (o: Observation): Expr | null => table[o.drawing.dist].hit?.(o) ?? null;

/** The draw itself. */
export function drawOf(d: Density): Expr {
  const { args, attrs, vars } = table[d.drawing.dist].draw(d);
  return drawOver(vars, op("draw", args, attrs));
}

/** All expressions of a distribution, those of a mixture's components too. */
export const paramsOf = (d: Drawing): readonly Term[] => [...d.params, ...(d.base ? paramsOf(d.base) : [])];

/** All of a random's, its weight too. */
export const termsOfSampling = (s: Sampling): readonly Term[] => [...paramsOf(s), ...(s.weight ? [s.weight] : [])];
