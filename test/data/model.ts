/** Models for the data layer: only what it reads. */
import { standardOptimizers } from "../../src/compiler/check/optimizers.js";
import type { AxisInfo, FieldInfo, Model, VocabInfo, Vocabularies } from "../../src/compiler/model.js";

export interface Sketch {
  readonly axes?: readonly (Partial<AxisInfo> & { readonly bound: string })[];
  readonly vocabs?: readonly (Partial<VocabInfo> & { readonly name: string })[];
  readonly fields: readonly FieldInfo[];
}

export function sketchModel(sketch: Sketch, known: Vocabularies = {}): Model {
  const vocabs = (sketch.vocabs ?? []).map((vocab): VocabInfo => ({ special: [], mentioned: [], ...vocab }));
  const listed = Object.fromEntries(vocabs.flatMap(({ name, tokens }) => (tokens ? [[name, tokens]] : [])));
  const vocabularies = { ...listed, ...known };
  return {
    name: "sketch",
    topology: "",
    axes: (sketch.axes ?? []).map((axis) => ({ vars: [], kind: "ragged", ...axis })),
    structures: [],
    vocabs,
    fields: sketch.fields,
    params: [],
    metrics: [],
    hyperparameters: {},
    dims: {},
    blocks: {},
    optimizers: standardOptimizers(),
    unsized: vocabs.map(({ name }) => name).filter((name) => !(name in vocabularies)),
    vocabularies,
    bind: (tokens) => sketchModel(sketch, { ...known, ...tokens }),
    system: () => {
      throw new Error("a sketch has no System");
    },
  };
}

export function tokens(
  name: string,
  vocab: string,
  axes: readonly string[],
  role: FieldInfo["role"] = "input",
): FieldInfo {
  const dist = role === "random" ? { dist: "categorical" as const } : {};
  return { name, role, axes, type: { kind: "token", vocab }, shape: [], labels: [], ...dist };
}

export function floats(name: string, axes: readonly string[], shape: readonly number[] = []): FieldInfo {
  return { name, role: "input", axes, type: { kind: "float" }, shape, labels: shape.map(String) };
}

/** x[s] : In → y[t] : Out until EOS. */
export const seq2seq: Sketch = {
  axes: [{ bound: "S" }, { bound: "T", until: { random: "y", token: "<EOS>" } }],
  vocabs: [{ name: "In" }, { name: "Out", special: ["BOS", "EOS"] }],
  fields: [tokens("x", "In", ["S"]), tokens("y", "Out", ["T"], "random")],
};

/** c[t] : Char, nothing else. */
export const language: Sketch = {
  axes: [{ bound: "T" }],
  vocabs: [{ name: "Char" }],
  fields: [tokens("c", "Char", ["T"], "random")],
};
