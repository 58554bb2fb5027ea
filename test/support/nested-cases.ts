/** Systems over axes within axes: at each index of the outer one its own length. */
import { E, type Expr, lseOver, maxOver, op, softmaxAlong, sumOver } from "../../src/compiler/system/expr.js";
import type { Cond } from "../../src/compiler/system/types.js";
import { type Case, type Extent, guarded, position, Sketch, slot } from "./sketch.js";

const [k, u, c, v] = [slot("k", "K"), slot("u", "U", "k"), slot("c", "C", "u"), slot("v", "V", "k")];
const tanh = (...xs: Parameters<typeof E.add>) => E.map("tanh", E.add(...xs));
const zeros = (n: number) => E.num(0, [n]);
const index = (name: string): Expr => op("index", [], { slot: name });
const extent = (axis: string, within: readonly string[]): Expr => op("extent", [], { axis, within });

const sketch =
  (extents: Readonly<Record<string, Extent>>, build: (q: Sketch) => void): (() => Case) =>
  () => {
    const q = new Sketch(extents, 3);
    build(q);
    return q.finish();
  };
const words = { K: [2, 1, 3], U: { within: "K", lengths: [[2, 3], [1], [4, 0, 2]] } };
const letters = {
  ...words,
  C: {
    within: "U",
    lengths: [
      [
        [1, 2],
        [3, 0, 1],
      ],
      [[2]],
      [[1, 1, 2, 3], [], [2, 4]],
    ],
  },
};
/** 0 ≤ u < U[at]. */
const inside = (at: string): Cond => ({ rel: "in", axis: "U", within: [position(at)], a: position("u") });

export const nestedCases: Readonly<Record<string, () => Case>> = {
  "the last of the last": sketch(words, (q) => {
    const [x, h] = [q.input("x", [2], [k, u]), q.value("h", [2], [k, u])];
    q.equate("h", tanh(x("k", "u"), E.mv(q.param("U", [2, 2])(), h("k", "u-1"))));
    q.clause("h", { u: "-1" }, q.param("h0", [2])());
    q.loss([], E.sumf(h("$-1", "$-1")));
  }),
  "beside the word of the sentence before, where it has one": sketch(words, (q) => {
    const [x, h] = [q.input("x", [2], [k, u]), q.value("h", [2], [k, u])];
    const before = guarded(h("k-1", "u"), inside("k-1"));
    q.equate("h", tanh(x("k", "u"), E.mv(q.param("U", [2, 2])(), before), E.mul(q.param("w", [2])(), h("k", "u-1"))));
    q.clause("h", { u: "-1" }, zeros(2));
    q.loss([k, u], E.sumf(E.mul(h("k", "u"), h("k", "u"))));
  }),
  "letters in words in sentences": sketch(letters, (q) => {
    const x = q.input("x", [2], [k, u, c]);
    const [g, h, d] = [q.value("g", [2], [k, u, c]), q.value("h", [2], [k, u]), q.value("d", [2], [k])];
    q.equate("g", tanh(x("k", "u", "c"), E.mul(q.param("w", [2])(), g("k", "u", "c-1"))));
    q.clause("g", { c: "-1" }, q.param("g0", [2])());
    q.equate("h", tanh(g("k", "u", "$-1"), E.mv(q.param("U", [2, 2])(), h("k", "u-1"))));
    q.clause("h", { u: "-1" }, d("k-1"));
    q.equate("d", tanh(h("k", "$-1"), E.mul(q.param("v", [2])(), d("k-1"))));
    q.clause("d", { k: "-1" }, zeros(2));
    q.loss([], E.sumf(d("$-1")));
  }),
  "reductions over words and over all": sketch(words, (q) => {
    const [x, y] = [q.input("x", [2], [k, u]), q.input("y", [2], [k])];
    const e = q.define("e", [k, u], E.dot(q.param("v", [2])(), x("k", "u")));
    const floored = (z: Expr): Expr => op("maximum", [z, E.num(-2)]);
    const most = q.define("most", [k], floored(maxOver([u], e("k", "u"))));
    const soft = q.define("soft", [k], floored(lseOver([u], e("k", "u"))));
    const all = q.define("all", [], lseOver([k, u], E.mul(e("k", "u"), soft("k"))));
    const length = E.affine(1, 1, extent("U", ["k"]));
    const mean = q.define("mean", [k], E.div(sumOver([u], E.mul(e("k", "u"), E.affine(1, 1, index("u")))), length));
    const a = q.define("a", [k, u], softmaxAlong("u", E.mul(e("k", "u"), most("k"))));
    const mixed = q.define("mixed", [k], sumOver([u], E.scale(a("k", "u"), x("k", "u"))));
    const terms = E.add(E.dot(y("k"), mixed("k")), E.mul(mean("k"), most("k")), soft("k"));
    q.loss([k], E.add(terms, E.map("tanh", all())));
  }),
  "a word of each sentence at an index that is data, some beyond its end": sketch(words, (q) => {
    const x = q.input("x", [2], [k, u]);
    const p = q.map("p", [k], undefined, [[1, 2], [1], [3, 0, 1]]);
    const h = q.define("h", [k, u], E.add(tanh(E.mv(q.param("W", [2, 2])(), x("k", "u"))), E.num(1, [2])));
    const chosen = q.define("chosen", [k], sumOver([u], E.only(h("k", "u"), p("k"), "u")));
    q.loss([k], E.sumf(E.map("exp", chosen("k"))));
  }),
  "every other word: an axis of its own length within the same": sketch(
    { ...words, V: { within: "K", length: { op: "div", a: { op: "+", a: { extent: "U" }, b: 1 }, b: 2 } } },
    (q) => {
      const [x, g] = [q.input("x", [2], [k, u]), q.value("g", [2], [k, v])];
      const h = q.define("h", [k, u], E.mul(q.param("w", [2])(), x("k", "u")));
      const twice = op("toInt", [E.affine(2, 0, index("v"))]);
      q.equate("g", tanh(sumOver([u], E.only(h("k", "u"), twice, "u")), E.mul(q.param("r", [2])(), g("k", "v-1"))));
      q.clause("g", { v: "-1" }, zeros(2));
      q.loss([k], E.mul(E.sumf(g("k", "$-1")), extent("V", ["k"])));
    },
  ),
  "from the end of each sentence back, carried through all": sketch(words, (q) => {
    const x = q.input("x", [2], [k, u]);
    const [b, first] = [q.value("b", [2], [k, u]), q.value("first", [2], [k])];
    q.equate("b", tanh(x("k", "u"), E.mv(q.param("U", [2, 2])(), b("k", "u+1"))));
    q.clause("b", { u: "$" }, first("k+1"));
    q.equate("first", b("k", "0"));
    q.clause("first", { k: "$" }, q.param("b0", [2])());
    q.loss([], E.sumf(first("0")));
  }),
};
