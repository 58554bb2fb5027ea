/** Cells along axes: what a cell does along an axis means what the same equations mean in the model. */
import { describe, expect, test } from "vitest";
import { compile } from "../../src/compiler/index.js";
import { instantiate } from "../../src/runtime/index.js";
import type { DataRecord } from "../../src/runtime/types.js";
import { problemsOf } from "../support/check-spec.js";
import { sampleRecords } from "../support/sample-records.js";
import * as a from "./harness.js";
import { modelOf, Run, type Sample } from "./harness.js";

const attend = `
cell Attend(q : [Q], e[s] : [E]) -> c : [E] {
  param Wq : [H, Q], We : [H, E], v : [H] ~ normal(0, 1)
  a[s] = softmax[s](dot(v, tanh(Wq @ q + We @ e[s])))
  c = sum[s](a[s] * e[s])
}`;

/** Recurrences both ways, with their boundaries. */
const both = `
cell Both(x[s] : [X]) -> y[s] : [2*H] {
  use std.cells (Elman)
  axis s < S
  cell F = Elman(H)
  cell B = Elman(H)
  f[s] = F(x[s], f[s-1]);  f[-1] = 0
  b[s] = B(x[s], b[s+1]);  b[S] = 0
  y[s] = [f[s]; b[s]]
}`;

const heads = `
cell Heads(x[t] : [D]) -> y[t] : [D] {
  axis t < T
  axis u < T
  axis i < N
  param Q[i] : [K, D], P[i] : [K, D], V[i] : [K, D], O[i] : [D, K]
  a[i,t,u] = softmax[u](if u <= t then dot(Q[i] @ x[t], P[i] @ x[u]) / sqrt(K) else -inf)
  y[t] = sum[i](O[i] @ sum[u](if u <= t then a[i,t,u] * (V[i] @ x[u]) else 0))
}`;

const vectors = (name: string, n: number, size: number): number[][] =>
  Array.from({ length: n }, (_, i) => Array.from({ length: size }, (_, j) => a.noiseOf(name, size * i + j)));

/** Two specs with the same parameters under other names have one loss, and one gradient of it. */
function agree(written: string, flat: string, samples: readonly Sample[]): void {
  const [x, y] = [written, flat].map((source) => new Run(modelOf(source), samples)) as [Run, Run];
  expect(y.model.params.map((p) => p.shape)).toEqual(x.model.params.map((p) => p.shape));
  for (const [i, p] of x.model.params.entries())
    y.params.set(y.model.params[i]?.name as string, x.params.get(p.name) as Float64Array);
  expect(Math.abs(x.loss() - y.loss())).toBeLessThan(1e-12);
  x.checkGradients();
}

/** The loss of a spec whose parameters are numbered, whatever their names are. */
async function network(source: string, records: readonly Sample[]): Promise<number> {
  const compiled = compile(source, { file: "spec.rcv" });
  const model = await instantiate(compiled, { backend: "cpu", seed: 1 });
  const numbers = compiled.model.params.map((p, k) => {
    const size = p.shape.reduce((x, y) => x * y, 1);
    const data = Float32Array.from({ length: size }, (_, i) => a.noiseOf(`parameter ${k}`, i));
    return [p.name, { shape: p.shape, data }] as const;
  });
  try {
    await model.setParams(Object.fromEntries(numbers));
    return (await model.gradients(records as DataRecord[])).loss;
  } finally {
    model.dispose();
  }
}

