import { describe, expect, it } from "vitest";
import type { Mode } from "../../src/compiler/model.js";
import { CarryError, carry } from "../../src/compiler/passes/carry.js";
import { type Compute, decoding, scoring, training } from "../../src/compiler/programs.js";
import { E, op, sumOver } from "../../src/compiler/system/expr.js";
import { BATCH, getValue, type System } from "../../src/compiler/system/types.js";
import { type Environment, Evaluator } from "../../src/compiler/targets/reference/evaluator.js";
import { centralDifference, coordinates, mismatches } from "../support/gradients.js";
import { uniform } from "../support/numbers.js";
import { Sketch, slot } from "../support/sketch.js";
import { stubModel } from "../support/stub-model.js";

const t = slot("t", "T");
const V = 4;

/** A character model with two lags: h[t] from c[t-1], h[t-1] and h[t-2], with a learnt start and an unused parameter. */
function character(mode: Mode, sketch = new Sketch({ T: [5, 2, 1] }, 3)): System {
  const { builder } = sketch;
  const H = 2;
  const [W, U, A, Wo] = [
    sketch.param("W", [H, V]),
    sketch.param("U", [H, H]),
    sketch.param("A", [H]),
    sketch.param("Wo", [V, H]),
  ];
  const [h0, frozen] = [sketch.param("h0", [H]), sketch.param("F", [H])];
  sketch.param("unused", [3]);
  const drawn = mode.drawn.includes("c");
  const h = sketch.value("h", [H], [t]);
  const z = sketch.value("z", [V], [t]);
  const c = drawn
    ? sketch.define("c", [t], op("draw", [z("t")], { dist: "categorical", random: "c" }))
    : sketch.token("c", V, [t]);
  sketch.equate(
    "h",
    E.map("tanh", E.add(op("col", [W(), c("t-1")]), E.mv(U(), h("t-1")), E.mul(A(), h("t-2")), frozen())),
  );
  sketch.equate("z", E.mv(Wo(), h("t")));
  sketch.clause("h", { t: "-1" }, h0());
  sketch.clause("h", { t: "-2" }, E.num(0, [H]));
  sketch.clause("c", { t: "-1" }, op("token", [], { value: 2 }));
  if (drawn) return builder.finish();
  builder.define("c.logp", [BATCH, t], E.neg(op("xent", [z("t"), c("t")])));
  builder.define("c.count", [], sumOver([BATCH, t], E.num(1)));
  builder.define("c.hits", [], sumOver([BATCH, t], E.equal(op("argmaxf", [z("t")]), c("t"))));
  builder.define("loss.total", [], sumOver([BATCH, t], E.neg(sketch.access("c.logp")("t"))));
  builder.define("loss.count", [], builder.ident("c.count"));
  const penalty = E.affine(0.1, 0, E.dot(U(), U()));
  builder.define("loss", [], E.add(E.div(builder.ident("loss.total"), builder.ident("loss.count")), penalty));
  return builder.finish();
}

const names = ["W", "U", "A", "Wo", "h0", "unused"];
const model = stubModel({
  system: character,
  params: [...names.map((name) => ({ name })), { name: "F", frozen: true }],
  randoms: [
    {
      name: "c",
      role: "random",
      axes: ["T"],
      type: { kind: "token", vocab: "Char" },
      shape: [],
      labels: [],
      dist: "categorical",
    },
  ],
});

function environment(lengths: readonly number[]): Environment {
  const sketch = new Sketch({ T: lengths }, lengths.length);
  character({ training: true, drawn: [] }, sketch);
  return sketch.finish().env;
}

const run = (c: Compute, env: Environment): Evaluator => new Evaluator(c.system, env).run(c.program);
const at = (e: Evaluator, id: string, index: readonly number[] = []): number => e.value(id, index)[0] as number;

