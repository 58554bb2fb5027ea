/** Plans that hold less at a time: the Systems built by hand, against the reference evaluator and plans that keep all. */
import { describe, expect, test } from "vitest";
import { thrifty } from "../../src/compiler/plan/budget/thrift.js";
import type { Plan } from "../../src/compiler/plan/lower.js";
import { backends } from "../support/backends.js";
import { cases } from "../support/cases.js";
import { nestedCases } from "../support/nested-cases.js";
import { difference } from "../support/numbers.js";
import type { Case } from "../support/sketch.js";
import { compare, type PlanRun, runPlan, trained } from "../support/systems.js";

const all = { ...cases, ...nestedCases };
const caseOf = (name: string): Case => (all[name] as () => Case)();
const ways: readonly (readonly [string, PlanRun])[] = [
  ["two chunks of two", { lower: { chunk: { above: 3, steps: 2 } } }],
  ["chunks of three, padded", { lower: { chunk: { above: 3, steps: 3 } }, padding: "large", extra: 4 }],
  ["chunks of one step", { lower: { chunk: { above: 1, steps: 1 } }, padding: "random", extra: 1 }],
];
/** There recomputation changes no bit. */
const oneLoop = new Set(["LSTM, learnt initial cell", "lag 2 with two clauses"]);
const keeping = (plan: Plan): Plan => thrifty(plan, { again: false });
const recomputing = (plan: Plan): Plan => thrifty(plan, { again: true });

describe.each(Object.keys(all))("%s", (name) => {
  const c = caseOf(name);
  const { system, outputs } = trained(c);
  test.each(ways)("loss and gradients in %s", (_way, options) => {
    for (const backend of backends) {
      const before = backend.tensorCount();
      const run = (rewrite: (plan: Plan) => Plan): Map<string, Float32Array | Int32Array> =>
        runPlan(backend, system, c.env, outputs, { ...options, rewrite }) as Map<string, Float32Array>;
      const [kept, again] = [run(keeping), run(recomputing)];
      const { worst, where } = compare(system, c.env, again, options.extra);
      expect(worst, `${backend.name}: ${where}`).toBeLessThan(1e-4);
      // a sum may have gone to another loop, which takes it in another order
      const close = (id: string, numbers: Float32Array | Int32Array): boolean =>
        numbers.every((x, i) => difference(x, again.get(id)?.[i] as number) < (oneLoop.has(name) ? 1e-30 : 1e-5));
      for (const [id, numbers] of kept) expect(close(id, numbers), `${backend.name}: ${id}`).toBe(true);
      expect(backend.tensorCount(), `${backend.name}: live tensors`).toBe(before);
    }
  });
});
