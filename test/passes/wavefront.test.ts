/** Recurrences over two axes along their diagonals: the same numbers in far fewer steps. */
import { describe, expect, it } from "vitest";
import { grad } from "../../src/compiler/ad/grad.js";
import { optimise, preparation, prepare } from "../../src/compiler/passes/pipeline.js";
import { lower } from "../../src/compiler/plan/lower.js";
import { schedule } from "../../src/compiler/schedule/schedule.js";
import type { Item, Loop } from "../../src/compiler/schedule/types.js";
import { E, type Expr, op, sumOver } from "../../src/compiler/system/expr.js";
import type { System } from "../../src/compiler/system/types.js";
import { backends } from "../support/backends.js";
import { coordinates, mismatches } from "../support/gradients.js";
import { type Case, type Extent, Sketch, slot } from "../support/sketch.js";
import { compare, runPlan } from "../support/systems.js";

const [i, j] = [slot("i", "I"), slot("j", "J")];
const tanh = (...xs: Parameters<typeof E.add>) => E.map("tanh", E.add(...xs));
const zeros = (n: number) => E.num(0, [n]);
const ragged = { I: [4, 1, 0, 3], J: [3, 2, 2, 0] };

const sketch =
  (extents: Readonly<Record<string, Extent>>, batch: number, build: (k: Sketch) => void): (() => Case) =>
  () => {
    const k = new Sketch(extents, batch);
    build(k);
    return k.finish();
  };

/** h[i,j] from its neighbours at i + a and j + b. */
const neighbours = (a: 1 | -1, b: 1 | -1) =>
  sketch(ragged, 4, (k) => {
    const [x, y, h] = [k.input("x", [2], [i, j]), k.input("y", [2], [i]), k.value("h", [2], [i, j])];
    const [before, beside] = [a < 0 ? "i-1" : "i+1", b < 0 ? "j-1" : "j+1"];
    const terms = [E.mv(k.param("A", [2, 2])(), h(before, "j")), E.mv(k.param("B", [2, 2])(), h("i", beside))];
    k.equate("h", tanh(x("i", "j"), ...terms, E.mul(k.param("v", [2])(), h(before, beside)), y("i")));
    const [outI, outJ] = [a < 0 ? "-1" : "$", b < 0 ? "-1" : "$"];
    k.clause("h", { i: outI }, k.param("hi", [2])());
    k.clause("h", { j: outJ }, E.map("sin", y("i")));
    k.clause("h", { i: outI, j: outJ }, zeros(2));
    k.loss([i, j], E.sumf(E.mul(h("i", "j"), h("i", "j"))));
  });

const grids: Readonly<Record<string, () => Case>> = {
  "down and right": neighbours(-1, -1),
  "up and left": neighbours(1, 1),
  "down and left": neighbours(-1, 1),
  "up and right": neighbours(1, -1),
  "borders that are recurrences themselves, in both variables": sketch(ragged, 4, (k) => {
    const [x, h] = [k.input("x", [2], [i, j]), k.value("h", [2], [i, j])];
    const [e, top, left] = [k.input("e", [2], [j]), k.value("top", [2], [j]), k.value("left", [2], [i])];
    k.equate("top", tanh(e("j"), E.mul(k.param("u", [2])(), top("j-1"))));
    k.clause("top", { j: "-1" }, zeros(2));
    k.equate("left", tanh(k.input("f", [2], [i])("i"), E.mul(k.param("w", [2])(), left("i-1"))));
    k.clause("left", { i: "-1" }, zeros(2));
    k.equate("h", tanh(x("i", "j"), E.mv(k.param("A", [2, 2])(), h("i-1", "j")), h("i", "j-1"), h("i-1", "j-1")));
    k.clause("h", { i: "-1" }, top("j"));
    k.clause("h", { j: "-1" }, left("i"));
    k.clause("h", { i: "-1", j: "-1" }, k.param("corner", [2])());
    k.loss([], E.sumf(h("$-1", "$-1")));
  }),
  "two values, two lags, a sum over a third axis": sketch({ ...ragged, S: [2, 3, 1, 2] }, 4, (k) => {
    const s = slot("s", "S");
    const [x, m] = [k.input("x", [2], [i, j]), k.input("m", [2], [s])];
    const [h, c] = [k.value("h", [2], [i, j]), k.value("c", [2], [i, j])];
    const address = E.dot(m("s"), h("i", "j-1"));
    const found = sumOver([s], E.scale(E.map("sigmoid", address), m("s")));
    k.equate("c", tanh(x("i", "j"), E.mul(k.param("v", [2])(), c("i-2", "j")), c("i", "j-1"), found));
    k.equate("h", E.mul(E.map("sigmoid", c("i", "j")), E.map("sin", E.add(c("i", "j"), h("i-1", "j")))));
    for (const at of ["-1", "-2"]) k.clause("c", { i: at }, at === "-1" ? zeros(2) : k.param("c2", [2])());
    k.clause("c", { j: "-1" }, zeros(2));
    k.clause("h", { i: "-1" }, zeros(2));
    k.clause("h", { j: "-1" }, k.param("h0", [2])());
    k.loss([i, j], E.sumf(h("i", "j")));
  }),
  "fixed sizes, parameters by row and by column": sketch({ I: 12, J: 10 }, 1, (k) => {
    const [x, h] = [k.input("x", [2], [i, j]), k.value("h", [2], [i, j])];
    const [P, Q] = [k.param("P", [2, 2], [i]), k.param("Q", [2, 2], [j])];
    k.equate("h", tanh(x("i", "j"), E.mv(P("i"), h("i-1", "j")), E.mv(Q("j"), h("i", "j-1"))));
    k.clause("h", { i: "-1" }, zeros(2));
    k.clause("h", { j: "-1" }, zeros(2));
    k.loss([], E.sumf(h("11", "9")));
  }),
};

