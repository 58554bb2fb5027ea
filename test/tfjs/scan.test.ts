/** Loops made by hand: what a scan means, on every backend, and what it leaves behind. */
import { expect, test } from "vitest";
import { type Plan, planOf } from "../../src/compiler/plan/lower.js";
import { splice } from "../../src/compiler/plan/splice.js";
import { Flat, type Instr, type Ref, type TensorRef } from "../../src/compiler/plan/tensors.js";
import { backends } from "../support/backends.js";

/** c ← w · c + x[i], step by step where the truth of the step holds, in chunks of 2; all c, and i + 1 of integers. */
function plan(direction: 1 | -1): Plan {
  const body = new Flat();
  const given = (id: string, shape: readonly number[], int = false): Ref => body.one("given", [], { id }, shape, int);
  const [x, i, m] = [given("block0", [2, 3]), given("block1", [2], true), given("block2", [2, 1])];
  const w = given("whole0", [3]);
  let c = given("carry0", [3]);
  const all: Ref[] = [];
  for (const j of direction === 1 ? [0, 1] : [1, 0]) {
    c = body.where(body.entry(m, 0, j), body.add(body.mul(w, c), body.entry(x, 0, j)), c);
    all[j] = c;
  }
  const stacked = body.reshape(body.concat(all, [[3], [3]], 0), [2, 3]);
  const next = [c as TensorRef, given("carry1", [], true) as TensorRef];
  const flat = new Flat();
  const args = [
    flat.one("given", [], { id: "c" }, [3]),
    flat.one("given", [], { id: "k" }, [], true),
    flat.one("given", [], { id: "x" }, [6, 3]),
    flat.one("given", [], { id: "i" }, [6], true),
    flat.binary("less", flat.one("iota", [], { from: 0, len: 6 }, [6, 1]), flat.constant(5), () => 0),
    flat.one("given", [], { id: "w" }, [3]),
  ];
  const n = flat.scan(
    {
      count: 3,
      direction,
      body: body.instrs,
      next,
      blocks: 3,
      finals: [1, 0],
      stacked: [stacked as TensorRef, i as TensorRef],
    },
    args,
  );
  const { shapes } = flat.instrs[n] as Instr;
  const results = shapes.map((shape, out): Ref => ({ n, out, shape, int: out === 0 || out === 3 }));
  return planOf(flat, new Map(["k", "last", "all", "i"].map((id, out) => [id, results[out] as Ref])));
}

const x = Float32Array.from({ length: 18 }, (_, n) => n);
const feed = {
  c: [Float32Array.of(1, 2, 3), [3]],
  k: [Int32Array.of(7), []],
  x: [x, [6, 3]],
  i: [Int32Array.of(0, 1, 2, 3, 4, 5), [6]],
  w: [Float32Array.of(1, 0.5, -1), [3]],
} as const;

function expected(direction: 1 | -1): Record<string, number[]> {
  let c = [1, 2, 3];
  const all: number[][] = [];
  for (const t of direction === 1 ? [0, 1, 2, 3, 4, 5] : [5, 4, 3, 2, 1, 0]) {
    if (t < 5) c = c.map((v, k) => (feed.w[0][k] as number) * v + (x[3 * t + k] as number));
    all[t] = c;
  }
  return { k: [7], last: c, all: all.flat(), i: [0, 1, 2, 3, 4, 5] };
}

/** The plan as a part of another list. */
function spliced(inner: Plan): Plan {
  const flat = new Flat();
  const ints = new Set(["k", "i"]);
  return planOf(
    flat,
    splice(flat, inner, (id, shape) => flat.one("given", [], { id }, shape, ints.has(id))),
  );
}

test.each(backends.map((b) => [b.name, b] as const))("%s: carries, blocks in order, nothing left", (_, backend) => {
  for (const direction of [1, -1] as const)
    for (const made of [plan(direction), spliced(plan(direction))]) {
      const before = backend.tensorCount();
      const executable = backend.prepare(made);
      const given = new Map(Object.entries(feed).map(([id, [data, shape]]) => [id, backend.upload(data, shape)]));
      for (let round = 0; round < 2; round++) {
        const live = backend.tensorCount();
        const results = executable.run({ given, lengths: {} });
        const numbers = Object.fromEntries([...(results ?? [])].map(([id, r]) => [id, Array.from(backend.read(r))]));
        for (const r of results?.values() ?? []) backend.dispose(r);
        expect(numbers).toEqual(expected(direction));
        // what is made from lengths is kept from the first run on
        if (round) expect(backend.tensorCount()).toBe(live);
      }
      // those of all runs of the body
      expect(executable.kernels).toBeGreaterThan(8);
      executable.dispose();
      for (const tensor of given.values()) backend.dispose(tensor);
      expect(backend.tensorCount()).toBe(before);
    }
});
