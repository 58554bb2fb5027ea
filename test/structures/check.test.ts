import { describe, it } from "vitest";
import { modelOf, noiseOf, Run, type Sample } from "../check/harness.js";
import { binary, childSum, dag, reductions } from "./specs.js";

const numbers = (name: string, n: number): number[][] =>
  Array.from({ length: n }, (_, i) => [noiseOf(name, 2 * i), noiseOf(name, 2 * i + 1)]);

const trees = [[1, 4, 3, 4, -1], [-1], [-1, 0, 0, 1, 1, 1], [1, 2, 3, -1]];
const run = (source: string, samples: readonly Sample[]): Run => new Run(modelOf(source), samples);

describe("trees and graphs from the spec to gradients", () => {
  it("child-sum tree-LSTM", () => {
    const samples = trees.map((n, i) => ({
      n,
      w: n.map((_, k) => "abc"[(k + i) % 3] as string),
      y: i % 2 ? "no" : "yes",
    }));
    run(childSum, samples).checkGradients();
  });
  it("children by position, from the root down", () => {
    const binaries = [[2, 2, 4, 4, -1], [-1]];
    const samples = binaries.map((n, i) => ({
      n,
      x: numbers(`x${i}`, n.length),
      y: n.map((_, k) => (k % 2 ? "no" : "yes")),
    }));
    run(binary, samples).checkGradients();
  });
  it("all reductions over kids", () => {
    const samples = trees.map((n, i) => ({ n, x: numbers(`x${i}`, n.length), y: noiseOf("y", i) }));
    run(reductions, samples).checkGradients();
  });
  it("a graph, both ways", () => {
    const graphs = [
      {
        nodes: 4,
        edges: [
          [0, 2],
          [1, 2],
          [0, 3],
          [2, 3],
        ],
      },
      { nodes: 2, edges: [[1, 0]] },
      { nodes: 1, edges: [] },
    ];
    const samples = graphs.map((n, i) => ({
      n,
      x: numbers(`x${i}`, n.nodes),
      e: n.edges.map((_, k) => noiseOf(`e${i}`, k)),
      y: Array.from({ length: n.nodes }, (_, k) => noiseOf(`y${i}`, k)),
    }));
    run(dag, samples).checkGradients();
  });
});
