/** Viterbi against all sequences. */
import { describe, expect, it } from "vitest";
import { compile } from "../../src/compiler/index.js";
import { instantiate } from "../../src/runtime/index.js";
import { uniform } from "../support/numbers.js";

const spec = (equations: string): string => `
model tagger {
  vocab Tag = ["D", "N", "V"]
  axis t < T
  input x[t] : [2]
  random y[t] : Tag
  ${equations}
}`;

const first = `
  param W, A : [Tag, Tag], b
  y[t] ~ categorical(W @ x[t] + A @ y[t-1] + b)
  y[-1] = "D"`;
const second = `
  param W, A : [Tag, Tag], B : [Tag, Tag], b
  z[t] = A @ y[t-1]
  y[t] ~ categorical(W @ x[t] + z[t] + B @ y[t-2] + tanh(z[t-1]) + b)
  y[-1] = "D"; y[-2] = "N"; z[-1] = 0`;
const backwards = `
  param W, A : [Tag, Tag], b
  y[t] ~ categorical(W @ x[t] + A @ y[t+1] + b)
  y[T] = "V"`;
const recurrent = `
  param W, A : [Tag, Tag], U, b
  h[t] : [Tag] = tanh(A @ y[t-1] + U @ h[t-1] + b)
  h[-1] = 0; y[-1] = "D"
  y[t] ~ categorical(W @ x[t] + h[t])`;

const lengths = [4, 1, 3];
const xs = lengths.map((n, b) => Array.from({ length: n }, (_, t) => [0, 1].map((i) => 2 * uniform("x", b, t, i) - 1)));

async function network(equations: string) {
  const made = await instantiate(compile(spec(equations), { file: "tagger.rcv" }), { backend: "cpu", seed: 1 });
  const params = Object.entries(made.params()).map(([name, { shape, data }]) => [
    name,
    { shape, data: Float32Array.from(data, (_, i) => 6 * uniform(name, i) - 3) },
  ]);
  await made.setParams(Object.fromEntries(params));
  return made;
}

const sequences = (n: number): string[][] =>
  n === 0 ? [[]] : sequences(n - 1).flatMap((s) => ["D", "N", "V"].map((tag) => [...s, tag]));

describe.each([
  ["one tag back", first],
  ["two tags back, through a value in between", second],
  ["from the end", backwards],
])("%s", (_, equations) => {
  it("finds the likeliest of all sequences", async () => {
    const made = await network(equations);
    try {
      const found = await made.decode(
        xs.map((x) => ({ x })),
        { viterbi: true },
      );
      for (const [b, x] of xs.entries()) {
        const all = sequences(x.length);
        const scores = await made.values(
          all.map((y) => ({ x, y })),
          ["y.logp"],
        );
        const totals = scores.map((s) => Array.from(s["y.logp"]?.data as Float32Array).reduce((a, v) => a + v, 0));
        const best = totals.indexOf(Math.max(...totals));
        expect(found[b]?.["y"]).toBe((all[best] as string[]).join(""));
        expect(found[b]?.logp).toBeCloseTo(totals[best] as number, 4);
      }
    } finally {
      made.dispose();
    }
  });
});

it("refuses where a state is carried beside the random", async () => {
  const made = await network(recurrent);
  await expect(made.decode([{ x: xs[0] }], { viterbi: true })).rejects.toThrow(/something else is carried/);
  made.dispose();
});
