/** Plans whose tensors were taken apart: random Systems against the reference evaluator, and what becomes of an LSTM. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bordersOf } from "../../src/compiler/plan/cuts.js";
import { fuse } from "../../src/compiler/plan/fuse.js";
import { lower, type Plan, planOf } from "../../src/compiler/plan/lower.js";
import { Flat, type Ref } from "../../src/compiler/plan/tensors.js";
import { unpack } from "../../src/compiler/plan/unpack.js";
import { training } from "../../src/compiler/programs.js";
import { openBackend } from "../../src/runtime/backends.js";
import { compiled } from "../runtime/support/specs.js";
import { cases } from "../support/cases.js";
import { randomCase } from "../support/random-systems.js";
import { show } from "../support/show.js";
import { compare, runPlan, trained } from "../support/systems.js";

/** Everything that can be cut is. */
const all = (plan: Plan): Plan =>
  unpack(unpack(plan, { rank: "rows", elements: 1, parts: 1000 }), { rank: "vectors", elements: 1, parts: 1000 });

const runs = Number(process.env["FUZZ"] ?? 60);
const options = process.env["FUZZ"] ? { numRuns: runs } : { numRuns: runs, seed: 4 };

describe("unpacked plans compute the same", () => {
  it("random systems, also with loops in chunks", async () => {
    const backend = await openBackend("cpu");
    fc.assert(
      fc.property(
        fc.array(fc.nat(1000), { minLength: 0, maxLength: 60, size: "max" }),
        fc.boolean(),
        (tape, chunked) => {
          const c = randomCase(tape);
          const { system, outputs } = trained(c);
          const chunk = chunked ? { above: 1, steps: 2 } : null;
          const results = runPlan(backend, system, c.env, outputs, {
            padding: "random",
            lower: { chunk },
            rewrite: all,
          });
          const { worst, where } = compare(system, c.env, results as NonNullable<typeof results>);
          if (worst > 1e-4) throw new Error(`${where}\nT = ${c.env.lengths["T"]}\n${show(system)}`);
        },
      ),
      options,
    );
  }, 600_000);

  it.each(Object.keys(cases))("%s", async (name) => {
    const backend = await openBackend("cpu");
    const c = (cases[name] as (typeof cases)[string])();
    const { system, outputs } = trained(c);
    const results = runPlan(backend, system, c.env, outputs, { rewrite: all });
    const { worst, where } = compare(system, c.env, results as NonNullable<typeof results>);
    expect(worst, where).toBeLessThan(1e-4);
  });
});

const count = (plan: Plan, op: string): number => plan.instrs.filter((i) => i.op === op).length;

describe("an LSTM", () => {
  const compute = training(compiled(readFileSync("specs/bench/lstm-lm.rcv", "utf8"), { V: 64, H: 128 }).model);
  const plan = (T: number, B: number): Plan =>
    lower(compute, { batch: B, extents: { T } }, ["loss", ...compute.gradients.values()]);
  const rows = { rank: "rows", elements: 1000, parts: 16 } as const;

  it("has a matmul for each gate, whose matrix is transposed once", () => {
    const packed = plan(20, 50);
    const apart = unpack(packed, rows);
    // in 19 steps forward and 19 backward, and once for the gradient of the weights
    expect(count(apart, "matmul") - count(packed, "matmul")).toBe(3 * (19 + 19 + 1));
    expect(count(apart, "turned")).toBe(4);
    expect(count(apart, "split")).toBe(0);
    const inLoop = apart.instrs.filter((i) => i.op === "slice" && i.shapes[0]?.[0] === 50);
    expect(inLoop).toEqual([]);
  });

  it("stays packed where its gates are small", () => {
    const packed = plan(20, 1);
    expect(unpack(packed, rows).instrs.length).toBe(packed.instrs.length);
  });

  it("adds up the gradients of its gates at once, and those of the columns of symbols without a transpose", () => {
    const apart = fuse(unpack(plan(20, 2), { ...rows, elements: 1 }));
    expect(count(apart, "addN")).toBeGreaterThanOrEqual(18);
    expect(count(apart, "scatter")).toBe(0);
    // forward, the columns of each gate's matrix
    expect(count(apart, "transpose")).toBe(4);
  });
});

describe("borders", () => {
  const flat = new Flat();
  const given = (id: string, shape: readonly number[]): Ref => flat.one("given", [], { id }, shape);
  const x = given("x", [8, 6]);
  const y = flat.unary("tanh", x, Math.tanh);
  const part = flat.slice(y, 1, 2, 3);
  const twice = flat.add(part, part);
  const instrs = planOf(flat, new Map([["z", twice]])).instrs;

  it("go through what is elementwise, into parts and out of them", () => {
    const borders = bordersOf(instrs, { rank: "rows", elements: 1, parts: 4 });
    expect([x, y, part, twice].map(borders)).toEqual([
      [0, 2, 5, 6],
      [0, 2, 5, 6],
      [0, 3],
      [0, 3],
    ]);
  });

  it("are none where the parts would be small, or many", () => {
    for (const worth of [
      { elements: 17, parts: 4 },
      { elements: 1, parts: 2 },
    ])
      expect(bordersOf(instrs, { rank: "rows", ...worth })(y)).toEqual([0, 6]);
  });
});
