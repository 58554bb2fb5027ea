/** Trees and graphs as plans: against the reference evaluator, on every backend, whatever stands on the padding. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scoring, training } from "../../src/compiler/programs.js";
import { modelOf, noiseOf, Run, type Sample } from "../check/harness.js";
import { backends } from "../support/backends.js";
import { structuredCases } from "../support/structured-cases.js";
import { compare, type PlanRun, runPlan, trained } from "../support/systems.js";
import { attended, binary, childSum, dag, overTime, reductions, twoTrees } from "./specs.js";

const ways: readonly (readonly [string, PlanRun])[] = [
  ["as it is", {}],
  ["with random numbers on the padding, levels wider than they must be", { padding: "random", extra: 2 }],
  ["with large numbers on the padding", { padding: "large", extra: 1 }],
];

describe.each(Object.entries(structuredCases).filter(([name]) => /tree|kids|graph/.test(name)))("%s", (_, make) => {
  const c = make();
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

/** A chain, a star, a single node, and what lies between. */
const shapes: readonly (readonly number[])[] = [
  [1, 2, 3, 4, 5, -1],
  [-1, 0, 0, 0, 0, 0],
  [-1],
  [1, 4, 3, 4, -1],
  [2, -1, 1, 2],
];
const vectors = (name: string, n: number): number[][] =>
  Array.from({ length: n }, (_, i) => [noiseOf(name, 2 * i), noiseOf(name, 2 * i + 1)]);
const words = ["a", null, "b", "c"];

const samples: Readonly<Record<string, readonly [string, (n: readonly number[], b: number) => Sample]>> = {
  "child-sum tree-LSTM, inner nodes without words": [
    childSum,
    (n, b) => ({ n, w: n.map((_, i) => words[(i + b) % 4] ?? -1), y: b % 2 ? "no" : "yes" }),
  ],
  "children by position, from the root down": [
    binary,
    (n, b) => ({ n, x: vectors(`x${b}`, n.length), y: n.map((_, i) => (i % 2 ? "no" : "yes")) }),
  ],
  "all reductions over kids": [reductions, (n, b) => ({ n, x: vectors(`x${b}`, n.length), y: noiseOf("y", b) })],
  "a sequence at every node": [
    overTime,
    (n, b) => ({ n, x: vectors(`x${b}`, n.length), s: vectors(`s${b}`, 1 + (b % 3)), y: 0 }),
  ],
  "every node of one tree with every node of another": [
    twoTrees,
    (n, b) => {
      const m = shapes[(b + 2) % shapes.length] as readonly number[];
      return { n, m, x: vectors(`x${b}`, n.length), z: vectors(`z${b}`, m.length), y: 0 };
    },
  ],
  "attention over the nodes of a graph": [
    attended,
    (n, b) => {
      const edges = n.flatMap((p, k) => (p < 0 ? [] : [[k, p]]));
      const y = [...["a", "b", "a"].slice(0, b % 4), "<EOS>"];
      return { n: { nodes: n.length, edges }, x: vectors(`x${b}`, n.length), y };
    },
  ],
  "a graph, both ways": [
    dag,
    (n, b) => {
      // the tree with shortcuts from grandchildren
      const edges = n.flatMap((p, k) => [p, n[p] ?? -1].filter((q) => q >= 0).map((q) => [k, q]));
      const e = edges.map((_, k) => noiseOf(`e${b}`, k));
      const y = n.map((_, k) => noiseOf(`y${b}`, k));
      return { n: { nodes: n.length, edges }, x: vectors(`x${b}`, n.length), e, y };
    },
  ],
};

describe.each(Object.entries(samples))("%s", (_, [source, sampleOf]) => {
  const model = modelOf(source);
  const { system, gradients } = training(model);
  const outputs = ["loss", ...gradients.values()];

  test.each(ways)("loss and gradients %s", (_way, options) => {
    const { env } = new Run(model, shapes.map(sampleOf));
    for (const backend of backends) {
      const results = runPlan(backend, system, env, outputs, options);
      const { worst, where } = compare(system, env, results as NonNullable<typeof results>, options.extra);
      expect(worst, `${backend.name}: ${where}`).toBeLessThan(1e-4);
    }
  });

  test("each tree by itself gives what it gives among others", () => {
    const [backend] = backends as [(typeof backends)[number]];
    const logps = model.fields.filter((f) => f.role === "random").map((f) => `${f.name}.logp`);
    const scored = scoring(model, logps).system;
    const run = (all: readonly Sample[]) =>
      runPlan(backend, scored, new Run(model, all).env, ["loss.total"])?.get("loss.total")?.[0] ?? 0;
    const all = shapes.map(sampleOf);
    expect(run(all)).toBeCloseTo(
      all.reduce((sum, sample) => sum + run([sample]), 0),
      3,
    );
  });
});

test("property: any trees in any batch, as the reference computes them", () => {
  const tree = fc
    .array(fc.nat(1000), { maxLength: 9 })
    .map((all) => [...all.map((r, i) => i + 1 + (r % (all.length - i))), -1]);
  const model = modelOf(reductions);
  const { system, gradients } = training(model);
  const [backend] = backends as [(typeof backends)[number]];
  const sampleOf = (samples["all reductions over kids"] as (typeof samples)[string])[1];
  fc.assert(
    fc.property(fc.array(tree, { minLength: 1, maxLength: 4 }), (trees) => {
      const { env } = new Run(model, trees.map(sampleOf));
      const results = runPlan(backend, system, env, ["loss", ...gradients.values()], { padding: "random", extra: 1 });
      const { worst, where } = compare(system, env, results as NonNullable<typeof results>, 1);
      expect(worst, where).toBeLessThan(1e-4);
    }),
    { numRuns: 25 },
  );
});
