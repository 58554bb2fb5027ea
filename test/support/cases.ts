/** Systems that cover what differentiation, passes and schedule must get right, each small enough for finite differences. */
import { E, lseOver, maxOver, op, softmaxAlong, sumOver } from "../../src/compiler/system/expr.js";
import { gru, lstm } from "./cells.js";
import { type Case, earlier, equals, guarded, Sketch, slot } from "./sketch.js";

const [t, s, u, l] = [slot("t", "T"), slot("s", "S"), slot("u", "T"), slot("l", "L")];
const ragged = [4, 1, 0];
const tanh = (...xs: Parameters<typeof E.add>) => E.map("tanh", E.add(...xs));
const zeros = (n: number) => E.num(0, [n]);

/** A sketch, closed by its case. */
const sketch =
  (extents: Sketch["extents"], batch: number, build: (k: Sketch) => void): (() => Case) =>
  () => {
    const k = new Sketch(extents, batch);
    build(k);
    return k.finish();
  };

export const cases: Readonly<Record<string, () => Case>> = {
  "Elman, zero start, T = 0 and 1": sketch({ T: ragged }, 3, (k) => {
    const [x, y, h] = [k.input("x", [2], [t]), k.token("y", 2, [t]), k.value("h", [3], [t])];
    k.equate(
      "h",
      tanh(E.mv(k.param("W", [3, 2])(), x("t")), E.mv(k.param("U", [3, 3])(), h("t-1")), k.param("b", [3])()),
    );
    k.clause("h", { t: "-1" }, zeros(3));
    k.loss([t], op("xent", [E.mv(k.param("Wo", [2, 3])(), h("t")), y("t")]));
  }),
  "Elman from an image, ragged many-to-one": sketch({ T: ragged }, 3, (k) => {
    const [x, image, y] = [k.input("x", [2], [t]), k.input("image", [4]), k.token("y", 2)];
    const h = k.value("h", [3], [t]);
    k.equate("h", tanh(E.mv(k.param("W", [3, 2])(), x("t")), E.mv(k.param("U", [3, 3])(), h("t-1"))));
    k.clause("h", { t: "-1" }, tanh(E.mv(k.param("Wi", [3, 4])(), image())));
    k.loss([], op("xent", [E.mv(k.param("Wo", [2, 3])(), h("$-1")), y()]));
  }),
  "Elman whose products are normalised, tokens in": sketch({ T: ragged }, 3, (k) => {
    const [x, y, h] = [k.token("x", 4, [t]), k.input("y", [3], [t]), k.value("h", [3], [t])];
    const normal = (z: ReturnType<typeof E.add>) => {
      const c = op("centre", [z]);
      return E.scale(op("inverseRms", [c], { epsilon: 0.1 }), c);
    };
    const W = k.param("W", [3, 4]);
    k.equate("h", tanh(normal(op("col", [W(), x("t")])), normal(E.mv(k.param("U", [3, 3])(), h("t-1")))));
    k.clause("h", { t: "-1" }, k.param("h0", [3])());
    k.loss([t], E.dot(y("t"), h("t")));
  }),
  "LSTM, learnt initial cell": sketch({ T: ragged }, 3, (k) => {
    const [x, y] = [k.input("x", [2], [t]), k.input("y", [2], [t])];
    const [h, c] = [k.value("h", [2], [t]), k.value("c", [2], [t])];
    lstm(k, x("t"), { id: "h", previous: h("t-1") }, { id: "c", previous: c("t-1") }, { sizes: [2, 2] });
    k.clause("h", { t: "-1" }, zeros(2));
    k.clause("c", { t: "-1" }, k.param("c0", [2])());
    k.loss([t], E.dot(y("t"), E.softmax(h("t"))));
  }),
  "GRU, reset before the matmul": sketch({ T: ragged }, 3, (k) => {
    const [x, y, h] = [k.input("x", [2], [t]), k.input("y", [2], [t]), k.value("h", [2], [t])];
    gru(k, x("t"), { id: "h", previous: h("t-1") }, { sizes: [2, 2] });
    k.clause("h", { t: "-1" }, zeros(2));
    k.loss([t], E.dot(y("t"), h("t")));
  }),
  "GRU, reset after the matmul": sketch({ T: ragged }, 3, (k) => {
    const [x, y, h] = [k.input("x", [2], [t]), k.input("y", [2], [t]), k.value("h", [2], [t])];
    gru(k, x("t"), { id: "h", previous: h("t-1") }, { sizes: [2, 2], reset: "after" });
    k.clause("h", { t: "-1" }, k.param("h0", [2])());
    k.loss([t], E.dot(y("t"), h("t")));
  }),
  "bidirectional, learnt starts, h[T-1] and b[0]": sketch({ T: ragged }, 3, (k) => {
    const [x, y] = [k.input("x", [2], [t]), k.token("y", 2)];
    const [f, b, W] = [k.value("f", [2], [t]), k.value("b", [2], [t]), k.param("W", [2, 2])];
    k.equate("f", tanh(E.mv(W(), x("t")), E.mv(k.param("Uf", [2, 2])(), f("t-1"))));
    k.clause("f", { t: "-1" }, k.param("f0", [2])());
    k.equate("b", tanh(E.mv(W(), x("t")), E.mv(k.param("Ub", [2, 2])(), b("t+1"))));
    k.clause("b", { t: "$" }, k.param("b0", [2])());
    k.loss([], op("xent", [E.mv(k.param("Wo", [2, 4])(), E.concat(f("$-1"), b("0"))), y()]));
  }),
  "lag 2 with two clauses": sketch({ T: [4, 1, 0, 2] }, 4, (k) => {
    const [x, image, y, h] = [
      k.input("x", [2], [t]),
      k.input("image", [3]),
      k.input("y", [2], [t]),
      k.value("h", [2], [t]),
    ];
    k.equate(
      "h",
      tanh(
        E.mv(k.param("W", [2, 2])(), x("t")),
        E.mv(k.param("A", [2, 2])(), h("t-1")),
        E.mul(k.param("v", [2])(), h("t-2")),
      ),
    );
    k.clause("h", { t: "-1" }, tanh(E.mv(k.param("Wi", [2, 3])(), image())));
    k.clause("h", { t: "-2" }, k.param("h2", [2])());
    k.loss([t], E.dot(y("t"), h("t")));
  }),
  "attention with input feeding": sketch({ S: [3, 1, 2], T: [3, 2, 0] }, 3, (k) => {
    const [x, y] = [k.token("x", 3, [s]), k.token("y", 3, [t])];
    const [Ex, Ey] = [k.param("Ex", [2, 3]), k.param("Ey", [2, 3])];
    const [e, ce] = [k.value("e", [2], [s]), k.value("ce", [2], [s])];
    const [q, cq, g] = [k.value("q", [2], [t]), k.value("cq", [2], [t]), k.value("g", [2], [t])];
    const encoder = { sizes: [2, 2], slots: [s], name: "enc." } as const;
    lstm(k, op("col", [Ex(), x("s")]), { id: "e", previous: e("s-1") }, { id: "ce", previous: ce("s-1") }, encoder);
    k.clause("e", { s: "-1" }, zeros(2));
    k.clause("ce", { s: "-1" }, zeros(2));
    k.clause("y", { t: "-1" }, op("token", [], { value: 0 }));
    const fed = E.concat(op("col", [Ey(), y("t-1")]), g("t-1"));
    lstm(k, fed, { id: "q", previous: q("t-1") }, { id: "cq", previous: cq("t-1") }, { sizes: [4, 2], name: "dec." });
    k.clause("q", { t: "-1" }, e("$-1"));
    k.clause("cq", { t: "-1" }, ce("$-1"));
    k.clause("g", { t: "-1" }, zeros(2));
    const energy = E.dot(
      k.param("v", [2])(),
      tanh(E.mv(k.param("Wq", [2, 2])(), q("t")), E.mv(k.param("We", [2, 2])(), e("s"))),
    );
    const a = k.define("a", [t, s], softmaxAlong("s", energy));
    k.equate("g", sumOver([s], E.scale(a("t", "s"), e("s"))));
    const z = E.add(E.mv(k.param("Wo", [3, 4])(), E.concat(q("t"), g("t"))), k.param("bo", [3])());
    k.loss([t], op("xent", [z, y("t")]));
  }),
  "layers as an axis, W[l]": sketch({ T: ragged, L: 3 }, 3, (k) => {
    const [x, y, h] = [k.input("x", [2], [t]), k.input("y", [2], [t]), k.value("h", [2], [l, t])];
    const [W, U, b] = [k.param("W", [2, 2], [l]), k.param("U", [2, 2], [l]), k.param("b", [2], [l])];
    k.equate("h", tanh(E.mv(W("l"), h("l-1", "t")), E.mv(U("l"), h("l", "t-1")), b("l")));
    k.clause("h", { l: "-1" }, x("t"));
    k.clause("h", { t: "-1" }, k.param("h0", [2], [l])("l"));
    k.loss([t], E.dot(h("$-1", "t"), y("t")));
  }),
  "a boundary clause inside the cycle (top-down feedback)": sketch({ T: ragged, L: 3 }, 3, (k) => {
    const [y, h] = [k.input("y", [2], [t]), k.value("h", [2], [l, t])];
    k.equate(
      "h",
      tanh(E.mv(k.param("W", [2, 2], [l])("l"), h("l-1", "t")), E.mv(k.param("U", [2, 2], [l])("l"), h("l", "t-1"))),
    );
    k.clause("h", { l: "-1" }, tanh(E.mv(k.param("F", [2, 2])(), h("$-1", "t-1"))));
    k.clause("h", { t: "-1" }, k.param("h0", [2], [l])("l"));
    k.loss([t], E.dot(h("$-1", "t"), y("t")));
  }),
  "2-D grid with corners": sketch({ I: [3, 1, 0, 2, 0], J: [2, 3, 2, 0, 0] }, 5, (k) => {
    const [i, j] = [slot("i", "I"), slot("j", "J")];
    const [x, y, h] = [k.input("x", [2], [i, j]), k.input("y", [2]), k.value("h", [2], [i, j])];
    k.equate(
      "h",
      tanh(
        E.mv(k.param("W", [2, 2])(), x("i", "j")),
        E.mv(k.param("A", [2, 2])(), h("i-1", "j")),
        E.mv(k.param("C", [2, 2])(), h("i", "j-1")),
        E.mul(k.param("v", [2])(), h("i-1", "j-1")),
      ),
    );
    k.clause("h", { i: "-1" }, k.param("hi", [2])());
    k.clause("h", { j: "-1" }, k.param("hj", [2])());
    k.clause("h", { i: "-1", j: "-1" }, k.param("hc", [2])());
    k.loss([], E.dot(y(), h("$-1", "$-1")));
  }),
  "CRF: a logsumexp recurrence": sketch({ T: [4, 1, 2], K: 3 }, 3, (k) => {
    const [i, j] = [slot("i", "K"), slot("j", "K")];
    const [x, y] = [k.input("x", [2], [t]), k.input("y", [], [t, j])];
    const A = k.param("A", [], [i, j]);
    const em = k.define("em", [t, j], E.dot(k.param("W", [2], [j])("j"), x("t")));
    const al = k.value("al", [], [t, j]);
    k.equate("al", E.add(lseOver([i], E.add(al("t-1", "i"), A("i", "j"))), em("t", "j")));
    k.clause("al", { t: "-1" }, k.param("start", [], [j])("j"));
    k.clause("y", { t: "-1" }, E.num(0));
    const score = k.define("score", [], sumOver([t, j], E.mul(y("t", "j"), em("t", "j"))));
    const moves = k.define("moves", [], sumOver([t, i, j], E.mul(y("t-1", "i"), y("t", "j"), A("i", "j"))));
    k.loss([], E.sub(lseOver([j], al("$-1", "j")), E.add(score(), moves())));
  }),
  "generator: no input, a numeric past": sketch({ T: ragged }, 3, (k) => {
    const [y, h] = [k.input("y", [2], [t]), k.value("h", [3], [t])];
    k.clause("y", { t: "-1" }, E.num(0.5, [2]));
    k.equate(
      "h",
      tanh(E.mv(k.param("U", [3, 3])(), h("t-1")), E.mv(k.param("W", [3, 2])(), y("t-1")), k.param("b", [3])()),
    );
    k.clause("h", { t: "-1" }, k.param("h0", [3])());
    const error = E.sub(E.mv(k.param("Wo", [2, 3])(), h("t")), y("t"));
    k.loss([t], E.dot(error, error));
  }),
  "tied parameters: the embedding is the output layer": sketch({ T: ragged }, 3, (k) => {
    const [M, w, y, h] = [k.param("M", [2, 4]), k.token("w", 4, [t]), k.token("y", 4, [t]), k.value("h", [2], [t])];
    k.equate("h", tanh(op("col", [M(), w("t")]), E.mv(k.param("U", [2, 2])(), h("t-1"))));
    k.clause("h", { t: "-1" }, zeros(2));
    k.loss([t], op("xent", [E.mvT(M(), h("t")), y("t")]));
  }),
  "clauses that read with a shift, and leave the domain again": sketch({ T: [4, 1, 0, 2], L: 2 }, 4, (k) => {
    const x = k.input("x", [2], [t]);
    const [g, h] = [k.value("g", [2], [t]), k.value("h", [2], [l, t])];
    k.equate("g", tanh(E.mul(k.param("w", [2])(), x("t"))));
    k.clause("g", { t: "-1" }, k.param("g1", [2])());
    k.clause("g", { t: "-2" }, k.param("g2", [2])());
    k.clause("g", { t: "$" }, k.param("gT", [2])());
    k.equate("h", tanh(E.mv(k.param("W", [2, 2])(), h("l-1", "t-1")), E.mul(k.param("U", [2])(), h("l", "t-1"))));
    k.clause("h", { t: "-1" }, k.param("h0", [2], [l])("l"));
    k.clause("h", { l: "-1" }, g("t-1"));
    k.clause("h", { l: "-1", t: "-1" }, k.param("hc", [2])());
    k.loss([t], E.add(E.dot(x("t"), h("$-1", "t")), E.dot(x("t"), E.mul(g("t+1"), g("$-2")))));
  }),
  "a parameter along a ragged axis": sketch({ T: ragged }, 3, (k) => {
    const [x, P, h] = [k.input("x", [2], [t]), k.param("P", [2], [t]), k.value("h", [2], [t])];
    k.equate("h", tanh(E.mul(x("t"), P("t")), E.mv(k.param("U", [2, 2])(), h("t-1"))));
    k.clause("h", { t: "-1" }, zeros(2));
    k.loss([t], E.dot(x("t"), h("t")));
  }),
  "a parameter along a ragged axis, read only where a sample has not ended": sketch({ T: ragged }, 3, (k) => {
    k.loss([t], E.dot(k.input("x", [2], [t])("t"), k.param("P", [2], [t])("t")));
  }),
  "a constant adjoint behind a shift": sketch({ T: ragged }, 3, (k) => {
    const [x, h] = [k.input("x", [], [t]), k.value("h", [], [t])];
    k.equate("h", tanh(E.mul(k.param("w", [])(), x("t")), E.mul(k.param("u", [])(), h("t-1"))));
    k.clause("h", { t: "-1" }, k.param("h0", [])());
    k.loss([t], h("t-1"));
  }),
  "attention over the own past, u < t": sketch({ T: [5, 1, 0] }, 3, (k) => {
    const [x, h, m] = [k.input("x", [2], [t]), k.value("h", [2], [t]), k.value("m", [2], [t])];
    const past = guarded(h("u"), earlier("T", "u", "t"));
    k.equate("m", sumOver([u], E.scale(E.map("sigmoid", E.dot(E.mv(k.param("Q", [2, 2])(), x("t")), past)), past)));
    k.equate("h", tanh(E.mv(k.param("W", [2, 2])(), x("t")), E.mv(k.param("U", [2, 2])(), m("t"))));
    k.loss([t], E.dot(x("t"), h("t")));
  }),
  "self-attention": sketch({ T: [4, 1, 2] }, 3, (k) => {
    const x = k.input("x", [2], [t]);
    const [Q, K, W] = ["Q", "K", "V"].map((name) => k.param(name, [2, 2])());
    const a = k.define("a", [t, u], softmaxAlong("u", E.dot(E.mv(Q as never, x("t")), E.mv(K as never, x("u")))));
    const o = k.define("o", [t], sumOver([u], E.scale(a("t", "u"), E.mv(W as never, x("u")))));
    k.loss([t], E.dot(x("t"), tanh(o("t"))));
  }),
  "retiming: shifts +1 and −2 in one cycle": sketch({ T: [5, 2, 0] }, 3, (k) => {
    const [x, a, b] = [k.input("x", [2], [t]), k.value("a", [2], [t]), k.value("b", [2], [t])];
    k.equate("a", tanh(E.mv(k.param("A", [2, 2])(), b("t+1")), x("t")));
    k.equate("b", tanh(E.mv(k.param("B", [2, 2])(), a("t-2"))));
    k.clause("b", { t: "$" }, k.param("bT", [2])());
    k.clause("a", { t: "-1" }, k.param("a1", [2])());
    k.clause("a", { t: "-2" }, zeros(2));
    k.loss([t], E.add(E.dot(x("t"), a("t")), E.dot(x("t"), b("t"))));
  }),
  "maxima over time and over features": sketch({ T: [4, 1, 2] }, 3, (k) => {
    const [x, h] = [k.input("x", [3], [t]), k.value("h", [3], [t])];
    k.equate("h", tanh(E.mv(k.param("W", [3, 3])(), x("t")), E.mv(k.param("U", [3, 3])(), h("t-1"))));
    k.clause("h", { t: "-1" }, zeros(3));
    const best = k.define("best", [], maxOver([t], h("t")));
    const top = k.define("top", [], sumOver([t], op("maxf", [E.mul(h("t"), h("t"))])));
    k.loss([], E.add(E.sumf(E.exp(best())), top()));
  }),
  "a maximum over two variables": sketch({ T: [3, 2], S: [2, 3] }, 2, (k) => {
    const [x, y] = [k.input("x", [2], [t]), k.input("y", [2], [s])];
    const score = k.define("score", [t, s], E.dot(x("t"), E.mv(k.param("M", [2, 2])(), y("s"))));
    k.loss([], maxOver([t, s], score("t", "s")));
  }),
  "max-plus recurrence (Viterbi scores)": sketch({ T: [4, 1, 2], K: 3 }, 3, (k) => {
    const [i, j] = [slot("i", "K"), slot("j", "K")];
    const x = k.input("x", [2], [t]);
    const al = k.value("al", [], [t, j]);
    const best = maxOver([i], E.add(al("t-1", "i"), k.param("A", [], [i, j])("i", "j")));
    k.equate("al", E.add(best, E.dot(k.param("W", [2], [j])("j"), x("t"))));
    k.clause("al", { t: "-1" }, k.param("start", [], [j])("j"));
    k.loss([], maxOver([j], al("$-1", "j")));
  }),
  "nested loops: an encoder per sentence inside a document": sketch({ K: [2, 1], T: [3, 2] }, 2, (k) => {
    const n = slot("n", "K");
    const x = k.input("x", [2], [n, t]);
    const [w, d] = [k.value("w", [2], [n, t]), k.value("d", [2], [n])];
    k.equate("w", tanh(E.mv(k.param("W", [2, 2])(), x("n", "t")), E.mv(k.param("U", [2, 2])(), w("n", "t-1"))));
    k.clause("w", { t: "-1" }, d("n-1")); // a sentence starts from the document so far
    k.equate("d", tanh(E.mv(k.param("D", [2, 2])(), d("n-1")), w("n", "$-1")));
    k.clause("d", { n: "-1" }, k.param("d0", [2])());
    k.loss([n], E.sumf(d("n")));
  }),
  "guards: another equation at t = 0 and at t = T-1": sketch({ T: [3, 1, 2] }, 3, (k) => {
    const [x, h] = [k.input("x", [2], [t]), k.value("h", [2], [t])];
    const first = guarded(k.param("a", [2])(), equals("T", "t", "0"));
    const last = guarded(x("t"), equals("T", "t", "$-1"));
    k.equate("h", tanh(E.mv(k.param("U", [2, 2])(), h("t-1")), first, E.mul(k.param("b", [2])(), last)));
    k.clause("h", { t: "-1" }, zeros(2));
    k.loss([t], E.dot(x("t"), h("t")));
  }),
  "means: quotients by an extent": sketch({ T: [4, 1, 2] }, 3, (k) => {
    const [x, h] = [k.input("x", [2], [t]), k.value("h", [2], [t])];
    k.equate("h", tanh(E.mv(k.param("W", [2, 2])(), x("t")), h("t-1")));
    k.clause("h", { t: "-1" }, k.param("h0", [2])());
    const sum = k.define("sum", [], sumOver([t], h("t")));
    k.loss([], E.sumf(E.div(sum(), E.fill(op("extent", [], { axis: "T" }), [2]))));
  }),
};
