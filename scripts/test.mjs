/**
 * `npm test`: sets up, then checks types, style and generated files and runs the tests. Arguments go to vitest (`npm
 * test -- -u`, a file). Ends with one line that counts checks and tests.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setup } from "./setup.mjs";
import { at, run, runBin, say } from "./steps.mjs";

const counts = { passed: 0, failed: 0, skipped: 0 };

function check(name, exitCode) {
  counts[exitCode === 0 ? "passed" : "failed"] += 1;
  say(`${exitCode === 0 ? "✓" : "✗"} ${name}`);
}

/** Those that write files, with the means for it; others are what they share. */
function generators() {
  const folder = at("scripts", "generate");
  const writes = (name) => /from "\.\/write\.mjs"/.test(readFileSync(join(folder, name), "utf8"));
  return readdirSync(folder).filter((name) => name.endsWith(".mjs") && writes(name));
}

function vitest(args) {
  const folder = mkdtempSync(join(tmpdir(), "recurve-test-"));
  const file = join(folder, "results.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const exitCode = runBin("vitest", "vitest.mjs", ["run", ...reporters, ...args]);
    count(JSON.parse(readFileSync(file, "utf8")), exitCode);
  } catch {
    check("vitest ran", 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function count(results, exitCode) {
  counts.passed += results.numPassedTests;
  counts.failed += results.numFailedTests;
  counts.skipped += results.numPendingTests + results.numTodoTests;
  // A file that cannot be loaded has no tests, and an error outside of any test fails none.
  const broken = results.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  );
  for (const { name } of broken) check(name, 1);
  if (exitCode !== 0 && results.numFailedTests === 0 && broken.length === 0) check("vitest ended without errors", 1);
}

if (await setup()) {
  check("types", runBin("typescript", "bin/tsc", ["--noEmit", "-p", "tsconfig.json"]));
  check("style", runBin("@biomejs/biome", "bin/biome", ["ci", "--error-on-warnings", "."]));
  for (const name of generators()) {
    check(`${name}: what it generates is fresh`, run(process.execPath, [at("scripts", "generate", name), "--check"]));
  }
  vitest(process.argv.slice(2));
} else {
  check("setup", 1);
}
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
process.exitCode = counts.failed > 0 ? 1 : 0;
