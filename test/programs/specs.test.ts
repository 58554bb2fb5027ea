/** What a time step costs for the cells of the library and for the specs, from the text to the Program. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { check } from "../../src/compiler/check/index.js";
import type { Model } from "../../src/compiler/model.js";
import { type ComputeOptions, training } from "../../src/compiler/programs.js";
import { getValue } from "../../src/compiler/system/types.js";
import { stepCosts } from "../support/kernels.js";

const alphabet = [..."abcdefghijklmnopqrstuvwxyz \n"];

function modelOf(source: string): Model {
  const { models, diagnostics } = check(source);
  const [model] = models;
  if (!model) throw new Error(diagnostics.map((d) => d.message).join("\n"));
  const tokens = model.vocabs.map(({ name, tokens = alphabet, special }) => [
    name,
    [...tokens, ...special.map((s) => `<${s}>`)],
  ]);
  return model.bind(Object.fromEntries(tokens));
}

const spec = (name: string): Model =>
  modelOf(readFileSync(new URL(`../../specs/${name}.rcv`, import.meta.url), "utf8"));

const costs = (model: Model, options?: ComputeOptions) =>
  stepCosts(training(model, options).program).map((s) => [s.kernels, s.matmuls]);

const languageModel = (cell: string, step: string, starts: string): Model =>
  modelOf(`model lm {
  use std.cells (${cell})
  vocab Char;  dim H = 8;  axis t < T
  random c[t] : Char
  param Wo, bo
  cell F = ${cell}(H)
  ${step}
  ${starts};  c[-1] = "a"
  c[t] ~ categorical(Wo @ h[t] + bo)
}`);

describe("kernels and matmuls per step of the library's cells, [forward, backward]", () => {
  it.each([
    [
      "Elman",
      "h[t] = F(c[t-1], h[t-1])",
      "h[-1] = 0",
      [
        [3, 1],
        [3, 1],
      ],
    ],
    [
      "LSTM",
      "(h[t], m[t]) = F(c[t-1], h[t-1], m[t-1])",
      "h[-1] = 0;  m[-1] = 0",
      [
        [9, 1],
        [7, 1],
      ],
    ],
    [
      "GRU",
      "h[t] = F(c[t-1], h[t-1])",
      "h[-1] = 0",
      [
        [11, 2],
        [10, 2],
      ],
    ],
    [
      "GRUResetAfter",
      "h[t] = F(c[t-1], h[t-1])",
      "h[-1] = 0",
      [
        [10, 1],
        [7, 1],
      ],
    ],
  ])("%s", (cell, step, starts, expected) => {
    expect(costs(languageModel(cell, step, starts))).toEqual(expected);
  });
});

describe("moby-dick, windows with carried state", () => {
  const { program, system, gradients, states } = training(spec("moby-dick"), { carry: "T" });
  const loops = program.items.flatMap((item, i) => (item.kind === "loop" ? [i] : []));
  const opsOf = (items: typeof program.items) =>
    items.map((item) => (item.kind === "eq" ? getValue(system, item.v).eq?.op : "loop"));

  it("one matmul per time step in each direction, nothing else that is large", () => {
    const steps = stepCosts(program);
    expect(steps.map((s) => [s.direction, s.kernels, s.matmuls])).toEqual([
      [1, 9, 1],
      [-1, 7, 1],
    ]);
    for (const { ops } of steps)
      for (const op of ["outer", "putCol", "col", "mask", "draw"]) expect(ops).not.toContain(op);
  });

  it("the input projection before the forward loop, every weight gradient after the backward loop", () => {
    expect(loops.length).toBe(2);
    expect(opsOf(program.items.slice(0, loops[0]))).toContain("col");
    const after = new Set(
      program.items.slice((loops[1] as number) + 1).map((item) => (item.kind === "eq" ? item.v : "")),
    );
    for (const id of gradients.values()) expect(after).toContain(id);
  });

  it("carries h, c and the last character", () => {
    expect(states.size).toBe(3);
  });
});

it.each([
  [
    "hello",
    [
      [3, 1],
      [3, 1],
    ],
  ],
  [
    "first-names",
    [
      [11, 2],
      [11, 2],
      [10, 2],
      [10, 2],
    ],
  ],
  [
    "addition",
    [
      [9, 1],
      [9, 1],
      [7, 1],
      [8, 1],
    ],
  ],
  [
    "motion",
    [
      [11, 2],
      [10, 2],
    ],
  ],
  [
    "wave",
    [
      [3, 1],
      [3, 1],
    ],
  ],
])("%s", (name, expected) => {
  const sorted = (list: number[][]) => list.map((x) => x.join()).sort();
  expect(sorted(costs(spec(name)))).toEqual(sorted(expected));
});
