/** Random Systems: plans against the reference evaluator, loss and all gradients, with garbage on the padding. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { verify } from "../../src/compiler/system/verify.js";
import { openBackend } from "../../src/runtime/backends.js";
import { randomCase } from "../support/random-systems.js";
import { show } from "../support/show.js";
import { compare, type Padding, runPlan, trained } from "../support/systems.js";

/** `FUZZ=1000 npx vitest run test/plan/random.test.ts` looks further, from a new seed. */
const runs = Number(process.env["FUZZ"] ?? 40);
const options = process.env["FUZZ"] ? { numRuns: runs } : { numRuns: runs, seed: 2 };

const paddings: readonly Padding[] = ["zero", "random", "large"];

it("reference evaluator = plan, whatever stands on the padding", async () => {
  const backend = await openBackend("cpu");
  const before = backend.tensorCount();
  fc.assert(
    fc.property(
      fc.array(fc.nat(1000), { minLength: 0, maxLength: 60, size: "max" }),
      fc.constantFrom(...paddings),
      fc.nat(2),
      (tape, padding, extra) => {
        const c = randomCase(tape);
        const { system, outputs } = trained(c);
        verify(system, "the passes");
        const results = runPlan(backend, system, c.env, outputs, { padding, extra });
        const { worst, where } = compare(system, c.env, results as NonNullable<typeof results>, extra);
        if (worst > 1e-4) throw new Error(`${where}\nT = ${c.env.lengths["T"]}\n${show(system)}`);
      },
    ),
    options,
  );
  expect(backend.tensorCount()).toBe(before);
}, 600_000);
