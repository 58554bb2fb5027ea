// Tokens per second of this project: node generate.mjs V H B T N SECONDS BACKEND
import { readFileSync } from "node:fs";

const [V, H, B, T, N, SECONDS] = process.argv.slice(2, 8).map(Number);
const backend = process.argv[8];
const { compile } = await import(new URL("../../dist/src/compiler/index.js", import.meta.url).href);
const { instantiate } = await import(new URL("../../dist/src/runtime/index.js", import.meta.url).href);
const file = new URL("../../specs/bench/lstm-generator.rcv", import.meta.url);
const model = await instantiate(compile(readFileSync(file, "utf8"), { set: { V, H, "decode.max": T } }), { backend });
const records = Array.from({ length: B }, () => ({}));
let seed = 0;
const once = async () => {
  const before = performance.now();
  const drawn = await model.decode(records, { sample: true, max: T, seed: seed++ });
  const ms = performance.now() - before;
  if (drawn.some(({ y }) => y.length !== T)) throw new Error("a sequence has another length");
  return ms;
};
const first_ms = await once();
const rest = [];
const start = performance.now();
while (!rest.length || (rest.length < N && performance.now() - start < SECONDS * 1000)) rest.push(await once());
const min_ms = Math.min(...rest);
const peak_memory_mb = process.resourceUsage().maxRSS / 1024;
console.log(
  JSON.stringify({ engine: backend, first_ms, min_ms, tokens_per_second: (B * T) / (min_ms / 1000), peak_memory_mb }),
);
