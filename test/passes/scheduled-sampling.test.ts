/** Scheduled sampling: rate 0 is teacher forcing, rate 1 a model that reads its own draws; gradients hold the draws fixed. */
import { describe, expect, it } from "vitest";
import type { Mode, Model } from "../../src/compiler/model.js";
import { drawOfRandom, RATE, SamplingError, scheduledSampling } from "../../src/compiler/passes/scheduled-sampling.js";
import { training, trainingMode } from "../../src/compiler/programs.js";
import { getValue, product, type System } from "../../src/compiler/system/types.js";
import { verify } from "../../src/compiler/system/verify.js";
import { type Environment, Evaluator } from "../../src/compiler/targets/reference/evaluator.js";
import { modelOf } from "../check/harness.js";
import { centralDifference, coordinates, mismatches, withStops } from "../support/gradients.js";
import { difference, uniform } from "../support/numbers.js";

const head = (rest: string): string => `model m {
  dim H = 3
  axis t < T
  ${rest}
}`;
/** What is drawn, and the parameters of its distribution. */
const specs: Readonly<Record<string, string>> = {
  categorical: head(`vocab V = ["a", "b", "c"]
  random y[t] : V
  param W, U, b, O
  h[t] : [H] = tanh(W @ y[t-1] + U @ h[t-1] + b)
  h[-1] = 0
  y[-1] = "b"
  y[t] ~ categorical(O @ h[t])`),
  "categorical with two lags": head(`vocab V = ["a", "b", "c"]
  random y[t] : V
  param W, U, b, O
  h[t] : [H] = tanh(W @ y[t-1] + U @ y[t-2] + b)
  y[t < 0] = "b"
  y[t] ~ categorical(O @ h[t])`),
  "categorical over an axis": head(`axis s < S
  input x[s] : [2]
  random y[t] : s
  param W, U, v : [H] ~ normal(0, 1)
  y[-1] = 0
  z[t] : [H] = tanh(U @ z[t-1] + W @ x[y[t-1]])
  z[-1] = 0
  y[t] ~ categorical[s](dot(v, tanh(z[t] + W @ x[s])))`),
  bernoulli: head(`random y[t] : [2]
  param W, b, O
  h[t] : [H] = tanh(W @ y[t-1] + b)
  y[-1] = 0
  y[t] ~ bernoulli(O @ h[t])`),
  normal: head(`random y[t] : [2]
  param W, b, O, P
  h[t] : [H] = tanh(W @ y[t-1] + b)
  y[-1] = 0
  y[t] ~ normal(O @ h[t], exp(P @ h[t]))`),
  laplace: head(`random y[t]
  param a ~ normal(0, 1), b ~ normal(0, 1), o ~ normal(0, 1), p ~ normal(0, 1)
  y[-1] = 0.5
  y[t] ~ laplace(a * y[t-1] + b, exp(o * y[t-1] + p))`),
  uniform: head(`random y[t]
  param a ~ normal(0, 1), b ~ normal(0, 1)
  y[-1] = 0.5
  y[t] ~ uniform(a * y[t-1] - 9, b * y[t-1] + 9)`),
  mixture: head(`axis m < 2
  random y[t]
  param w ~ normal(0, 1), a ~ normal(0, 1), b ~ normal(0, 1)
  y[-1] = 0.5
  u[t,m] = a * y[t-1] + m
  y[t] ~ mixture[m](w * u[t,m], normal(u[t,m] + b, 0.7))`),
};

/** Box and Muller 1958. */
const gauss = (...key: readonly (string | number)[]): number =>
  Math.sqrt(-2 * Math.log(1 - uniform("radius", ...key))) * Math.cos(2 * Math.PI * uniform("angle", ...key));

const lengths = [4, 1, 3];
const built = (source: string): { model: Model; plain: System; drawn: System } => {
  const model = modelOf(source);
  const drawn = model.system(trainingMode(model, true));
  return { model, drawn, plain: model.system({ training: true, drawn: [] }) };
};

