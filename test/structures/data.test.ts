import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recordSchema } from "../../src/compiler/blocks/index.js";
import { getValue } from "../../src/compiler/system/types.js";
import { makeBatch } from "../../src/runtime/data/batch.js";
import { bucketsOf, epochGroups } from "../../src/runtime/data/buckets.js";
import { encoder } from "../../src/runtime/data/encode.js";
import { unpad } from "../../src/runtime/unpad.js";
import { modelOf } from "../check/harness.js";
import { childSum, dag } from "./specs.js";

const treeModel = modelOf(childSum);
const graphModel = modelOf(dag);
const encodeTree = encoder(treeModel);
const encodeGraph = encoder(graphModel);

const problem = (f: () => unknown): string => {
  try {
    f();
  } catch (e) {
    return (e as Error).message;
  }
  return "";
};

describe("trees of records", () => {
  const tree = (n: unknown, w: unknown = (n as unknown[]).map(() => "a")) => ({ n, w, y: "yes" });

  it("is given as parents; a node without a token has none", () => {
    const sample = encodeTree(tree([2, 2, 4, 4, -1], ["a", "b", null, "c", null]));
    expect(sample.lengths).toEqual({ n: 5, "n.edges": 4 });
    expect([...(sample.fields["w"] as Int32Array)]).toEqual([0, 1, -1, 2, -1]);
    const map = (id: string) => [...(sample.fields[`n.${id}`] as Int32Array)];
    expect(map("child")).toEqual([0, 1, 2, 3]);
    expect(map("parent")).toEqual([2, 2, 4, 4]);
    expect(map("pos")).toEqual([0, 1, 0, 1]);
    expect(map("up")).toEqual([2, 2, 4, 4, -1]);
    expect(map("root")).toEqual([4]);
    expect(Array.from(sample.levels?.["n"] ?? [])).toEqual([0, 0, 1, 0, 2]);
    expect(Array.from(sample.levels?.["n.edges"] ?? [])).toEqual([1, 1, 2, 2]);
  });

  it.each([
    ["two roots", [1, -1, -1], "d.jsonl:7: `n` has 2 roots: the nodes 1, 2 (exactly one parent is −1)"],
    ["no root", [1, 0], "d.jsonl:7: `n` has no root (the parent of the root is −1)"],
    ["a cycle beside the root", [-1, 2, 3, 1], "d.jsonl:7: `n` has a cycle: 1 → 2 → 3 → 1"],
    ["its own parent", [-1, 1], "d.jsonl:7: `n` says that node 1 is its own parent"],
    ["out of range", [-1, 5], "d.jsonl:7: `n` says that the parent of node 1 is 5, and there are the nodes 0 to 1"],
    ["nothing", [], "d.jsonl:7: `n` has no nodes"],
    ["no list", 3, "d.jsonl:7: `n` is a list, not 3"],
    ["words", ["a"], 'd.jsonl:7: `n[0]` is an id, not "a"'],
  ])("%s", (_, n, message) => {
    expect(
      problem(() =>
        encodeTree(tree(n, ["a", "a", "a", "a"].slice(0, (n as unknown[]).length)), { file: "d.jsonl", line: 7 }),
      ),
    ).toBe(message);
  });

  it("other lengths of its fields", () => {
    expect(problem(() => encodeTree(tree([1, -1], ["a"])))).toBe("`n` has 2 nodes, but the fields over it have 1");
    expect(problem(() => encodeTree({ w: ["a"], y: "yes" }))).toBe("`n` is missing");
  });

  it("is in the JSON Schema of a record", () => {
    const { properties, required } = recordSchema(treeModel) as { properties: object; required: string[] };
    expect(Object.keys(properties)).toEqual(["w", "y", "n"]);
    expect(required).toEqual(["w", "y", "n"]);
  });
});

