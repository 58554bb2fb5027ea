/** Values and gradients of Systems built by hand: plans against the reference evaluator. */
import { beforeAll, describe, expect, test } from "vitest";
import { type Backend, openBackend } from "../../src/runtime/backends.js";
import { cases } from "../support/cases.js";
import { compare, runPlan, trained } from "../support/systems.js";

let device: Backend;
beforeAll(async () => {
  device = await openBackend("cpu");
});

describe.each(Object.keys(cases))("%s", (name) => {
  test("loss and gradients", () => {
    const c = (cases[name] as (typeof cases)[string])();
    const { system, outputs } = trained(c);
    const results = runPlan(device, system, c.env, outputs);
    const { worst, where } = compare(system, c.env, results as NonNullable<typeof results>);
    expect(worst, where).toBeLessThan(1e-4);
  });
});
