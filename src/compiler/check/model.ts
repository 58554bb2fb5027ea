/** The Model: what was found out, as plain data, and the way to its Systems. */
import {
  type FieldInfo,
  type Init,
  type Mode,
  type Model,
  specialTokens,
  type VocabInfo,
  type Vocabularies,
} from "../model.js";
import type { Optimizers } from "../optimizer/types.js";
import type { System } from "../system/types.js";
import { buildSystem, sizesOf } from "./build.js";
import type { Context, VocabFacts } from "./context.js";
import type { Dim } from "./dims.js";
import * as dims from "./dims.js";
import { type Boundary, isField, type Quantity, type Sampling } from "./terms.js";
import { isToken, knownOf, shapeOf } from "./types.js";

export interface Facts {
  readonly name: string;
  readonly topology: string;
  readonly cx: Context;
  readonly boundaries: ReadonlyMap<Quantity, readonly Boundary[]>;
  readonly starts: ReadonlyMap<Quantity, (size: (d: Dim) => number) => Init>;
  readonly blocks: Model["blocks"];
  readonly hyperparameters: Readonly<Record<string, number>>;
  readonly optimizers: Optimizers;
}

export function makeModel(facts: Facts, given: Vocabularies = {}): Model {
  const { cx } = facts;
  const vocabs = [...cx.vocabs.values()].map((v) => vocabInfo(cx, v));
  const listed = vocabs.flatMap((v) => (v.tokens ? [[v.name, [...v.tokens, ...specialTokens(v)]] as const] : []));
  const vocabularies: Vocabularies = { ...Object.fromEntries(listed), ...given };
  const unsized = [...cx.vocabs.keys()].filter((name) => !Object.hasOwn(vocabularies, name));
  const size = sizesOf(cx, vocabularies);
  const shape = (q: Quantity): number[] => (isToken(q.type) ? [] : (shapeOf(q.type) as readonly Dim[]).map(size));
  const labels = (q: Quantity): string[] => (isToken(q.type) ? [] : (shapeOf(q.type) as readonly Dim[]).map(dims.show));
  const systems = new Map<string, System>();
  const sized = (): void => {
    if (unsized.length) throw new Error(`the tokens of ${unsized.join(", ")} are not known yet: bind them first`);
  };
  return {
    name: facts.name,
    topology: facts.topology,
    axes: [...cx.axes.values()].map((a) => ({
      bound: a.bound,
      vars: a.vars,
      kind: a.size ? "static" : "ragged",
      ...(a.size ? { size: size(a.size) } : {}),
      ...(a.within === null ? {} : { within: a.within }),
      ...(a.length === null ? {} : { length: a.length }),
      ...(a.until ? { until: a.until } : {}),
      ...(a.family === undefined ? {} : { family: a.family }),
    })),
    structures: [...cx.structures.values()].map(({ name, kind }) => ({ name, kind })),
    vocabs,
    fields: cx.quantities.flatMap((q) => {
      if (!isField(q)) return [];
      const k = knownOf(q.type);
      return [
        {
          name: q.id,
          role: q.role as "input" | "random",
          axes: q.slots.map((s) => s.axis),
          type: k?.kind === "token" || k?.kind === "position" ? k : ({ kind: "float" } as const),
          shape: shape(q),
          labels: labels(q),
          ...(q.whole ? { whole: q.whole } : {}),
          ...(q.sampling ? samplingInfo(q.sampling) : {}),
        },
      ];
    }),
    params: cx.quantities.flatMap((q) => {
      const start = facts.starts.get(q);
      return start
        ? [
            {
              name: q.id,
              shape: [...q.slots.map((s) => size(cx.axes.get(s.axis)?.size as Dim)), ...shape(q)],
              ...(q.slots.length ? { axes: q.slots.length } : {}),
              labels: [...q.slots.map((s) => s.axis), ...labels(q)],
              frozen: q.role === "frozen",
              init: start(size),
            },
          ]
        : [];
    }),
    metrics: cx.objectives.filter((o) => o.kind === "metric").map((o) => o.name),
    hyperparameters: facts.hyperparameters,
    dims: Object.fromEntries(cx.sizes),
    blocks: facts.blocks,
    optimizers: facts.optimizers,
    unsized,
    bind(more) {
      for (const [name, tokens] of Object.entries(more)) {
        if (!cx.vocabs.has(name)) throw new Error(`the model has no vocabulary ${name}`);
        const special = (cx.vocabs.get(name) as VocabFacts).special;
        for (const s of special) if (!tokens.includes(`<${s}>`)) throw new Error(`the vocabulary ${name} lacks <${s}>`);
      }
      return makeModel(facts, { ...given, ...more });
    },
    get vocabularies() {
      sized();
      return vocabularies;
    },
    system(mode: Mode) {
      sized();
      const key = JSON.stringify([mode.training, [...mode.drawn].sort(), mode.sampled ?? []]);
      const known = systems.get(key);
      if (known) return known;
      const system = buildSystem({ cx, boundaries: facts.boundaries, vocabularies }, mode);
      systems.set(key, system);
      return system;
    },
  };
}

/** Of the bounds of a `uniform` those that are numbers. */
function supportOf(s: Sampling): { support?: readonly [number, number] } {
  const [low, high] = s.params.map((p) =>
    p.kind === "number" ? p.value : p.kind === "unary" && p.arg.kind === "number" ? -p.arg.value : null,
  );
  return s.dist === "uniform" && typeof low === "number" && typeof high === "number" ? { support: [low, high] } : {};
}

const samplingInfo = (s: Sampling): Pick<FieldInfo, "dist" | "base" | "over" | "support"> => ({
  dist: s.dist,
  ...(s.base ? { base: s.base.dist } : {}),
  ...(s.over ? { over: s.over.axis } : {}),
  ...supportOf(s),
});

const vocabInfo = (cx: Context, v: VocabFacts): VocabInfo => ({
  name: v.name,
  ...(v.tokens ? { tokens: v.tokens } : {}),
  ...(v.isNumbered ? { isNumbered: true } : {}),
  ...(v.max === null ? {} : { max: v.max }),
  ...(v.min === null ? {} : { min: v.min }),
  special: (["BOS", "EOS"] as const).filter((s) => v.special.has(s)),
  mentioned: mentioned(cx, v.name),
});

/** The tokens of a vocabulary that the spec writes out: they belong to it, whatever the data are. */
function mentioned(cx: Context, vocab: string): string[] {
  const texts = cx.literals.flatMap(({ term }) => {
    const k = knownOf(term.type);
    return k?.kind === "token" && k.vocab === vocab && !/^<(BOS|EOS|UNK)>$/.test(term.text) ? [term.text] : [];
  });
  return [...new Set(texts)];
}

/** A few tokens for every vocabulary that would come from the data: enough to build a System and look at it. */
export function placeholders(model: Model): Model {
  const tokens = model.vocabs
    .filter((v) => model.unsized.includes(v.name))
    .map((v) => [v.name, [...v.mentioned, "token 1", "token 2", "token 3", ...specialTokens(v)]] as const);
  return model.bind(Object.fromEntries(tokens));
}
