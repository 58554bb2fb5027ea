/** Textbook networks as Systems, with the names and dims that a spec would give them. */
import { E, type Expr, op, softmaxAlong, sumOver } from "../../src/compiler/system/expr.js";
import type { System, Value } from "../../src/compiler/system/types.js";
import { Sketch, slot } from "../support/sketch.js";

const t = slot("t", "T");
const s = slot("s", "S");

/** The same System with dims in the user's names. */
function labelled(system: System, labels: Readonly<Record<string, readonly string[]>>): System {
  const values = new Map<string, Value>();
  for (const [id, value] of system.values) {
    const own = labels[id];
    values.set(id, own === undefined ? value : { ...value, labels: own });
  }
  return { ...system, values };
}

/** The language model of the lecture: h[t] = tanh(a[t]), z[t] = Why h[t] + by. */
export function elman(start: "zero" | "image" = "zero"): System {
  const k = new Sketch({ T: [3, 2] }, 2, 1);
  const [c, y] = [k.token("c", 4, [t]), k.token("y", 4, [t])];
  const [Wxh, Whh, Why] = [k.param("Wxh", [3, 4]), k.param("Whh", [3, 3]), k.param("Why", [4, 3])];
  const [bh, by] = [k.param("bh", [3]), k.param("by", [4])];
  const [a, h, z] = [k.value("a", [3], [t]), k.value("h", [3], [t]), k.value("z", [4], [t])];
  k.equate("a", E.add(E.mv(Whh(), h("t-1")), op("col", [Wxh(), c("t")]), bh()));
  k.equate("h", E.map("tanh", a("t")));
  const zero = E.num(0, [3]);
  const fromImage = () => E.map("tanh", E.mv(k.param("Wi", [3, 5])(), k.input("img", [5])()));
  k.clause("h", { t: "-1" }, start === "zero" ? zero : fromImage());
  k.equate("z", E.add(E.mv(Why(), h("t")), by()));
  k.loss([t], op("xent", [z("t"), y("t")]));
  return labelled(k.finish().system, {
    Wxh: ["H", "Char"],
    Whh: ["H", "H"],
    Why: ["Char", "H"],
    bh: ["H"],
    by: ["Char"],
    a: ["H"],
    h: ["H"],
    z: ["Char"],
    Wi: ["H", "P"],
  });
}

/** Many-to-one: the class of the last state; the activation is not named. */
export function manyToOne(): System {
  const k = new Sketch({ T: [3, 2] }, 2, 1);
  const [x, y] = [k.input("x", [2], [t]), k.token("y", 2)];
  const h = k.value("h", [3], [t]);
  const pre = E.add(E.mv(k.param("W", [3, 2])(), x("t")), E.mv(k.param("U", [3, 3])(), h("t-1")), k.param("b", [3])());
  k.equate("h", E.map("tanh", pre));
  k.clause("h", { t: "-1" }, k.param("h0", [3])());
  k.loss([], op("xent", [E.mv(k.param("Wo", [2, 3])(), h("$-1")), y()]));
  return labelled(k.finish().system, { h: ["H"], W: ["H", "X"], U: ["H", "H"], b: ["H"], h0: ["H"], Wo: ["2", "H"] });
}

/** Dot-product attention of a reader's states over an encoder's. */
export function attention(): System {
  const k = new Sketch({ S: [3, 2], T: [2, 2] }, 2, 1);
  const [e, q, y] = [k.input("e", [2], [s]), k.input("q", [2], [t]), k.input("y", [2], [t])];
  const score: Expr = E.dot(E.mv(k.param("W", [2, 2])(), e("s")), q("t"));
  const a = k.define("a", [t, s], softmaxAlong("s", score));
  const g = k.define("g", [t], sumOver([s], E.scale(a("t", "s"), e("s"))));
  k.loss([t], E.dot(g("t"), y("t")));
  return k.finish().system;
}
