/** Loops as scans: the Systems built by hand in small chunks, against the reference evaluator, on every backend. */
import { describe, expect, test } from "vitest";
import { lower, type Plan } from "../../src/compiler/plan/lower.js";
import type { ChunkOptions } from "../../src/compiler/plan/scans.js";
import type { Scan } from "../../src/compiler/plan/types.js";
import { schedule } from "../../src/compiler/schedule/schedule.js";
import { backends } from "../support/backends.js";
import { cases } from "../support/cases.js";
import { nestedCases } from "../support/nested-cases.js";
import { difference } from "../support/numbers.js";
import type { Case } from "../support/sketch.js";
import { compare, type PlanRun, runPlan, trained } from "../support/systems.js";

const all = { ...cases, ...nestedCases };
const ways: readonly (readonly [string, ChunkOptions, PlanRun])[] = [
  ["two chunks of two", { above: 3, steps: 2 }, {}],
  ["chunks of two and one step before, padded", { above: 3, steps: 2 }, { padding: "random", extra: 3 }],
  ["chunks of three and two steps before, padded", { above: 3, steps: 3 }, { padding: "large", extra: 4 }],
  ["chunks of one step", { above: 1, steps: 1 }, { padding: "random", extra: 1 }],
];

function planOf(c: Case, chunk: ChunkOptions | null, T: number): Plan {
  const { system, outputs } = trained(c);
  const extents = Object.fromEntries([...system.axes.keys()].map((id) => [id, T]));
  return lower({ system, program: schedule(system) }, { batch: c.env.batch, extents }, outputs, { chunk });
}
const caseOf = (name: string): Case => (all[name] as () => Case)();
const scansOf = (plan: Plan): Scan[] => plan.instrs.flatMap((i) => i.scan ?? []);

test.each([
  ["LSTM, learnt initial cell", [1, -1]],
  ["lag 2 with two clauses", [1, -1]],
  ["bidirectional, learnt starts, h[T-1] and b[0]", [1, -1, -1, 1]],
  ["attention with input feeding", [1, 1, -1, -1]],
  ["letters in words in sentences", [1, -1]],
  ["2-D grid with corners", []],
  ["attention over the own past, u < t", []],
  ["retiming: shifts +1 and −2 in one cycle", []],
] as const)("%s: the directions of its scans are %j", (name, directions) => {
  const scans = scansOf(planOf(caseOf(name), { above: 3, steps: 2 }, 6));
  expect(scans.map((s) => s.direction).sort()).toEqual([...directions].sort());
  for (const { count, body, next, finals } of scans) {
    expect(count).toBe(3);
    expect(finals.every((k) => k < next.length)).toBe(true);
    for (const i of body) expect(["mask", "lengths", "endRows", "draw", "scan"]).not.toContain(i.op);
  }
});

test("a plan does not grow with the length of a loop", () => {
  const size = (plan: Plan): number => plan.instrs.length + scansOf(plan).reduce((n, s) => n + s.body.length, 0);
  const c = caseOf("LSTM, learnt initial cell");
  const [one, four] = [1024, 4096].map((T) => size(planOf(c, { above: 64, steps: 32 }, T)));
  expect(one).toBe(four);
  expect(one).toBeLessThan(size(planOf(c, null, 64)));
});

test("a remainder that would be long is avoided by shorter chunks", () => {
  const [scan] = scansOf(planOf(caseOf("LSTM, learnt initial cell"), { above: 64, steps: 32 }, 1000));
  expect(scan?.count).toBe(40);
});

describe.each([
  "LSTM, learnt initial cell",
  "lag 2 with two clauses",
  "bidirectional, learnt starts, h[T-1] and b[0]",
  "attention with input feeding",
])("%s, longer", (name) => {
  const short = caseOf(name);
  const lengths = Object.fromEntries(Object.keys(short.env.lengths).map((axis, k) => [axis, [11 - 2 * k, 4, k, 7]]));
  const env = { ...short.env, lengths };
  const { system, outputs } = trained(short);
  test.each([2, 3, 4])("in chunks of %i: as it is and unrolled", (steps) => {
    for (const backend of backends) {
      const run = (chunk: ChunkOptions | null): Map<string, Float32Array | Int32Array> =>
        runPlan(backend, system, env, outputs, { padding: "large", lower: { chunk } }) as Map<string, Float32Array>;
      const [chunked, unrolled] = [run({ above: 3, steps }), run(null)];
      const { worst, where } = compare(system, env, chunked);
      expect(worst, `${backend.name}: ${where}`).toBeLessThan(1e-4);
      for (const [id, numbers] of unrolled)
        numbers.forEach((x, i) => {
          expect(difference(x, (chunked.get(id) as Float32Array)[i] as number), `${id} ${i}`).toBeLessThan(1e-4);
        });
    }
  });
});

describe.each(Object.keys(all))("%s", (name) => {
  const c = caseOf(name);
  const { system, outputs } = trained(c);
  test.each(ways)("loss and gradients in %s", (_way, chunk, options) => {
    for (const backend of backends) {
      const before = backend.tensorCount();
      const results = runPlan(backend, system, c.env, outputs, { ...options, lower: { chunk } });
      const { worst, where } = compare(system, c.env, results as NonNullable<typeof results>, options.extra);
      expect(worst, `${backend.name}: ${where}`).toBeLessThan(1e-4);
      expect(backend.tensorCount(), `${backend.name}: live tensors`).toBe(before);
    }
  });
});
