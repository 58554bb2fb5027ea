/** Trees through the public API: training, values in the record's own order, decoding with the tree given. */
import { describe, expect, it } from "vitest";
import { compile } from "../../src/compiler/index.js";
import { type DataRecord, type Decoding, instantiate, type Network } from "../../src/runtime/index.js";
import { binary, childSum, dag } from "./specs.js";

const networkOf = async (source: string, set = {}): Promise<Network> => {
  const compiled = compile(source, { file: "tree.rcv", set });
  expect(compiled.diagnostics.filter((d) => d.severity === "error")).toEqual([]);
  return instantiate(compiled, { backend: "cpu", seed: 3 });
};
const close = (a: ArrayLike<number> = [], b: ArrayLike<number> = []): void => {
  expect(a.length).toBe(b.length);
  for (const [i, x] of Array.from(a).entries()) expect(x).toBeCloseTo(b[i] as number, 5);
};

/** The same tree with its nodes in another order: node i becomes node order[i]. */
function reordered(record: DataRecord, order: readonly number[], over: readonly string[]): DataRecord {
  const move = (list: readonly unknown[]): unknown[] => order.map((_, to) => list[order.indexOf(to)]);
  const parents = record["n"] as number[];
  const n = move(parents.map((p) => (p < 0 ? -1 : (order[p] as number))));
  return { ...record, n, ...Object.fromEntries(over.map((name) => [name, move(record[name] as unknown[])])) };
}

describe("a tree in the runtime", () => {
  const one = { n: [2, 2, 4, 4, -1], w: ["a", "b", null, "c", null], y: "yes" };
  const others = [
    { n: [-1], w: ["b"], y: "no" },
    { n: [1, 2, 3, -1], w: ["a", "a", "c", "b"], y: "no" },
  ];

  it("gives values in the order of the record, whatever else is in the batch and however its nodes are numbered", async () => {
    const network = await networkOf(childSum);
    const [alone] = await network.values([one], ["h", "f", "y.logp"]);
    const among = (await network.values([...others, one], ["h", "f", "y.logp"]))[2];
    expect(alone?.["h"]?.shape).toEqual([5, 2]);
    expect(alone?.["f"]?.shape).toEqual([4, 2]);
    for (const id of ["h", "f", "y.logp"]) close(alone?.[id]?.data, among?.[id]?.data);
    const order = [3, 1, 0, 4, 2];
    const [moved] = await network.values([reordered(one, order, ["w"])], ["h", "y.logp"]);
    close(alone?.["y.logp"]?.data, moved?.["y.logp"]?.data);
    for (const [i, to] of order.entries())
      close(alone?.["h"]?.data.subarray(2 * i, 2 * i + 2), moved?.["h"]?.data.subarray(2 * to, 2 * to + 2));
    network.dispose();
  });

  it("learns, and says what it has learnt of trees it is given", async () => {
    const network = await networkOf(childSum, { "train.steps": 60, "train.lr": 0.05, "train.batch": 4 });
    // yes, if there is an "a" anywhere
    const shapes = [[-1], [1, -1], [2, 2, -1], [1, 2, -1], [2, 2, 4, 4, -1], [-1, 0, 0, 0]];
    const train = shapes.flatMap((n) =>
      [0, 1, 2, 3].map((k) => {
        const w = n.map((_, i) => (k < 2 && i === k % n.length ? "a" : (["b", "c", null][(i + k) % 3] ?? null)));
        return { n, w, y: w.includes("a") ? "yes" : "no" };
      }),
    );
    await network.fit({ train });
    const decoded = await network.decode(train.map(({ n, w }) => ({ n, w })));
    expect(decoded.filter((d, i) => d["y"] === train[i]?.y).length).toBeGreaterThan(20);
    network.dispose();
  });
});

/** What is drawn at a node depends on what was drawn at its parent. */
const labels = binary
  .replace("vocab Label", "param A;  vocab Label")
  .replace(
    "y[n] ~ categorical(Wy @ d[n])",
    `y[n] ~ categorical(Wy @ d[n] + A @ y[parent(n)]);  y[parent(root)] = "no"`,
  );

describe("labels of nodes", () => {
  const x = (n: number): number[][] => Array.from({ length: n }, (_, i) => [Math.sin(i + n), Math.cos(3 * i)]);
  const records = [[2, 2, -1], [-1], [2, 2, 4, 4, -1]].map((n) => ({ n, x: x(n.length) }));

  it.each(["from the labels of their parents", "each by itself"])(
    "%s: drawn one way alone and among others",
    async (way) => {
      const network = await networkOf(way.startsWith("from") ? labels : binary);
      const request = { sample: true, seed: 5 };
      const all = await network.decode(records, request);
      for (const [i, d] of all.entries()) {
        const labels = d["y"] as string[];
        expect(labels).toHaveLength(records[i]?.n.length as number);
        // what was drawn has the log-probability that scoring gives it
        const [scored] = await network.values([{ ...records[i], y: labels }], ["y.logp"]);
        expect(d.logp).toBeCloseTo(
          Array.from(scored?.["y.logp"]?.data ?? []).reduce((a, b) => a + b, 0),
          4,
        );
      }
      const [alone] = await network.decode([records[0] as DataRecord], request);
      expect(alone).toEqual(all[0]);
      network.dispose();
    },
  );

  it("are not searched along a tree", async () => {
    const network = await networkOf(labels);
    await expect(network.decode(records, { beam: 2 })).rejects.toThrow(/node after node of `n`/);
    network.dispose();
  });

  it("of a graph", async () => {
    const network = await networkOf(dag);
    const n = {
      nodes: 3,
      edges: [
        [0, 1],
        [1, 2],
        [0, 2],
      ],
    };
    const record = { n, x: x(3), e: [1, 0, -1] };
    const [d] = await network.decode([record]);
    const [values] = await network.values([{ ...record, y: d?.["y"] }], ["g"]);
    const r = network.params()["r"]?.data ?? [];
    for (const [i, y] of ((d as Decoding)["y"] as number[]).entries())
      expect(y).toBeCloseTo(
        Array.from(r).reduce((s, w, k) => s + w * (values?.["g"]?.data[2 * i + k] as number), 0),
        5,
      );
    network.dispose();
  });
});
