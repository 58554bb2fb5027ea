/** The cells of specs/std/cells.rcv against the formulas of their papers in plain numbers, and their gradients. */
import { describe, expect, test } from "vitest";
import { compile } from "../../src/compiler/index.js";
import { std } from "../../src/compiler/std.js";
import { instantiate } from "../../src/runtime/index.js";
import * as a from "../check/harness.js";
import { modelOf, Run, type Vec } from "../check/harness.js";

const { add, mul, mv, sigmoid, tanh, chunk } = a;
const scale = (k: number, x: Vec): number[] => x.map((v) => k * v);
const not = (x: Vec): number[] => x.map((v) => 1 - v);
const relu = (x: Vec): number[] => x.map((v) => Math.max(0, v));
const normed = (x: Vec): number[] => {
  const mean = x.reduce((s, v) => s + v, 0) / x.length;
  const variance = x.reduce((s, v) => s + (v - mean) ** 2, 0) / x.length;
  return x.map((v) => (v - mean) / Math.sqrt(variance + 1e-5));
};

/** Equal parts of a vector; as many as there are names on the left. */
const cut = (x: Vec, n: number): readonly [Vec, Vec, Vec, Vec, Vec] =>
  chunk(x, n) as unknown as readonly [Vec, Vec, Vec, Vec, Vec];

const [X, H, T] = [3, 2, 4];
const closeAll = (got: Vec, want: Vec, what: string): void => {
  expect(got.length, what).toBe(want.length);
  for (const [i, v] of got.entries()) expect(Math.abs(v - (want[i] as number)), `${what}[${i}]`).toBeLessThan(1e-9);
};

/** Parameters of an instance `f`, by the names of the cell. */
class Own {
  constructor(
    readonly run: Run,
    readonly prefix = "f.",
  ) {}
  M = (name: string): number[][] => this.run.matrix(`${this.prefix}${name}`);
  v = (name: string): number[] => this.run.vector(`${this.prefix}${name}`);
  /** W x + U h + b, cut into equal parts. */
  gates(n: number, x: Vec, h: Vec, names: readonly [string, string, string] = ["W", "U", "b"]) {
    return cut(add(mv(this.M(names[0]), x), mv(this.M(names[1]), h), this.v(names[2])), n);
  }
}

/** The state after one step, as the paper says. `before`: the input one step earlier. */
type Step = (p: Own, x: Vec, state: readonly Vec[], before: Vec) => readonly Vec[];

interface Case {
  /** The sizes of the state's parts; by default one of H. */
  readonly state?: readonly number[];
  /** How the instance is made, and how it is called, where that is not with x and the state. */
  readonly sizes?: string;
  readonly args?: string;
  readonly x?: number;
  readonly step: Step;
}

const lstmGates = (p: Own, x: Vec, h: Vec) => p.gates(4, x, h);

