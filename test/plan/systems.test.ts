/** Values and gradients of Systems built by hand: plans against the reference evaluator, on every backend. */
import { describe, expect, test } from "vitest";
import { type Backend, backendNames, openBackend } from "../../src/runtime/backends.js";
import { cases } from "../support/cases.js";
import { compare, type PlanRun, runPlan, trained } from "../support/systems.js";

const backends: Backend[] = [];
for (const name of backendNames) {
  const backend = await openBackend(name).catch(() => null);
  if (backend) backends.push(backend);
}

const ways: readonly (readonly [string, PlanRun])[] = [
  ["as it is", {}],
  ["with random numbers on the padding, which is longer than it must be", { padding: "random", extra: 2 }],
  ["with large numbers on the padding", { padding: "large" }],
];

describe.each(backends.map((b) => [b.name, b] as const))("%s", (_, backend) => {
  describe.each(Object.keys(cases))("%s", (name) => {
    const c = (cases[name] as (typeof cases)[string])();
    const { system, outputs } = trained(c);
    test.each(ways)("loss and gradients %s", (_way, options) => {
      const before = backend.tensorCount();
      const results = runPlan(backend, system, c.env, outputs, options);
      const { worst, where } = compare(system, c.env, results as NonNullable<typeof results>, options.extra);
      expect(worst, where).toBeLessThan(1e-4);
      expect(backend.tensorCount()).toBe(before);
    });
  });
});