function environment(system: System, rate: number): Environment {
  const given = (id: string, index: readonly number[]): ArrayLike<number> => {
    if (id === "#rate") return [rate];
    const v = getValue(system, id);
    const n = product(v.shape);
    const at = (i: number): number => uniform(id, ...index, i);
    if (v.noise?.dist === "normal") return Float64Array.from({ length: n }, (_, i) => gauss(id, ...index, i));
    if (v.noise) return Float64Array.from({ length: n }, (_, i) => 1e-6 + (1 - 2e-6) * at(i));
    if (v.dtype === "int") return [Math.floor(3 * at(0)) % 2];
    const isBit = [...system.values.values()].some((u) => u.id === "y.hits") && id === "y";
    return Float64Array.from({ length: n }, (_, i) => (isBit ? Number(at(i) < 0.5) : 0.8 * at(i) - 0.3));
  };
  return { batch: 3, lengths: { T: lengths, S: [2, 3, 2] }, given };
}

describe.each(Object.keys(specs))("%s", (name) => {
  const { model, plain, drawn } = built(specs[name] as string);
  const system = scheduledSampling(drawn, ["y"]);
  const params = model.params.map((p) => p.name);

  it("is teacher forcing at rate 0", () => {
    verify(system, "scheduled sampling");
    const [a, b] = [new Evaluator(system, environment(system, 0)), new Evaluator(plain, environment(plain, 0))];
    expect(a.value("loss")[0]).toBe(b.value("loss")[0]);
    for (const [i, n] of lengths.entries())
      for (let t = 0; t < n; t++) expect(a.value("y.logp", [i, t])).toEqual(b.value("y.logp", [i, t]));
  });

  it("at rate 1 is the model on its own draws, scored on the observed ones", () => {
    const env = environment(system, 1);
    const sampled = new Evaluator(system, env);
    // the plain model, given the draws as its past: its distributions must be those of the sampled one
    const past: Environment = {
      ...env,
      given: (id, index) => (id === "y" ? sampled.value("y.mixed", index) : env.given(id, index)),
    };
    const fed = new Evaluator(drawn, past);
    const forced = new Evaluator(drawn, env);
    const args = getValue(drawn, drawOfRandom("y")).eq?.args ?? [];
    let differs = false;
    for (const [i, n] of lengths.entries())
      for (let t = 0; t < n; t++)
        for (const r of args.filter((a) => getValue(drawn, a.v).slots.length === 2)) {
          expect([...sampled.value(r.v, [i, t])]).toEqual([...fed.value(r.v, [i, t])]);
          differs ||= sampled.value(r.v, [i, t])[0] !== forced.value(r.v, [i, t])[0];
        }
    expect(sampled.value("loss")[0]).not.toBe(forced.value("loss")[0]);
    if (!name.includes("axis") && name !== "mixture") expect(differs).toBe(true);
  });

  it.each([0.5, 1])("has the gradient of central differences with the draws held fixed, rate %d", (rate) => {
    const env = environment(system, rate);
    const { system: fixed, env: held } = withStops(system, env);
    const compute = training(model, { sampling: true });
    const e = new Evaluator(compute.system, { ...env, padded: true }).run(compute.program);
    for (const k of coordinates(system, env, params)) {
      const got = e.value(compute.gradients.get(k.id) as string, k.index)[k.feature] as number;
      expect(difference(centralDifference(fixed, held, "loss", k), got)).toBeLessThan(1e-6);
    }
    // what is held has no value on padding
    const given: Environment["given"] = (id, index) => {
      const isPadding = (index[1] ?? 0) >= (lengths[index[0] ?? 0] as number);
      return isPadding && system.values.get(id)?.eq
        ? new Float64Array(product(getValue(system, id).shape))
        : held.given(id, index);
    };
    expect(mismatches({ system: fixed, params, env: { ...held, given } })).toEqual([]);
  });
});

