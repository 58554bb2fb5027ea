/** Which cell `train.optimizer` means, and what can be set of it. */
import { describe, expect, test } from "vitest";
import { validateBlocks } from "../../src/compiler/blocks/index.js";
import { check } from "../../src/compiler/check/index.js";
import type { BlockValue } from "../../src/compiler/model.js";

const own = (name: string): string => `
cell ${name}(w : [..], g : [..], v : [..]) -> (w1 : [..], v1 : [..]) {
  lr = 0.3; friction = 0.2; turns = 2
  require friction < 1
  v1 = (1 - friction) * v + g
  w1 = w - lr * turns * v1
}`;

const model = (train: string, inside = ""): string => `
model m {
  ${inside}
  random y : [2]
  param b
  y ~ normal(b, 1)
  train { ${train} }
}`;

const noFile = (): null => null;

function optimizerOf(
  source: string,
  set: Readonly<Record<string, BlockValue>> = {},
  read = noFile as (p: string) => string | null,
) {
  const { diagnostics, models } = check(source, { set, read });
  if (!models[0]) return diagnostics.map((d) => `${d.code}: ${d.message}`);
  return validateBlocks(models[0]).train?.optimizer;
}

describe("names", () => {
  const mine = { kind: "slide", lr: 0.3, options: { friction: 0.2, turns: 2 } };

  test("a cell of the file, of the model, of an imported file", () => {
    expect(optimizerOf(own("slide") + model("optimizer = slide"))).toEqual(mine);
    expect(optimizerOf(model("optimizer = slide", own("slide")))).toEqual(mine);
    const read = (path: string): string | null => (path === "mine.rcv" ? own("slide") : null);
    expect(optimizerOf(model("optimizer = slide", 'use "mine.rcv" (slide)'), {}, read)).toEqual(mine);
  });

  test("a cell of the spec comes before one of the library, anything else does not hide it", () => {
    expect(optimizerOf(own("adam") + model("optimizer = adam(friction = 0.5)"))).toMatchObject({
      kind: "adam",
      options: { friction: 0.5 },
    });
    expect(optimizerOf(own("adam") + model("steps = 3"))).toMatchObject({ options: { friction: 0.2 } });
    expect(optimizerOf(model("optimizer = lion", "random lion; lion ~ normal(0, 1)"))).toMatchObject({
      kind: "lion",
      lr: 0.0001,
    });
    expect(optimizerOf(model("optimizer = lion", "use std.optimisers (lion)"))).toMatchObject({ kind: "lion" });
  });

  test("an unknown one is told those that fit", () => {
    const recurrent = "cell slid(x : [X], h : [X]) -> h1 : [X] { h1 = x + h }";
    const { diagnostics } = check(own("slide") + recurrent + model("optimizer = slidee"));
    expect(diagnostics.map((d) => d.code)).toEqual(["block-unknown-value"]);
    expect(diagnostics[0]?.help).toMatch(/did you mean `slide`\? It can be `slide`, `sgd`, .*`lion`$/);
    expect(diagnostics[0]?.help).not.toMatch(/`slid`/);
  });

  test("looking for one uses nothing: what is unused is still told", () => {
    const source = model("steps = 1", "param unread : [2] ~ zeros");
    const codes = (set: Readonly<Record<string, BlockValue>>) => check(source, { set }).diagnostics.map((d) => d.code);
    expect(codes({ "train.beta1": 0.5 })).toEqual(codes({}));
    expect(codes({})).toEqual(["unused-name"]);
  });
});

describe("from outside", () => {
  test.each<[string, string, Readonly<Record<string, BlockValue>>, unknown]>([
    ["another one", "optimizer = adam(lr = 0.1)", { "train.optimizer": "lion" }, { kind: "lion", lr: 0.0001 }],
    [
      "another one with its numbers",
      "steps = 1",
      { "train.optimizer": "rmsprop(rho = 0.5)" },
      { kind: "rmsprop", options: { rho: 0.5 } },
    ],
    ["the rate", "optimizer = adagrad", { "train.lr": 0.7 }, { kind: "adagrad", lr: 0.7 }],
    ["the rate in full", "optimizer = adagrad(0.5)", { "train.optimizer.lr": 0.7 }, { kind: "adagrad", lr: 0.7 }],
    [
      "for short, with the standard one",
      "steps = 1",
      { "train.beta1": 0.5 },
      { kind: "adam", options: { beta1: 0.5 } },
    ],
    ["of one's own, for short", "optimizer = slide", { "train.turns": 5 }, { kind: "slide", options: { turns: 5 } }],
    [
      "of one's own, in full",
      "optimizer = slide(turns = 3)",
      { "train.optimizer.turns": 5 },
      { kind: "slide", options: { turns: 5 } },
    ],
    ["a hyperparameter of the model", "optimizer = slide(turns = n)", { n: 4 }, { options: { turns: 4 } }],
  ])("%s", (_, train, set, expected) => {
    const found = optimizerOf(own("slide") + model(train, "n = 3"), set);
    expect(found).toMatchObject(expected as object);
  });

  test("what the optimiser lacks, and what it does not allow", () => {
    const source = own("slide") + model("optimizer = slide");
    expect(optimizerOf(source, { "train.momentum": 0.5 })).toEqual([
      expect.stringMatching(/block-unknown-key: `train.optimizer` has no `momentum`/),
    ]);
    expect(optimizerOf(source, { "train.friction": 1 })).toEqual([
      expect.stringMatching(/block-out-of-range: `train.optimizer.friction` must be less than 1, but is 1/),
    ]);
  });
});
