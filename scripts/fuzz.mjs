/**
 * `npm run fuzz -- --seconds 600 --seed 1`: random specs and Systems against the evaluator, central differences and every
 * backend; random and mutated texts against the parser and the checker. Prints what it looked at and the smallest failure.
 */
import { parseArgs } from "node:util";
import { setup } from "./setup.mjs";
import { runBin, say } from "./steps.mjs";

const { values } = parseArgs({ options: { seconds: { type: "string" }, seed: { type: "string" } } });
const seconds = Number(values.seconds ?? 60);
const seed = Number(values.seed ?? Date.now() % 1_000_000_007);
if (!(seconds > 0) || !Number.isInteger(seed)) {
  say("usage: npm run fuzz -- [--seconds N] [--seed S]");
  process.exitCode = 2;
} else if (await setup()) {
  const env = { ...process.env, FUZZ_SECONDS: String(seconds), FUZZ_SEED: String(seed) };
  process.exitCode = runBin("vitest", "vitest.mjs", ["run", "--config", "vitest.fuzz.config.ts"], { env });
} else process.exitCode = 1;