describe("draws have their distribution", () => {
  const steps = 4000;
  /** One sample of many steps whose parameters are all the same, at rate 1. */
  function drawsOf(y: string, declaration = "random y[t]"): number[] {
    const model = modelOf(head(`${declaration}\n  y[-1] = 0\n  z[t] = 0 * y[t-1]\n  y[t] ~ ${y}`));
    const system = scheduledSampling(model.system(trainingMode(model, true)), ["y"]);
    const env = environment(system, 1);
    const e = new Evaluator(system, { ...env, batch: 1, lengths: { T: [steps] } });
    return Array.from({ length: steps }, (_, t) => e.value("y.mixed", [0, t])[0] as number);
  }
  const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;
  const variance = (xs: readonly number[]): number => mean(xs.map((x) => (x - mean(xs)) ** 2));

  it.each<[string, number, number]>([
    ["normal(z[t] + 2, 0.5)", 2, 0.25],
    ["laplace(z[t] + 1, 0.5)", 1, 0.5],
    ["uniform(z[t] - 1, 2)", 0.5, 9 / 12],
    ["bernoulli(z[t] + 1)", 1 / (1 + Math.exp(-1)), Math.exp(-1) / (1 + Math.exp(-1)) ** 2],
  ])("%s", (y, m, v) => {
    const xs = drawsOf(y);
    expect(Math.abs(mean(xs) - m)).toBeLessThan(4 * Math.sqrt(v / steps));
    expect(Math.abs(variance(xs) - v)).toBeLessThan(0.1 * v + 0.02);
  });

  it("a mixture", () => {
    const xs = drawsOf(
      "mixture[m](p = (if m == 0 then 0.2 else 0.8), normal(z[t] + 4 * m, 0.5))",
      "axis m < 2\n  random y[t]",
    );
    expect(Math.abs(xs.filter((x) => x > 2).length / steps - 0.8)).toBeLessThan(0.03);
    expect(Math.abs(mean(xs.filter((x) => x > 2)) - 4)).toBeLessThan(0.05);
  });

  it("categorical", () => {
    const model = modelOf(
      head(`vocab V = ["a", "b", "c"]
  random y[t] : V
  param W : [V, V], b : [V]
  y[-1] = "a"
  z[t] = 0 * W @ y[t-1] + b
  y[t] ~ categorical(z[t])`),
    );
    const system = scheduledSampling(model.system(trainingMode(model, true)), ["y"]);
    const env = environment(system, 1);
    const given: Environment["given"] = (id, index) => (id === "b" ? [0, 1, 2] : env.given(id, index));
    const e = new Evaluator(system, { batch: 1, lengths: { T: [steps] }, given });
    const counts = [0, 0, 0];
    for (let t = 0; t < steps; t++) (counts[e.value("y.mixed", [0, t])[0] as number] as number) += 1;
    const total = 1 + Math.E + Math.E ** 2;
    for (const [k, n] of counts.entries()) expect(Math.abs(n / steps - Math.exp(k) / total)).toBeLessThan(0.03);
  });
});

it("keeps what reads no past, and says what it cannot draw", () => {
  const still = modelOf(head("input x[t] : [2]\n  random y[t] : [2]\n  y[t] ~ normal(x[t], 1)"));
  const mode: Mode = trainingMode(still, true);
  const { values } = scheduledSampling(still.system(mode), ["y"]);
  expect(values.has(RATE)).toBe(false);
  for (const [id, v] of still.system({ training: true, drawn: [] }).values) expect(values.get(id)).toEqual(v);
  const whole = modelOf(head("random y[t] : [2]\n  y[-1] = 0\n  y[t] ~ mvnormal(0.5 * y[t-1], eye(2))"));
  expect(() => scheduledSampling(whole.system(trainingMode(whole, true)), ["y"])).toThrow(SamplingError);
});
