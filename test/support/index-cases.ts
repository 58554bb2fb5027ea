/** Systems with every kind of index: data, arithmetic, constants, out of range; chosen from inputs, parameters, the past. */
import { E, type Expr, lseOver, maxOver, op, sumOver } from "../../src/compiler/system/expr.js";
import { type Access, type Case, type Extent, earlier, guarded, Sketch, slot } from "./sketch.js";

const [t, s, u, v, l] = [slot("t", "T"), slot("s", "S"), slot("u", "T"), slot("v", "S"), slot("l", "L")];
const tanh = (...xs: Parameters<typeof E.add>) => E.map("tanh", E.add(...xs));
const index = (name: string): Expr => op("index", [], { slot: name });
const int = (x: Expr): Expr => op("toInt", [x]);
const floor = (x: Expr): Expr => E.map("floor", x);
const gather = (x: Access, over: { name: string; axis: string }, i: Expr, ...before: string[]): Expr =>
  sumOver([over], E.only(x(...before, over.name), i, over.name));

const sketch =
  (extents: Readonly<Record<string, Extent>>, build: (k: Sketch) => void): (() => Case) =>
  () => {
    const k = new Sketch(extents, 3);
    build(k);
    return k.finish();
  };
const [T, S] = [
  [3, 1, 0],
  [2, 4, 1],
];
const places = [[1, 0, 1], [3], []];

