/** Loops as scans: the Systems built by hand in small chunks, against the reference evaluator, on every backend. */
import { describe, expect, test } from "vitest";
import { lower } from "../../src/compiler/plan/lower.js";
import type { ChunkOptions } from "../../src/compiler/plan/scans.js";
import { schedule } from "../../src/compiler/schedule/schedule.js";
import { backends } from "../support/backends.js";
import { cases } from "../support/cases.js";
import { nestedCases } from "../support/nested-cases.js";
import type { Case } from "../support/sketch.js";
import { compare, type PlanRun, runPlan, trained } from "../support/systems.js";

const all = { ...cases, ...nestedCases };
const ways: readonly (readonly [string, ChunkOptions, PlanRun])[] = [
  ["two chunks of two", { above: 3, steps: 2 }, {}],
  ["chunks of two and one step before, padded", { above: 3, steps: 2 }, { padding: "random", extra: 3 }],
  ["chunks of three and two steps before, padded", { above: 3, steps: 3 }, { padding: "large", extra: 4 }],
  ["chunks of one step", { above: 1, steps: 1 }, { padding: "random", extra: 1 }],
];

function scansIn(c: Case, chunk: ChunkOptions | null, T: number): number {
  const { system, outputs } = trained(c);
  const extents = Object.fromEntries([...system.axes.keys()].map((id) => [id, T]));
  return lower({ system, program: schedule(system) }, { batch: c.env.batch, extents }, outputs, {
    chunk,
  }).instrs.filter((i) => i.op === "scan").length;
}

describe.each(Object.keys(all))("%s", (name) => {
  const c = (all[name] as (typeof all)[string])();
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
