/** Values and gradients of Systems built by hand: plans against the reference evaluator, on every backend. */
import { describe, expect, test } from "vitest";
import { backends } from "../support/backends.js";
import { cases } from "../support/cases.js";
import { compare, type PlanRun, runPlan, trained } from "../support/systems.js";

const ways: readonly (readonly [string, PlanRun])[] = [
  ["as it is", {}],
  ["with random numbers on the padding, which is longer than it must be", { padding: "random", extra: 2 }],
  ["with large numbers on the padding", { padding: "large" }],
];

describe.each(Object.keys(cases))("%s", (name) => {
  const c = (cases[name] as (typeof cases)[string])();
  const { system, outputs } = trained(c);
  test.each(ways)("loss and gradients %s", (_way, options) => {
    for (const backend of backends) {
      const before = backend.tensorCount();
      const results = runPlan(backend, system, c.env, outputs, options);
      const { worst, where } = compare(system, c.env, results as NonNullable<typeof results>, options.extra);
      expect(worst, `${backend.name}: ${where}`).toBeLessThan(1e-4);
      expect(backend.tensorCount(), `${backend.name}: live tensors`).toBe(before);
    }
  });
});
