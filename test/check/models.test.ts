/** Specs against hand-written loops: what the checker makes of them means what a reader takes them to mean. */
import { describe, expect, test } from "vitest";
import * as a from "./harness.js";
import { modelOf, Run, type Vec } from "./harness.js";

const close = (x: number, y: number): void => expect(Math.abs(x - y)).toBeLessThan(1e-9);
const closeAll = (x: Vec, y: Vec): void => {
  expect(x.length).toBe(y.length);
  for (const [i, v] of x.entries()) close(v, y[i] as number);
};

/** A start by Glorot's rule. */
const glorot = (blocks: number) => ({
  kind: "cell",
  cell: "glorot",
  numbers: {},
  blocks,
  equations: expect.any(Function),
});

test("a number as an argument stands for each entry", () => {
  const spec = (h: string, c: string): string => `model m {
  use std.cells (LSTM)
  dim H = 3; axis t < T
  input x[t] : [2], s[t]
  cell f = LSTM(H)
  z[t] : [H] = s[t] + 1
  (h[t], c[t]) = f(x[t], ${h}, ${c})
  loss sum(h[t]) + sum(c[t])${h === "0" ? " + 0 * sum(z[t])" : ""}
}`;
  const samples = [
    {
      x: [
        [0.1, -0.3],
        [0.4, 0.2],
      ],
      s: [0.5, -0.2],
    },
    { x: [[0.7, 0.6]], s: [0.3] },
  ];
  const filled = new Run(modelOf(spec("0", "s[t] + 1")), samples);
  close(filled.loss(), new Run(modelOf(spec("0 * z[t]", "z[t]")), samples).loss());
  filled.checkGradients();
});

