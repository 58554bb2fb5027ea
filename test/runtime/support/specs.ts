/** Small specs with their data in a folder of their own, which is removed after the tests. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { type Compiled, compile } from "../../../src/compiler/index.js";
import type { BlockValue } from "../../../src/compiler/model.js";

export const folder = mkdtempSync(join(tmpdir(), "recurve-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

writeFileSync(join(folder, "text.txt"), "the cat sat on the mat and the rat sat on the cat. ".repeat(8));
const record = (i: number): string => {
  const x = Array.from({ length: 1 + (i % 5) }, (_, k) => "abc"[(i * 7 + k * k) % 3]).join("");
  // the answer is the letter before: a sequence that can be learnt exactly
  return JSON.stringify({ x, y: `a${x.slice(0, -1)}` });
};
writeFileSync(join(folder, "tags.jsonl"), Array.from({ length: 60 }, (_, i) => record(i)).join("\n"));

/** A character model with dropout, over contiguous text with carried state. */
export const story = `
model story {
  vocab Char
  dim H = 8
  axis t < T
  random c[t] : Char
  noise e[t] : [H] ~ bernoulli(0.8)
  param Wx, Wh, b, Wo, bo
  h[t] : [H] = tanh(Wx @ c[t-1] + Wh @ h[t-1] + b)
  h[-1] = 0
  c[-1] = " "
  c[t] ~ categorical(Wo @ (if training then h[t] * e[t] else 0.8 * h[t]) + bo)
  data { train = text("text.txt"), valid = last(0.2) }
  train { optimizer = adam(lr = 0.02), clip = 1, batch = 4, truncate(10, carry), steps = 16, seed = 5 }
  decode { greedy, max = 12 }
}`;

/** Tags of a sequence, one for each token. */
export const tags = `
model tags {
  vocab In
  vocab Out = ["a", "b", "c"]
  dim H = 8
  axis t < T
  input x[t] : In
  random y[t] : Out
  param Wx, Wp, Wh, b, Wo
  h[t] : [H] = tanh(Wx @ x[t] + Wp @ x[t-1] + Wh @ h[t-1] + b)
  h[-1] = 0
  x[-1] = "a"
  y[t] ~ categorical(Wo @ h[t])
  data { train = jsonl("tags.jsonl"), x = chars(x), y = chars(y), valid = random(0.2) }
  train { optimizer = adam(lr = 0.05), batch = 8, epochs = 6, seed = 2 }
  decode { greedy }
}`;

/** The same with an optimiser of its own: a step as long as its parameter asks for, a number per parameter and one for all. */
export const own = `
cell trust(w : [..], g : [..], v : [..], size, k) -> (w1 : [..], v1 : [..], size1, k1) {
  lr = 0.01; momentum = 0.9
  require 0 <= momentum; require momentum < 1
  k1 = k + 1
  size1 = 0.9 * size + 0.1 * norm(g)
  v1 = momentum * v + g / (size1 / (1 - 0.9^k1) + 1e-6)
  w1 = w - lr * (0.1 + norm(w)) * v1
}
${tags.replace("adam(lr = 0.05)", "trust(lr = 0.02, momentum = 0.8)")}`;

export function compiled(source: string, set: Readonly<Record<string, BlockValue>> = {}): Compiled {
  const program = compile(source, { file: join(folder, "spec.rcv"), set });
  if (!program.ok) throw new Error(program.diagnostics.map((d) => d.message).join("\n"));
  return program;
}

/** Documents, one a line, each with its end; a stream of them starts anew after each. */
export const documents = `
model documents {
  vocab Char
  dim H = 6
  axis t < T until c[t] == EOS
  random c[t] : Char
  param Wx, Wh, b, Wo, bo
  h[t] : [H] = tanh(Wx @ c[t-1] + Wh @ h[t-1] + b)
  h[-1] = 0.5
  c[-1] = BOS
  c[t] ~ categorical(Wo @ h[t] + bo)
  data { train = lines("lines.txt"), c = chars(line) }
  train { optimizer = adam(lr = 0.02), batch = 2, truncate(5, carry, reset = EOS), steps = 6, seed = 5 }
  decode { greedy, max = 12 }
}`;
writeFileSync(join(folder, "lines.txt"), ["the cat", "a rat", "mat", "sat on", "the hat", "at"].join("\n"));
