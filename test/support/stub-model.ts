/** A Model around Systems that are built by hand. */
import { standardOptimizers } from "../../src/compiler/check/optimizers.js";
import type { Mode, Model } from "../../src/compiler/model.js";
import type { System } from "../../src/compiler/system/types.js";

export function stubModel(parts: {
  readonly system: (mode: Mode) => System;
  readonly params: readonly { name: string; frozen?: boolean }[];
  readonly randoms?: Model["fields"];
}): Model {
  const model: Model = {
    name: "stub",
    topology: "many-to-many",
    axes: [],
    structures: [],
    vocabs: [],
    fields: parts.randoms ?? [],
    params: parts.params.map(({ name, frozen = false }) => ({
      name,
      frozen,
      shape: [],
      labels: [],
      init: { kind: "zeros" },
    })),
    metrics: [],
    hyperparameters: {},
    dims: {},
    blocks: {},
    optimizers: standardOptimizers(),
    unsized: [],
    vocabularies: {},
    bind: () => model,
    system: parts.system,
  };
  return model;
}
