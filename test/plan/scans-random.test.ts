/** Random Systems and specs: plans with loops in small chunks against the reference evaluator and the unrolled plan. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { compile } from "../../src/compiler/index.js";
import { thrifty } from "../../src/compiler/plan/budget/thrift.js";
import type { Plan } from "../../src/compiler/plan/lower.js";
import { training } from "../../src/compiler/programs.js";
import { openBackend } from "../../src/runtime/backends.js";
import { uniform } from "../support/numbers.js";
import { randomSpec } from "../support/random-specs.js";
import { randomCase } from "../support/random-systems.js";
import { sampleRecords } from "../support/sample-records.js";
import { show } from "../support/show.js";
import { environment } from "../support/spec-cases.js";
import { compare, type Padding, runPlan, trained } from "../support/systems.js";

/** `FUZZ=1000 npx vitest run test/plan/scans-random.test.ts` looks further, from a new seed. */
const runs = Number(process.env["FUZZ"] ?? 30);
const options = process.env["FUZZ"] ? { numRuns: runs } : { numRuns: runs, seed: 3 };
const tapes = fc.array(fc.nat(1000), { minLength: 0, maxLength: 60, size: "max" });
const paddings = fc.constantFrom<Padding>("zero", "random", "large");
const chunks = fc.record({ above: fc.constantFrom(1, 3), steps: fc.integer({ min: 1, max: 3 }) });
/** Plans as they are, and those that hold less. */
const rewrites = fc.constantFrom<(plan: Plan) => Plan>(
  (plan) => plan,
  (plan) => thrifty(plan, { again: false }),
  (plan) => thrifty(plan, { again: true }),
);
const backend = await openBackend("cpu");

type Results = NonNullable<ReturnType<typeof runPlan>>;

it("random Systems, lengths from 0 to 8", { timeout: 600_000 }, () => {
  const before = backend.tensorCount();
  fc.assert(
    fc.property(
      tapes,
      paddings,
      chunks,
      fc.nat(2),
      fc.tuple(fc.nat(8), fc.nat(8)),
      rewrites,
      (tape, padding, chunk, extra, T, rewrite) => {
        const c = randomCase(tape);
        const env = { ...c.env, lengths: { ...c.env.lengths, T } };
        const { system, outputs } = trained(c);
        const results = runPlan(backend, system, env, outputs, {
          padding,
          extra,
          lower: { chunk },
          rewrite,
        }) as Results;
        const { worst, where } = compare(system, env, results, extra);
        if (worst > 1e-4) throw new Error(`${where}\nT = ${T}\n${show(system)}`);
      },
    ),
    options,
  );
  expect(backend.tensorCount()).toBe(before);
});

it("random specs", { timeout: 600_000 }, () => {
  const before = backend.tensorCount();
  fc.assert(
    fc.property(tapes, paddings, chunks, fc.nat(4), rewrites, (tape, padding, chunk, extra, rewrite) => {
      const source = randomSpec(tape);
      const compiled = compile(source, { file: "spec.rcv" });
      if (!compiled.ok) throw new Error(`does not compile:\n${source}`);
      const { model } = compiled;
      const numbers = Object.fromEntries(
        model.params.map((p) => {
          const size = p.shape.reduce((a, b) => a * b, 1);
          return [p.name, Float32Array.from({ length: size }, (_, i) => uniform(p.name, i) - 0.5)];
        }),
      );
      const env = environment(model, model.system({ training: true, drawn: [] }), sampleRecords(model, 3), numbers);
      const compute = training(model);
      const outputs = ["loss", ...compute.gradients.values()];
      const run = { padding, extra };
      const results = runPlan(backend, compute.system, env, outputs, { ...run, lower: { chunk }, rewrite }) as Results;
      const { worst, where } = compare(compute.system, env, results, extra);
      if (worst <= 1e-4) return;
      // what cannot be told in float32 is as far off where the loops are unrolled
      const plain = runPlan(backend, compute.system, env, outputs, { ...run, lower: { chunk: null } }) as Results;
      const reference = compare(compute.system, env, plain, extra);
      if (!(worst <= 2 * reference.worst)) throw new Error(`${where} (unrolled: ${reference.worst})\n${source}`);
    }),
    { ...options, numRuns: Math.ceil(runs / 2) },
  );
  expect(backend.tensorCount()).toBe(before);
});
