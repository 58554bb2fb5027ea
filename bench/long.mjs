/** Long sequences: first step, time per time step and memory by length, without and with a budget of memory. See README.md. */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { build } from "../scripts/build.mjs";

const { values: options } = parseArgs({
  options: {
    lengths: { type: "string", default: "100,250,500,1000,2000,4000" },
    memory: { type: "string", default: "64 MB" },
    backend: { type: "string", default: "tensorflow" },
    rounds: { type: "string", default: "2" },
    spec: { type: "string", default: "specs/bench/lstm-lm.rcv" },
    batch: { type: "string", default: "50" },
  },
});
const cli = new URL("../bin/recurve.js", import.meta.url).pathname;
const lengths = options.lengths.split(",").map(Number);
const dims = options.spec.endsWith("lstm-lm.rcv") ? ["-p", "V=64", "-p", "H=128"] : [];

/** One process: the event that `recurve bench` prints. */
function measure(length, memory) {
  const steps = String(Math.max(4, Math.round(4000 / length)));
  const budget = memory === null ? [] : ["-p", `train.memory=${memory}`];
  const sizes = ["--batch", options.batch, "--length", String(length), "--steps", steps];
  const args = ["bench", options.spec, ...dims, ...budget, ...sizes, "--backend", options.backend, "--json"];
  const { stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" });
  const events = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const found = events.find(({ event }) => event === "bench");
  if (!found) throw new Error(`no time for a length of ${length}:\n${stderr}`);
  return found;
}

const best = (a, b) =>
  a === undefined
    ? b
    : Object.fromEntries(Object.entries(b).map(([k, x]) => [k, typeof x === "number" ? Math.min(x, a[k]) : x]));

if (!build()) process.exit(1);
const [free, held] = [new Map(), new Map()];
for (let round = 0; round < Number(options.rounds); round++)
  for (const length of lengths) {
    free.set(length, best(free.get(length), measure(length, null)));
    held.set(length, best(held.get(length), measure(length, options.memory)));
    process.stderr.write(`round ${round + 1}: length ${length}\n`);
  }
const cells = lengths.map((length) => {
  const [a, b] = [free.get(length), held.get(length)];
  const each = [a, b].flatMap((x) => [
    x.first_ms,
    x.min_ms,
    (1000 * x.min_ms) / length,
    x.planned_memory_mb,
    x.peak_memory_mb,
  ]);
  return [length, ...each.map((x) => Math.round(x)), (b.min_ms / a.min_ms).toFixed(2)];
});
const columns = ["first ms", "ms", "µs per time step", "planned MB", "process MB"];
const header = ["length", ...columns, ...columns.map((c) => `${c}, ${options.memory}`), "time ratio"];
const row = (all) => `| ${all.join(" | ")} |`;
console.log([row(header), row(header.map(() => "---")), ...cells.map(row)].join("\n"));
const perStep = (all) => lengths.map((length) => all.get(length).min_ms / length);
const spread = (all) => Math.max(...perStep(all)) / Math.min(...perStep(all)) - 1;
const percent = (x) => `${(100 * x).toFixed(0)}%`;
console.log(`\ntime per time step differs by ${percent(spread(free))}, with the budget by ${percent(spread(held))}`);
