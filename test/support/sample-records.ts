/** Records that a model can read, made by numbers from a seed. */
import type { FieldInfo, Model } from "../../src/compiler/model.js";
import { evaluateLength } from "../../src/compiler/system/axes.js";
import type { DataRecord } from "../../src/runtime/types.js";
import { uniform } from "./numbers.js";

const pick = (n: number, ...keys: readonly (string | number)[]): number => Math.floor(uniform(...keys) * n);

/** `count` records; lengths of ragged axes are 1 to 4, and differ. */
export function sampleRecords(model: Model, count: number): DataRecord[] {
  return Array.from({ length: count }, (_, b) => recordOf(model, b));
}

function recordOf(model: Model, b: number): DataRecord {
  const info = (bound: string): Model["axes"][number] | undefined => model.axes.find((a) => a.bound === bound);
  /** Not counting the end token, which the data layer appends. */
  const lengthOf = (bound: string, outer: readonly number[]): number => {
    const axis = info(bound);
    if (axis?.length !== undefined) return evaluateLength(axis.length, (of) => lengthOf(of, outer));
    if (axis?.kind === "static") return axis.size as number;
    return 1 + pick(4, "length", bound, b, ...outer);
  };
  const value = (f: FieldInfo, axes: readonly string[], index: readonly number[]): unknown => {
    const [axis, ...rest] = axes;
    if (axis !== undefined)
      return Array.from({ length: lengthOf(axis, info(axis)?.within ? index : []) }, (_, i) =>
        value(f, rest, [...index, i]),
      );
    return entry(model, f, (bound) => lengthOf(bound, info(bound)?.within ? index : []), [b, ...index]);
  };
  const structures = model.structures.map(({ name, kind }) => {
    const n = lengthOf(name, []);
    // children before their parents; the last node is the root
    const above = (i: number): number => i + 1 + pick(n - i - 1, "above", name, b, i);
    const nodes = Array.from({ length: n }, (_, i) => i);
    if (kind === "tree") return [name, nodes.map((i) => (i === n - 1 ? -1 : above(i)))];
    return [name, nodes.slice(0, -1).flatMap((i) => [...new Set([i + 1, above(i)])].map((j) => [i, j]))];
  });
  return Object.fromEntries([...structures, ...model.fields.map((f) => [f.name, value(f, f.axes, [])])]);
}

function entry(model: Model, f: FieldInfo, lengthOf: (bound: string) => number, keys: readonly number[]): unknown {
  switch (f.type.kind) {
    case "token": {
      const { vocab } = f.type;
      const tokens = (model.vocabularies[vocab] as readonly string[]).filter((t) => !/^<.*>$/.test(t));
      return tokens[pick(tokens.length, f.name, ...keys)];
    }
    case "position":
      return pick(lengthOf(f.type.axis), f.name, ...keys);
    case "float": {
      if (f.whole) return f.whole === "bool" ? pick(2, f.name, ...keys) === 1 : pick(6, f.name, ...keys) - 2;
      const number = (...more: readonly number[]): number => {
        const x = Math.round(200 * uniform(f.name, ...keys, ...more) - 100) / 100;
        return f.dist === "bernoulli" ? Number(x > 0) : x;
      };
      const nested = (dims: readonly number[], at: readonly number[]): unknown =>
        dims.length
          ? Array.from({ length: dims[0] as number }, (_, i) => nested(dims.slice(1), [...at, i]))
          : number(...at);
      return nested(f.shape, []);
    }
  }
}
