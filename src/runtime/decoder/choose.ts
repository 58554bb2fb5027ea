/**
 * Choosing one value from a distribution: its mode, or a draw from the distribution tempered to p^(1/temperature) and,
 * if it is categorical, cut to the `top_k` likeliest values and then to the likeliest that hold `top_p` of what is left
 * (nucleus sampling: Holtzman et al., ICLR 2020). Whatever the filter, the log-probability reported is the model's own.
 * Random numbers come from outside, as uniforms in [0, 1): nothing here has a state.
 */
import type { DecodeConfig } from "../../compiler/blocks/types.js";
import { Chooser, likeliest } from "../../compiler/choice.js";
import { NotFiniteError } from "./errors.js";

export type Method = Extract<DecodeConfig["method"], { kind: "greedy" | "sample" }>;

export interface Choice {
  readonly value: number;
  readonly logp: number;
}

/** log softmax(logits); an entry of −∞ stays −∞. Throws `NotFiniteError` where an entry is NaN or +∞, or all are −∞. */
export function logSoftmax(logits: ArrayLike<number>): Float64Array {
  const z = new Float64Array(logits);
  const m = z.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY); // NaN spreads through Math.max
  if (!Number.isFinite(m)) throw new NotFiniteError(m);
  const sum = z.reduce((a, b) => a + Math.exp(b - m), 0);
  return z.map((x) => x - m - Math.log(sum));
}

/** `allowed[i]` is 0 where value i is never produced. Ties go to the lowest index. */
export function chooseCategorical(
  logits: ArrayLike<number>,
  allowed: Uint8Array,
  method: Method,
  uniform: () => number,
): Choice {
  const logp = logSoftmax(logits);
  const value = isGreedy(method)
    ? likeliest(logits, 0, allowed)
    : new Chooser(logits.length).choose(logits, 0, allowed, method, single(uniform()));
  if (value < 0) throw new Error("a draw from values none of which may be produced");
  return { value, logp: logp[value] as number };
}

/** 0 or 1 from a logit; the mode is 1 where p > 0.5. */
export function chooseBernoulli(logit: number, method: Method, uniform: () => number): Choice {
  if (Number.isNaN(logit)) throw new NotFiniteError(logit);
  const value = isGreedy(method)
    ? Number(logit > 0)
    : Number(uniform() < 1 / (1 + Math.exp(-logit / method.temperature)));
  return { value, logp: logSigmoid(value === 1 ? logit : -logit) };
}

/** A real number; p^(1/τ) of a normal distribution is one with deviation sd·√τ. `logp` is a density's. */
export function chooseNormal(mean: number, sd: number, method: Method, uniform: () => number): Choice {
  if (!Number.isFinite(mean) || !Number.isFinite(sd)) throw new NotFiniteError(Number.isFinite(mean) ? sd : mean);
  const value = isGreedy(method) ? mean : mean + sd * Math.sqrt(method.temperature) * gauss(uniform(), uniform());
  const e = (value - mean) / sd;
  return { value, logp: -0.5 * e * e - Math.log(sd) - 0.5 * Math.log(2 * Math.PI) };
}

/** p^(1/τ) of a Laplace distribution is one with scale b·τ. `logp` is a density's. */
export function chooseLaplace(centre: number, b: number, method: Method, uniform: () => number): Choice {
  if (!Number.isFinite(centre) || !Number.isFinite(b)) throw new NotFiniteError(Number.isFinite(centre) ? b : centre);
  const u = isGreedy(method) ? 0.5 : uniform();
  const away = isGreedy(method) ? 0 : -b * method.temperature * Math.log1p(-2 * Math.abs(u - 0.5));
  return { value: u < 0.5 ? centre - away : centre + away, logp: -away / b - Math.log(2 * b) };
}

/** Tempering changes nothing; the middle stands for the mode. */
export function chooseUniform(low: number, high: number, method: Method, uniform: () => number): Choice {
  if (!Number.isFinite(low) || !Number.isFinite(high)) throw new NotFiniteError(Number.isFinite(low) ? high : low);
  if (!(low < high)) throw new NotFiniteError(high, `the interval of \`uniform\` from ${low} to ${high} is empty`);
  const value = low + (high - low) * (isGreedy(method) ? 0.5 : uniform());
  return { value, logp: -Math.log(high - low) };
}

/** At temperature 0 only the mode is left. */
export const isGreedy = (method: Method): method is Extract<Method, { kind: "greedy" }> =>
  method.kind === "greedy" || method.temperature === 0;

/** As programs that draw by themselves have it: 24 bits, which single precision holds. */
const single = (u: number): number => Math.floor(u * 2 ** 24) * 2 ** -24;

const logSigmoid = (x: number): number => (x > 0 ? -Math.log1p(Math.exp(-x)) : x - Math.log1p(Math.exp(x)));

/** Box and Muller 1958. */
export const gauss = (u: number, v: number): number => Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v);
