import { expect, test } from "vitest";
import { compile } from "../../src/compiler/index.js";

const spec = `
use std.cells (LSTM)
model lm {
  vocab Char = ["a", "b"]
  dim H = 4
  axis t < T until c[t] == EOS
  random c[t] : Char
  param Wo, bo
  cell lstm = LSTM(H)
  (h[t], s[t]) = lstm(c[t-1], h[t-1], s[t-1])
  h[-1] = 0
  s[-1] = 0
  c[-1] = BOS
  c[t] ~ categorical(Wo @ h[t] + bo + 2 * (if c[t-1] == "b" then 1 else 0))
}`;

test("packed gates print as the split that they are, tokens as they were written", () => {
  const text = compile(spec).print("equations");
  expect(text).toContain("lstm.ifog[t] : [4*H] = lstm.W @ c[t-1] + lstm.U @ h[t-1] + lstm.b\n");
  expect(text).toContain(
    "(lstm.i[t] : [H], lstm.f[t] : [H], lstm.o[t] : [H], lstm.g[t] : [H]) = split(lstm.ifog[t], 4)\n",
  );
  expect(text).toContain("c[-1] = BOS\n");
  expect(text).toContain('c[t-1] == "b"');
});

test("adjoints along a tree are read at the parent, whatever was multiplied there", () => {
  const tree = `
model m {
  dim H = 2
  tree n
  input w[n] : [H]
  random y[n] : [H]
  param W, U, b
  f[n] : [H] = sigmoid(W @ w[n] + b)
  c[n] : [H] = tanh(U @ w[n]) + f[n] * sum[k in kids(n)](c[k])
  y[n] ~ normal(c[n], 1)
}`;
  const text = compile(tree).print("bptt");
  // child k of parent(k): dc_k = ... + f_parent * dc_parent
  expect(text).toMatch(/^dc\[n\] .*sum\[k: child\(k\) == n\]\(dc\[parent\(k\)\] \* f\[parent\(k\)\]\)/m);
  expect(text).not.toMatch(/sum\[n in kids/);
});
