/** What a time step costs: instructions made for one index of the forward and of the backward loop. */
import { expect, test } from "vitest";
import { fullAxes, lower, type Plan } from "../../src/compiler/plan/lower.js";
import { schedule } from "../../src/compiler/schedule/schedule.js";
import { E, op } from "../../src/compiler/system/expr.js";
import { lstm } from "../support/cells.js";
import { type Case, Sketch, slot } from "../support/sketch.js";
import { trained } from "../support/systems.js";

const t = slot("t", "T");
const [V, H, B, T] = [7, 4, 3, 8];

/** A language model: LSTM over embedded tokens, cross-entropy with tokens. */
function languageModel(): Case {
  const k = new Sketch({ T: new Array<number>(B).fill(T) }, B, 1);
  const [x, y] = [k.token("x", V, [t]), k.token("y", V, [t])];
  const [h, c] = [k.value("h", [H], [t]), k.value("c", [H], [t])];
  const embedded = op("col", [k.param("Emb", [5, V])(), x("t")]);
  lstm(k, embedded, { id: "h", previous: h("t-1") }, { id: "c", previous: c("t-1") }, { sizes: [5, H] });
  k.clause("h", { t: "-1" }, E.num(0, [H]));
  k.clause("c", { t: "-1" }, E.num(0, [H]));
  k.loss([t], op("xent", [E.add(E.mv(k.param("Wo", [V, H])(), h("t")), k.param("bo", [V])()), y("t")]));
  return k.finish();
}

/** Ops of one step, forward and backward: what is made for an adjoint is named after one. */
function stepOf(plan: Plan, index: number): { forward: string[]; backward: string[] } {
  const own = plan.instrs.filter((i) => i.origin.endsWith(`[${index}]`));
  const isAdjoint = (origin: string): boolean => origin.startsWith("d");
  return {
    forward: own.filter((i) => !isAdjoint(i.origin)).map((i) => i.op),
    backward: own.filter((i) => isAdjoint(i.origin)).map((i) => i.op),
  };
}

const count = (ops: readonly string[], name: string): number => ops.filter((o) => o === name).length;

test("LSTM: one matmul per step in each direction, and nothing that moves the whole", () => {
  const { system, outputs } = trained(languageModel());
  const plan = lower({ system, program: schedule(system) }, { batch: B, extents: { T } }, outputs);
  const { forward, backward } = stepOf(plan, 3);
  expect([count(forward, "matmul"), count(backward, "matmul")]).toEqual([1, 1]);
  // arithmetic, without slices of the packed gates and their concatenation
  const moves = ["slice", "concat", "reshape"];
  const arithmetic = (ops: readonly string[]): number => ops.filter((o) => !moves.includes(o)).length;
  expect(arithmetic(forward)).toBeLessThanOrEqual(9);
  expect(arithmetic(backward)).toBeLessThanOrEqual(12);
  for (const moved of ["reshape", "transpose", "expand", "where"])
    expect([...forward, ...backward]).not.toContain(moved);
});

test("outside the loops there is one matmul for each weight gradient and projection", () => {
  const { system, outputs } = trained(languageModel());
  const plan = lower({ system, program: schedule(system) }, { batch: B, extents: { T } }, outputs);
  const whole = plan.instrs.filter((i) => i.op === "matmul" && !i.origin.endsWith("]")).length;
  // W·Emb, logits, and of the adjoints: h, Wo, U, W, Emb
  expect(whole).toBeLessThanOrEqual(7);
});

test("a batch without padding has no masks, one with padding has", () => {
  const { system, outputs } = trained(languageModel());
  const hosts = (lengths: readonly number[]): string[] => {
    const extents = { T };
    const full = fullAxes(system, { extents }, { T: lengths });
    const plan = lower({ system, program: schedule(system) }, { batch: B, extents, full }, outputs);
    return plan.instrs.map((i) => i.op).filter((o) => o === "mask" || o === "lengths" || o === "where");
  };
  expect(hosts([T, T, T])).toEqual([]);
  expect(hosts([T, T - 1, T])).toContain("mask");
});

test("between its loops, what is small is computed at once, what is large step by step", () => {
  const { system, outputs } = trained(languageModel());
  const small = (element: number): number => {
    const options = { costs: { call: 100, element } };
    const plan = lower({ system, program: schedule(system) }, { batch: B, extents: { T } }, outputs, options);
    return count(
      plan.instrs.map((i) => i.op),
      "sigmoidGrad",
    );
  };
  // an entry has B · H = 12 elements; σ of the three gates
  expect([small(1), small(10)]).toEqual([3, 3 * T - 1]);
});