const two = [H, H] as const;
const cases: Readonly<Record<string, Case>> = {
  Elman: { step: (p, x, [h]) => [tanh(p.gates(1, x, h as Vec)[0])] },
  Jordan: {
    sizes: "H = 5",
    step(p, x, [y]) {
      const h = sigmoid(p.gates(1, x, y as Vec)[0]);
      expect(h.length).toBe(5);
      return [sigmoid(add(mv(p.M("V"), h), p.v("d")))];
    },
  },
  LSTM: {
    state: two,
    step: (p, x, [h, c]) => a.lstm(p.M("W"), p.M("U"), p.v("b"), x, h as Vec, c as Vec),
  },
  PeepholeLSTM: {
    state: two,
    step(p, x, [h, c]) {
      const [i, f, o, g] = lstmGates(p, x, h as Vec);
      const input = sigmoid(add(i, mul(p.v("pi"), c as Vec)));
      const forget = sigmoid(add(f, mul(p.v("pf"), c as Vec)));
      const memory = add(mul(forget, c as Vec), mul(input, tanh(g)));
      return [mul(sigmoid(add(o, mul(p.v("po"), memory))), tanh(memory)), memory];
    },
  },
  ProjectedLSTM: {
    state: [H, 5],
    sizes: "R = S0, H = S1",
    step(p, x, [r, c]) {
      const [i, f, o, g] = lstmGates(p, x, r as Vec);
      const memory = add(mul(sigmoid(f), c as Vec), mul(sigmoid(i), tanh(g)));
      return [mv(p.M("P"), mul(sigmoid(o), tanh(memory))), memory];
    },
  },
  CoupledLSTM: {
    state: two,
    step(p, x, [h, c]) {
      const [f, o, g] = p.gates(3, x, h as Vec);
      // the input gate i, and f = 1 − i
      const i = not(sigmoid(f));
      const memory = add(mul(not(i), c as Vec), mul(i, tanh(g)));
      return [mul(sigmoid(o), tanh(memory)), memory];
    },
  },
  LayerNormLSTM: {
    state: two,
    step(p, x, [h, c]) {
      const fromX = mul(p.v("ax"), normed(mv(p.M("W"), x)));
      const fromH = mul(p.v("ah"), normed(mv(p.M("U"), h as Vec)));
      const [i, f, o, g] = cut(add(fromX, fromH, p.v("b")), 4);
      const memory = add(mul(sigmoid(f), c as Vec), mul(sigmoid(i), tanh(g)));
      return [mul(sigmoid(o), tanh(add(mul(p.v("ac"), normed(memory)), p.v("bc")))), memory];
    },
  },
  MogrifierLSTM: {
    state: two,
    step(p, x0, [h0, c]) {
      let [x, h] = [x0, h0 as Vec];
      for (let round = 1; round <= 5; round++)
        if (round % 2) x = mul(scale(2, sigmoid(mv(p.M(`Q${round}`), h))), x);
        else h = mul(scale(2, sigmoid(mv(p.M(`R${round}`), x))), h);
      return a.lstm(p.M("lstm.W"), p.M("lstm.U"), p.v("lstm.b"), x, h, c as Vec);
    },
  },
  GRU: { step: (p, x, [h]) => [a.gru(p.run, "f", x, h as Vec)] },
  GRUResetAfter: {
    step(p, x, [h]) {
      const [xr, xz, xn] = cut(add(mv(p.M("W"), x), p.v("b")), 3);
      const [hr, hz, hn] = cut(mv(p.M("U"), h as Vec), 3);
      const z = sigmoid(add(xz, hz));
      const n = tanh(add(xn, mul(sigmoid(add(xr, hr)), add(hn, p.v("bn")))));
      return [add(mul(z, h as Vec), mul(not(z), n))];
    },
  },
  MGU: {
    step(p, x, [h]) {
      const [xf, xn] = cut(add(mv(p.M("W"), x), p.v("b")), 2);
      const f = sigmoid(add(xf, mv(p.M("Uf"), h as Vec)));
      const n = tanh(add(xn, mv(p.M("Un"), mul(f, h as Vec))));
      return [add(mul(not(f), h as Vec), mul(f, n))];
    },
  },
  MinGRU: {
    step(p, x, [h]) {
      const [z, n] = cut(add(mv(p.M("W"), x), p.v("b")), 2);
      return [add(mul(not(sigmoid(z)), h as Vec), mul(sigmoid(z), n))];
    },
  },
  IndRNN: { step: (p, x, [h]) => [relu(add(mv(p.M("W"), x), mul(p.v("u"), h as Vec), p.v("b")))] },
  SRU: {
    state: two,
    x: H,
    sizes: "H = S0",
    step(p, x, [, c]) {
      const [n, xf, xr] = cut(mv(p.M("W"), x), 3);
      const f = sigmoid(add(xf, mul(p.v("vf"), c as Vec), p.v("bf")));
      const r = sigmoid(add(xr, mul(p.v("vr"), c as Vec), p.v("br")));
      const memory = add(mul(f, c as Vec), mul(not(f), n));
      return [add(mul(r, memory), mul(not(r), x)), memory];
    },
    args: "x[t], s1[t-1]",
  },
  QRNN: {
    state: two,
    args: "x[t], x[t-1], s1[t-1]",
    step(p, x, [, c], before) {
      const [z, f, o] = p.gates(3, x, before, ["W", "V", "b"]);
      const memory = add(mul(sigmoid(f), c as Vec), mul(not(sigmoid(f)), tanh(z)));
      return [mul(sigmoid(o), memory), memory];
    },
  },
};

