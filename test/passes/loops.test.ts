/** What a time step costs after all passes, forward and backward: the figure that decides the speed of eager backends. */
import { describe, expect, it } from "vitest";
import { schedule } from "../../src/compiler/schedule/schedule.js";
import { E, op, softmaxAlong, sumOver } from "../../src/compiler/system/expr.js";
import { getValue } from "../../src/compiler/system/types.js";
import { cases } from "../support/cases.js";
import { gru, lstm, parts } from "../support/cells.js";
import { differentiated } from "../support/gradients.js";
import { stepCosts } from "../support/kernels.js";
import { type Case, Sketch, slot } from "../support/sketch.js";

const t = slot("t", "T");

/** A language model over the states h[t] that `cell` defines: tokens in, tokens out. */
function languageModel(cell: (k: Sketch, x: ReturnType<typeof E.add>) => void, embed = false): Case {
  const k = new Sketch({ T: [4, 2] }, 2);
  const w = k.token("w", 5, [t]);
  k.clause("w", { t: "-1" }, op("token", [], { value: 0 }));
  const x = embed ? op("col", [k.param("Emb", [4, 5])(), w("t-1")]) : k.input("x", [4], [t])("t");
  cell(k, x);
  const z = E.add(E.mv(k.param("Wo", [5, 3])(), k.access("h")("t")), k.param("bo", [5])());
  k.loss([t], op("xent", [z, w("t")]));
  return k.finish();
}

const zero = E.num(0, [3]);
const lstmModel = (embed = false): Case =>
  languageModel((k, x) => {
    const [h, c] = [k.value("h", [3], [t]), k.value("c", [3], [t])];
    lstm(k, x, { id: "h", previous: h("t-1") }, { id: "c", previous: c("t-1") }, { sizes: [4, 3] });
    k.clause("h", { t: "-1" }, zero);
    k.clause("c", { t: "-1" }, zero);
  }, embed);
const gruModel = (reset: "before" | "after"): Case =>
  languageModel((k, x) => {
    const h = k.value("h", [3], [t]);
    gru(k, x, { id: "h", previous: h("t-1") }, { sizes: [4, 3], reset });
    k.clause("h", { t: "-1" }, zero);
  });
/** One matrix per gate, as a textbook prints it. */
const textbookLstm = (): Case =>
  languageModel((k, x) => {
    const [h, c] = [k.value("h", [3], [t]), k.value("c", [3], [t])];
    const gate = (q: string, f: string) =>
      k.define(
        q,
        [t],
        E.map(
          f,
          E.add(
            E.mv(k.param(`Wx${q}`, [3, 4])(), x),
            E.mv(k.param(`Uh${q}`, [3, 3])(), h("t-1")),
            k.param(`bias${q}`, [3])(),
          ),
        ),
      )("t");
    const [i, f, o, g] = [gate("i", "sigmoid"), gate("f", "sigmoid"), gate("o", "sigmoid"), gate("g", "tanh")];
    k.equate("c", E.add(E.mul(f, c("t-1")), E.mul(i, g)));
    k.equate("h", E.mul(o, E.map("tanh", c("t"))));
    k.clause("h", { t: "-1" }, zero);
    k.clause("c", { t: "-1" }, zero);
  });

const optimised = (c: Case) => differentiated(c.system, "loss", c.params).optimised;
const costs = (c: Case) => stepCosts(schedule(optimised(c))).map((s) => [s.kernels, s.matmuls]);

describe("kernels and matmuls per step, [forward, backward]", () => {
  it.each([
    [
      "LSTM, packed gates",
      () => lstmModel(),
      [
        [9, 1],
        [7, 1],
      ],
    ],
    [
      "LSTM, one matrix per gate",
      textbookLstm,
      [
        [9, 1],
        [7, 1],
      ],
    ],
    [
      "GRU, reset before the matmul",
      () => gruModel("before"),
      [
        [11, 2],
        [10, 2],
      ],
    ],
    [
      "GRU, reset after the matmul",
      () => gruModel("after"),
      [
        [10, 1],
        [9, 1],
      ],
    ],
    [
      "Elman",
      cases["Elman, zero start, T = 0 and 1"] as () => Case,
      [
        [3, 1],
        [3, 1],
      ],
    ],
    // encoder forward, decoder forward, decoder backward, encoder backward
    [
      "attention with input feeding",
      cases["attention with input feeding"] as () => Case,
      [
        [9, 1],
        [16, 2],
        [17, 2],
        [8, 1],
      ],
    ],
  ])("%s", (_, make, expected) => {
    expect(costs(make())).toEqual(expected);
  });
});

