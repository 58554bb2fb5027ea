/** What the words of trees and graphs mean, against plain recursions written here. */
import { describe, expect, it } from "vitest";
import { add, dot, modelOf, mul, mv, noiseOf, Run, tanh, type Vec, zeros } from "../check/harness.js";
import { attended, overTime, twoTrees } from "./specs.js";

const numbers = (name: string, n: number): number[][] =>
  Array.from({ length: n }, (_, i) => [noiseOf(name, 2 * i), noiseOf(name, 2 * i + 1)]);
const scale = (s: number, x: Vec): number[] => x.map((v) => s * v);
const close = (got: Vec, wanted: Vec): void => {
  expect(got).toHaveLength(wanted.length);
  for (const [i, x] of wanted.entries()) expect(got[i]).toBeCloseTo(x, 10);
};

const n = [1, 4, 3, 4, -1, 4];
const x = numbers("x", n.length);
const kids = (i: number): number[] => [...n.keys()].filter((k) => n[k] === i);
const root = n.indexOf(-1);

/** One tree and the equations `body` about it, with x[n] and h[n] that come from the leaves. */
const treeRun = (body: string): Run => {
  const model = modelOf(`model m {
    dim H = 2
    tree n
    input x[n] : [H]
    random y
    param W : [H, H], v : [H] ~ uniform(-1, 1), top : [H] ~ uniform(-1, 1)
    h[n] : [H] = tanh(W @ x[n] + sum[k in kids(n)](h[k]))
    ${body}
    y ~ normal(sum(h[root]) + sum[n](sum(r[n])) + dot(v, top), 1)
  }`);
  return new Run(model, [{ n, x, y: 0 }]);
};

describe("each word of a tree", () => {
  const h = (run: Run): ((i: number) => number[]) => {
    const W = run.matrix("W");
    const of = (i: number): number[] => tanh(add(mv(W, x[i] as Vec), ...kids(i).map(of)));
    return of;
  };
  const check = (body: string, wanted: (i: number, h: (i: number) => number[], run: Run) => Vec): void => {
    const run = treeRun(body);
    for (const i of n.keys()) close(run.value("r", [0, i]), wanted(i, h(run), run));
  };
  const mean = (all: readonly Vec[]): number[] => scale(1 / Math.max(1, all.length), add(zeros(2), ...all));
  const best = (all: readonly number[]): number => all.indexOf(Math.max(...all));

  it("sum, mean, and what both ends know", () => {
    check("r[n] = sum[k in kids(n)](h[k] * x[n])", (i, h) =>
      add(zeros(2), ...kids(i).map((k) => mul(h(k), x[i] as Vec))),
    );
    check("r[n] = mean[k in kids(n)](h[k])", (i, h) => mean(kids(i).map(h)));
    check("r[n] = sum[k in kids(n)](1)", (i) => [kids(i).length]);
  });

  it("max, min, logsumexp, argmax, softmax", () => {
    const guarded = (of: string): string =>
      `r[n] = if sum[k in kids(n)](1) == 0 then -9 else ${of}[k in kids(n)](dot(v, h[k]))`;
    const over = (f: (all: number[]) => number) => (i: number, h: (i: number) => number[], run: Run) => {
      const all = kids(i).map((k) => dot(run.vector("v"), h(k)));
      return [all.length ? f(all) : -9];
    };
    check(
      guarded("max"),
      over((all) => Math.max(...all)),
    );
    check(
      guarded("min"),
      over((all) => Math.min(...all)),
    );
    check(
      guarded("logsumexp"),
      over((all) => Math.log(all.reduce((s, z) => s + Math.exp(z), 0))),
    );
    check("r[n] = argmax[k in kids(n)](dot(v, h[k]))", (i, h, run) => [
      best(kids(i).map((k) => dot(run.vector("v"), h(k)))),
    ]);
    check("r[n] = sum[k in kids(n)](softmax[k](dot(v, h[k])) * h[k])", (i, h, run) => {
      const e = kids(i).map((k) => Math.exp(dot(run.vector("v"), h(k))));
      const total = e.reduce((a, b) => a + b, 0);
      return add(zeros(2), ...kids(i).map((k, j) => scale((e[j] as number) / total, h(k))));
    });
  });

  it("parents, grandparents, siblings, the root, positions", () => {
    const up = (i: number): number => n[i] as number;
    check("r[n] = h[parent(n)];  h[parent(root)] = top", (i, h, run) => (up(i) < 0 ? run.vector("top") : h(up(i))));
    check("r[n] = h[parent(parent(n))];  h[parent(root)] = top", (i, h, run) => {
      const above = up(i) < 0 ? -1 : up(up(i));
      return above < 0 ? run.vector("top") : h(above);
    });
    check("r[n] = if n == root then 2 else (if parent(n) == root then 1 else 0)", (i) => [
      i === root ? 2 : Number(up(i) === root),
    ]);
    check("r[n] = sum[k in kids(parent(n))](h[k])", (i, h) => add(zeros(2), ...(up(i) < 0 ? [] : kids(up(i)).map(h))));
    check("r[n] = sum[k in kids(root)](h[k] * x[n])", (i, h) =>
      add(zeros(2), ...kids(root).map((k) => mul(h(k), x[i] as Vec))),
    );
    check("r[n] = pos(n)", (i) => [up(i) < 0 ? 0 : kids(up(i)).indexOf(i)]);
    check("r[n] = sum[k in kids(n)](pos(k) * h[k])", (i, h) => add(zeros(2), ...kids(i).map((k, j) => scale(j, h(k)))));
    check("r[n] = sum[k in kids(n)](sum[j in kids(k)](h[j] * h[k]))", (i, h) =>
      add(zeros(2), ...kids(i).flatMap((k) => kids(k).map((j) => mul(h(j), h(k))))),
    );
    check("r[n] = sum[k in kids(n)](if parent(k) == n then h[parent(k)] else 0)", (i, h) =>
      scale(kids(i).length, h(i)),
    );
  });

  it("from the root down", () => {
    const down = (i: number, run: Run): number[] =>
      tanh(add(x[i] as Vec, (n[i] as number) < 0 ? run.vector("top") : down(n[i] as number, run)));
    check("r[n] : [H] = tanh(x[n] + r[parent(n)]);  r[parent(root)] = top", (i, _, run) => down(i, run));
  });

  it("values of edges", () => {
    check("f[n, k in kids(n)] = h[k] + x[n] * pos(k);  r[n] = sum[k in kids(n)](f[n,k] * f[n,k])", (i, h) =>
      add(
        zeros(2),
        ...kids(i).map((k, j) => {
          const f = add(h(k), scale(j, x[i] as Vec));
          return mul(f, f);
        }),
      ),
    );
  });
});