describe("a formal with an axis", () => {
  const model = (call: string): string => `${attend}
model m {
  dim X = 3
  axis s < S;  axis t < T;  axis u < S
  input e[s] : [X], q[t] : [2]
  random y[t] : [X]
  cell att = Attend(H = 2)
  g[t] = ${call}
  y[t] ~ normal(g[t], 1)
}`;
  const flat = (e: string): string => `
model m {
  dim X = 3;  dim H = 2
  axis s < S;  axis t < T
  input e[s] : [X], q[t] : [2]
  random y[t] : [X]
  param Wq : [H, 2], We : [H, X], v : [H] ~ normal(0, 1)
  k[t,s] = ${e}
  a[t,s] = softmax[s](dot(v, tanh(Wq @ q[t] + We @ k[t,s])))
  y[t] ~ normal(sum[s](a[t,s] * k[t,s]), 1)
}`;
  const samples = [
    { e: vectors("e", 3, 3), q: vectors("q", 2, 2), y: vectors("y", 2, 3) },
    { e: vectors("e2", 1, 3), q: vectors("q2", 4, 2), y: vectors("y2", 4, 3) },
  ];
  test.each([
    ["att(q[t], e[s])", "e[s]"],
    ["att(q[t], e)", "e[s]"],
    ["att(q[t], e[u])", "e[s]"],
    ["att(q[t], tanh(e[s] + sum(q[t])))", "tanh(e[s] + sum(q[t]))"],
    ["att(q[t], att(q[t], e) + e[s])", "sum[u](softmax[u](dot(v, tanh(Wq @ q[t] + We @ e[u]))) * e[u]) + e[s]"],
  ])("%s", (call, k) => {
    const written = flat(k).replace("axis t < T", k.includes("[u]") ? "axis t < T;  axis u < S" : "axis t < T");
    agree(model(call), written, samples);
  });

  test("of an axis within another, by the rest of the axes of a value", async () => {
    const source = `${attend}
model m {
  axis k < K;  axis u < U[k]
  input w[k,u] : [2]
  random y : [2]
  param q0 : [2] ~ normal(0, 1), q1 : [2] ~ normal(0, 1)
  cell words = Attend(H = 2)
  cell sentences = Attend(H = 2)
  s[k] = words(q0, w[k])
  y ~ normal(sentences(q1, s), 1)
}`;
    const flat = `
model m {
  axis k < K;  axis u < U[k]
  input w[k,u] : [2]
  random y : [2]
  param q0 : [2] ~ normal(0, 1), q1 : [2] ~ normal(0, 1)
  param Wq : [2, 2], We : [2, 2], v : [2] ~ normal(0, 1), Vq : [2, 2], Ve : [2, 2], z : [2] ~ normal(0, 1)
  a[k,u] = softmax[u](dot(v, tanh(Wq @ q0 + We @ w[k,u])))
  s[k] = sum[u](a[k,u] * w[k,u])
  b[k] = softmax[k](dot(z, tanh(Vq @ q1 + Ve @ s[k])))
  y ~ normal(sum[k](b[k] * s[k]), 1)
}`;
    const record = (name: string): Sample => ({
      w: [vectors(`${name}0`, 2, 2), vectors(`${name}1`, 3, 2)],
      y: [0.3, -0.2],
    });
    for (const call of ["words(q0, w[k])", "words(q0, w[k,u])"]) {
      const [x, y] = [source.replace("words(q0, w[k])", call), flat].map((s) => network(s, [record("a"), record("b")]));
      expect(await x).toBeCloseTo(await (y as Promise<number>), 6);
    }
  });
});

test("a result with an axis is read at the variable of the argument, or of the left side", () => {
  const weights = `
cell Weights(q : [Q], e[s] : [E]) -> (a[s], c : [E]) {
  param W : [Q, E]
  a[s] = softmax[s](dot(q, W @ e[s]))
  c = sum[s](a[s] * e[s])
}`;
  const model = (lines: string): string => `${weights}
model m {
  dim X = 3;  axis s < S;  axis t < T
  input e[s] : [X], q[t] : [2]
  random y[t] : [X]
  cell att = Weights()
  ${lines}
  y[t] ~ normal(g[t], 1)
}`;
  const flat = `
model m {
  dim X = 3;  axis s < S;  axis t < T
  input e[s] : [X], q[t] : [2]
  random y[t] : [X]
  param W : [2, X]
  a[t,s] = softmax[s](dot(q[t], W @ e[s]))
  y[t] ~ normal(sum[s](a[t,s] * e[s] * a[t,s]), 1)
}`;
  const samples = [{ e: vectors("e", 3, 3), q: vectors("q", 2, 2), y: vectors("y", 2, 3) }];
  for (const lines of [
    "(w[t,s], d[t]) = att(q[t], e[s]);  g[t] = sum[s](w[t,s]^2 * e[s]) + 0 * d[t]",
    "(w[t,s], d[t]) = att(q[t], e);  g[t] = sum[s](w[t,s]^2 * e[s]) + 0 * d[t]",
    "(w[s,t], d[t]) = att(q[t], e[s]);  g[t] = sum[s](w[s,t]^2 * e[s]) + 0 * d[t]",
  ])
    agree(model(lines), flat, samples);
});