describe("language models", () => {
  test("hello: Elman over tokens", () => {
    const model = modelOf(`
model hello {
  vocab Char = ["h", "e", "l", "o"]
  dim   H = 3
  axis  t < T
  random c[t] : Char
  param  Wxh, Whh, Why, bh, by
  h[t] : [H] = tanh(Whh @ h[t-1] + Wxh @ c[t-1] + bh)
  h[-1] = 0
  c[-1] = "h"
  c[t] ~ categorical(Why @ h[t] + by)
  train { optimizer = adam(lr = 0.1), steps = 200, seed = 1 }
  decode { greedy, max = 4 }
}`);
    expect(model.topology).toBe("generator");
    const run = new Run(model, [{ c: [..."ello"] }, { c: [..."he"] }]);
    const ids = (s: string): number[] => [...s].map((c) => "helo".indexOf(c));
    let total = 0;
    let hits = 0;
    for (const word of ["ello", "he"]) {
      let h = a.zeros(3);
      let before = 0;
      for (const y of ids(word)) {
        h = a.tanh(a.add(a.mv(run.matrix("Whh"), h), a.column(run.matrix("Wxh"), before), run.vector("bh")));
        const z = a.add(a.mv(run.matrix("Why"), h), run.vector("by"));
        total += a.nll(z, y);
        hits += Number(z.indexOf(Math.max(...z)) === y);
        before = y;
      }
    }
    close(run.value("loss.total")[0] as number, total);
    close(run.loss(), total / 6);
    expect(run.value("c.count")).toEqual([6]);
    expect(run.value("c.hits")).toEqual([hits]);
    run.checkGradients();
  });

  test("LSTM from the library, a vocabulary from the data, BOS and EOS", () => {
    const source = `
model lm {
  use std.cells (LSTM)
  vocab Char
  dim H = 4;  dim E = 3
  axis t < T until c[t] == EOS
  random c[t] : Char
  param Emb : [E, Char], Wo, bo
  cell rnn = LSTM(H)
  (h[t], s[t]) = rnn(Emb @ c[t-1], h[t-1], s[t-1])
  h[-1] = 0;  s[-1] = 0;  c[-1] = BOS
  c[t] ~ categorical(Wo @ h[t] + bo)
}`;
    const tokens = ["a", "b", "<BOS>", "<EOS>"];
    const model = modelOf(source, { Char: tokens });
    expect(model.vocabs).toEqual([{ name: "Char", special: ["BOS", "EOS"], mentioned: [] }]);
    expect(model.axes).toEqual([{ bound: "T", vars: ["t"], kind: "ragged", until: { random: "c", token: "<EOS>" } }]);
    const run = new Run(model, [{ c: ["a", "b", "b", "<EOS>"] }, { c: ["<EOS>"] }]);
    let total = 0;
    for (const word of [[0, 1, 1, 3], [3]]) {
      let [h, s] = [a.zeros(4), a.zeros(4)];
      let before = 2;
      for (const y of word) {
        const x = a.column(run.matrix("Emb"), before);
        [h, s] = a.lstm(run.matrix("rnn.W"), run.matrix("rnn.U"), run.vector("rnn.b"), x, h, s);
        total += a.nll(a.add(a.mv(run.matrix("Wo"), h), run.vector("bo")), y);
        before = y;
      }
    }
    close(run.loss(), total / 5);
    expect(model.params.map((p) => [p.name, p.labels, p.init])).toEqual([
      ["Emb", ["E", "Char"], glorot(1)],
      ["Wo", ["Char", "H"], glorot(1)],
      ["bo", ["Char"], { kind: "zeros" }],
      ["rnn.W", ["4*H", "E"], glorot(4)],
      ["rnn.U", ["4*H", "H"], { kind: "orthogonal", gain: 1, blocks: 4 }],
      ["rnn.b", ["4*H"], { kind: "gates", values: [0, 1, 0, 0] }],
    ]);
    run.checkGradients();
  });

  test("stacked layers by two instances, tied embeddings, dropout only while training", () => {
    const source = `
model stacked {
  use std.cells (GRU)
  vocab Char = ["a", "b", "c"]
  dim H = 3
  axis t < T
  random c[t] : Char
  param Emb : [H, Char], bo
  cell lower = GRU(H);  cell upper = GRU(H)
  x[t] = dropout(Emb @ c[t-1], 0.5)
  h[t] = lower(x[t], h[t-1]);  h[-1] = 0
  k[t] = upper(h[t], k[t-1]);  k[-1] = 0
  c[-1] = "a"
  c[t] ~ categorical(Emb' @ k[t] + bo)
}`;
    const model = modelOf(source);
    for (const training of [false, true]) {
      const run = new Run(model, [{ c: ["c", "a", "b"] }], { training });
      let total = 0;
      let [h, k] = [a.zeros(3), a.zeros(3)];
      let before = 0;
      for (const [t, y] of [2, 0, 1].entries()) {
        let x = a.column(run.matrix("Emb"), before);
        if (training) x = x.map((v, i) => v * run.noise("dropout", [0, t], i) * 2);
        h = a.gru(run, "lower", x, h);
        k = a.gru(run, "upper", h, k);
        const z = a.add(
          [0, 1, 2].map((j) => a.dot(a.column(run.matrix("Emb"), j), k)),
          run.vector("bo"),
        );
        total += a.nll(z, y);
        before = y;
      }
      close(run.loss(), total / 3);
      run.checkGradients();
    }
  });
});

