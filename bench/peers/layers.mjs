// tfjs-layers: node layers.mjs MODEL V H B T N SECONDS tensorflow|wasm|cpu, in the folder that its packages are installed in.
// Its slow defaults are out of the way: `recurrentActivation` is the sigmoid of the other peers, no matrix starts orthogonal.
import { createRequire } from "node:module";
import { join } from "node:path";
import util from "node:util";

util.isNullOrUndefined ??= (x) => x === null || x === undefined; // tfjs-node 4 needs it; Node 23 has it no more
const require = createRequire(join(process.cwd(), "packages.js"));
const [name, ...numbers] = process.argv.slice(2, 9);
const [V, H, B, T, N, SECONDS] = numbers.map(Number);
const backend = process.argv[9] ?? "tensorflow";
const tf = require(backend === "tensorflow" ? "@tensorflow/tfjs-node" : "@tensorflow/tfjs");
if (backend === "wasm") require("@tensorflow/tfjs-backend-wasm");
await tf.setBackend(backend);
await tf.ready();

const recurrent = { returnSequences: true, recurrentInitializer: "glorotUniform", recurrentActivation: "sigmoid" };
const embedding = () =>
  tf.layers.embedding({ inputDim: V, outputDim: V, inputLength: T, weights: [tf.eye(V)], trainable: false });
const softmax = (units) => tf.layers.timeDistributed({ layer: tf.layers.dense({ units, activation: "softmax" }) });
const lstm = () => tf.layers.lstm({ units: H, ...recurrent });
const bodies = {
  lm: () => [lstm(), softmax(V)],
  gru: () => [tf.layers.gru({ units: H, resetAfter: false, ...recurrent }), softmax(V)],
  tagger: () => [tf.layers.bidirectional({ layer: lstm() }), tf.layers.bidirectional({ layer: lstm() }), softmax(16)],
};

/** Milliseconds of each call, the first one apart; at most N after it, and none is begun SECONDS after that. */
async function time(run) {
  const once = async () => {
    const before = performance.now();
    await run();
    return performance.now() - before;
  };
  const first_ms = await once();
  const rest = [];
  const start = performance.now();
  while (!rest.length || (rest.length < N && performance.now() - start < SECONDS * 1000)) rest.push(await once());
  rest.sort((a, b) => a - b);
  return { first_ms, min_ms: rest[0], median_ms: rest[rest.length >> 1], steps: rest.length };
}

function print(numbers) {
  const peak_memory_mb = process.resourceUsage().maxRSS / 1024;
  const peer = `tfjs-layers on ${backend}`;
  console.log(JSON.stringify({ peer, version: tf.version["tfjs-layers"], ...numbers, peak_memory_mb }));
}

if (name === "generate") {
  const model = tf.sequential();
  const stateful = { stateful: true, batchInputShape: [B, 1, V], returnSequences: false };
  model.add(tf.layers.lstm({ units: H, ...recurrent, ...stateful }));
  model.add(tf.layers.dense({ units: V }));
  const next = (x) =>
    tf.tidy(() => {
      const logits = model.predict(x.toFloat().expandDims(1), { batchSize: B });
      return tf.oneHot(tf.multinomial(logits, 1).squeeze([1]), V);
    });
  const numbers = await time(async () => {
    model.resetStates();
    let x = tf.oneHot(tf.zeros([B], "int32"), V);
    const drawn = [];
    for (let t = 0; t < T; t++) {
      x = next(x);
      drawn.push(x);
    }
    await tf.tidy(() => tf.argMax(tf.stack(drawn), 2)).data();
    tf.dispose(drawn);
  });
  print({ ...numbers, tokens_per_second: (B * T) / (numbers.min_ms / 1000) });
} else {
  if (!bodies[name]) throw new Error(`there is no model ${name}`);
  const model = tf.sequential();
  for (const layer of [embedding(), ...bodies[name]()]) model.add(layer);
  model.compile({ loss: "categoricalCrossentropy", optimizer: tf.train.adam(2e-3) });
  const ids = (below) =>
    tf.tensor(
      Int32Array.from({ length: B * T }, () => Math.random() * below),
      [B, T],
      "int32",
    );
  const classes = name === "tagger" ? 16 : V;
  const [x, y] = [ids(V), tf.oneHot(ids(classes), classes).toFloat()];
  print(await time(() => model.trainOnBatch(x, y)));
}