test("recurrences along an axis inside a cell, one cell after the other", () => {
  const flat = `
model m {
  use std.cells (Elman)
  axis t < T
  input x[t] : [2];  random y[t] : [4]
  cell F = Elman(H = 2);  cell B = Elman(H = 2);  cell F2 = Elman(H = 2);  cell B2 = Elman(H = 2)
  f[t] = F(x[t], f[t-1]);  f[-1] = 0
  b[t] = B(x[t], b[t+1]);  b[T] = 0
  g[t] = F2([f[t]; b[t]], g[t-1]);  g[-1] = 0
  c[t] = B2([f[t]; b[t]], c[t+1]);  c[T] = 0
  y[t] ~ normal([g[t]; c[t]], 1)
}`;
  const model = (lines: string): string => `${both}
model m {
  axis t < T
  input x[t] : [2];  random y[t] : [4]
  cell one = Both(H = 2);  cell two = Both(H = 2)
  ${lines}
}`;
  const samples = [
    { x: vectors("x", 3, 2), y: vectors("y", 3, 4) },
    { x: vectors("x2", 1, 2), y: vectors("y2", 1, 4) },
  ];
  agree(model("h[t] = one(x[t]);  k[t] = two(h);  y[t] ~ normal(k[t], 1)"), flat, samples);
  agree(model("y[t] ~ normal(two(one(x[t])), 1)"), flat, samples);
});

test("heads of attention: two variables on the axis of an argument, an axis of the cell's own, a cell for each layer", () => {
  const source = `${heads}
model m {
  dim D = 3
  axis t < T;  axis l < 2
  input x[t] : [D];  random y[t] : [D]
  cell att[l] = Heads(N = 2, K = 2)
  h[l,t] = h[l-1,t] + att(layernorm(h[l-1,t]))
  h[l = -1, t] = x[t]
  y[t] ~ normal(h[1,t], 1)
}`;
  const flat = `
model m {
  dim D = 3;  dim K = 2
  axis t < T;  axis u < T;  axis l < 2;  axis i < 2
  input x[t] : [D];  random y[t] : [D]
  param Q[l,i] : [K, D], P[l,i] : [K, D], V[l,i] : [K, D], O[l,i] : [D, K]
  z[l,t] = layernorm(h[l-1,t])
  a[l,i,t,u] = softmax[u](if u <= t then dot(Q[l,i] @ z[l,t], P[l,i] @ z[l,u]) / sqrt(K) else -inf)
  h[l,t] = h[l-1,t] + sum[i](O[l,i] @ sum[u](if u <= t then a[l,i,t,u] * (V[l,i] @ z[l,u]) else 0))
  h[-1,t] = x[t]
  y[t] ~ normal(h[1,t], 1)
}`;
  agree(source, flat, [{ x: vectors("x", 3, 3), y: vectors("y", 3, 3) }]);
});

test("a clause of a formal counts inside the cell, and nowhere else", () => {
  const source = `
cell Conv(x[s] : [X]) -> y[s] : [Y] {
  axis s < S
  param A : [Y, X], B : [Y, X], C : [Y, X]
  x[s < 0] = 0
  x[S] = 1
  y[s] = relu(A @ x[s-1] + B @ x[s] + C @ x[s+1])
}
model m {
  axis t < T
  input x[t] : [2];  random y[t] : [2]
  cell conv = Conv(Y = 2)
  x[-1] = 5
  k[t] = conv(x)
  y[t] ~ normal(k[t] + x[t-1], 1)
}`;
  const flat = `
model m {
  axis t < T
  input x[t] : [2];  random y[t] : [2]
  param A : [2, 2], B : [2, 2], C : [2, 2]
  z[t] = x[t];  z[-1] = 0;  z[T] = 1
  x[-1] = 5
  y[t] ~ normal(relu(A @ z[t-1] + B @ z[t] + C @ z[t+1]) + x[t-1], 1)
}`;
  agree(source, flat, [{ x: vectors("x", 3, 2), y: vectors("y", 3, 2) }]);
});

