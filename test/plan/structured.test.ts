/** Indices that are data, axes within axes, derived lengths: plans against the reference evaluator, on every backend. */
import { describe, expect, test } from "vitest";
import { lower, type Plan } from "../../src/compiler/plan/lower.js";
import { schedule } from "../../src/compiler/schedule/schedule.js";
import { E, op, sumOver } from "../../src/compiler/system/expr.js";
import { product } from "../../src/compiler/system/types.js";
import { backends } from "../support/backends.js";
import { mismatches } from "../support/gradients.js";
import { indexCases } from "../support/index-cases.js";
import { nestedCases } from "../support/nested-cases.js";
import { type Case, Sketch, slot } from "../support/sketch.js";
import { structuredCases } from "../support/structured-cases.js";
import { compare, type PlanRun, runPlan, trained } from "../support/systems.js";

const ways: readonly (readonly [string, PlanRun])[] = [
  ["as it is", {}],
  ["with random numbers on the padding, which is longer than it must be", { padding: "random", extra: 2 }],
  ["with large numbers on the padding", { padding: "large" }],
];
const cases = { ...structuredCases, ...indexCases, ...nestedCases };

describe.each(Object.keys(cases).filter((n) => !/tree|kids|graph/.test(n)))("%s", (name) => {
  const c = (cases[name] as () => ReturnType<(typeof cases)[string]>)();
  const { system, outputs } = trained(c);
  test.each(ways)("loss and gradients %s", (_way, options) => {
    for (const backend of backends) {
      const before = backend.tensorCount();
      const results = runPlan(backend, system, c.env, outputs, options);
      const { worst, where } = compare(system, c.env, results as NonNullable<typeof results>, options.extra);
      expect(worst, `${backend.name}: ${where}`).toBeLessThan(1e-4);
      expect(backend.tensorCount(), `${backend.name}: live tensors`).toBe(before);
    }
  });
});

test.each(Object.entries({ ...indexCases, ...nestedCases }))(
  "%s: gradients = central differences in every form",
  (_name, make) => {
    expect(mismatches(make())).toEqual([]);
  },
);

function planOf(c: Case, extents: Record<string, number>): Plan {
  const { system, outputs } = trained(c);
  return lower({ system, program: schedule(system) }, { batch: c.env.batch, extents }, outputs);
}

/** The most numbers that any tensor of a plan has. */
const largest = (plan: Plan): number => Math.max(...plan.instrs.flatMap((i) => i.shapes.map((s) => product(s))));

test("copying by attention stays a scatter: nothing has source positions times vocabulary", () => {
  const [B, T, S, V] = [3, 5, 7, 101];
  const k = new Sketch({ T: new Array<number>(B).fill(T), S: new Array<number>(B).fill(S) }, B, 1);
  const [t, s] = [slot("t", "T"), slot("s", "S")];
  const [x, w, y] = [k.input("x", [], [t, s]), k.token("w", V, [s]), k.token("y", V, [t])];
  const a = k.define("a", [t, s], E.map("sigmoid", E.mul(k.param("v", [])(), x("t", "s"))));
  const copy = k.define("copy", [t], sumOver([s], op("put", [a("t", "s"), w("s")], { n: V })));
  k.loss([t], op("pick", [copy("t"), y("t")]));
  const plan = planOf(k.finish(), { T, S });
  expect(largest(plan)).toBe(T * B * V);
  expect(T * B * V).toBeLessThan(S * B * V);
});

test("a gather is one instruction for all steps, and makes no tensor over both axes", () => {
  const [B, T, S, F] = [3, 11, 13, 2];
  const k = new Sketch({ T: new Array<number>(B).fill(T), S: new Array<number>(B).fill(S) }, B, 1);
  const [t, s] = [slot("t", "T"), slot("s", "S")];
  const [x, p, h] = [k.input("x", [F], [s]), k.token("p", S, [t]), k.value("h", [F], [t])];
  const moved = k.define("moved", [s], E.mul(k.param("w", [F])(), x("s")));
  k.equate("h", E.map("tanh", E.add(sumOver([s], E.only(moved("s"), p("t"), "s")), h("t-1"))));
  k.clause("h", { t: "-1" }, E.num(0, [F]));
  k.loss([t], E.sumf(h("t")));
  const plan = planOf(k.finish(), { T, S });
  expect(largest(plan)).toBeLessThan(T * S * B);
  expect(plan.instrs.filter((i) => i.op === "gather" || i.op === "scatter").map((i) => i.op)).toEqual([
    "gather",
    "scatter",
  ]);
});

test("inside a loop, the rows of an index that is known before are numbered before", () => {
  const [B, T, S] = [3, 11, 13];
  const k = new Sketch({ T: new Array<number>(B).fill(T), S: new Array<number>(B).fill(S) }, B, 1);
  const [t, s] = [slot("t", "T"), slot("s", "S")];
  const [x, p, m] = [k.input("x", [], [s]), k.token("p", S, [t]), k.value("m", [], [t, s])];
  const r = k.define("r", [t], sumOver([s], E.only(m("t-1", "s"), p("t"), "s")));
  k.equate("m", E.map("tanh", E.add(m("t-1", "s"), E.mul(x("s"), r("t"), k.param("w", [])()))));
  k.clause("m", { t: "-1" }, x("s"));
  k.loss([t, s], m("t", "s"));
  const plan = planOf(k.finish(), { T, S });
  const count = (op: string): number => plan.instrs.filter((i) => i.op === op).length;
  expect([count("rows"), count("gather")]).toEqual([1, T]);
});