describe("training, scoring, decoding", () => {
  const plain = character({ training: true, drawn: [] });
  const env = environment([5, 2, 1]);

  it("has the gradient of the loss in every parameter that is not frozen, 0 where the loss does not depend on it", () => {
    const compute = training(model);
    const e = run(compute, env);
    expect([...compute.gradients.keys()]).toEqual(names);
    expect(compute.states.size).toBe(0);
    for (const k of coordinates(plain, env, names)) {
      const got = e.value(compute.gradients.get(k.id) as string, k.index)[k.feature] as number;
      expect(got).toBeCloseTo(centralDifference(plain, env, "loss", k), 8);
    }
    expect([...e.value(compute.gradients.get("unused") as string)]).toEqual([0, 0, 0]);
  });

  it("computes what it reports", () => {
    const compute = training(model);
    expect(compute.outputs).toEqual(["loss", "loss.total", "loss.count", "c.hits", "c.count"]);
    const e = run(compute, env);
    const oracle = new Evaluator(plain, env);
    for (const id of compute.outputs) expect(at(e, id)).toBeCloseTo(at(oracle, id), 12);
    expect(at(e, "loss.count")).toBe(8);
  });

  it("scores without gradients, and further values on request", () => {
    const compute = scoring(model, ["c.logp"]);
    expect(compute.mode).toEqual({ training: false, drawn: [] });
    expect(compute.gradients.size).toBe(0);
    expect(at(run(compute, env), "c.logp", [1, 1])).toBeCloseTo(at(new Evaluator(plain, env), "c.logp", [1, 1]), 12);
  });

  it("draws what is drawn: greedily, each draw is fed back", () => {
    const compute = decoding(model, ["c"]);
    expect(compute.outputs).toEqual(["c"]);
    const drawn = character({ training: false, drawn: ["c"] });
    const e = run(compute, env);
    const oracle = new Evaluator(drawn, env);
    for (let i = 0; i < 5; i++) expect(at(e, "c", [0, i])).toBe(at(oracle, "c", [0, i]));
  });

  it("normalises by samples: total / samples + penalties", () => {
    const e = run(training(model, { normalize: "sample" }), env);
    const oracle = run(training(model), env);
    const penalty = at(oracle, "loss") - at(oracle, "loss.total") / at(oracle, "loss.count");
    expect(at(e, "loss")).toBeCloseTo(at(oracle, "loss.total") / 3 + penalty, 12);
    expect(at(e, "loss.count")).toBe(8);
  });
});

