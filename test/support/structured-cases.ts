/** Systems with indices that depend on data, axes within axes, derived lengths, trees and graphs. */
import { E, type Expr, lseOver, maxOver, op, softmaxAlong, sumOver } from "../../src/compiler/system/expr.js";
import { type Access, type Case, type Extent, Sketch, slot } from "./sketch.js";

const [t, s, k, u] = [slot("t", "T"), slot("s", "S"), slot("k", "K"), slot("u", "U", "k")];
const tanh = (...xs: Parameters<typeof E.add>) => E.map("tanh", E.add(...xs));
const zeros = (n: number) => E.num(0, [n]);
const index = (name: string): Expr => op("index", [], { slot: name });
const extent = (axis: string, within: readonly string[] = []): Expr =>
  op("extent", [], within.length ? { axis, within } : { axis });

const sketch =
  (extents: Readonly<Record<string, Extent>>, batch: number, build: (k: Sketch) => void): (() => Case) =>
  () => {
    const sketch = new Sketch(extents, batch);
    build(sketch);
    return sketch.finish();
  };

/** x[i]: the entry of an axis at an index that is a value. */
const gather = (x: Access, over: { name: string; axis: string }, i: Expr): Expr =>
  sumOver([over], E.only(x(over.name), i, over.name));

/** The maps of trees that are given as the parents of their nodes. */
function tree(k: Sketch, parents: readonly (readonly number[])[]) {
  const edges = parents.map((all) => all.flatMap((p, n) => (p < 0 ? [] : [{ child: n, parent: p }])));
  const e = slot("e", "n.edges");
  const n = slot("n", "n");
  return {
    child: k.map(
      "n.child",
      [e],
      "below",
      edges.map((all) => all.map((x) => x.child)),
    ),
    parent: k.map(
      "n.parent",
      [e],
      "same",
      edges.map((all) => all.map((x) => x.parent)),
    ),
    up: k.map("n.up", [n], "above", parents),
    root: k.map(
      "n.root",
      [],
      undefined,
      parents.map((all) => all.indexOf(-1)),
    ),
  };
}
const [n, m, e] = [slot("n", "n"), slot("m", "n"), slot("e", "n.edges")];
const families = (parents: readonly (readonly number[])[]) => ({
  n: { lengths: parents.map((all) => all.length), family: "n" },
  "n.edges": { lengths: parents.map((all) => all.length - 1), family: "n" },
});
const trees = [[1, 4, 3, 4, -1], [-1], [-1, 0, 0, 1, 1, 1]];

/** A graph as its edges; children (predecessors) first. */
const graphs = [
  {
    count: 4,
    edges: [
      [0, 2],
      [1, 2],
      [0, 3],
      [2, 3],
    ],
  },
  { count: 2, edges: [[1, 0]] },
  { count: 1, edges: [] },
] as const;

