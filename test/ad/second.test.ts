/** The adjoint System is a System: it can be differentiated again. */
import { describe, expect, it } from "vitest";
import { grad } from "../../src/compiler/ad/grad.js";
import { optimise } from "../../src/compiler/passes/pipeline.js";
import { schedule } from "../../src/compiler/schedule/schedule.js";
import { SystemBuilder } from "../../src/compiler/system/builder.js";
import { E, lseOver, sumOver } from "../../src/compiler/system/expr.js";
import { getValue, product } from "../../src/compiler/system/types.js";
import { verify } from "../../src/compiler/system/verify.js";
import { type Environment, Evaluator } from "../../src/compiler/targets/reference/evaluator.js";
import { cases } from "../support/cases.js";
import { centralDifference, coordinates } from "../support/gradients.js";
import { difference, uniform } from "../support/numbers.js";
import { Sketch, slot } from "../support/sketch.js";

const chosen = [
  "Elman, zero start, T = 0 and 1",
  "LSTM, learnt initial cell",
  "attention with input feeding",
  "layers as an axis, W[l]",
  "2-D grid with corners",
  "CRF: a logsumexp recurrence",
  "attention over the own past, u < t",
  "bidirectional, learnt starts, h[T-1] and b[0]",
];

describe("the gradient of directional derivatives of the loss", () => {
  it.each(chosen)("%s", (name) => {
    const { system, env, params } = (cases[name] as (typeof cases)[string])();
    const first = grad(system, "loss", params);
    const builder = new SystemBuilder(first.system);
    const terms = params.map((p) => {
      const { slots, shape } = builder.get(p);
      const direction = builder.declare(`direction ${p}`, [], shape, "frozen");
      return sumOver(slots, E.dot(builder.ident(direction), builder.ident(first.adjoint(p))));
    });
    builder.define("second", [], E.add(...terms));
    const again = builder.finish();
    const given: Environment["given"] = (id, index) =>
      id.startsWith("direction")
        ? Float64Array.from({ length: product(getValue(again, id).shape) }, (_, k) => 2 * uniform(id, k) - 1)
        : env.given(id, index);
    const world = { ...env, given };
    const second = grad(again, "second", params);
    verify(second.system, "second grad");
    const all = coordinates(system, world, params);
    const some = all.filter((_, i) => i % Math.ceil(all.length / 25) === 0);
    const optimised = optimise(second.system, params.map(second.adjoint));
    const evaluators = [new Evaluator(second.system, world), new Evaluator(optimised, world).run(schedule(optimised))];
    for (const k of some) {
      const expected = centralDifference(again, world, "second", k);
      for (const e of evaluators)
        expect(difference(e.value(second.adjoint(k.id), k.index)[k.feature] as number, expected)).toBeLessThan(1e-6);
    }
  });
});

it("forbidden paths (−∞) have zero gradients, not undefined ones", () => {
  const [i, j] = [slot("i", "K"), slot("j", "K")];
  const k = new Sketch({ T: [3, 1], K: 2 }, 2);
  const t = slot("t", "T");
  const [x, A, forbidden] = [k.input("x", [], [t]), k.param("A", [], [i, j]), k.input("forbidden", [], [i, j])];
  const al = k.value("al", [], [t, j]);
  k.equate("al", E.add(lseOver([i], E.add(al("t-1", "i"), A("i", "j"), forbidden("i", "j"))), x("t")));
  k.clause("al", { t: "-1" }, E.num(0));
  k.loss([], al("$-1", "0"));
  const { system, env } = k.finish();
  // state 1 can only be reached from nowhere: its score is −∞
  const given: Environment["given"] = (id, index) =>
    id === "forbidden" ? [index[2] === 1 ? -Infinity : 0] : env.given(id, index);
  const { system: adjoint, adjoint: d } = grad(system, "loss", ["A"]);
  const e = new Evaluator(adjoint, { ...env, given });
  const values = [0, 1].flatMap((p) => [0, 1].map((q) => e.value(d("A"), [p, q])[0] as number));
  expect(values.every(Number.isFinite)).toBe(true);
  expect(values[1]).toBe(0);
  expect(values[0]).toBeGreaterThan(0);
});
