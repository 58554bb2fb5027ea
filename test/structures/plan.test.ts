/** Trees and graphs as plans: against the reference evaluator, on every backend, whatever stands on the padding. */
import { describe, expect, test } from "vitest";
import { backends } from "../support/backends.js";
import { structuredCases } from "../support/structured-cases.js";
import { compare, type PlanRun, runPlan, trained } from "../support/systems.js";

const ways: readonly (readonly [string, PlanRun])[] = [
  ["as it is", {}],
  ["with random numbers on the padding, levels wider than they must be", { padding: "random", extra: 2 }],
  ["with large numbers on the padding", { padding: "large", extra: 1 }],
];

describe.each(Object.entries(structuredCases).filter(([name]) => /tree|kids|graph/.test(name)))("%s", (_, make) => {
  const c = make();
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