export const structuredCases: Readonly<Record<string, () => Case>> = {
  "a gather by tokens, x[p[t]]": sketch({ T: [3, 1, 0], S: [2, 4, 1] }, 3, (k) => {
    const [x, y] = [k.input("x", [2], [s]), k.input("y", [2], [t])];
    const p = k.map("p", [t], undefined, [[1, 0, 1], [3], []]);
    const h = k.define("h", [s], tanh(E.mv(k.param("W", [2, 2])(), x("s"))));
    k.loss([t], E.dot(y("t"), tanh(gather(h, s, p("t")))));
  }),
  "a recurrence over gathers, each sample at its own": sketch({ T: [3, 1, 2], S: [2, 4, 1] }, 3, (k) => {
    const x = k.input("x", [2], [s]);
    const p = k.map("p", [t], undefined, [[1, 0, 1], [3], [0, 0]]);
    const h = k.value("h", [2], [t]);
    k.equate("h", tanh(E.mv(k.param("U", [2, 2])(), h("t-1")), gather(x, s, p("t")), k.param("b", [2])()));
    k.clause("h", { t: "-1" }, zeros(2));
    k.loss([], E.sumf(h("$-1")));
  }),
  "strides: h[2 s] of a longer axis": sketch(
    { T: [4, 1, 6], S: { length: { op: "div", a: { op: "+", a: { extent: "T" }, b: 1 }, b: 2 } } },
    3,
    (k) => {
      const x = k.input("x", [2], [t]);
      const h = k.value("h", [2], [t]);
      k.equate("h", tanh(E.mv(k.param("W", [2, 2])(), x("t")), E.mv(k.param("U", [2, 2])(), h("t-1"))));
      k.clause("h", { t: "-1" }, zeros(2));
      const twice = op("toInt", [E.affine(2, 0, index("s"))]);
      const g = k.value("g", [2], [s]);
      k.equate("g", tanh(E.mv(k.param("V", [2, 2])(), gather(h, t, twice)), E.mul(k.param("v", [2])(), g("s-1"))));
      k.clause("g", { s: "-1" }, zeros(2));
      k.loss([s], E.sumf(E.mul(g("s"), g("s"))));
    },
  ),
  "words in sentences": sketch({ K: [2, 1, 0], U: { within: "K", lengths: [[2, 3], [1], []] } }, 3, (q) => {
    const [x, y] = [q.input("x", [2], [k, u]), q.token("y", 2)];
    const h = q.value("h", [2], [k, u]);
    q.equate("h", tanh(E.mv(q.param("W", [2, 2])(), x("k", "u")), E.mv(q.param("U", [2, 2])(), h("k", "u-1"))));
    q.clause("h", { u: "-1" }, q.param("h0", [2])());
    const d = q.value("d", [2], [k]);
    q.equate("d", tanh(h("k", "$-1"), E.mv(q.param("V", [2, 2])(), d("k-1"))));
    q.clause("d", { k: "-1" }, zeros(2));
    q.loss([], op("xent", [E.mv(q.param("Wo", [2, 2])(), d("$-1")), y()]));
  }),
  "words in sentences from both sides, a mean, a state from the sentence before": sketch(
    { K: [2, 1, 2], U: { within: "K", lengths: [[2, 3], [1], [4, 0]] } },
    3,
    (q) => {
      const x = q.input("x", [2], [k, u]);
      const [f, b, d] = [q.value("f", [2], [k, u]), q.value("b", [2], [k, u]), q.value("d", [2], [k])];
      q.equate("f", tanh(E.mv(q.param("W", [2, 2])(), x("k", "u")), E.mul(q.param("v", [2])(), f("k", "u-1"))));
      q.clause("f", { u: "-1" }, d("k-1"));
      q.equate("b", tanh(x("k", "u"), E.mul(q.param("w", [2])(), b("k", "u+1"))));
      q.clause("b", { u: "$" }, q.param("b0", [2])());
      const a = q.define("a", [k, u], softmaxAlong("u", E.dot(q.param("q", [2])(), f("k", "u"))));
      const mean = E.div(sumOver([u], E.sumf(b("k", "u"))), E.add(extent("U", ["k"]), E.num(1)));
      q.equate(
        "d",
        tanh(
          sumOver([u], E.scale(a("k", "u"), f("k", "u"))),
          b("k", "0"),
          E.fill(mean, [2]),
          E.mul(q.param("r", [2])(), d("k-1")),
        ),
      );
      q.clause("d", { k: "-1" }, zeros(2));
      q.loss([k], E.sumf(E.mul(d("k"), d("k"))));
    },
  ),
  "child-sum tree-LSTM": sketch(families(trees), 3, (q) => {
    const { child, parent, root } = tree(q, trees);
    const [x, y] = [q.input("x", [2], [n]), q.token("y", 2)];
    const [h, c] = [q.value("h", [2], [n]), q.value("c", [2], [n])];
    const kids = (x: Expr): Expr => sumOver([e], E.only(x, parent("e"), "n"));
    const hk = q.define("hk", [e], gather(h, m, child("e")));
    const ck = q.define("ck", [e], gather(c, m, child("e")));
    const xp = q.define("xp", [e], gather(x, m, parent("e")));
    const M = q.define("m", [n], kids(hk("e")));
    const gate = (name: string, f: string) =>
      q.define(
        name,
        [n],
        E.map(f, E.add(E.mv(q.param(`W${name}`, [2, 2])(), x("n")), E.mv(q.param(`U${name}`, [2, 2])(), M("n")))),
      );
    const [i, o, g] = [gate("i", "sigmoid"), gate("o", "sigmoid"), gate("g", "tanh")];
    const F = q.define(
      "f",
      [e],
      E.map("sigmoid", E.add(E.mv(q.param("Wf", [2, 2])(), xp("e")), E.mv(q.param("Uf", [2, 2])(), hk("e")))),
    );
    q.equate("c", E.add(E.mul(i("n"), g("n")), kids(E.mul(F("e"), ck("e")))));
    q.equate("h", E.mul(o("n"), E.map("tanh", c("n"))));
    q.loss([], op("xent", [E.mv(q.param("Wy", [2, 2])(), gather(h, n, root())), y()]));
  }),
  "a tree from the root down, then up again": sketch(families(trees), 3, (q) => {
    const { child, parent, up } = tree(q, trees);
    const x = q.input("x", [2], [n]);
    const d = q.value("d", [2], [n]);
    const fromAbove = gather(d, m, up("n"));
    q.equate("d", tanh(E.mv(q.param("W", [2, 2])(), x("n")), E.mv(q.param("U", [2, 2])(), fromAbove)));
    const h = q.value("h", [2], [n]);
    const hk = q.define("hk", [e], gather(h, m, child("e")));
    q.equate("h", tanh(d("n"), E.mv(q.param("V", [2, 2])(), sumOver([e], E.only(hk("e"), parent("e"), "n")))));
    q.loss([n], E.sumf(E.mul(h("n"), h("n"))));
  }),
  "attention over kids, the greatest of kids": sketch(families(trees), 3, (q) => {
    const { child, parent, root } = tree(q, trees);
    const x = q.input("x", [2], [n]);
    const h = q.value("h", [2], [n]);
    const hk = q.define("hk", [e], gather(h, m, child("e")));
    const score = q.define("score", [e], E.dot(q.param("v", [2])(), hk("e")));
    const low = Number.NEGATIVE_INFINITY;
    const total = q.define("total", [n], lseOver([e], E.only(score("e"), parent("e"), "n", low)));
    const share = q.define("share", [e], E.exp(E.sub(score("e"), gather(total, m, parent("e")))));
    const mixed = sumOver([e], E.only(E.scale(share("e"), hk("e")), parent("e"), "n"));
    const top = q.define("top", [n], maxOver([e], E.only(hk("e"), parent("e"), "n", low)));
    const most = E.map("tanh", op("maximum", [top("n"), E.num(-2, [2])]));
    q.equate("h", tanh(E.mv(q.param("W", [2, 2])(), x("n")), mixed, most));
    q.loss([], E.sumf(gather(h, n, root())));
  }),
  "a recurrence over the nodes of a graph": sketch(
    {
      n: { lengths: graphs.map((g) => g.count), family: "n" },
      "n.edges": { lengths: graphs.map((g) => g.edges.length), family: "n" },
    },
    3,
    (q) => {
      const child = q.map(
        "n.child",
        [e],
        "below",
        graphs.map((g) => g.edges.map((x) => x[0])),
      );
      const parent = q.map(
        "n.parent",
        [e],
        "same",
        graphs.map((g) => g.edges.map((x) => x[1])),
      );
      const x = q.input("x", [2], [n]);
      const h = q.value("h", [2], [n]);
      const hk = q.define("hk", [e], gather(h, m, child("e")));
      q.equate(
        "h",
        tanh(
          E.mv(q.param("W", [2, 2])(), x("n")),
          E.mv(q.param("U", [2, 2])(), sumOver([e], E.only(hk("e"), parent("e"), "n"))),
        ),
      );
      q.loss([n], E.sumf(E.mul(h("n"), h("n"))));
    },
  ),
};