test("one of the cells of an axis: by its variable, another one, a number", () => {
  const model = (body: string): string => `
model m {
  use std.cells (Elman)
  dim H = 2
  axis l < 2;  axis k < 2;  axis t < T
  input x[t] : [H];  random y[t] : [H]
  cell F[l] = Elman(H)
  ${body}
  h[-1,t] = x[t];  h[l,-1] = 0
}`;
  const flat = `
model m {
  dim H = 2
  axis l < 2;  axis t < T
  input x[t] : [H];  random y[t] : [H]
  param W[l] : [H, H], U[l] : [H, H], b[l] : [H]
  h[l,t] = tanh(W[l] @ h[l-1,t] + U[l] @ h[l,t-1] + b[l])
  y[t] ~ normal(h[1,t] + tanh(W[1] @ x[t] + U[1] @ h[0,t] + b[1]), 1)
  h[-1,t] = x[t];  h[l,-1] = 0
}`;
  const samples = [{ x: vectors("x", 3, 2), y: vectors("y", 3, 2) }];
  for (const call of ["F(h[l-1,t], h[l,t-1])", "F[l](h[l-1,t], h[l,t-1])"])
    agree(model(`h[l,t] = ${call};  y[t] ~ normal(h[1,t] + F[1](x[t], h[0,t]), 1)`), flat, samples);
  agree(model("h[k,t] = F[k](h[k-1,t], h[k,t-1]);  y[t] ~ normal(h[1,t] + F[1](x[t], h[0,t]), 1)"), flat, samples);
});

const trained = {
  "one parameter for each layer": `
model layers {
  dim H = 3
  axis l < 3;  axis t < T
  input x[t] : [H];  random y[t] : [H]
  param W[l], U[l] : [H, H] ~ orthogonal, b[l]
  h[l,t] : [H] = tanh(W[l] @ h[l-1,t] + U[l] @ h[l,t-1] + b[l])
  h[l = -1, t] = x[t];  h[l, -1] = 0
  y[t] ~ normal(h[2,t], 1)
}`,
  "attention as a cell": `${attend}
model translate : seq2seq {
  use std.cells (GRU)
  vocab Src = ["a", "b"];  vocab Tgt = ["x", "y"]
  dim H = 4
  axis s < S;  axis t < T until y[t] == EOS
  input x[s] : Src;  random y[t] : Tgt
  param Wo, bo
  cell enc = GRU(H);  cell dec = GRU(H);  cell att = Attend(H = 3)
  e[s] = enc(x[s], e[s-1]);  e[-1] = 0
  q[t] = dec([y[t-1]; g[t-1]], q[t-1]);  q[-1] = e[S-1];  g[-1] = 0;  y[-1] = BOS
  g[t] = att(q[t], e[s])
  y[t] ~ categorical(Wo @ [q[t]; g[t]] + bo)
  decode { beam(3), max = 6 }
}`,
  "heads of attention": `${heads}
model gpt : generator {
  vocab Char = ["a", "b", "c"]
  dim D = 4
  axis t < T;  axis l < 2
  random c[t] : Char
  param E : [D, Char], P : [D] ~ normal(0, 0.3), Wo, bo
  cell att[l] = Heads(N = 2, K = 2)
  h[l,t] = h[l-1,t] + att(layernorm(h[l-1,t]))
  h[-1,t] = E @ c[t-1] + P * sin(t);  c[-1] = BOS
  c[t] ~ categorical(Wo @ h[1,t] + bo)
  decode { greedy, max = 4 }
}`,
};

describe.each(Object.entries(trained))("%s", (_, source) => {
  test("on every backend as by the evaluator", async () => {
    expect(await problemsOf(source)).toEqual([]);
  });

  test("is trained and decoded on wasm", async () => {
    const compiled = compile(source, { file: "spec.rcv" });
    const { model } = compiled;
    const network = await instantiate(compiled, { backend: "wasm", seed: 1 });
    try {
      const records = sampleRecords(model, 4);
      const before = (await network.gradients(records)).loss;
      for (let i = 0; i < 20; i++) await network.step(records);
      expect((await network.gradients(records)).loss).toBeLessThan(before * 0.98);
      const params = await network.params();
      for (const p of model.params) expect(params[p.name]?.shape).toEqual(p.shape);
      const randoms = model.fields.filter((f) => f.role === "random").map((f) => f.name);
      const given = records.map((r) => Object.fromEntries(Object.entries(r).filter(([k]) => !randoms.includes(k))));
      for (const decoded of await network.decode(given))
        expect(Object.keys(decoded)).toEqual(expect.arrayContaining(randoms));
    } finally {
      network.dispose();
    }
  });
});