export const indexCases: Readonly<Record<string, () => Case>> = {
  "outside there is nothing, on the padding of others too": sketch({ T: [3, 2, 1], S }, (k) => {
    const x = k.input("x", [2], [s]);
    const p = k.map("p", [t], undefined, [[-1, 2, 1], [4, 3], [1]]);
    const h = k.define("h", [s], E.add(tanh(E.mv(k.param("W", [2, 2])(), x("s"))), E.num(1, [2])));
    k.loss([t], E.sumf(E.map("exp", gather(h, s, p("t")))));
  }),
  "one entry of another axis at every step, of a matrix over both": sketch({ T, S }, (k) => {
    const [x, p] = [k.input("x", [2], [t, s]), k.map("p", [t], undefined, places)];
    const a = k.define("a", [t, s], E.dot(k.param("v", [2])(), x("t", "s")));
    k.loss([t], E.map("exp", gather(a, s, p("t"), "t")));
  }),
  "an index without the axis that stands beside": sketch({ T, S }, (k) => {
    const [x, p] = [k.input("x", [2], [t, s]), k.map("p", [], undefined, [1, 2, 0])];
    const a = k.define("a", [t, s], E.mv(k.param("W", [2, 2])(), x("t", "s")));
    const y = k.input("y", [2], [t]);
    k.loss([t], E.dot(y("t"), tanh(gather(a, s, p(), "t"))));
  }),
  "a table of parameters": sketch({ T, L: 3 }, (k) => {
    const p = k.map("p", [t], undefined, [[2, 0, 2], [-1], []]);
    const [x, W] = [k.input("x", [2], [t]), k.param("W", [2, 2], [l])];
    k.loss([t], E.sumf(tanh(E.mv(sumOver([l], E.only(W("l"), p("t"), "l")), x("t")))));
  }),
  "the own past at an index that is data": sketch({ T: [4, 2, 1] }, (k) => {
    const p = k.map("p", [t], undefined, [[-1, 0, 1, 1], [-1, 0], [-1]]);
    const [x, h] = [k.input("x", [2], [t]), k.value("h", [2], [t])];
    const before = sumOver([u], E.only(guarded(h("u"), earlier("T", "u", "t")), p("t"), "u"));
    k.equate("h", tanh(x("t"), E.mv(k.param("U", [2, 2])(), before)));
    k.loss([t], E.sumf(h("t")));
  }),
  "integers: quotients, remainders, differences": sketch({ T: [5, 3, 1], S: [4, 2, 1] }, (k) => {
    const x = k.input("x", [2], [s]);
    const h = k.define("h", [s], E.mul(k.param("w", [2])(), x("s")));
    const half = int(floor(E.div(index("t"), E.num(2))));
    const third = int(op("mod", [E.sub(index("t"), E.num(4)), E.num(3)]));
    const g = k.value("g", [2], [t]);
    k.equate("g", tanh(gather(h, s, half), gather(h, s, third), E.mul(k.param("u", [2])(), g("t-1"))));
    k.clause("g", { t: "-1" }, gather(h, s, int(E.num(1))));
    const third3 = int(floor(E.div(E.affine(3, 0, index("t")), E.num(3))));
    k.loss([t], E.sumf(E.mul(g("t"), gather(h, s, third3))));
  }),
  "counts at an index, summed over two axes": sketch({ T, S, L: 3 }, (k) => {
    const p = k.map("p", [t], undefined, [[2, 0, 2], [1], []]);
    const [x, y] = [k.input("x", [], [t, s]), k.input("y", [2], [l])];
    const w = k.param("w", [2]);
    const count = k.define("count", [l], sumOver([t, s], E.only(E.scale(x("t", "s"), w()), p("t"), "l")));
    k.loss([l], E.dot(y("l"), tanh(count("l"))));
  }),
  "a selection without a sum, and tokens at an index": sketch({ T, S }, (k) => {
    const [p, x, w] = [k.map("p", [t], undefined, places), k.input("x", [2], [s]), k.token("w", 3, [s])];
    const one = k.define("one", [t, s], E.only(E.mul(k.param("v", [2])(), x("s")), p("t"), "s"));
    const chosen = k.define("chosen", [t], gather(w, s, p("t")));
    const col = op("col", [k.param("W", [2, 3])(), chosen("t")]);
    k.loss([t, s], E.sumf(E.mul(one("t", "s"), col)));
  }),
  "log-sum-exp and maximum by segments": sketch({ T: [3, 4, 1], L: 2 }, (k) => {
    const p = k.map("p", [t], undefined, [[1, 0, 1], [0, 0, 1, 0], [0]]);
    const x = k.input("x", [2], [t]);
    const score = k.define("score", [t], E.dot(k.param("v", [2])(), x("t")));
    const low = Number.NEGATIVE_INFINITY;
    const total = k.define("total", [l], lseOver([t], E.only(score("t"), p("t"), "l", low)));
    const most = k.define("most", [l], maxOver([t], E.only(score("t"), p("t"), "l", low)));
    const floored = (y: Expr): Expr => op("maximum", [y, E.num(-3)]);
    k.loss([l], E.mul(floored(total("l")), floored(most("l"))));
  }),
  "copying tokens by attention": sketch({ T, S }, (k) => {
    const [x, q, w, y] = [k.input("x", [2], [s]), k.input("q", [2], [t]), k.token("w", 5, [s]), k.token("y", 5, [t])];
    const score = E.dot(x("s"), E.mv(k.param("W", [2, 2])(), q("t")));
    const a = k.define("a", [t, s], E.map("sigmoid", score));
    const copy = k.define("copy", [t], sumOver([s], op("put", [a("t", "s"), w("s")], { n: 5 })));
    k.loss([t], op("pick", [E.map("tanh", copy("t")), y("t")]));
  }),
  "a permutation of both axes of a matrix": sketch({ S }, (k) => {
    const p = k.map("p", [s], undefined, [[1, 0], [3, 2, 1, 0], [0]]);
    const x = k.input("x", [], [s, v]);
    const a = k.define("a", [s, v], E.mul(k.param("w", [])(), x("s", "v")));
    const [i, j] = [slot("i", "S"), slot("j", "S")];
    const rows = k.define("rows", [s, v], sumOver([i], E.only(a("i", "v"), p("s"), "i")));
    const both = sumOver([j], E.only(rows("s", "j"), p("v"), "j"));
    k.loss([s, v], E.map("exp", both));
  }),
};
