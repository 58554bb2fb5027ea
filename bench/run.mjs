/**
 * `npm run bench`: this project and its peers on the same models, in one run, in turns; of each the shortest time counts.
 * See README.md beside this file.
 */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { at, run as runHere, say } from "../scripts/steps.mjs";
import { chosen } from "./cases.mjs";
import { contestants, takesPart } from "./contestants.mjs";
import { isBusy, machine } from "./machine.mjs";
import { merged, Results } from "./results.mjs";
import { markdown } from "./table.mjs";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    peers: { type: "string", default: "" },
    backends: { type: "string", default: "tensorflow,wasm" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "20" },
    limit: { type: "string", default: "600" },
    out: { type: "string" },
  },
});
const words = (text) => text.split(",").filter((word) => word !== "");
const whole = (name) => {
  const n = Number(values[name]);
  if (!Number.isSafeInteger(n) || n < 1) throw new Error(`--${name} is a whole number from 1 on`);
  return n;
};
const [rounds, seconds, limit] = ["rounds", "seconds", "limit"].map(whole);
const cases = chosen(words(values.only));
const groups = words(values.peers);
const all = contestants(process.env.BENCH_PEERS ?? null, words(values.backends));
for (const group of groups)
  if (!all.some((c) => c.group === group))
    throw new Error(`there is no peer ${group}: there are torch, jax, keras, layers`);
const asked = all.filter((c) => c.group === "recurve" || !groups.length || groups.includes(c.group));
const isWhole = !values.only && !groups.length && values.backends === "tensorflow,wasm";

if (runHere(process.execPath, [at("scripts", "build.mjs")]) !== 0) process.exit(1);

/** The lines of JSON that a process prints, or why there are none. */
function start([program, ...args], cwd) {
  return new Promise((done) => {
    const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" };
    const child = spawn(program, args, { cwd: cwd ?? fileURLToPath(new URL("..", import.meta.url)), env });
    const timer = setTimeout(() => child.kill("SIGKILL"), limit * 1000);
    let [out, errors] = ["", ""];
    child.stdout.on("data", (text) => {
      out += text;
    });
    child.stderr.on("data", (text) => {
      errors += text;
    });
    child.on("error", (error) => done({ lines: [], reason: error.message }));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const lines = out
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line));
      const last = errors.trim().split("\n").at(-1) || lines.find((line) => line.message)?.message;
      const reason = signal ? `not done in ${limit} s` : code === 0 ? null : (last ?? `exit code ${code}`);
      done({ lines, reason });
    });
  });
}

const results = new Results();
const began = machine();
if (isBusy(began))
  say(`the machine is busy: a load of ${began.load} on ${began.cores} cores; the figures will say little`);
for (let round = 0; round < rounds; round++)
  for (const one of cases) {
    const present = asked.filter((c) => c.absent === null && takesPart(c, one) && !results.failed(one.name, c.name));
    // each begins a round once
    const order = present.map((_, k) => present[(k + round) % present.length]);
    for (const contestant of order) {
      say(`round ${round + 1} of ${rounds}  ${one.name}  ${contestant.name}`);
      const { lines, reason } = await start(contestant.command(one, { seconds }), contestant.cwd);
      const measured = lines.map(contestant.read).filter((line) => line && line.min_ms !== undefined);
      for (const line of measured)
        results.add(one.name, { ...line, against: contestant.against, group: contestant.group });
      if (reason !== null || !measured.length) {
        results.fail(one.name, contestant.name, reason ?? "it printed nothing");
        say(`  failed: ${results.failed(one.name, contestant.name)}`);
      }
    }
  }

const absent = asked.flatMap(({ name, absent: reason }) => (reason === null ? [] : [{ name, reason }]));
const report = { date: new Date().toISOString(), machine: began, rounds, absent, cases: merged(cases, results) };
const text = markdown(report);
process.stdout.write(text);
const out = values.out ?? (isWhole ? at("bench", "results") : null);
if (out !== null) {
  writeFileSync(`${out}.md`, text);
  writeFileSync(`${out}.json`, `${JSON.stringify(report, null, 2)}\n`);
  say(`written: ${out}.md, ${out}.json`);
}
