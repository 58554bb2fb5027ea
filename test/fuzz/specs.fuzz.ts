/** `npm run fuzz -- --seconds N --seed S`: random specs, and all that must hold of them; texts that are no specs at all. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { problemsOf } from "../support/check-spec.js";
import { fuzzText } from "../support/fuzz-text.js";
import { coordinates, mismatches } from "../support/gradients.js";
import { randomSpec } from "../support/random-specs.js";
import { randomCase } from "../support/random-systems.js";

const seconds = Number(process.env["FUZZ_SECONDS"]);
const seed = Number(process.env["FUZZ_SEED"]);
const share = (part: number) => ({ numRuns: 1_000_000, interruptAfterTimeLimit: 1000 * seconds * part, seed });
const hour = { timeout: 1000 * (seconds + 3600) };
const tapes = fc.array(fc.nat(1000), { minLength: 0, maxLength: 70, size: "max" });

it("random specs", hour, async () => {
  const found = await fc.check(
    fc.asyncProperty(tapes, async (tape) => {
      const problems = await problemsOf(randomSpec(tape));
      if (problems.length) throw new Error(problems.slice(0, 6).join("\n"));
    }),
    share(0.6),
  );
  report("random specs", found.numRuns);
  if (found.failed && found.counterexample) {
    const [tape] = found.counterexample;
    console.log(`${found.errorInstance}\n\nthe smallest spec found to fail:\n\n${randomSpec(tape)}`);
  }
  expect(found.failed).toBe(false);
});

it("random Systems", hour, () => {
  const found = fc.check(
    fc.property(tapes, (tape) => {
      const c = randomCase(tape);
      const all = coordinates(c.system, c.env, c.params);
      const wrong = mismatches(c, { at: all.filter((_, i) => i % Math.ceil(all.length / 12) === 0) });
      if (wrong.length) throw new Error(JSON.stringify(wrong.slice(0, 4), null, 1));
    }),
    share(0.2),
  );
  report("random Systems", found.numRuns);
  if (found.failed) console.log(found.errorInstance, found.counterexample);
  expect(found.failed).toBe(false);
});

it("texts", hour, () => {
  const { texts, failures } = fuzzText(seed, seconds * 0.2);
  report("texts", texts);
  for (const f of failures.slice(0, 3)) console.log(`${f.problem}\n\n${f.text}`);
  expect(failures).toEqual([]);
});

const report = (what: string, count: number): void => console.log(`${count} ${what} (seed ${seed})`);