const loopsOf = (items: readonly Item[]): Loop[] =>
  items.flatMap((item) => (item.kind === "loop" ? [item, ...loopsOf(item.body)] : []));

/** Loss and gradients with the passes given. */
function compiled(c: Case, passes: (system: System, keep: string[]) => System): { system: System; outputs: string[] } {
  const { system, adjoint } = grad(passes(c.system, ["loss", ...c.params]), "loss", c.params);
  const outputs = ["loss", ...c.params.map(adjoint)];
  return { system: optimise(system, outputs), outputs };
}
const nested = (system: System, keep: string[]): System =>
  preparation.filter((p) => p.name !== "wavefront").reduce((s, p) => p.run(s, new Set(keep)), system);

describe.each(Object.entries(grids))("%s", (_, make) => {
  const c = make();
  const along = compiled(c, prepare);
  const loops = loopsOf(schedule(along.system).items);

  it("runs along the diagonals, forward and back", () => {
    const overBoth = loops.filter((l) => along.system.axes.get(l.axis)?.diagonal);
    expect(overBoth.map((l) => l.direction).sort()).toEqual([-1, 1]);
    expect(loops.filter((l) => l.body.some((item) => item.kind === "loop"))).toEqual([]);
  });

  it("gradients = central differences in every form", () => {
    const all = coordinates(c.system, c.env, c.params);
    expect(mismatches(c, { at: all.filter((_, n) => n % Math.ceil(all.length / 24) === 0) })).toEqual([]);
  });

  it.each(backends.map((b) => [b.name, b] as const))("%s = the evaluator, as loops in loops too", (_name, backend) => {
    for (const { system, outputs } of [along, compiled(c, nested)])
      for (const padding of ["random", "large"] as const) {
        const extra = padding === "random" ? 2 : 0;
        const results = runPlan(backend, system, c.env, outputs, { padding, extra });
        const { worst, where } = compare(system, c.env, results as NonNullable<typeof results>, extra);
        expect(worst, where).toBeLessThan(1e-4);
      }
  });
});

/** A. Graves et al. 2007: an LSTM with two forget gates over an image. */
function lstm2d(size: number, H: number): Case {
  const k = new Sketch({ I: size, J: size }, 4);
  const [x, h, c] = [k.input("x", [1], [i, j]), k.value("h", [H], [i, j]), k.value("c", [H], [i, j])];
  const gate = (name: string, f: string): Expr =>
    E.map(
      f,
      E.add(
        E.mv(k.param(`W${name}`, [H, 1])(), x("i", "j")),
        E.mv(k.param(`A${name}`, [H, H])(), h("i-1", "j")),
        E.mv(k.param(`B${name}`, [H, H])(), h("i", "j-1")),
        k.param(`b${name}`, [H])(),
      ),
    );
  const [input, down, right, cell, out] = ["i", "f", "g", "u", "o"].map((n) =>
    k.define(n === "i" ? "in" : n, [i, j], gate(n, n === "u" ? "tanh" : "sigmoid")),
  );
  const at = (g: typeof input): Expr => (g as NonNullable<typeof g>)("i", "j");
  k.equate("c", E.add(E.mul(at(input), at(cell)), E.mul(at(down), c("i-1", "j")), E.mul(at(right), c("i", "j-1"))));
  k.equate("h", E.mul(at(out), E.map("tanh", c("i", "j"))));
  for (const v of ["h", "c"]) for (const pin of ["i", "j"]) k.clause(v, { [pin]: "-1" }, zeros(H));
  const y = k.token("y", 10);
  k.loss([], op("xent", [E.mv(k.param("Wy", [10, H])(), h(`${size - 1}`, `${size - 1}`)), y()]));
  return k.finish();
}

describe("a 2-D LSTM over an image of 28 × 28", () => {
  const c = lstm2d(28, 8);
  const plans = [prepare, nested].map((passes) => {
    const { system, outputs } = compiled(c, passes);
    return { system, outputs, plan: lower({ system, program: schedule(system) }, { batch: 4, extents: {} }, outputs) };
  });

  it("takes 55 steps of whole diagonals in each direction instead of 784 cells", () => {
    const products = plans.map(({ plan }) => plan.instrs.filter((i) => i.op === "matmul" || i.op === "bmm").length);
    expect(products[0]).toBeLessThan(2 * 55 + 10);
    expect(products[1]).toBeGreaterThan(2 * 28 * 27);
  });

  it("gives the same loss and gradients", () => {
    const [diagonal, loops] = plans.map(({ system, outputs }) =>
      runPlan(backends[0] as (typeof backends)[number], system, c.env, outputs),
    );
    for (const [id, numbers] of diagonal ?? [])
      for (const [n, x] of numbers.entries()) expect(Math.abs(x - (loops?.get(id)?.[n] as number))).toBeLessThan(1e-5);
  });
});

it("short axes and stacked layers stay loops in loops", () => {
  const k = new Sketch({ T: [50, 40], L: 2 }, 2);
  const [t, l] = [slot("t", "T"), slot("l", "L")];
  const [x, h] = [k.input("x", [2], [t]), k.value("h", [2], [l, t])];
  k.equate(
    "h",
    tanh(E.mv(k.param("W", [2, 2], [l])("l"), h("l-1", "t")), E.mv(k.param("U", [2, 2], [l])("l"), h("l", "t-1"))),
  );
  k.clause("h", { l: "-1" }, x("t"));
  k.clause("h", { t: "-1" }, zeros(2));
  k.loss([t], E.sumf(h("1", "t")));
  const { system } = compiled(k.finish(), prepare);
  expect([...system.axes.values()].filter((a) => a.diagonal)).toEqual([]);
});