describe("graphs of records", () => {
  const graph = (n: unknown, nodes: number, edges: number) => ({
    n,
    x: Array.from({ length: nodes }, () => [0, 0]),
    e: Array.from({ length: edges }, () => 1),
    y: Array.from({ length: nodes }, () => 1),
  });

  it("is given as edges, with or without the number of nodes", () => {
    const edges = [
      [2, 0],
      [1, 0],
      [1, 2],
    ];
    const sample = encodeGraph(graph(edges, 3, 3));
    expect(encodeGraph(graph({ nodes: 3, edges }, 3, 3))).toEqual(sample);
    expect([...(sample.fields["n.pos"] as Int32Array)]).toEqual([1, 0, 0]);
    expect(Array.from(sample.levels?.["n"] ?? [])).toEqual([2, 0, 1]);
  });

  it.each([
    [
      "a cycle",
      [
        [0, 1],
        [1, 2],
        [2, 0],
      ],
      "`n` has a cycle: 0 → 1 → 2 → 0",
    ],
    ["a self edge", [[1, 1]], "`n` has an edge from node 1 to itself"],
    [
      "an edge twice",
      [
        [0, 1],
        [0, 1],
      ],
      "`n` has the edge [0, 1] twice",
    ],
    ["out of range", [[0, 3]], "`n` has the edge [0, 3], and there are the nodes 0 to 2"],
    ["three ends", [[0, 1, 2]], "`n` has [0, 1, 2] as its edge 0: an edge is [from, to]"],
    ["other numbers of nodes", { nodes: 4, edges: [] }, "`n` has 4 nodes, but the fields over it have 3"],
  ])("%s", (_, n, message) => {
    const edges = Array.isArray(n) ? n.length : 0;
    expect(problem(() => encodeGraph(graph(n, 3, edges)))).toBe(message);
  });

  it("other numbers of edges", () => {
    expect(problem(() => encodeGraph(graph([[0, 1]], 3, 2)))).toBe("`n` has 1 edges, but the fields over them have 2");
  });
});

/** A random tree: each node but the last has a later one as its parent. */
const parents = fc
  .array(fc.nat(1000), { maxLength: 12 })
  .map((all) => [...all.map((r, i) => i + 1 + (r % (all.length - i))), -1]);

describe("batches of trees", () => {
  it("property: levels lie one after the other, maps point at the same nodes, and results come back in order", () => {
    fc.assert(
      fc.property(fc.array(parents, { minLength: 1, maxLength: 5 }), (trees) => {
        const samples = trees.map((n) => encodeTree({ n, w: n.map((_, i) => "abc"[i % 3]), y: "no" }));
        const batch = makeBatch(treeModel, samples);
        const size = samples.length;
        const level = (axis: string, place: number): number => {
          const widths = (batch.widths as NonNullable<typeof batch.widths>)[axis] ?? [];
          const ends = widths.map((_, l) => widths.slice(0, l + 1).reduce((a, b) => a + b, 0));
          return ends.findIndex((end) => end > place);
        };
        for (const [b, sample] of samples.entries()) {
          const at = (axis: string) => batch.places?.[axis]?.[b] as Int32Array;
          for (const axis of ["n", "n.edges"])
            for (const [i, place] of at(axis).entries()) expect(level(axis, place)).toBe(sample.levels?.[axis]?.[i]);
          for (const [e, place] of at("n.edges").entries())
            for (const id of ["n.child", "n.parent"])
              expect(batch.fields[id]?.[place * size + b]).toBe(at("n")[sample.fields[id]?.[e] as number]);
          expect(batch.fields["n.root"]?.[b]).toBe(at("n")[sample.fields["n.root"]?.[0] as number]);
        }
        const { system } = { system: treeModel.system({ training: true, drawn: [] }) };
        const back = unpad(system, getValue(system, "w"), batch, batch.fields["w"] as Int32Array);
        for (const [b, sample] of samples.entries())
          expect([...(back[b]?.data ?? [])]).toEqual([...(sample.fields["w"] as Int32Array)]);
      }),
    );
  });

  it("are of few shapes", () => {
    const trees = fc.sample(parents, { numRuns: 400, seed: 1 });
    const samples = trees.map((n) => encodeTree({ n, w: n.map(() => "a"), y: "no" }));
    const buckets = bucketsOf(samples);
    const shapes = new Set<string>();
    for (const { members, extents, widths } of epochGroups(samples, buckets, { batch: 10, seed: 1, epoch: 0 }))
      shapes.add(
        JSON.stringify(
          makeBatch(
            treeModel,
            members.map((i) => samples[i] as (typeof samples)[0]),
            extents,
            widths,
          ).widths,
        ),
      );
    expect(shapes.size).toBeLessThan(16);
  });
});
