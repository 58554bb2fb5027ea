/** What a backend promises: ownership, errors, what is kept between runs, quiet opening. */
import { expect, test } from "vitest";
import { planOf } from "../../src/compiler/plan/lower.js";
import { Flat } from "../../src/compiler/plan/tensors.js";
import { isConst, type Ref } from "../../src/compiler/plan/types.js";
import { openBackend } from "../../src/runtime/backends.js";
import { backends } from "../support/backends.js";

/** Outputs that are one tensor twice, what is given itself, a part, a number, and something computed. */
function plan(): ReturnType<typeof planOf> {
  const flat = new Flat();
  const x = flat.one("given", [], { id: "x" }, [4, 2]);
  const twice = flat.affine(x, 2, 1);
  return planOf(
    flat,
    new Map<string, Ref>([
      ["same", x],
      ["twice", twice],
      ["again", twice],
      ["part", flat.slice(twice, 0, 1, 2)],
      ["entry", flat.entry(twice, 0, 3)],
      ["flat", flat.reshape(twice, [8])],
      ["number", flat.full(flat.constant(3), [2])],
    ]),
  );
}

test.each(backends.map((b) => [b.name, b] as const))(
  "%s: results are the caller's, whatever they share",
  (_, backend) => {
    const before = backend.tensorCount();
    const executable = backend.prepare(plan());
    const x = backend.upload(Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7), [4, 2]);
    for (let round = 0; round < 3; round++) {
      const results = executable.run({ given: new Map([["x", x]]), lengths: {} });
      const numbers = Object.fromEntries([...(results ?? [])].map(([id, r]) => [id, Array.from(backend.read(r))]));
      for (const r of results?.values() ?? []) backend.dispose(r);
      expect(numbers).toEqual({
        same: [0, 1, 2, 3, 4, 5, 6, 7],
        twice: [1, 3, 5, 7, 9, 11, 13, 15],
        again: [1, 3, 5, 7, 9, 11, 13, 15],
        part: [5, 7, 9, 11],
        entry: [13, 15],
        flat: [1, 3, 5, 7, 9, 11, 13, 15],
        number: [3, 3],
      });
    }
    expect(() => executable.run({ given: new Map(), lengths: {} })).toThrow("x is not given");
    executable.dispose();
    backend.dispose(x);
    expect(() => backend.dispose(x)).toThrow("disposed");
    expect(() => backend.upload(new Float32Array(3), [2])).toThrow("3 numbers");
    expect(backend.tensorCount()).toBe(before);
  },
);

test.each(backends.map((b) => [b.name, b] as const))("%s: wrong shapes and kinds are refused", (_, backend) => {
  const executable = backend.prepare(plan());
  for (const wrong of [backend.upload(new Float32Array(8), [2, 4]), backend.upload(new Int32Array(8), [4, 2])]) {
    expect(() => executable.run({ given: new Map([["x", wrong]]), lengths: {} })).toThrow(/x is given as/);
    backend.dispose(wrong);
  }
  executable.dispose();
});

test.each(backends.map((b) => [b.name, b] as const))("%s: tensors made from lengths follow them", (_, backend) => {
  const flat = new Flat();
  const lengths = flat.one("lengths", [], { side: { v: null, end: "T", off: 0 }, dims: [], batch: 2 }, [2]);
  const before = backend.tensorCount();
  const executable = backend.prepare(planOf(flat, new Map([["n", lengths]])));
  for (const T of [
    [1, 2],
    [3, 4],
    [3, 4],
    [1, 2],
  ]) {
    const results = executable.run({ given: new Map(), lengths: { T: Int32Array.from(T) } });
    for (const r of results?.values() ?? []) {
      expect(Array.from(backend.read(r))).toEqual(T);
      backend.dispose(r);
    }
  }
  executable.dispose();
  expect(backend.tensorCount()).toBe(before);
});

test.each(backends.map((b) => [b.name, b] as const))("%s: a missing token is the zero vector", (_, backend) => {
  const flat = new Flat();
  const table = flat.one("given", [], { id: "table" }, [2, 3]);
  const i = flat.one("given", [], { id: "i" }, [4], true);
  const found = flat.one("gather", [table, i], {}, [4, 3]);
  const back = flat.one("scatter", [found, i], { n: 2 }, [2, 3]);
  expect(isConst(back)).toBe(false);
  const executable = backend.prepare(
    planOf(
      flat,
      new Map([
        ["found", found],
        ["back", back],
      ]),
    ),
  );
  const given = new Map([
    ["table", backend.upload(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3])],
    ["i", backend.upload(Int32Array.of(1, -1, 0, 1), [4])],
  ]);
  const results = executable.run({ given, lengths: {} });
  const numbers = [...(results?.values() ?? [])].map((r) => Array.from(backend.read(r)));
  expect(numbers).toEqual([
    [4, 5, 6, 0, 0, 0, 1, 2, 3, 4, 5, 6],
    [1, 2, 3, 8, 10, 12],
  ]);
  for (const r of [...(results?.values() ?? []), ...given.values()]) backend.dispose(r);
  executable.dispose();
});

test("a backend is opened once; auto is tensorflow or else wasm", async () => {
  expect(await openBackend("cpu")).toBe(await openBackend("cpu"));
  const names = backends.map((b) => b.name);
  expect((await openBackend("auto")).name).toBe(names.includes("tensorflow") ? "tensorflow" : "wasm");
  expect(names).toContain("wasm");
  expect(names).toContain("cpu");
});
