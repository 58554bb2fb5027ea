/** Recurrences along a dim as instructions, in blocks of all sizes, against the recurrence itself. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { planOf } from "../../src/compiler/plan/lower.js";
import { recurrence } from "../../src/compiler/plan/recurrence.js";
import { Flat, type Ref } from "../../src/compiler/plan/tensors.js";
import { openBackend } from "../../src/runtime/backends.js";
import { uniform } from "../support/numbers.js";

const backend = await openBackend("cpu");

/** Rows, the dim of the recurrence, columns; what is repeated has extent 1. */
type Shape = readonly [number, number, number];
const numbersOf = (name: string, [r, n, c]: Shape): Float32Array =>
  Float32Array.from({ length: r * n * c }, (_, i) => 2 * uniform(name, i) - 1);
const at = (x: Float32Array, [r, n, c]: Shape, i: number, t: number, j: number): number =>
  x[((r === 1 ? 0 : i) * n + (n === 1 ? 0 : t)) * c + (c === 1 ? 0 : j)] as number;

function computed(a: Shape, b: Shape, n: number, direction: 1 | -1, call: number): Float32Array {
  const flat = new Flat();
  const given = (id: string, shape: Shape): Ref => flat.one("given", [], { id }, shape);
  const y = recurrence(flat, { a: given("a", a), b: given("b", b), d: 1, n, direction, rank: 3 }, { call, element: 1 });
  const prepared = backend.prepare(planOf(flat, new Map([["y", y]])));
  const tensors = new Map([
    ["a", backend.upload(numbersOf("a", a), a)],
    ["b", backend.upload(numbersOf("b", b), b)],
  ]);
  const result = prepared.run({ given: tensors, lengths: {} })?.get("y") as NonNullable<
    Parameters<typeof backend.read>[0]
  >;
  const numbers = Float32Array.from(backend.read(result));
  for (const tensor of [...tensors.values(), result]) backend.dispose(tensor);
  prepared.dispose();
  return numbers;
}

it("h = a h′ + b, whichever blocks", { timeout: 60_000 }, () => {
  const before = backend.tensorCount();
  const extents = fc.record({
    n: fc.integer({ min: 1, max: 90 }),
    rows: fc.integer({ min: 1, max: 2 }),
    columns: fc.integer({ min: 1, max: 3 }),
    repeated: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean()),
    direction: fc.constantFrom<1 | -1>(1, -1),
    call: fc.constantFrom(0, 3, 30, 300, 1e6),
  });
  fc.assert(
    fc.property(extents, ({ n, rows, columns, repeated, direction, call }) => {
      const [ar, an, ac, bn] = repeated;
      const a: Shape = [ar ? 1 : rows, an ? 1 : n, ac ? 1 : columns];
      const b: Shape = [rows, bn ? 1 : n, columns];
      const got = computed(a, b, n, direction, call);
      const [gates, rests] = [numbersOf("a", a), numbersOf("b", b)];
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++)
          for (let k = 0, h = 0; k < n; k++) {
            const t = direction === 1 ? k : n - 1 - k;
            h = at(gates, a, i, t, j) * h + at(rests, b, i, t, j);
            expect(got[(i * n + t) * columns + j]).toBeCloseTo(h, 4);
          }
    }),
    { numRuns: 60, seed: 7 },
  );
  expect(backend.tensorCount()).toBe(before);
});
