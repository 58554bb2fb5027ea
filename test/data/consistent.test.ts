/** Positions, labels of frames and bounded numbers in records: what is read, and what is refused with its place. */
import { describe, expect, it, test } from "vitest";
import { recordSchema } from "../../src/compiler/blocks/index.js";
import { DataError, encode, makeBatch } from "../../src/runtime/data/index.js";
import type { DataRecord } from "../../src/runtime/types.js";
import { modelOf } from "../check/harness.js";

const WHERE = { file: "a.jsonl", line: 7 };

const pointer = modelOf(`model m {
  axis s < S; axis u < U[s]; axis t < T; axis k < 3
  input x[s], e[s, u], p[t] : s
  random y[s] : u; random a : k
  z[t] = x[p[t]]
  y[s] ~ categorical[u](e[s, u] * x[s] + sum[t](z[t]))
  a ~ categorical[k](x[0] * k)
}`);

const ctc = modelOf(`model m {
  vocab V = ["a", "b"]; axis t < T; axis u < U
  input x[t]
  random y[u] : V; random v[t]
  param w : [V + 1] ~ normal(0, 1)
  y[u] ~ ctc[t](x[t] * w)
  v[t] ~ uniform(-1, 2)
}`);

const good: DataRecord = { x: [1, 2], e: [[1, 2, 3], [4]], p: [1, 0, 1], y: [2, 0], a: 2 };

describe("positions", () => {
  test("are integers, on the axis of their own sample", () => {
    const { fields } = encode(pointer, good);
    expect(fields["p"]).toEqual(Int32Array.of(1, 0, 1));
    expect(fields["y"]).toEqual(Int32Array.of(2, 0));
    const batch = makeBatch(pointer, [
      encode(pointer, good),
      encode(pointer, { x: [1], e: [[5]], p: [0], y: [0], a: 0 }),
    ]);
    expect(batch.fields["p"]).toEqual(Int32Array.of(1, 0, 0, 0, 1, 0));
  });

  it.each([
    [{ p: [1, 2, 0] }, "`p[1]` is a position on the axis S, 0 to 1 here, not 2"],
    [{ y: [2, 1] }, "`y[1]` is a position on the axis U, 0 to 0 here, not 1"],
    [{ a: 3 }, "`a` is a position on the axis 3, 0 to 2 here, not 3"],
    [{ p: [1, -1, 0] }, "`p[1]` is a position on an axis, an integer from 0, not -1"],
    [{ p: [1, 0.5, 0] }, "`p[1]` is a position on an axis, an integer from 0, not 0.5"],
    [{ a: "one" }, '`a` is a position on an axis, an integer from 0, not "one"'],
    [{ p: Float32Array.of(1, 0.5, 0) }, "`p[1]` is a position on the axis S, an integer from 0, not 0.5"],
  ])("%o is refused", (change, message) => {
    const read = (): unknown => encode(pointer, { ...good, ...change }, {}, WHERE);
    expect(read).toThrow(DataError);
    expect(read).toThrow(`a.jsonl:7: ${message}`);
  });

  test("have a schema", () => {
    const { properties } = recordSchema(pointer) as unknown as {
      properties: Record<string, { $ref: string; description: string }>;
    };
    expect(properties["a"]?.$ref).toBe("urn:recurve:schemas:position");
    expect(properties["p"]?.$ref).toBe("urn:recurve:schemas:positions");
    expect(properties["p"]?.description).toBe("Input p[T] : S.");
  });
});

describe("labels of frames", () => {
  const record = (y: string, frames: number): DataRecord => ({ x: Array(frames).fill(0), v: Array(frames).fill(0), y });
  it.each([
    ["", 1],
    ["ab", 2],
    ["aa", 3],
    ["abba", 5],
  ])("%j fits into %i frames, and not into one less", (y, frames) => {
    expect(encode(ctc, record(y, frames)).lengths).toEqual({ T: frames, U: y.length });
    if (!y) return;
    expect(() => encode(ctc, record(y, frames - 1), {}, WHERE)).toThrow(
      new RegExp(`^a.jsonl:7: \`y\` has ${y.length} labels.*, but there are only ${frames - 1} frames along T`),
    );
  });
});

test("a number outside of a uniform distribution with fixed bounds is named", () => {
  const read = (v: number) => () => encode(ctc, { x: [0, 0], y: "a", v: [0, v] }, {}, WHERE);
  expect(read(2)).not.toThrow();
  expect(read(2.5)).toThrow("a.jsonl:7: `v[1]` is drawn from uniform(-1, 2) and cannot be 2.5");
});
