/** Random records of a model's own type, for timing: what is in them does not matter, how large they are does. */
import { type FieldInfo, type Model, specialTokens, type Vocabularies } from "../../compiler/model.js";
import { type Draws, draws } from "../../compiler/random.js";
import { mapsOf } from "../../compiler/system/axes.js";
import { endToken } from "../data/encode.js";
import { around, boundsOf, extentIn } from "../lengths.js";
import type { DataRecord, Lengths } from "../types.js";

export interface RandomRecords {
  readonly count: number;
  /** Of every ragged axis that does not follow from others; of trees and graphs the number of nodes. */
  readonly length: number;
  readonly seed: number;
}

/** How many tokens a vocabulary is taken to have that would come from the data and has no `max`. */
const TOKENS = 64;

/** Tokens in place of those that would come from the data. */
export function standIns(model: Pick<Model, "vocabs" | "unsized">): Vocabularies {
  const own = model.vocabs.filter((v) => model.unsized.includes(v.name));
  return Object.fromEntries(
    own.map((v) => {
      const count = Math.max(v.max ?? TOKENS, v.mentioned.length);
      const others = Array.from({ length: count - v.mentioned.length }, (_, i) => `token ${i + 1}`);
      return [v.name, [...v.mentioned, ...others, ...specialTokens(v)]];
    }),
  );
}

/**
 * Records of a bound model. The labels of CTC alone are shorter than `length`: so many that they fit into the frames, whatever
 * they repeat.
 */
export function randomRecords(model: Model, { count, length, seed }: RandomRecords): DataRecord[] {
  return Array.from({ length: count }, (_, b) => randomRecord(model, length, (name) => draws(seed, "bench", b, name)));
}

function randomRecord(model: Model, length: number, drawsOf: (name: string) => Draws): DataRecord {
  const lengths: Record<string, Lengths> = {};
  for (const { bound, kind, length: derived } of model.axes)
    if (kind === "ragged" && derived === undefined) lengths[bound] = length;
  const structures = model.structures.map(({ name, kind }) => {
    const rng = drawsOf(name);
    const edges = kind === "tree" ? null : randomEdges(length, rng);
    lengths[mapsOf(name).edges] = edges ? edges.length : length - 1;
    return [name, edges ? { nodes: length, edges } : randomTree(length, rng)] as const;
  });
  const extent = extentIn(model.axes, lengths);
  for (const { dist, axes, over } of model.fields) {
    const own = axes.at(-1);
    if (dist === "ctc" && own !== undefined && lengths[own] !== undefined)
      lengths[own] = Math.floor(((extent(over as string, []) ?? 0) + 1) / 2);
  }
  const fields = model.fields.map((field) => [field.name, randomField(model, field, lengths, drawsOf(field.name))]);
  return Object.fromEntries([...structures, ...fields]);
}

/** Lists nested as the axes are, then as the shape is. */
function randomField(model: Model, field: FieldInfo, lengths: Readonly<Record<string, Lengths>>, rng: Draws): unknown {
  const extent = extentIn(model.axes, lengths);
  const bounds = boundsOf(model.axes, field.axes, extent);
  const end = endToken(model, field);
  const ending = model.axes.find((axis) => axis.until?.random === field.name)?.bound;
  const leaf = leafOf(model, field, extent, rng);
  const features = (shape: readonly number[], index: readonly number[]): unknown =>
    shape.length === 0
      ? leaf(index)
      : Array.from({ length: shape[0] as number }, () => features(shape.slice(1), index));
  const go = (index: readonly number[]): unknown => {
    const bound = bounds[index.length];
    if (!bound) return features(field.shape, index);
    const n = bound(index);
    const ends = end !== undefined && field.axes[index.length] === ending;
    return Array.from({ length: n }, (_, i) => (ends && i === n - 1 ? end : go([...index, i])));
  };
  return go([]);
}

type Leaf = (index: readonly number[]) => number;

function leafOf(model: Model, field: FieldInfo, extent: ReturnType<typeof extentIn>, rng: Draws): Leaf {
  const { type } = field;
  switch (type.kind) {
    case "token": {
      const tokens = model.vocabularies[type.vocab] ?? [];
      const end = endToken(model, field);
      const plain = [...tokens.keys()].filter((id) => id !== end && !/^<(BOS|EOS|UNK)>$/.test(tokens[id] as string));
      return () => plain[rng.below(plain.length)] ?? 0;
    }
    case "position": {
      const outer = around(model.axes, type.axis).map((bound) => field.axes.indexOf(bound));
      return (index) =>
        rng.below(
          extent(
            type.axis,
            outer.map((d) => index[d] ?? 0),
          ) ?? 0,
        );
    }
    case "float": {
      const [low, high] = field.support ?? [];
      if ((field.base ?? field.dist) === "bernoulli") return () => rng.below(2);
      if (low !== undefined && high !== undefined) return () => low + rng.uniform() * (high - low);
      return () => rng.normal();
    }
  }
}

/** The parent of each node, the root last; no node has more than two children. */
function randomTree(count: number, rng: Draws): number[] {
  const children = new Array<number>(count).fill(0);
  const parents = new Array<number>(count).fill(-1);
  for (let n = count - 2; n >= 0; n--) {
    const free = [...children.keys()].filter((p) => p > n && (children[p] as number) < 2);
    const parent = rng.pick(free);
    parents[n] = parent;
    children[parent] = (children[parent] as number) + 1;
  }
  return parents;
}

/** Two edges into each node, from nodes before it, where there are so many. */
function randomEdges(count: number, rng: Draws): [number, number][] {
  return Array.from({ length: count }, (_, to) => {
    const from = to === 0 ? [] : [rng.below(to), rng.below(to)];
    return [...new Set(from)].map((node): [number, number] => [node, to]);
  }).flat();
}
