/** Plans within a budget: the estimate, the order in which memory is saved, and results on padded lengths. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compile } from "../../src/compiler/index.js";
import { narrowed, roundedShapes, roundedUp } from "../../src/compiler/plan/budget/rounded.js";
import { thrifty } from "../../src/compiler/plan/budget/thrift.js";
import { economical, type Job, largest, within } from "../../src/compiler/plan/budget/within.js";
import { lower, type Plan, planOf, type Shapes } from "../../src/compiler/plan/lower.js";
import { peakBytes } from "../../src/compiler/plan/memory.js";
import { Flat, type Ref } from "../../src/compiler/plan/tensors.js";
import { training } from "../../src/compiler/programs.js";
import { schedule } from "../../src/compiler/schedule/schedule.js";
import { backends } from "../support/backends.js";
import { cases } from "../support/cases.js";
import { compare, runPlan, trained } from "../support/systems.js";

const spec = "specs/bench/lstm-lm.rcv";
const compiled = compile(readFileSync(spec, "utf8"), { file: spec, set: { V: 16, H: 32 } });
if (!compiled.ok) throw new Error("the spec has mistakes");
const compute = training(compiled.model);
const outputs = ["loss", ...compute.gradients.values()];
const job = (T: number, batch = 8): Job => ({
  compute,
  shapes: { batch, extents: { T } },
  outputs,
  then: (plan) => plan,
});
const planned = ({ compute, shapes }: Job): Plan => lower(compute, shapes, outputs);

test("what is held is counted from where it is made to where it is last read", () => {
  const flat = new Flat();
  const x = flat.one("given", [], { id: "x" }, [10]);
  const tanh = (r: Ref): Ref => flat.unary("tanh", r, Math.tanh);
  const chain = tanh(tanh(tanh(x)));
  // what is given, one tensor and its successor
  expect(peakBytes(planOf(flat, new Map([["y", chain]])))).toBe(4 * 30);
  // the first one is read again in the end
  const kept = flat.add(chain, tanh(x));
  expect(peakBytes(planOf(flat, new Map([["y", kept]])))).toBe(4 * 40);
  const named = flat.reshape(chain, [2, 5]);
  expect(peakBytes(planOf(flat, new Map([["y", named]])))).toBe(4 * 30);
});

test("recomputation holds less than blocks, blocks less than everything; it grows far slower than the length", () => {
  const held = (T: number): number[] => {
    const plan = planned(job(T));
    return [plan, thrifty(plan, { again: false }), thrifty(plan, { again: true })].map(peakBytes);
  };
  const [all = 0, blocks = 0, again = 0] = held(1024);
  expect(blocks).toBeLessThan(0.7 * all);
  expect(again).toBeLessThan(0.3 * blocks);
  const [more = 0, , longer = 0] = held(4096);
  expect(more / all).toBeGreaterThan(3.9);
  expect(longer / again).toBeLessThan(3);
});

test("a budget is met in the order of the time that it costs", () => {
  const all = peakBytes(planned(job(1000)));
  const fits = [2 * all, 0.8 * all, 0.3 * all].map((budget) => within(budget, job(1000)));
  expect(fits.map((f) => f.fits)).toEqual([true, true, true]);
  expect(fits.map((f) => f.way)).toEqual([null, { again: false }, { again: true }]);
  expect(fits[0]?.bytes).toBe(all);
});

test("short loops become scans where the budget asks for it", () => {
  const plan = planned(job(60));
  expect(plan.instrs.some((i) => i.scan)).toBe(false);
  const fit = within(0.5 * peakBytes(plan), job(60));
  expect(fit.fits).toBe(true);
  expect(fit.plan.instrs.filter((i) => i.scan)).toHaveLength(2);
});

test("where nothing fits, what would is told", () => {
  const tight = job(900, 16);
  const smallest = within(0, tight);
  const budget = 0.5 * smallest.bytes;
  const fit = within(budget, tight);
  expect(fit).toMatchObject({ fits: false, bytes: smallest.bytes });
  const { batch, length } = largest(budget, tight, fit);
  expect(batch).toBeGreaterThan(1);
  expect(length).toBeGreaterThan(1);
  expect(within(budget, job(900, batch)).fits).toBe(true);
  expect(within(budget, job(length as number, 16)).fits).toBe(true);
  expect(largest(1, tight, fit)).toEqual({ batch: 0, length: 0 });
});

test.each([4, 65, 97, 997, 1000, 4001])("a length of %i is padded by little, to one that chunks divide", (n) => {
  const m = roundedUp(n);
  expect(m).toBeGreaterThanOrEqual(n);
  expect(m).toBeLessThanOrEqual(n + Math.max(3, n / 10));
  if (n > 64) expect([...Array(17).keys()].some((k) => m % (16 + k) === 0)).toBe(true);
});

test("a prime length fits as well as its neighbours", () => {
  const held = (T: number): number => within(0, job(T)).bytes;
  expect(held(997)).toBeLessThan(1.2 * held(1000));
});

test("large plans take sums by blocks, others stay as they are", () => {
  const small = planned(job(1000));
  expect(economical(small)).toBe(small);
  const large = planned(job(1000, 50_000));
  expect(peakBytes(economical(large))).toBeLessThan(0.8 * peakBytes(large));
});

test.each(["LSTM, learnt initial cell", "bidirectional, learnt starts, h[T-1] and b[0]", "lag 2 with two clauses"])(
  "%s: padded lengths, shorter inputs and results",
  (name) => {
    const short = (cases[name] as () => ReturnType<(typeof cases)[string]>)();
    const lengths = Object.fromEntries(Object.keys(short.env.lengths).map((axis) => [axis, [13, 4, 1, 9]]));
    const env = { ...short.env, batch: 4, lengths };
    const own = trained(short);
    const program = schedule(own.system);
    const extents = Object.fromEntries([...own.system.axes.keys()].map((id) => [id, 13]));
    const shapes: Shapes = { batch: 4, extents };
    const rounded = roundedShapes(own.system, shapes) as Shapes;
    expect(Object.values(rounded.extents)).toContain(16);
    const chunk = { above: 3, steps: 4 };
    const rewrite = (): Plan => {
      const plan = lower({ system: own.system, program }, rounded, own.outputs, { chunk });
      return thrifty(narrowed(plan, own.system, shapes), { again: true });
    };
    for (const backend of backends) {
      const results = runPlan(backend, own.system, env, own.outputs, { padding: "large", rewrite });
      const { worst, where } = compare(own.system, env, results as NonNullable<typeof results>);
      expect(worst, `${backend.name}: ${where}`).toBeLessThan(1e-4);
    }
  },
);
