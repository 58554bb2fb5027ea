// Does a long training leave anything behind? node leaks.mjs BACKEND STEPS [SHAPES]
// Batches of SHAPES padded shapes (default 24); where these are more than the plans that are kept, plans are made and thrown
// away all the time. Prints a table and ends with 1 where the second half of the steps after a warm-up (the first fifth)
// holds more tensors at any time than the first half did.
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const [backend = "wasm", STEPS = 20000, SHAPES = 24] = process.argv.slice(2).map((x, i) => (i ? Number(x) : x));
const { compile } = await import(new URL("../../dist/src/compiler/index.js", import.meta.url).href);
const { instantiate } = await import(new URL("../../dist/src/runtime/index.js", import.meta.url).href);

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

const file = new URL("../../specs/bench/lstm-lm.rcv", import.meta.url);
const [V, H, ROWS] = [16, 16, 50];
const model = await instantiate(compile(readFileSync(file, "utf8"), { set: { V, H, "train.clip": 5 } }), { backend });

// Small numbers that repeat themselves, so that two runs do the same.
let state = 1;
const below = (n) => {
  state = (state * 48271) % 2147483647;
  return state % n;
};
const tokens = (n) => Array.from({ length: n }, () => below(V));
const record = (n) => ({ x: tokens(n), y: tokens(n) });
// the longest record has the length of the shape, the others any
const batch = (shape) => {
  const [size, length] = [2 + (shape % 3), 2 + shape];
  return Array.from({ length: size }, (_, b) => record(b ? 1 + below(length) : length));
};
// most batches have one of the first shapes, as in a training whose lengths have a distribution
const shape = () => (below(10) ? below(Math.min(SHAPES, 24)) : below(SHAPES));

const count = () => model.device.tensorCount();
const mb = (bytes) => (bytes / 2 ** 20).toFixed(1);
const row = (...cells) => console.log(cells.map((c) => String(c).padStart(12)).join(""));
const warm = Math.floor(STEPS / 5);
const half = warm + Math.floor((STEPS - warm) / 2);
const most = { first: 0, second: 0 };
let loss = Number.NaN;

row("step", "tensors", "RSS MB", "heap MB", "loss");
for (let step = 0; step <= STEPS; step++) {
  if (step % Math.ceil(STEPS / ROWS) === 0 || step === STEPS) {
    collectGarbage();
    const { rss, heapUsed } = process.memoryUsage();
    row(step, count(), mb(rss), mb(heapUsed), loss.toFixed(4));
  }
  if (step === STEPS) break;
  loss = await model.step(batch(shape()));
  if (step >= warm) {
    const part = step < half ? "first" : "second";
    most[part] = Math.max(most[part], count());
  }
}
model.dispose();
const grew = most.second > most.first;
console.log(
  `\nmost tensors after step ${warm}: ${most.first}, after step ${half}: ${most.second}; disposed of: ${count()}`,
);
if (grew) console.log("the number of tensors grows");
process.exitCode = grew ? 1 : 0;
