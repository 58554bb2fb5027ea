import { describe, expect, it } from "vitest";
import { problemsOf } from "../support/check-spec.js";
import { uniform } from "../support/numbers.js";
import { randomSpec } from "../support/random-specs.js";

/** As many numbers as a spec may need, from a seed. */
const tape = (seed: number): number[] =>
  Array.from({ length: Math.floor(70 * uniform("length", seed)) }, (_, i) => Math.floor(1000 * uniform(seed, i)));

describe("random specs: values and gradients of the evaluator, as scheduled and on every backend; printed; one by one", () => {
  it.each(Array.from({ length: 12 }, (_, seed) => seed + 1))("%i", async (seed) => {
    const spec = randomSpec(tape(seed));
    const problems = await problemsOf(spec);
    expect(problems.length ? `${problems.join("\n")}\n\n${spec}` : "").toBe("");
  });
});