describe("topologies", () => {
  test("sentiment: bidirectional many-to-one, ragged", () => {
    const model = modelOf(
      `
model sentiment : many-to-one {
  use std.cells (GRU)
  vocab Word;  vocab Label;  dim E = 3;  dim H = 4;  axis t < T
  input w[t] : Word;     random y : Label
  param Emb : [E, Word], Wo, bo
  cell F = GRU(H);  cell B = GRU(H)
  f[t] = F(Emb @ w[t], f[t-1]);  f[-1] = 0
  b[t] = B(Emb @ w[t], b[t+1]);  b[T] = 0
  y ~ categorical(Wo @ [f[T-1]; b[0]] + bo)
}`,
      { Word: ["x", "y", "z"], Label: ["neg", "pos"] },
    );
    const run = new Run(model, [
      { w: ["x", "z", "y"], y: "pos" },
      { w: ["y"], y: "neg" },
    ]);
    let total = 0;
    for (const [w, y] of [
      [[0, 2, 1], 1],
      [[1], 0],
    ] as [number[], number][]) {
      let [f, b] = [a.zeros(4), a.zeros(4)];
      for (const i of w) f = a.gru(run, "F", a.column(run.matrix("Emb"), i), f);
      for (const i of [...w].reverse()) b = a.gru(run, "B", a.column(run.matrix("Emb"), i), b);
      total += a.nll(a.add(a.mv(run.matrix("Wo"), [...f, ...b]), run.vector("bo")), y);
    }
    close(run.loss(), total / 2);
    expect(run.value("y.count")).toEqual([2]);
    run.checkGradients();
  });

  test("translate: attention with input feeding", () => {
    const source = `
model translate : seq2seq {
  use std.cells (LSTM)
  vocab Src;  vocab Tgt;  dim E = 3;  dim H = 4
  axis s < S;  axis t < T until y[t] == EOS
  input x[s] : Src;       random y[t] : Tgt
  param Ex : [E, Src], Ey : [E, Tgt], Wq, We, v : [H], Wo, bo
  cell enc = LSTM(H);  cell dec = LSTM(H)
  (e[s], ce[s]) = enc(Ex @ x[s], e[s-1], ce[s-1]);             e[-1] = 0;  ce[-1] = 0
  (q[t], cq[t]) = dec([Ey @ y[t-1]; g[t-1]], q[t-1], cq[t-1]);  q[-1] = e[S-1];  cq[-1] = ce[S-1]
  a[t,s] = softmax[s](dot(v, tanh(Wq @ q[t] + We @ e[s])))
  g[t] = sum[s](a[t,s] * e[s]);  g[-1] = 0;  y[-1] = BOS
  y[t] ~ categorical(Wo @ [q[t]; g[t]] + bo)
  decode { beam(5, length_penalty = 0.6), max = 60 }
}`;
    const model = modelOf(source, { Src: ["a", "b"], Tgt: ["A", "B", "<BOS>", "<EOS>"] });
    expect(model.blocks.decode).toEqual({ beam: { call: "beam", args: [5], named: { length_penalty: 0.6 } }, max: 60 });
    const run = new Run(model, [
      { x: ["a", "b", "b"], y: ["A", "<EOS>"] },
      { x: ["b", "a"], y: ["B", "A", "A", "<EOS>"] },
    ]);
    let total = 0;
    const cell = (name: string, x: Vec, h: Vec, c: Vec) =>
      a.lstm(run.matrix(`${name}.W`), run.matrix(`${name}.U`), run.vector(`${name}.b`), x, h, c);
    for (const [x, y] of [
      [
        [0, 1, 1],
        [0, 3],
      ],
      [
        [1, 0],
        [1, 0, 0, 3],
      ],
    ] as [number[], number[]][]) {
      const states: number[][] = [];
      let [e, ce] = [a.zeros(4), a.zeros(4)];
      for (const i of x) {
        [e, ce] = cell("enc", a.column(run.matrix("Ex"), i), e, ce);
        states.push(e);
      }
      let [q, cq, g, before] = [e, ce, a.zeros(4), 2];
      for (const out of y) {
        [q, cq] = cell("dec", [...a.column(run.matrix("Ey"), before), ...g], q, cq);
        const p = a.softmax(
          states.map((s) =>
            a.dot(run.vector("v"), a.tanh(a.add(a.mv(run.matrix("Wq"), q), a.mv(run.matrix("We"), s)))),
          ),
        );
        g = states.reduce(
          (sum, s, i) =>
            a.add(
              sum,
              s.map((v) => v * (p[i] as number)),
            ),
          a.zeros(4),
        );
        total += a.nll(a.add(a.mv(run.matrix("Wo"), [...q, ...g]), run.vector("bo")), out);
        before = out;
      }
    }
    close(run.loss(), total / 6);
    run.checkGradients();
    const drawn = model.system({ training: false, drawn: ["y"] });
    expect(drawn.values.get("y")?.eq?.op).toBe("draw");
    expect(drawn.values.get("y")?.dtype).toBe("int");
    expect(drawn.values.has("y.logp")).toBe(false);
  });

  test("caption: one-to-many, a start from the image", () => {
    const source = `
model caption : one-to-many {
  vocab Word;  dim H = 4;  dim E = 2;  axis t < T until w[t] == EOS
  input img : [3, 2];  random w[t] : Word
  param Wi, bi, Emb : [E, Word], Wx, Wh, bh, Wo, bo
  h[-1] = tanh(Wi @ flatten(img) + bi);  w[-1] = BOS
  h[t] : [H] = tanh(Wh @ h[t-1] + Wx @ Emb @ w[t-1] + bh)
  w[t] ~ categorical(Wo @ h[t] + bo)
}`;
    const model = modelOf(source, { Word: ["a", "<BOS>", "<EOS>"] });
    const img = [
      [0.1, 0.9],
      [0.4, 0.2],
      [-0.3, 0.5],
    ];
    const run = new Run(model, [{ img, w: ["a", "a", "<EOS>"] }]);
    let h = a.tanh(a.add(a.mv(run.matrix("Wi"), img.flat()), run.vector("bi")));
    let [before, total] = [1, 0];
    for (const y of [0, 0, 2]) {
      const x = a.column(run.matrix("Emb"), before);
      h = a.tanh(a.add(a.mv(run.matrix("Wh"), h), a.mv(run.matrix("Wx"), x), run.vector("bh")));
      total += a.nll(a.add(a.mv(run.matrix("Wo"), h), run.vector("bo")), y);
      before = y;
    }
    close(run.loss(), total / 3);
    run.checkGradients();
  });

  test("motion: convolutions at every frame, aligned many-to-many", () => {
    const source = `
model motion : many-to-many {
  use std.cells (GRUResetAfter)
  vocab Way = ["up", "down"]
  dim C = 2;  dim H = 3
  axis t < T
  input x[t] : [6, 6, 1];  random y[t] : Way
  param K : [3, 3, 1, C], bc, Wo, bo
  cell rnn = GRUResetAfter(H)
  m[t] = maxpool(relu(conv2d(x[t], K)), 2)
  h[t] = rnn(flatten(m[t]) + bc, h[t-1]);  h[-1] = 0
  y[t] ~ categorical(Wo @ h[t] + bo)
}`;
    const model = modelOf(source);
    expect(model.params.find((p) => p.name === "rnn.W")?.shape).toEqual([9, 8]);
    const frame = (k: number): number[][][] =>
      Array.from({ length: 6 }, (_, r) =>
        Array.from({ length: 6 }, (_, c) => [a.noiseOf("frame", 36 * k + 6 * r + c)]),
      );
    const frames = [frame(0), frame(1)];
    const run = new Run(model, [{ x: frames, y: ["down", "up"] }]);
    const K = run.params.get("K") as Float64Array;
    const [W, U, b, bn] = [run.matrix("rnn.W"), run.matrix("rnn.U"), run.vector("rnn.b"), run.vector("rnn.bn")];
    let h = a.zeros(3);
    let total = 0;
    for (const [t, y] of [1, 0].entries()) {
      const conv = (r: number, c: number, o: number): number => {
        let s = 0;
        for (let i = 0; i < 3; i++)
          for (let j = 0; j < 3; j++)
            s += (frames[t]?.[r + i]?.[c + j]?.[0] as number) * (K[(i * 3 + j) * 2 + o] as number);
        return Math.max(s, 0);
      };
      const x: number[] = [];
      for (let r = 0; r < 2; r++)
        for (let c = 0; c < 2; c++)
          for (let o = 0; o < 2; o++)
            x.push(
              Math.max(
                conv(2 * r, 2 * c, o),
                conv(2 * r + 1, 2 * c, o),
                conv(2 * r, 2 * c + 1, o),
                conv(2 * r + 1, 2 * c + 1, o),
              ),
            );
      const [xr, xz, xn] = a.chunk(a.add(a.mv(W, a.add(x, run.vector("bc"))), b), 3) as [number[], number[], number[]];
      const [hr, hz, hn] = a.chunk(a.mv(U, h), 3) as [number[], number[], number[]];
      const [r, z] = [a.sigmoid(a.add(xr, hr)), a.sigmoid(a.add(xz, hz))];
      const n = a.tanh(a.add(xn, a.mul(r, a.add(hn, bn))));
      h = z.map((v, i) => v * (h[i] as number) + (1 - v) * (n[i] as number));
      total += a.nll(a.add(a.mv(run.matrix("Wo"), h), run.vector("bo")), y);
    }
    close(run.loss(), total / 2);
    run.checkGradients();
  });

  test("wave: a generator of numbers, normal, with a learnt start and a penalty", () => {
    const source = `
model wave {
  dim H = 3
  axis t < T
  lambda = 0.01
  random s[t]
  param Wh, Wx : [H, 1], b, Wo, bo : [1], h0 : [H] ~ uniform(-0.1, 0.1)
  h[t] : [H] = tanh(Wh @ h[t-1] + Wx @ [s[t-1]] + b)
  h[-1] = h0
  s[-1] = 0
  s[t] ~ normal(Wo @ h[t] + bo, 0.5)
  loss lambda * sum(Wh * Wh)
  metric error = (s[t] - 0.25)^2
}`;
    const model = modelOf(source, {}, { lambda: 0.1 });
    expect(model.hyperparameters).toEqual({ lambda: 0.1 });
    expect(model.params.find((p) => p.name === "h0")?.init).toMatchObject({
      cell: "uniform",
      numbers: { low: -0.1, high: 0.1 },
    });
    const data = [
      [0.3, -0.2, 0.5],
      [0.1, 0.7],
    ];
    const run = new Run(
      model,
      data.map((s) => ({ s })),
    );
    let total = 0;
    for (const s of data) {
      let h: number[] = run.vector("h0");
      for (const [t, y] of s.entries()) {
        const x = t ? (s[t - 1] as number) : 0;
        h = a.tanh(a.add(a.mv(run.matrix("Wh"), h), a.mv(run.matrix("Wx"), [x]), run.vector("b")));
        const mu = (a.mv(run.matrix("Wo"), h)[0] as number) + (run.vector("bo")[0] as number);
        total += 0.5 * ((y - mu) / 0.5) ** 2 + Math.log(0.5) + 0.5 * Math.log(2 * Math.PI);
      }
    }
    const penalty = 0.1 * run.vector("Wh").reduce((s, w) => s + w * w, 0);
    close(run.value("loss.total")[0] as number, total);
    close(run.loss(), total / 5 + penalty);
    close(
      run.value("metric.error.sum")[0] as number,
      data.flat().reduce((s, v) => s + (v - 0.25) ** 2, 0),
    );
    expect(run.value("metric.error.count")).toEqual([5]);
    run.checkGradients();
  });

  test("bernoulli with weights, many-to-many over a static axis", () => {
    const source = `
model flags {
  dim T = 4;  dim X = 2;  dim K = 3
  axis t < T
  input x[t] : [X], m[t];  random y[t] : [K], z
  param W, b, V, a
  y[t] ~ bernoulli(W @ x[t] + b) weight m[t]
  z ~ bernoulli(p = sigmoid(sum[t](V @ x[t]) + a))
}`;
    const model = modelOf(source);
    expect(model.axes[0]).toEqual({ bound: "T", vars: ["t"], kind: "static", size: 4 });
    const x = [0, 1, 2, 3].map((t) => [a.noiseOf("x", t), a.noiseOf("x", t + 9)]);
    const y = [
      [1, 0, 1],
      [0, 0, 1],
      [1, 1, 1],
      [0, 1, 0],
    ];
    const m = [1, 0.5, 0, 2];
    const run = new Run(model, [{ x, y, m, z: 1 }]);
    const logp = (z: number, on: number): number => Math.log(on ? 1 / (1 + Math.exp(-z)) : 1 / (1 + Math.exp(z)));
    let total = 0;
    let hits = 0;
    for (const [t, xt] of x.entries()) {
      const z = a.add(a.mv(run.matrix("W"), xt), run.vector("b"));
      total -= (m[t] as number) * z.reduce((s, v, k) => s + logp(v, y[t]?.[k] as number), 0);
      hits += z.filter((v, k) => Number(v > 0) === y[t]?.[k]).length / 3;
    }
    const z = a.add(...x.map((xt) => a.mv(run.matrix("V"), xt)), run.vector("a"))[0] as number;
    total -= logp(z, 1);
    close(run.value("loss.total")[0] as number, total);
    close(run.value("y.hits")[0] as number, hits);
    expect(run.value("loss.count")).toEqual([5]);
    run.checkGradients();
  });
});

