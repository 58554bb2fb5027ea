/** Warnings about what is probably not meant, and what looks like it and is right. */
import { expect, test } from "vitest";
import { check } from "../../src/compiler/check/index.js";

const told = (body: string): string[] => {
  const source = `model m {\n${body}\n}`;
  return check(source).diagnostics.map((d) => {
    const span = d.labels[0]?.span;
    return `${d.code} ${source.slice(span?.start, span?.end)}`;
  });
};
const head = "dim H = 3; axis t < T; input x[t] : [H]; param W";
const lstm = `use std.cells (LSTM); cell f = LSTM(H); dim H = 3; axis t < T; input x[t] : [H]
  (h[t], c[t]) = f(x[t], h[t-1], c[t-1]); h[-1] = 0; c[-1] = 0`;

test("what no draw, loss or metric depends on", () => {
  const h = "h[t] : [H] = tanh(W @ x[t])";
  expect(told(`${head}, G; ${h}; g[t] : [H] = σ(G @ x[t]); loss sum(h[t])`)).toEqual(["unused-value g[t] : [H]"]);
  // a recurrence reads itself
  expect(told(`${head}; loss sum(x[t]); ${h} + h[t-1]; h[-1] = 0`)).toEqual(["unused-value h[t] : [H]"]);
  // of a chain the last
  expect(told(`${head}; loss sum(x[t]); ${h}; g[t] = 2 * h[t]`)).toEqual(["unused-value g[t]"]);
  expect(told(`${head}; loss sum(x[t]); ${h}; metric size = norm(h[t])`)).toEqual([]);
  // without parameters it may be there to be looked at
  expect(told(`${head}; ${h}; g[t] = sum(x[t]); loss sum(h[t])`)).toEqual([]);
});

test("a result of a cell may stay unread, all of them not", () => {
  expect(told(`${lstm}; loss sum(h[T-1])`)).toEqual([]);
  expect(told(`${lstm}; loss sum(x[t])`)).toEqual(["unused-value h[t]"]);
});

test("an input that is read ahead only", () => {
  expect(told("axis t < T; input x[t]; x[T] = 0; loss x[t+1]")).toEqual(["unread-start x[t+1]"]);
  expect(told("axis t < T; input x[t]; x[T] = 0; loss (x[t+1] - x[t])^2")).toEqual([]);
  expect(told("axis t < T; input x[t]; x[T] = 0; loss x[t+1] - x[0]")).toEqual([]);
  expect(told("axis t < T; axis s < T; input x[t]; x[T] = 0; loss x[t+1] * sum[s](x[s])")).toEqual([]);
});

test("an input and a parameter that nothing reads", () => {
  expect(told(`${head}; input y[t]; loss sum(x[t])`)).toEqual(["unused-name W", "unused-name y"]);
});

test("a softmax of a softmax", () => {
  const drawn = (draw: string): string[] =>
    told(`vocab V = ["a", "b"]; axis t < T; input x[t] : [3], z[t]; random y[t] : V, b[t]; param W
      p[t] = softmax(W @ x[t]); metric most = max(p[t]); b[t] ~ bernoulli(z[t]); y[t] ~ ${draw}`);
  expect(drawn("categorical(softmax(W @ x[t]))")).toEqual(["probabilities-as-logits softmax(W @ x[t])"]);
  expect(drawn("categorical(p[t])")).toEqual(["probabilities-as-logits p[t]"]);
  expect(drawn("categorical(p = p[t])")).toEqual([]);
  expect(drawn("categorical(log(p[t]))")).toEqual([]);
  const along = "axis t < T; axis s < S; input x[t], k[s]; random y[t] : s, b[t]";
  expect(told(`${along}; b[t] ~ bernoulli(σ(x[t])); y[t] ~ categorical[s](softmax[s](x[t] * k[s]))`)).toEqual([
    "probabilities-as-logits σ(x[t])",
    "probabilities-as-logits softmax[s](x[t] * k[s])",
  ]);
});

test("a block for decoding without anything to decode", () => {
  expect(told(`${head}; h[t] : [H] = W @ x[t]; loss sum(h[t]); decode { greedy }`)).toEqual(["unused-block decode"]);
  expect(told(`${head}; random y[t] : [H]; y[t] ~ normal(W @ x[t], 1); decode { greedy }`)).toEqual([]);
});

test("an instance that is never called has no parameters", () => {
  expect(told(`${lstm}; cell g = LSTM(H); loss sum(h[T-1])`)).toEqual(["unused-name g"]);
  const { models } = check(`model m { ${lstm}; cell g = LSTM(H); loss sum(h[T-1]) }`);
  expect(models[0]?.params.map((p) => p.name)).toEqual(["f.W", "f.U", "f.b"]);
});

test("a gain that starts at 0, unless it opens a residual branch", () => {
  const with_ = (value: string, start = "zeros"): string[] =>
    told(`${head}, g : [H] ~ ${start}; h[t] : [H] = ${value}; loss sum(h[t])`);
  expect(with_("g * tanh(W @ x[t])")).toEqual(["silent-gain g"]);
  expect(with_("tanh(W @ x[t]) * g + 1")).toEqual(["silent-gain g"]);
  expect(with_("x[t] + g * tanh(W @ x[t])")).toEqual([]);
  expect(with_("tanh(W @ x[t]) + g")).toEqual([]);
  expect(with_("g * tanh(W @ x[t])", "constant(1)")).toEqual([]);
});
