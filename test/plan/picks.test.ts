/** Entries of a dim at the variable of an axis: A[i, j] is A laid out over axes, not a gather. */
import { expect, test } from "vitest";
import { compile } from "../../src/compiler/index.js";
import { lower } from "../../src/compiler/plan/lower.js";
import { training } from "../../src/compiler/programs.js";
import { problemsOf } from "../support/check-spec.js";

const crf = `
model crf : many-to-many {
  vocab Tag = ["a", "b", "c"]
  axis t < T;  axis i < Tag;  axis j < Tag
  input x[t] : [4];  random y[t] : Tag
  param W, b, A : [Tag, Tag], a0 : [Tag]
  emit[t] : [Tag] = W @ x[t] + b
  m[t,i] = emit[t,i] + (if t == T-1 then 0 else logsumexp[j](A[i,j] + m[t+1,j]));  m[T,j] = 0
  y[t] ~ categorical[j]((if t == 0 then a0[j] else A[y[t-1],j]) + m[t,j])
  decode { viterbi }
}`;

test("a conditional random field gathers rows by its tokens, and nothing else", () => {
  const { model } = compile(crf, { file: "crf.rcv" });
  const compute = training(model);
  const outputs = ["loss", ...compute.gradients.values()];
  const plan = lower(compute, { batch: 5, extents: { T: 6, Tag: 3 } }, outputs);
  const count = (op: string): number => plan.instrs.filter((i) => i.op === op).length;
  // A[y[t-1]] and its adjoint, the score of y[t]
  expect([count("gather") <= 2, count("scatter") <= 1, count("onehot")]).toEqual([true, true, 0]);
});

test("on every backend as by the evaluator: rows, columns, diagonals, in both orders, in loops", async () => {
  const source = `
model picks {
  dim N = 3;  dim M = 2
  axis t < T;  axis i < N;  axis j < M;  axis k < N
  input x[t] : [N, M];  random y[t]
  param A : [N, M], B : [N, N], v : [N] ~ normal(0, 1), Q : [N, M, N] ~ normal(0, 1)
  a[t,i] = sum[j](A[i,j] * x[t,i,j])
  b[j] = sum[i](A[i,j] * B[i,i])
  c[t,i] = v[i] + tanh(sum[k](B[i,k] * c[t-1,k])) + sum[j](dot(Q[i,j], x[t] @ b0[j]) * b[j])
  b0[j] : [M] = A[0] * b[j]
  c[-1,i] = v[i]
  g[i,t] = sum[k](B[k,i] * a[t,k]) * Q[i,1,0]
  y[t] ~ normal(sum[i](a[t,i] + c[t,i] + g[i,t]) + A[2,1], 1)
}`;
  expect(await problemsOf(source)).toEqual([]);
  expect(await problemsOf(crf)).toEqual([]);
});