describe("boundaries", () => {
  test("two lags with two clauses, a range, and an interior shift ahead", () => {
    const source = `
model lags {
  axis t < T
  input x[t];  random y[t]
  param a : [] ~ constant(0.5), b : [] ~ constant(0.3)
  u[t] = a * u[t-1] + b * u[t-2] + x[t+1] - x[t-2]
  u[-1] = 1;  u[-2] = 2
  x[t < 0] = 7;  x[T] = 9
  y[t] ~ normal(u[t], 1)
}`;
    const run = new Run(modelOf(source), [{ x: [1, 2, 3], y: [0, 0, 0] }]);
    const [pa, pb] = [run.vector("a")[0] as number, run.vector("b")[0] as number];
    const x = (t: number): number => (t < 0 ? 7 : t === 3 ? 9 : t + 1);
    const u: Record<number, number> = { [-1]: 1, [-2]: 2 };
    for (let t = 0; t < 3; t++) {
      u[t] = pa * (u[t - 1] as number) + pb * (u[t - 2] as number) + x(t + 1) - x(t - 2);
      close(run.value("u", [0, t])[0] as number, u[t] as number);
    }
    run.checkGradients();
  });

  test("a grid with edges and a corner: the longest common subsequence, softly", () => {
    const source = `
model grid {
  axis i < N;  axis j < M
  input x[i], y[j];  random z
  param w : [] ~ constant(1)
  D[i,j] = max(D[i-1,j], D[i,j-1]) + w * x[i] * y[j] * D[i-1,j-1]
  D[-1,j] = j + 1;  D[i,-1] = 2 * (i + 1);  D[-1,-1] = 0.5
  z ~ normal(D[N-1,M-1], 1)
}`;
    const run = new Run(modelOf(source), [{ x: [0.3, -0.4], y: [0.2, 0.9, -0.7], z: 1 }]);
    const [x, y] = [
      [0.3, -0.4],
      [0.2, 0.9, -0.7],
    ];
    const w = run.vector("w")[0] as number;
    const D = (i: number, j: number): number =>
      i < 0 && j < 0
        ? 0.5
        : i < 0
          ? j + 1
          : j < 0
            ? 2 * (i + 1)
            : Math.max(D(i - 1, j), D(i, j - 1)) + w * (x[i] as number) * (y[j] as number) * D(i - 1, j - 1);
    for (let i = 0; i < 2; i++) for (let j = 0; j < 3; j++) close(run.value("D", [0, i, j])[0] as number, D(i, j));
    run.checkGradients();
  });
});

