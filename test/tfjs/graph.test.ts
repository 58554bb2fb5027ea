/** Plans as TensorFlow graphs: which become one, that they compute the same, that nothing is left behind. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { lower, type Plan, planOf } from "../../src/compiler/plan/lower.js";
import { Flat } from "../../src/compiler/plan/tensors.js";
import type { Ref } from "../../src/compiler/plan/types.js";
import { training } from "../../src/compiler/programs.js";
import { uniform } from "../../src/compiler/random.js";
import { openBackend } from "../../src/runtime/backends.js";
import { instantiate } from "../../src/runtime/index.js";
import { compiled, tags } from "../runtime/support/specs.js";

const tensorflow = await openBackend("tensorflow").catch(() => null);

const planWith = (make: (flat: Flat, x: Ref) => Ref, shape: readonly number[] = [2, 2]): Plan => {
  const flat = new Flat();
  return planOf(flat, new Map([["y", make(flat, flat.one("given", [], { id: "x" }, shape))]]));
};
const doubled = planWith((flat, x) => flat.affine(x, 2, 1));

describe.skipIf(!tensorflow)("on tensorflow", () => {
  const backend = tensorflow as NonNullable<typeof tensorflow>;
  const run = (prepared: ReturnType<typeof backend.prepare>): number[] => {
    const x = backend.upload(Float32Array.of(2, 0, 0, 3), [2, 2]);
    const results = prepared.run({ given: new Map([["x", x]]), lengths: {} });
    const [y] = [...(results ?? []).values()] as [NonNullable<Parameters<typeof backend.read>[0]>];
    const numbers = Array.from(backend.read(y));
    for (const tensor of [x, y]) backend.dispose(tensor);
    return numbers;
  };

  it("a plan runs op by op until it is optimised, then as a graph, with the same results", () => {
    const folder = mkdtempSync(join(tmpdir(), "recurve-test-"));
    vi.stubEnv("TMPDIR", folder);
    const before = backend.tensorCount();
    const prepared = backend.prepare(doubled);
    expect(prepared.isGraph).toBe(false);
    const first = run(prepared);
    prepared.optimise();
    prepared.optimise();
    expect(prepared.isGraph).toBe(true);
    expect(run(prepared)).toEqual(first);
    prepared.dispose();
    expect(backend.tensorCount()).toBe(before);
    expect(readdirSync(folder)).toEqual([]);
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  it("what the host computes stays op by op", () => {
    const prepared = backend.prepare(planWith((flat, x) => flat.one("solve", [x, x], {}, [1, 2, 2]), [1, 2, 2]));
    prepared.optimise();
    expect(prepared.isGraph).toBe(false);
    prepared.dispose();
  });

  it("training goes over to graphs and goes on as it would op by op", async () => {
    const train = async (warm: number) => {
      const network = await instantiate(compiled(tags, {}), { backend: "tensorflow", warm, seed: 5 });
      await network.fit();
      const params = network.params();
      network.dispose();
      return params;
    };
    const [graphs, ops] = [await train(0), await train(Number.POSITIVE_INFINITY)];
    for (const [name, { data }] of Object.entries(ops))
      for (const [i, x] of data.entries()) expect(graphs[name]?.data[i], name).toBeCloseTo(x, 4);
  });

  it("what a graph takes apart and puts together computes the same", () => {
    const { model } = compiled(readFileSync("specs/bench/lstm-lm.rcv", "utf8"), { V: 20, H: 128 });
    const compute = training(model);
    const plan = lower(compute, { batch: 9, extents: { T: 20 } }, ["loss", ...compute.gradients.values()]);
    const given = new Map(
      plan.instrs.flatMap(({ op, attrs, shapes, int }) => {
        if (op !== "given") return [];
        const shape = shapes[0] as readonly number[];
        const values = Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, k) => uniform(3, k, shape.length));
        const data = int
          ? Int32Array.from(values, (u) => Math.floor(20 * u))
          : Float32Array.from(values, (u) => u - 0.5);
        return [[attrs["id"] as string, backend.upload(data, shape)] as const];
      }),
    );
    const lengths = { T: Int32Array.from({ length: 9 }, (_, b) => 20 - b) };
    const prepared = backend.prepare(plan);
    const run = (): Map<string, number[]> => {
      const results = prepared.run({ given, lengths }) as NonNullable<ReturnType<typeof prepared.run>>;
      return new Map(
        [...results].map(([id, tensor]) => {
          const numbers = Array.from(backend.read(tensor));
          backend.dispose(tensor);
          return [id, numbers];
        }),
      );
    };
    const ops = run();
    prepared.optimise();
    const graph = run();
    expect(prepared.isGraph).toBe(true);
    for (const [id, numbers] of ops)
      for (const [i, x] of numbers.entries()) expect(graph.get(id)?.[i], `${id} ${i}`).toBeCloseTo(x, 5);
    prepared.dispose();
    for (const tensor of given.values()) backend.dispose(tensor);
  });

  it("many rows are added up by an index in its order, those without one to none", () => {
    const [rows, width, n] = [700, 3, 5];
    const flat = new Flat();
    const x = flat.one("given", [], { id: "x" }, [rows, width]);
    const index = flat.one("given", [], { id: "i" }, [rows], true);
    const plan = planOf(flat, new Map([["y", flat.one("scatter", [x, index], { n }, [n, width])]]));
    const values = Float32Array.from({ length: rows * width }, (_, k) => uniform(1, k, 0) - 0.5);
    // −1 … 3: nothing is added to row 4
    const places = Int32Array.from({ length: rows }, (_, r) => Math.floor(5 * uniform(2, r, 0)) - 1);
    const sums = new Array<number>(n * width).fill(0);
    for (const [r, at] of places.entries())
      for (let k = 0; k < width && at >= 0; k++)
        sums[at * width + k] = (sums[at * width + k] as number) + (values[r * width + k] as number);
    const given = new Map([
      ["x", backend.upload(values, [rows, width])],
      ["i", backend.upload(places, [rows])],
    ]);
    const prepared = backend.prepare(plan);
    for (const isGraph of [false, true]) {
      if (isGraph) prepared.optimise();
      expect(prepared.isGraph).toBe(isGraph);
      const results = prepared.run({ given, lengths: {} }) as NonNullable<ReturnType<typeof prepared.run>>;
      const y = results.get("y") as NonNullable<Parameters<typeof backend.read>[0]>;
      const numbers = Array.from(backend.read(y));
      for (const [k, sum] of sums.entries()) expect(numbers[k]).toBeCloseTo(sum, 5);
      backend.dispose(y);
    }
    prepared.dispose();
    for (const tensor of given.values()) backend.dispose(tensor);
  });
});
