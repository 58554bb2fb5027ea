/** Training within a budget: what tensors take, and that it learns the same. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/compiler/index.js";
import type { BlockValue } from "../../src/compiler/model.js";
import { within } from "../../src/compiler/plan/budget/within.js";
import { lower, type Plan } from "../../src/compiler/plan/lower.js";
import { peakBytes } from "../../src/compiler/plan/memory.js";
import { size } from "../../src/compiler/plan/types.js";
import { training } from "../../src/compiler/programs.js";
import { type Event, instantiate } from "../../src/runtime/index.js";
import type { Given } from "../../src/runtime/tfjs/code.js";
import { openCpu } from "../../src/runtime/tfjs/cpu.js";
import { TensorProgram } from "../../src/runtime/tfjs/executable.js";
import type { Kernel, Memory } from "../../src/runtime/tfjs/memory.js";
import { names } from "../support/backends.js";
import { difference, uniform } from "../support/numbers.js";
import { compiled, story, tags } from "./support/specs.js";

const spec = "specs/bench/lstm-lm.rcv";
const found = compile(readFileSync(spec, "utf8"), { file: spec, set: { V: 16, H: 32 } });
if (!found.ok) throw new Error("the spec has mistakes");
const compute = training(found.model);
const outputs = ["loss", ...compute.gradients.values()];
const [T, batch] = [256, 8];

/** A memory that counts the bytes of what kernels make and nobody has freed. */
function counted<H>(memory: Memory<H>): { memory: Memory<H>; peak: () => number } {
  const live = new Map<H, number>();
  let [held, most] = [0, 0];
  const counting =
    (kernel: Kernel<H>): Kernel<H> =>
    (call) => {
      const run = kernel(call);
      return (args) => {
        const results = run(args);
        for (const [k, handle] of results.entries()) {
          if (handle === undefined) continue;
          const bytes = 4 * size(call.instr.shapes[k] as readonly number[]);
          live.set(handle, bytes);
          held += bytes;
        }
        most = Math.max(most, held);
        return results;
      };
    };
  const kernels = Object.fromEntries(Object.entries(memory.kernels).map(([op, k]) => [op, counting(k)]));
  const free = (handle: H): void => {
    held -= live.get(handle) ?? 0;
    live.delete(handle);
    memory.free(handle);
  };
  return { memory: { ...memory, kernels: kernels as Memory<H>["kernels"], free }, peak: () => most };
}

/** The results of a run, and the most bytes that kernels held in it. */
function measured<H>(real: Memory<H>, plan: Plan): { results: Map<string, ArrayLike<number>>; peak: number } {
  const { memory, peak } = counted(real);
  const program = new TensorProgram(plan, memory);
  const given = new Map<string, Given<H>>();
  for (const { op, attrs, shapes, int } of plan.instrs) {
    const id = attrs["id"] as string;
    const shape = shapes[0] as readonly number[];
    if (op !== "given" || given.has(id)) continue;
    const numbers = Array.from({ length: size(shape) }, (_, k) => uniform(id, k));
    const values = int
      ? Int32Array.from(numbers, (x) => Math.floor(16 * x))
      : Float32Array.from(numbers, (x) => x - 0.5);
    given.set(id, { handle: real.write(values, shape), shape, int, missing: false });
  }
  const lengths = { T: Int32Array.from({ length: batch }, (_, b) => T - 9 * b) };
  const made = program.run({ given: (id) => given.get(id) as Given<H>, lengths });
  const results = new Map(
    [...(made ?? [])].map(([id, r]) => [id, Float32Array.from(real.read(r.handle, r.shape, "float32"))]),
  );
  for (const { handle } of [...(made?.values() ?? []), ...given.values()]) real.free(handle);
  program.dispose();
  return { results, peak: peak() };
}

describe("kernel by kernel", () => {
  it("tensors take what the plan says, less under a budget, and the gradients are the same", async () => {
    const memory = await openCpu();
    const before = memory.count();
    const shapes = { batch, extents: { T } };
    const plain = lower(compute, shapes, outputs);
    const fit = within(0.2 * peakBytes(plain), { compute, shapes, outputs, then: (plan) => plan });
    expect(fit).toMatchObject({ fits: true, way: { again: true } });
    const [all, less] = [measured(memory, plain), measured(memory, fit.plan)];
    expect(less.peak).toBeLessThan(0.2 * all.peak);
    expect(all.peak).toBeLessThan(peakBytes(plain));
    expect(less.peak).toBeLessThan(fit.bytes);
    for (const [id, numbers] of all.results)
      Array.from(numbers).forEach((x, i) => {
        expect(difference(x, less.results.get(id)?.[i] as number), `${id} ${i}`).toBeLessThan(1e-5);
      });
    expect(memory.count()).toBe(before);
  });
});

describe.each(names)("training on %s", (backend) => {
  it.each([
    ["records", tags, { "train.epochs": 1 }],
    ["a text with noise and carried state", story, { "train.steps": 6 }],
  ])("%s, with a budget that nothing meets: the same steps, and what would fit is told", async (_what, source, set) => {
    const run = async (more: Record<string, BlockValue>) => {
      const network = await instantiate(compiled(source, { ...set, ...more }), { backend });
      const events: Event[] = [];
      await network.fit(null, { onEvent: (e) => events.push(e) });
      const losses = events.flatMap((e) => (e.event === "step" ? [e.loss] : []));
      const memory = events.filter((e) => e.event === "memory");
      network.dispose();
      return { losses, memory };
    };
    const [free, tight] = [await run({}), await run({ "train.memory": "1 KB" })];
    expect(free.memory).toEqual([]);
    expect(tight.losses).toHaveLength(free.losses.length);
    for (const [k, loss] of tight.losses.entries()) expect(loss).toBeCloseTo(free.losses[k] as number, 4);
    expect(tight.memory[0]).toMatchObject({ event: "memory", step: 0, budget: 1000, batch_fits: 0 });
    const bytes = tight.memory.map((e) => e.bytes);
    expect(bytes).toEqual([...bytes].sort((a, b) => a - b));
  });
});