it("what is normalised is a product with a matrix that is centred before the loop", () => {
  const system = optimised((cases["Elman whose products are normalised, tokens in"] as () => Case)());
  for (const { ops } of stepCosts(schedule(system))) expect(ops).not.toContain("centre");
  expect([...system.values.values()].map((v) => v.eq?.op)).not.toContain("centre");
});

describe.each([
  ["LSTM", lstmModel()],
  ["GRU", gruModel("before")],
  ["attention", (cases["attention with input feeding"] as () => Case)()],
])("%s: what is not in a loop", (_, c) => {
  const system = optimised(c);
  const program = schedule(system);
  const { adjoint } = differentiated(c.system, "loss", c.params);

  it("outer products and masks", () => {
    for (const { ops } of stepCosts(program))
      for (const op of ["outer", "putCol", "mask", "draw"]) expect(ops).not.toContain(op);
  });

  it("every weight gradient: one sum over samples and steps, after the loops", () => {
    const last = program.items.findLastIndex((item) => item.kind === "loop");
    const after = new Set(program.items.slice(last + 1).map((item) => (item.kind === "eq" ? item.v : "")));
    for (const p of c.params) expect(after).toContain(adjoint(p));
    const sums = [...system.values.values()].filter((v) => v.eq?.red && v.slots.length === 0 && v.id !== "loss");
    for (const v of sums) expect(v.eq?.red?.vars.map((s) => s.name)).toContain("#");
    expect(sums.length).toBeLessThanOrEqual(c.params.length);
  });

  it("the input projection: before the forward loop", () => {
    const first = program.items.findIndex((item) => item.kind === "loop");
    const before = program.items
      .slice(0, first)
      .map((item) => (item.kind === "eq" ? getValue(system, item.v).eq?.op : ""));
    expect(before.some((op) => op === "mv" || op === "col")).toBe(true);
  });
});

it("two masks for a language model: the loss and the gradient of the logits", () => {
  const masks = [...optimised(lstmModel()).values.values()].filter((v) => v.eq?.op === "mask");
  expect(masks.map((v) => v.shape)).toEqual([[], [5]]);
});

it("W @ Emb @ w gathers from W @ Emb: no matmul at the size of the sequence", () => {
  const system = optimised(lstmModel(true));
  const overTime = [...system.values.values()].filter((v) => v.eq?.op === "mv" && v.slots.length > 0);
  // the recurrence and the logits
  expect(overTime.length).toBe(2);
});

it("what attention adds to a step does not grow with the cell", () => {
  const k = new Sketch({ T: [3, 2], S: [2, 3] }, 2);
  const s = slot("s", "S");
  const [e, h] = [k.input("e", [3], [s]), k.value("h", [3], [t])];
  const a = k.define("a", [t, s], softmaxAlong("s", E.dot(E.mv(k.param("Q", [3, 3])(), h("t-1")), e("s"))));
  k.equate(
    "h",
    E.map("tanh", E.mv(k.param("U", [3, 6])(), E.concat(h("t-1"), sumOver([s], E.scale(a("t", "s"), e("s")))))),
  );
  k.clause("h", { t: "-1" }, zero);
  k.loss([t], E.sumf(h("t")));
  // Q h, score, softmax, context, concat, U, tanh
  expect(costs(k.finish())[0]).toEqual([7, 2]);
});

it("parts of one matrix stay one matrix", () => {
  const k = new Sketch({ T: [3, 2] }, 2);
  const [x, h] = [k.input("x", [2], [t]), k.value("h", [2], [t])];
  const z = k.define("z", [t], E.mv(k.param("U", [4, 2])(), h("t-1")));
  const [p, q] = parts(z("t"), 2, 2) as [ReturnType<typeof E.add>, ReturnType<typeof E.add>];
  k.equate("h", E.map("tanh", E.add(x("t"), E.mul(p, q))));
  k.clause("h", { t: "-1" }, E.num(0.5, [2]));
  k.loss([t], E.sumf(h("t")));
  expect(costs(k.finish()).map(([, matmuls]) => matmuls)).toEqual([1, 1]);
});