describe("more than one axis", () => {
  it("a sequence at every node: along time and up the tree", () => {
    const model = modelOf(overTime);
    const s = numbers("s", 3);
    const run = new Run(model, [{ n, x, s, y: 0 }]);
    const [W, U] = [run.matrix("W"), run.matrix("U")];
    const h = (i: number, t: number): number[] =>
      t < 0
        ? mul(run.vector("h0"), x[i] as Vec)
        : tanh(add(mv(W, x[i] as Vec), s[t] as Vec, mv(U, h(i, t - 1)), ...kids(i).map((k) => h(k, t))));
    for (const i of n.keys()) for (const t of [0, 1, 2]) close(run.value("h", [0, i, t]), h(i, t));
    run.checkGradients();
  });

  it("two trees, every node of one with every node of the other", () => {
    const model = modelOf(twoTrees);
    const m = [2, 2, -1];
    const z = numbers("z", 3);
    const run = new Run(model, [{ n, m, x, z, y: 0 }]);
    const below = (i: number): number[] => [...m.keys()].filter((k) => m[k] === i);
    const d = (i: number, j: number): number =>
      dot(x[i] as Vec, z[j] as Vec) +
      kids(i).reduce((sum, k) => sum + 0.5 * d(k, j), 0) +
      below(j).reduce((sum, k) => sum + 0.25 * d(i, k), 0);
    for (const i of n.keys()) for (const j of m.keys()) close(run.value("d", [0, i, j]), [d(i, j)]);
  });

  it("a sequence that looks back at all nodes of a graph", () => {
    const model = modelOf(attended);
    const graph = {
      nodes: 3,
      edges: [
        [0, 2],
        [1, 2],
      ],
    };
    new Run(model, [
      { n: graph, x: numbers("x", 3), y: ["a", "<EOS>"] },
      { n: { nodes: 1, edges: [] }, x: numbers("q", 1), y: ["b", "a", "<EOS>"] },
    ]).checkGradients();
  });
});