/** A sequence is read by the cell, and a normal random is compared with the first part of the state. */
function specOf(name: string, { state = [H], sizes, args, x = X }: Case): string {
  const parts = state.map((_, i) => `s${i}[t]`);
  const call = `f(${args ?? ["x[t]", ...state.map((_, i) => `s${i}[t-1]`)].join(", ")})`;
  return `
model sequence {
  use std.cells (${name})
  ${name === "SRU" ? "" : `dim X = ${x}`}
  ${state.map((n, i) => `dim S${i} = ${n}`).join("\n  ")}
  axis t < T
  input x[t] : [${name === "SRU" ? "S0" : "X"}]
  random y[t] : [S0]
  param gain : [S0] ~ uniform(0.5, 1)
  cell f = ${name}(${sizes ?? ""})
  ${parts.length > 1 ? `(${parts.join(", ")})` : parts[0]} = ${call}
  ${state.flatMap((_, i) => (call.includes(`s${i}[t-1]`) ? [`s${i}[-1] = 0`] : [])).join("; ")}
  ${args?.includes("x[t-1]") ? "x[-1] = 0" : ""}
  y[t] ~ normal(gain * s0[t], 1)
}`;
}

/** Sizes that no equation fixes are those of the state. */
const stated = (source: string, name: string): string =>
  source.replace(`= ${name}()`, `= ${name}(${name === "Jordan" ? "" : "H = S0"})`);

const numbers = (name: string, n: number): number[] => Array.from({ length: n }, (_, i) => a.noiseOf(name, i));

describe("cells over a sequence", () => {
  test.each(Object.entries(cases))("%s", (name, c) => {
    const model = modelOf(stated(specOf(name, c), name));
    const [x, state] = [c.x ?? X, c.state ?? [H]];
    const samples = [T, 1].map((length, b) => ({
      x: Array.from({ length }, (_, t) => numbers(`x${b}${t}`, x)),
      y: Array.from({ length }, (_, t) => numbers(`y${b}${t}`, state[0] as number)),
    }));
    const run = new Run(model, samples);
    for (const [b, sample] of samples.entries()) {
      let now: readonly Vec[] = state.map(a.zeros);
      for (const [t, xt] of sample.x.entries()) {
        now = c.step(new Own(run), xt, now, sample.x[t - 1] ?? a.zeros(x));
        for (const [i, want] of now.entries()) closeAll(run.value(`s${i}`, [b, t]), want, `s${i}[${t}] of sample ${b}`);
      }
    }
    run.checkGradients();
  });
});

describe("on a backend", () => {
  test.each(Object.entries(cases))("%s starts, steps and learns", async (name, c) => {
    const source = stated(specOf(name, c), name).replace(/}$/, "train { optimizer = adam(lr = 0.02), steps = 1 } }");
    const network = await instantiate(compile(source), { backend: "cpu", seed: 1 });
    const [x, y] = [c.x ?? X, (c.state ?? [H])[0] as number];
    const sample = { x: [1, 2, 3].map((t) => numbers(`x${t}`, x)), y: [1, 2, 3].map((t) => numbers(`y${t}`, y)) };
    const losses: number[] = [];
    for (let step = 0; step < 20; step++) losses.push(await network.step([sample]));
    network.dispose();
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1) as number).toBeLessThan((losses[0] as number) - 1e-3);
  });
});

