/** A report as Markdown. */
import { isBusy } from "./machine.mjs";

const number = (x, digits = 3) => {
  if (x === undefined) return "";
  return x >= 1000 ? Math.round(x).toLocaleString("en-US") : String(Number(x.toPrecision(digits)));
};
const row = (cells) => `| ${cells.join(" | ")} |\n`;
const head = (cells) => row(cells) + row(cells.map((_, i) => (i === 0 ? "---" : "---:")));

export function markdown({ date, machine, rounds, absent, cases }) {
  const { cpu, cores, memory_gb, system, node, load } = machine;
  const where = `${cpu}, ${cores} cores, ${memory_gb} GB, ${system}, Node ${node}, load ${load} at the beginning`;
  const intro = `# Benchmarks

${date.slice(0, 10)}, on ${where}. ${rounds} ${rounds === 1 ? "round" : "rounds"}, in each all in turns; the shortest time counts. A step is the forward pass,
backpropagation and Adam's update, with the loss read back. Absolute times differ between machines; ratios in one run are what counts.
`;
  const missing = absent.length
    ? `\nNot measured: ${absent.map(({ name, reason }) => `${name} (${reason})`).join("; ")}.\n`
    : "";
  const busy = isBusy(machine)
    ? `\n**The machine was busy with other work (load ${load}, ${cores} cores): these figures say little.**\n`
    : "";
  return `${intro}${busy}${missing}\n${summary(cases)}${cases.map(one).join("")}`;
}

/** Peers against cases. */
function summary(cases) {
  const peers = [...new Set(cases.flatMap((c) => c.results.filter((r) => r.ratio !== undefined).map((r) => r.peer)))];
  if (!peers.length) return "";
  const rows = peers.map((peer) =>
    row([peer, ...cases.map((c) => number(c.results.find((r) => r.peer === peer)?.ratio, 2))]),
  );
  const title =
    "## How many times as long as Recurve they take\n\ntfjs-layers against Recurve on the same backend, all others against Recurve on tensorflow.\n\n";
  return `${title}${head(["", ...cases.map((c) => c.name)])}${rows.join("")}\n`;
}

function one({ name, spec, sizes, results, failed }) {
  const title = `## ${name}\n\n[${spec}](../specs/bench/${spec}), ${Object.entries(sizes)
    .map(([k, n]) => `${k} = ${n}`)
    .join(", ")}\n\n`;
  const generates = results.some((r) => r.tokens_per_second !== undefined);
  const columns = [
    [
      "",
      (r) => (r.engine && r.group === "recurve" ? `${r.peer}${r.engine.endsWith("-graph") ? ", graph" : ""}` : r.peer),
    ],
    generates ? ["tokens/s", (r) => number(r.tokens_per_second)] : ["fastest, ms", (r) => number(r.min_ms)],
    ...(generates ? [] : [["median, ms", (r) => number(r.median_ms)]]),
    ["first, ms", (r) => number(r.first_ms)],
    ["compiled in, ms", (r) => number(r.compile_ms)],
    ["GFLOP/s", (r) => number(r.gflops)],
    ["calls per time step", (r) => number(r.nodes ?? r.kernels)],
    ["memory, MB", (r) => number(r.peak_memory_mb)],
    ["× Recurve", (r) => number(r.ratio, 2)],
  ].filter(([label, cell]) => label === "" || results.some((r) => cell(r) !== ""));
  const rows = results.map((r) => row(columns.map(([, cell]) => cell(r))));
  const notes = failed.map(({ name: who, reason }) => `\n${who} failed: ${reason}.\n`).join("");
  return `${title}${head(columns.map(([label]) => label))}${rows.join("")}${notes}\n`;
}
