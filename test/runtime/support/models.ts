/** Small models around Systems that are built by hand, with everything that the runtime asks of a Model. */
import { standardOptimizers } from "../../../src/compiler/check/optimizers.js";
import { standardInit } from "../../../src/compiler/check/params.js";
import type { Block, Mode, Model } from "../../../src/compiler/model.js";
import { E, op, sumOver } from "../../../src/compiler/system/expr.js";
import { BATCH, getValue, type System } from "../../../src/compiler/system/types.js";
import { Sketch, slot } from "../../support/sketch.js";

const t = slot("t", "T");
export const LETTERS = ["a", "b", "c", "d"];
const V = LETTERS.length;
const H = 5;

interface Blocks {
  readonly train?: Block;
  readonly decode?: Block;
  readonly data?: Block;
}

/** Loss, counts and hits of one categorical random over T. */
function scored(sketch: Sketch, name: string): void {
  const { builder } = sketch;
  const [z, y] = [sketch.access("z"), sketch.access(name)];
  builder.define(`${name}.logp`, [BATCH, t], E.neg(op("xent", [z("t"), y("t")])));
  builder.define(`${name}.count`, [], sumOver([BATCH, t], E.num(1)));
  builder.define(`${name}.hits`, [], sumOver([BATCH, t], E.equal(op("argmaxf", [z("t")]), y("t"))));
  builder.define("loss.total", [], sumOver([BATCH, t], E.neg(sketch.access(`${name}.logp`)("t"))));
  builder.define("loss.count", [], builder.ident(`${name}.count`));
  const mean = E.div(builder.ident("loss.total"), builder.ident("loss.count"));
  const U = builder.ident("U");
  builder.define("loss", [], E.add(mean, E.affine(0.01, 0, E.dot(U, U))));
}

/** h[t] = tanh(W c[t-1] + U h[t-1] + b ⊙ noise), c[t] ~ categorical(Wo h[t]): a language model with a little dropout. */
function characterSystem(mode: Mode): System {
  const sketch = new Sketch({ T: [1] }, 1, 1);
  const { builder } = sketch;
  const [W, U, b, Wo] = [
    sketch.param("W", [H, V]),
    sketch.param("U", [H, H]),
    sketch.param("b", [H]),
    sketch.param("Wo", [V, H]),
  ];
  const F = sketch.param("F", [H]);
  builder.values.set("F", { ...getValue(builder.finish(), "F"), role: "frozen" });
  builder.declare("e", [BATCH, t], [H], "noise", { noise: { dist: "bernoulli", params: [0.5] } });
  const drawn = mode.drawn.includes("c");
  const h = sketch.value("h", [H], [t]);
  const z = sketch.value("z", [V], [t]);
  const c = drawn
    ? sketch.define("c", [t], op("draw", [z("t")], { dist: "categorical", random: "c" }))
    : sketch.token("c", V, [t]);
  const bias = mode.training ? E.mul(b(), sketch.access("e")("t")) : E.affine(0.5, 0, b());
  sketch.equate("h", E.map("tanh", E.add(op("col", [W(), c("t-1")]), E.mv(U(), h("t-1")), bias, F())));
  sketch.equate("z", E.mv(Wo(), h("t")));
  sketch.clause("h", { t: "-1" }, E.num(0, [H]));
  sketch.clause("c", { t: "-1" }, op("token", [], { value: 0 }));
  if (!drawn) scored(sketch, "c");
  return builder.finish();
}

/** A random sequence of tokens. */
const tokens = (name: string): Model["fields"][number] => ({
  name,
  role: "random",
  axes: ["T"],
  type: { kind: "token", vocab: "Char" },
  shape: [],
  labels: [],
  dist: "categorical",
});

export const character = (blocks: Blocks = {}): Model =>
  modelOf({
    name: "character",
    system: characterSystem,
    fields: [tokens("c")],
    params: [
      ["W", [H, V]],
      ["U", [H, H]],
      ["b", [H]],
      ["Wo", [V, H]],
      ["F", [H], true],
    ],
    blocks,
  });

/** h[t] = tanh(W x[t] + U h[t-1]), y[t] ~ categorical(Wo h[t]): tags of a sequence of tokens, both of one length. */
function taggerSystem(mode: Mode): System {
  const sketch = new Sketch({ T: [1] }, 1, 1);
  const { builder } = sketch;
  const [W, U, Wo] = [sketch.param("W", [H, V]), sketch.param("U", [H, H]), sketch.param("Wo", [V, H])];
  const x = sketch.token("x", V, [t]);
  const h = sketch.value("h", [H], [t]);
  const z = sketch.value("z", [V], [t]);
  const drawn = mode.drawn.includes("y");
  if (drawn) sketch.define("y", [t], op("draw", [z("t")], { dist: "categorical", random: "y" }));
  else sketch.token("y", V, [t]);
  sketch.equate("h", E.map("tanh", E.add(op("col", [W(), x("t")]), E.mv(U(), h("t-1")))));
  sketch.equate("z", E.mv(Wo(), h("t")));
  sketch.clause("h", { t: "-1" }, E.num(0, [H]));
  if (!drawn) scored(sketch, "y");
  return builder.finish();
}

export const tagger = (blocks: Blocks = {}): Model =>
  modelOf({
    name: "tagger",
    system: taggerSystem,
    fields: [
      { name: "x", role: "input", axes: ["T"], type: { kind: "token", vocab: "Char" }, shape: [], labels: [] },
      tokens("y"),
    ],
    params: [
      ["W", [H, V]],
      ["U", [H, H]],
      ["Wo", [V, H]],
    ],
    blocks,
  });

function modelOf(parts: {
  readonly name: string;
  readonly system: (mode: Mode) => System;
  readonly fields: Model["fields"];
  readonly params: readonly (readonly [name: string, shape: readonly number[], frozen?: boolean])[];
  readonly blocks: Blocks;
}): Model {
  const { name, system, fields, params, blocks } = parts;
  const model: Model = {
    name,
    topology: "",
    axes: [{ bound: "T", vars: ["t"], kind: "ragged" }],
    structures: [],
    vocabs: [{ name: "Char", tokens: LETTERS, special: [], mentioned: [] }],
    fields,
    params: params.map(([id, shape, frozen = false]) => ({
      name: id,
      shape,
      labels: [],
      frozen,
      init: shape.length > 1 ? standardInit("glorot") : standardInit("uniform", { low: -0.3, high: 0.3 }),
    })),
    metrics: [],
    hyperparameters: {},
    dims: {},
    blocks,
    optimizers: standardOptimizers(),
    unsized: [],
    vocabularies: { Char: LETTERS },
    bind: () => model,
    system,
  };
  return model;
}