describe("poolings, nodes of trees, images", () => {
  test("the poolings of QRNN", () => {
    const run = new Run(
      modelOf(`
model pools {
  use std.cells (FPool, FOPool, IFOPool)
  dim H = 2
  axis t < T
  input z[t] : [H], f[t] : [H], o[t] : [H], i[t] : [H]
  random y[t]
  param w : [H] ~ uniform(0, 1)
  cell a = FPool(); cell b = FOPool(); cell c = IFOPool()
  h[t] = a(w * z[t], f[t], h[t-1]);                     h[-1] = 0
  (g[t], m[t]) = b(w * z[t], f[t], o[t], m[t-1]);       m[-1] = 0
  (k[t], n[t]) = c(w * z[t], f[t], o[t], i[t], n[t-1]); n[-1] = 0
  y[t] ~ normal(sum(h[t]) + sum(g[t]) + sum(k[t]), 1)
}`),
      [Object.fromEntries(["z", "f", "o", "i"].map((n) => [n, [0, 1, 2].map((t) => numbers(`${n}${t}`, 2))]))].map(
        (s) => ({ ...s, y: [0.1, 0.2, 0.3] }),
      ),
    );
    const w = run.vector("w");
    const at = (name: string, t: number): Vec => numbers(`${name}${t}`, 2);
    let [h, m, n] = [a.zeros(2), a.zeros(2), a.zeros(2)];
    for (let t = 0; t < 3; t++) {
      const [z, f, o, i] = [mul(w, at("z", t)), at("f", t), at("o", t), at("i", t)];
      h = add(mul(f, h), mul(not(f), z));
      m = add(mul(f, m), mul(not(f), z));
      n = add(mul(f, n), mul(i, z));
      closeAll(run.value("h", [0, t]), h, "FPool");
      closeAll(run.value("g", [0, t]), mul(o, m), "FOPool");
      closeAll(run.value("k", [0, t]), mul(o, n), "IFOPool");
    }
    run.checkGradients();
  });

  test("a node of the child-sum and of the binary tree-LSTM", () => {
    const names = ["x", "h", "c", "k", "d"] as const;
    const run = new Run(
      modelOf(`
model nodes {
  use std.cells (ChildSumForget, ChildSumTreeLSTM, BinaryTreeLSTM)
  dim X = 3; dim H = 2
  input x : [X], h : [H], c : [H], k : [H], d : [H]
  random y
  param v : [H] ~ uniform(0, 1)
  cell keep = ChildSumForget(); cell node = ChildSumTreeLSTM(); cell fork = BinaryTreeLSTM()
  (a, b) = node(x, h + k, keep(x, h, c) + keep(x, k, d))
  (e, f) = fork(x, h, c, k, d)
  y ~ normal(dot(v, a + b + e + f), 1)
}`),
      [{ ...Object.fromEntries(names.map((n) => [n, numbers(n, n === "x" ? 3 : 2)])), y: 0.3 }],
    );
    const [x, h, c, k, d] = names.map((n): Vec => numbers(n, n === "x" ? 3 : 2)) as [Vec, Vec, Vec, Vec, Vec];
    const [keep, node, fork] = ["keep.", "node.", "fork."].map((p) => new Own(run, p)) as [Own, Own, Own];
    {
      const kept = [
        [h, c],
        [k, d],
      ].map(([hk, ck]) => mul(sigmoid(keep.gates(1, x, hk as Vec)[0]), ck as Vec));
      const [i, o, u] = node.gates(3, x, add(h, k));
      const memory = add(mul(sigmoid(i), tanh(u)), ...kept);
      closeAll(run.value("b", [0]), memory, "c of the child-sum");
      closeAll(run.value("a", [0]), mul(sigmoid(o), tanh(memory)), "h of the child-sum");
    }
    const z = add(mv(fork.M("W"), x), mv(fork.M("L"), h), mv(fork.M("R"), k), fork.v("b"));
    const [i, fl, fr, o, u] = cut(z, 5);
    const memory = add(mul(sigmoid(i), tanh(u)), mul(sigmoid(fl), c), mul(sigmoid(fr), d));
    closeAll(run.value("f", [0]), memory, "c of the binary tree");
    closeAll(run.value("e", [0]), mul(sigmoid(o), tanh(memory)), "h of the binary tree");
    run.checkGradients();
  });

  test("child-sum tree-LSTMs over trees", () => {
    const trees = [
      // parents; a chain with a fork, and a leaf alone
      { n: [1, 4, 3, 4, -1], x: [0, 1, 2, 3, 4].map((i) => numbers(`x${i}`, X)), y: numbers("y0", H) },
      { n: [-1], x: [numbers("x9", X)], y: numbers("y1", H) },
    ];
    const run = new Run(
      modelOf(`
model trees {
  use std.cells (ChildSumForget, ChildSumTreeLSTM)
  dim X = ${X}; dim H = ${H}
  tree n
  input x[n] : [X]
  random y : [H]
  cell keep = ChildSumForget(); cell node = ChildSumTreeLSTM()
  p[n, k in kids(n)] = keep(x[n], h[k], c[k])
  (h[n], c[n]) = node(x[n], sum[k in kids(n)](h[k]), sum[k in kids(n)](p[n,k]))
  y ~ normal(h[root], 1)
}`),
      trees,
    );
    const [keep, node] = [new Own(run, "keep."), new Own(run, "node.")];
    const at = ({ n, x }: { n: readonly number[]; x: readonly Vec[] }, i: number): [Vec, Vec] => {
      const kids = n.flatMap((parent, k) => (parent === i ? [at({ n, x }, k)] : []));
      const m = add(a.zeros(H), ...kids.map(([h]) => h));
      const kept = kids.map(([h, c]) => mul(sigmoid(keep.gates(1, x[i] as Vec, h)[0]), c));
      const [gi, o, u] = node.gates(3, x[i] as Vec, m);
      const memory = add(mul(sigmoid(gi), tanh(u)), ...kept);
      return [mul(sigmoid(o), tanh(memory)), memory];
    };
    let loss = 0;
    for (const tree of trees) {
      const [h] = at(tree, tree.n.indexOf(-1));
      loss += h.reduce((s, v, i) => s + (v - (tree.y[i] as number)) ** 2 / 2 + Math.log(2 * Math.PI) / 2, 0);
    }
    expect(Math.abs((run.value("loss.total")[0] as number) - loss)).toBeLessThan(1e-9);
    run.checkGradients();
  });

  test.each([3, 2])("ConvLSTM with kernels of %i", (size) => {
    const [M, N, C, F] = [3, 2, 2, 2];
    const run = new Run(
      modelOf(`
model film {
  use std.cells (ConvLSTM)
  dim C = ${F}
  axis t < T
  input x[t] : [${M}, ${N}, ${C}]
  random y[t]
  cell f = ConvLSTM(H = C${size === 3 ? "" : `, size = ${size}`})
  (h[t], c[t]) = f(x[t], h[t-1], c[t-1])
  h[-1] = 0; c[-1] = 0
  y[t] ~ normal(sum(h[t]), 1)
}`),
      [{ x: [0, 1, 2].map((t) => numbers(`x${t}`, M * N * C)), y: [0.5, -0.5, 1] }],
    );
    const p = new Own(run);
    /** Same-padded: one more row and column behind than before where the kernel is even. */
    const conv = (x: Vec, channels: number, kernel: Vec): number[] => {
      const before = Math.floor((size - 1) / 2);
      const out = a.zeros(M * N * F);
      for (let r = 0; r < M; r++)
        for (let q = 0; q < N; q++)
          for (let i = 0; i < size; i++)
            for (let j = 0; j < size; j++) {
              const [row, col] = [r + i - before, q + j - before];
              if (row < 0 || row >= M || col < 0 || col >= N) continue;
              for (let k = 0; k < channels; k++)
                for (let o = 0; o < F; o++)
                  out[(r * N + q) * F + o] =
                    (out[(r * N + q) * F + o] as number) +
                    (x[(row * N + col) * channels + k] as number) *
                      (kernel[((i * size + j) * channels + k) * F + o] as number);
            }
      return out;
    };
    const shape = run.model.params.find((q) => q.name === "f.Wi")?.shape;
    expect(shape).toEqual([size, size, C, F]);
    let [h, c] = [a.zeros(M * N * F), a.zeros(M * N * F)];
    for (let t = 0; t < 3; t++) {
      const x = numbers(`x${t}`, M * N * C);
      const z = (g: string): number[] => add(conv(x, C, p.v(`W${g}`)), conv(h, F, p.v(`U${g}`)), p.v(`b${g}`));
      const i = sigmoid(add(z("i"), mul(p.v("pi"), c)));
      const f = sigmoid(add(z("f"), mul(p.v("pf"), c)));
      const [g, o] = [z("g"), z("o")];
      c = add(mul(f, c), mul(i, tanh(g)));
      h = mul(sigmoid(add(o, mul(p.v("po"), c))), tanh(c));
      closeAll(run.value("c", [0, t]), c, "c");
      closeAll(run.value("h", [0, t]), h, "h");
    }
    run.checkGradients();
  });

  test("every cell of the library is tested here", () => {
    const all = [...(std["cells"] as string).matchAll(/^cell (\w+)/gm)].map(([, name]) => name as string);
    const others = ["FPool", "FOPool", "IFOPool", "ChildSumForget", "ChildSumTreeLSTM", "BinaryTreeLSTM", "ConvLSTM"];
    expect([...Object.keys(cases), ...others].sort()).toEqual(all.sort());
  });
});