describe("tokens and indices", () => {
  test("a CRF's scores: picks by token and by axis", () => {
    const source = `
model scores {
  vocab Tag = ["a", "b", "c"]
  axis t < T;  axis i < Tag;  axis j < Tag
  input x[t] : Tag;  random y[t] : Tag
  param A : [Tag, Tag], a0 : [Tag] ~ normal(0, 1)
  emit[t] : [Tag] = A @ x[t] + A' @ x[t]
  m[t,i] = emit[t,i] + logsumexp[j](A[i,j] + m[t-1,j]);  m[-1,j] = a0[j]
  s[t] : [Tag] = if x[t] == "b" then emit[t] * x[t] else a0 * m[t,2]
  last[t] = if t == T-1 then x[t] else x[t+1];  x[T] = "c"
  y[t] ~ categorical(s[t] + A @ last[t])
}`;
    const run = new Run(modelOf(source), [{ x: ["b", "a", "c"], y: ["a", "b", "b"] }]);
    const [A, a0] = [run.matrix("A"), run.vector("a0")];
    const x = [1, 0, 2];
    let m = a0;
    let total = 0;
    for (const [t, y] of [0, 1, 1].entries()) {
      const k = x[t] as number;
      const emit = a.add(a.column(A, k), A[k] as number[]);
      const before = m;
      m = emit.map(
        (e, i) => e + Math.log((A[i] as number[]).reduce((s, v, j) => s + Math.exp(v + (before[j] as number)), 0)),
      );
      const s = k === 1 ? emit.map((v, i) => (i === k ? v : 0)) : a0.map((v) => v * (m[2] as number));
      const last = t === 2 ? k : (x[t + 1] as number);
      total += a.nll(a.add(s, a.column(A, last)), y);
    }
    close(run.value("loss.total")[0] as number, total);
    run.checkGradients();
  });

  test("modes: training, observed, and the draw of a normal", () => {
    const source = `
model modes {
  axis t < T
  random y[t]
  noise e[t] ~ normal(0, 1)
  param a : [] ~ constant(1)
  z[t] = if observed(y) then a * y[t-1] else 2 * e[t]
  w = if training then 3 else 5
  y[-1] = 0
  y[t] ~ normal(z[t] + w, 0.1)
}`;
    const model = modelOf(source);
    const run = new Run(model, [{ y: [1, 2] }]);
    close(run.value("z", [0, 1])[0] as number, run.vector("a")[0] as number);
    expect(new Run(model, [{ y: [1, 2] }], { training: false }).value("w")).toEqual([5]);
    expect(run.value("w")).toEqual([3]);
    const free = new Run(model, [{ y: [0, 0] }], { training: false, drawn: ["y"] });
    close(free.value("y", [0, 1])[0] as number, 2 * free.noise("e", [0, 1], 0) + 5);
    expect(free.value("loss.count")).toEqual([1]);
  });

  test("functions over features and over axes", () => {
    const source = `
model functions {
  dim H = 4
  axis s < S
  input x[s] : [H];  random y
  k[s] = layernorm(gelu(x[s]))
  mu = mean[s](sum(k[s])) + max[s](norm(x[s])) - min[s](max(x[s])) + sqrt(H) * mean(x[0]) + logsumexp(x[S-1]) / 3
  d = sum[s](outer(x[s], x[s]) @ x[s] * softmax(x[s])) + abs(x[0] - 1) ^ 2
  share[s] = dot(x[s], x[0]) / sum[s](abs(dot(x[s], x[0])))
  y ~ normal(mu + sum(d) + share[0], 1)
}`;
    const xs = [0, 1, 2].map((s) => [0, 1, 2, 3].map((i) => a.noiseOf("x", 4 * s + i)));
    const run = new Run(modelOf(source), [{ x: xs, y: 0 }]);
    const gelu = (v: number): number => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
    const norm = (v: Vec): number[] => {
      const mean = v.reduce((s, q) => s + q, 0) / 4;
      const variance = v.reduce((s, q) => s + (q - mean) ** 2, 0) / 4;
      return v.map((q) => (q - mean) / Math.sqrt(variance + 1e-5));
    };
    const [first, , last] = xs as [number[], number[], number[]];
    const sum = (v: Vec): number => v.reduce((s, q) => s + q, 0);
    const mu =
      xs.reduce((s, v) => s + sum(norm(v.map(gelu))), 0) / 3 +
      Math.max(...xs.map((v) => Math.sqrt(a.dot(v, v)))) -
      Math.min(...xs.map((v) => Math.max(...v))) +
      (2 * sum(first)) / 4 +
      Math.log(sum(last.map(Math.exp))) / 3;
    close(run.value("mu", [0])[0] as number, mu);
    const d = xs.reduce(
      (s, v) =>
        a.add(
          s,
          a.mul(
            v.map((q) => q * a.dot(v, v)),
            a.softmax(v),
          ),
        ),
      first.map((v) => (v - 1) ** 2),
    );
    closeAll(run.value("d", [0]), d);
    const all = sum(xs.map((v) => Math.abs(a.dot(v, first))));
    close(run.value("share", [0, 2])[0] as number, a.dot(last, first) / all);
  });
});
