import fc from "fast-check";
import { expect, it } from "vitest";
import { verify } from "../../src/compiler/system/verify.js";
import { coordinates, mismatches } from "../support/gradients.js";
import { randomCase } from "../support/random-systems.js";
import { show } from "../support/show.js";

/** `FUZZ=1000 npx vitest run test/properties` looks further, from a new seed. */
const runs = Number(process.env["FUZZ"] ?? 40);
const options = process.env["FUZZ"] ? { numRuns: runs } : { numRuns: runs, seed: 1 };

it("random Systems: evaluator = after every pass = strict Program; gradients = central differences", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { minLength: 0, maxLength: 60, size: "max" }), (tape) => {
      const c = randomCase(tape);
      verify(c.system, "the generator");
      const all = coordinates(c.system, c.env, c.params);
      const some = all.filter((_, i) => i % Math.ceil(all.length / 12) === 0);
      const found = mismatches(c, { at: some });
      if (found.length)
        throw new Error(`${JSON.stringify(found.slice(0, 4), null, 1)}\nT = ${c.env.lengths["T"]}\n${show(c.system)}`);
    }),
    options,
  );
  expect(runs).toBeGreaterThan(0);
}, 600_000);