describe("carried state (R16)", () => {
  /** Evaluates windows of one long sequence per sample, handing the states on; returns the totals of the windows. */
  function windows(
    compute: Compute,
    sequences: readonly (readonly number[])[],
    cuts: readonly (readonly number[])[],
  ): number[] {
    const params = environment([1]);
    const position = sequences.map(() => 0);
    const state = new Map<string, Float64Array>();
    return cuts.map((lengths, w) => {
      const from = [...position];
      for (const [b, n] of lengths.entries()) position[b] = (position[b] as number) + n;
      const given = (id: string, index: readonly number[]): ArrayLike<number> => {
        const b = index[0] as number;
        if (id === "#fresh") return [w === 0 ? 1 : 0];
        if (id === "c") return [sequences[b]?.[(from[b] as number) + (index[1] as number)] as number];
        if (!compute.states.has(id)) return params.given(id, index);
        // garbage where the sequence starts: it must not be seen
        return (
          state.get(`${id}|${index}`) ??
          new Float64Array(getValue(compute.system, id).shape.reduce((x, y) => x * y, 1)).fill(1)
        );
      };
      const e = run(compute, { batch: lengths.length, lengths: { T: lengths }, given });
      const total = at(e, "loss.total");
      const next = [...compute.states].flatMap(([id, from]) =>
        lengths.map((_, b) => [`${id}|${b}`, e.value(from, [b])] as const),
      );
      for (const [key, x] of next) state.set(key, x);
      return total;
    });
  }
  const sequences = [0, 1].map((b) => Array.from({ length: 9 }, (_, i) => Math.floor(uniform("sequence", b, i) * V)));
  const whole = (): number => {
    const env = environment([9, 9]);
    const given = (id: string, index: readonly number[]): ArrayLike<number> =>
      id === "c" ? [sequences[index[0] as number]?.[index[1] as number] as number] : env.given(id, index);
    return at(new Evaluator(character({ training: true, drawn: [] }), { ...env, given }), "loss.total");
  };

  it.each([
    [
      "equal windows",
      [
        [3, 3],
        [3, 3],
        [3, 3],
      ],
    ],
    [
      "windows shorter than the lag, and empty ones",
      [
        [1, 4],
        [1, 0],
        [5, 1],
        [0, 1],
        [2, 3],
      ],
    ],
  ])("windows sum to the whole sequence: %s", (_, cuts) => {
    const compute = training(model, { carry: "T" });
    const totals = windows(compute, sequences, cuts);
    expect(totals.reduce((x, y) => x + y, 0)).toBeCloseTo(whole(), 10);
  });

  it("has one state per clause, tokens as integers", () => {
    const { states, system } = training(model, { carry: "T" });
    expect([...states.keys()].sort()).toEqual(["c@-1", "h@-1", "h@-2"]);
    expect(getValue(system, "c@-1")).toMatchObject({ role: "state", dtype: "int", shape: [], slots: [BATCH] });
    expect(getValue(system, states.get("c@-1") as string).dtype).toBe("int");
    expect(getValue(system, "h@-2")).toMatchObject({ role: "state", dtype: "float", shape: [2], slots: [BATCH] });
    expect(getValue(system, "#fresh")).toMatchObject({ role: "input", shape: [], slots: [BATCH] });
  });

  it("stops the gradient at the state and lets it through to a learnt start of fresh samples", () => {
    const carried = carry(character({ training: true, drawn: [] }), "T").system;
    const env = environment([5, 2, 1]);
    const given = (id: string, index: readonly number[]): ArrayLike<number> => {
      if (id === "#fresh") return [index[0] === 1 ? 0 : 1];
      if (id === "c@-1") return [1];
      return id.includes("@") ? [0.3, -0.4] : env.given(id, index);
    };
    expect(mismatches({ system: carried, params: names, env: { ...env, given } })).toEqual([]);
  });

  it("carries every boundary of a grid with a corner", () => {
    const sketch = new Sketch({ L: 2, T: [3] }, 1);
    const [l, x] = [slot("l", "L"), sketch.input("x", [], [t])];
    const h = sketch.value("h", [], [l, t]);
    sketch.equate("h", E.map("tanh", E.add(h("l-1", "t"), h("l", "t-1"), E.affine(0.5, 0, h("l-1", "t-1")))));
    sketch.clause("h", { l: "-1" }, x("t"));
    sketch.clause("h", { t: "-1" }, E.num(0));
    sketch.clause("h", { l: "-1", t: "-1" }, E.num(0.25));
    sketch.loss([t], h("1", "t"));
    const carried = carry(sketch.builder.finish(), "T");
    expect([...carried.states.keys()]).toEqual(["h@-1", "h@-1,-1"]);
    const xs = [0.1, 0.2, 0.3, 0.4];
    const evaluate = (
      system: System,
      from: number,
      length: number,
      state: (id: string, l: number) => number,
    ): Evaluator =>
      new Evaluator(system, {
        batch: 1,
        lengths: { T: [length] },
        given: (id, index) => {
          if (id === "x") return [xs[from + (index[1] as number)] as number];
          return [id === "#fresh" ? Number(from === 0) : state(id, index[1] ?? -1)];
        },
      });
    const first = evaluate(carried.system, 0, 2, () => Number.NaN);
    const second = evaluate(carried.system, 2, 2, (id, i) =>
      at(first, carried.states.get(id) as string, i < 0 ? [0] : [0, i]),
    );
    const oracle = evaluate(sketch.builder.finish(), 0, 4, () => Number.NaN);
    expect(at(first, "loss") + at(second, "loss")).toBeCloseTo(at(oracle, "loss"), 12);
  });

  it.each([
    ["the end", (h: ReturnType<Sketch["access"]>) => h("$-1"), "reads `h` at the end of T"],
    ["the beginning", (h: ReturnType<Sketch["access"]>) => h("0"), "reads `h` at the index 0 of T"],
    ["the length", () => op("extent", [], { axis: "T" }), "uses the number T"],
  ])("refuses %s", (_, expression, what) => {
    const sketch = new Sketch({ T: [3] }, 1);
    const h = sketch.value("h", [], [t]);
    sketch.equate("h", E.map("tanh", h("t-1")));
    sketch.clause("h", { t: "-1" }, sketch.input("x", [])());
    sketch.define("y", [], E.map("exp", expression(h)));
    expect(() => carry(sketch.builder.finish(), "T")).toThrow(CarryError);
    expect(() => carry(sketch.builder.finish(), "T")).toThrow(`\`y\` ${what}`);
  });

  it("refuses a look ahead", () => {
    const sketch = new Sketch({ T: [3] }, 1);
    const x = sketch.input("x", [], [t]);
    sketch.clause("x", { t: "$" }, E.num(0));
    sketch.define("y", [t], E.map("exp", x("t+1")));
    expect(() => carry(sketch.builder.finish(), "T")).toThrow("`y` reads `x` at t+1");
  });
});
