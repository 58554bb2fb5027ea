/** Records → samples: tokens become ids, numbers one flat array, sequences get their lengths and their end token. */

import { recordValidator } from "../../compiler/blocks/index.js";
import type { Column } from "../../compiler/blocks/types.js";
import { nearest } from "../../compiler/diagnostics/nearest.js";
import type { FieldInfo, Model } from "../../compiler/model.js";
import { product } from "../../compiler/system/types.js";
import { around } from "../lengths.js";
import type { DataRecord, Lengths, Levelled, Sample } from "../types.js";
import { difference, leaveDerived } from "./agree.js";
import { columnOf } from "./columns.js";
import { checkConsistent } from "./consistent.js";
import { DataError } from "./errors.js";
import { axisLengths, type Flattened, flatten, nestedLengths } from "./nested.js";
import { readStructure } from "./structures.js";
import { cased, splitTokens } from "./tokens.js";
import type { EncodeOptions, Where } from "./types.js";

export type Encoder = (record: DataRecord, where?: Where) => Sample;

/** Of a bound model. The encoder throws `DataError`, naming the field and the place. */
export function encoder(model: Model, options: EncodeOptions = {}): Encoder {
  const { columns = {}, partial = false } = options;
  const check = recordValidator(model, partial);
  const fields = model.fields.map((field) => ({
    field,
    encode: fieldEncoder(model, field, columnOf(columns, field), partial),
  }));
  const ragged = new Set(model.axes.filter((axis) => axis.kind === "ragged").map((axis) => axis.bound));
  return (record, where) => {
    const [problem] = check(record);
    if (problem !== undefined) throw new DataError(problem, where);
    const lengths: Record<string, Lengths> = {};
    const owner: Record<string, string> = {};
    const encoded: Record<string, Float32Array | Int32Array> = {};
    for (const { field, encode } of fields) {
      const value = Object.hasOwn(record, field.name) ? record[field.name] : undefined;
      if (value === undefined || value === null) continue;
      const { values, axes } = encode(value, where ?? null);
      encoded[field.name] = values;
      for (const [i, axis] of field.axes.entries()) {
        if (!ragged.has(axis)) continue;
        const [length, before] = [axes[i]!, lengths[axis]];
        const other = before === undefined ? null : difference(length, before);
        if (other) {
          const reason = `\`${field.name}\` has ${other.a} steps along ${axis}${other.at}, but \`${owner[axis]}\` has ${other.b}`;
          throw new DataError(reason, where);
        }
        lengths[axis] = length;
        owner[axis] = field.name;
      }
    }
    leaveDerived(model, lengths, owner, where ?? null);
    const structures = addStructures(model, record, lengths, encoded, where ?? null);
    checkConsistent(model, { lengths, fields: encoded }, where ?? null);
    return { lengths, fields: encoded, ...structures };
  };
}

/** Adds the maps of the trees and graphs of a record, and its numbers of nodes and edges. */
function addStructures(
  model: Model,
  record: DataRecord,
  lengths: Record<string, Lengths>,
  fields: Record<string, Float32Array | Int32Array>,
  where: Where | null,
): { levels?: Levelled } {
  if (!model.structures.length) return {};
  const levels: Record<string, Int32Array> = {};
  for (const info of model.structures) {
    const found = readStructure(info, record[info.name], lengths[info.name] as number | undefined, where);
    for (const [axis, own] of Object.entries(found.levels)) {
      const given = lengths[axis];
      if (given !== undefined && given !== own.length)
        throw new DataError(`\`${info.name}\` has ${own.length} edges, but the fields over them have ${given}`, where);
      lengths[axis] = own.length;
    }
    Object.assign(levels, found.levels);
    Object.assign(fields, found.maps);
  }
  return { levels };
}

/** One record. For many, make an `encoder` once. */
export function encode(model: Model, record: DataRecord, options?: EncodeOptions, where?: Where): Sample {
  return encoder(model, options)(record, where);
}

interface Encoded {
  readonly values: Float32Array | Int32Array;
  /** Length of each axis of the field. */
  readonly axes: readonly Lengths[];
}

type FieldEncoder = (value: unknown, where: Where | null) => Encoded;

function fieldEncoder(model: Model, field: FieldInfo, column: Column, partial: boolean): FieldEncoder {
  const sizes = field.axes.map((bound) => axisSize(model, bound));
  const within = field.axes.map((bound) => around(model.axes, bound).map((outer) => field.axes.indexOf(outer)));
  const isNested = within.some((outer) => outer.length > 0);
  const lengthsOf = (flat: Flattened, where: Where | null) => {
    const lengths = isNested
      ? nestedLengths(field, sizes, within, flat)
      : axisLengths(field, sizes, flat.dims, flat.values.length);
    if (typeof lengths === "string") throw new DataError(lengths, where);
    return lengths;
  };
  if (field.type.kind !== "token") {
    const isPosition = field.type.kind === "position";
    const read = isPosition ? position : number;
    return (value, where) => {
      const flat = flatten(field.name, value, (leaf, place) => read(field, leaf, place, where), where, within);
      const numbers = isPosition ? Int32Array.from(flat.values) : Float32Array.from(flat.values);
      return { values: numbers, axes: lengthsOf(flat, where) };
    };
  }
  const vocab = field.type.vocab;
  const idOf = tokenIds(model, vocab);
  const tokensOf = (text: string): string[] =>
    isNumberedVocab(model, vocab) ? (text.match(/\S+/g) ?? []) : splitTokens(text, column);
  const end = partial ? undefined : endToken(model, field);
  return (value, where) => {
    const split = splitStrings(value, field, tokensOf, field.axes.length, where);
    const isEnded = end !== undefined && isNested && within.at(-1)?.length;
    const lists = isEnded ? withEnds(split, field.axes.length, [end, model.vocabularies[vocab]?.[end]]) : split;
    const flat = flatten(
      field.name,
      lists,
      (leaf, place) =>
        leaf === null && mayLack(model, field)
          ? -1
          : idOf(typeof leaf === "string" ? cased(leaf, column) : leaf, place, where),
      where,
      within,
    );
    const { values } = flat;
    if (end !== undefined && field.axes.length === 1 && values.at(-1) !== end) {
      const length = values.length;
      return { values: Int32Array.from({ length: length + 1 }, (_, i) => values[i] ?? end), axes: [length + 1] };
    }
    return { values: Int32Array.from(values), axes: lengthsOf(flat, where) };
  };
}

/** A node may have no token: its one-hot vector is zero (R7). */
const mayLack = (model: Model, field: FieldInfo): boolean =>
  field.role === "input" && field.axes.some((axis) => model.structures.some((s) => s.name === axis));

function axisSize(model: Model, bound: string): number | undefined {
  const axis = model.axes.find((a) => a.bound === bound);
  if (!axis) throw new Error(`data: the model has no axis ${bound}`);
  if (axis.kind === "static" && axis.size === undefined)
    throw new Error(`data: the size of the axis ${bound} is not known`);
  return axis.kind === "static" ? axis.size : undefined;
}

function number(field: FieldInfo, leaf: unknown, place: () => string, where: Where | null): number {
  const value = typeof leaf === "boolean" ? Number(leaf) : leaf;
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new DataError(`\`${place()}\` is a finite number, not ${JSON.stringify(leaf) ?? String(leaf)}`, where);
  }
  if (field.whole === "int" && !Number.isInteger(value)) {
    throw new DataError(`\`${place()}\` is a whole number, not ${value}`, where);
  }
  if (field.whole === "bool" && value !== 0 && value !== 1) {
    throw new DataError(`\`${place()}\` is true or false, 1 or 0, not ${value}`, where);
  }
  if (field.dist === "bernoulli" && (value < 0 || value > 1)) {
    throw new DataError(`\`${place()}\` is 0 or 1 (or a probability between), not ${value}`, where);
  }
  const [low, high] = field.support ?? [-Infinity, Infinity];
  if (value < low || value > high) {
    const reason = `\`${place()}\` is drawn from uniform(${low}, ${high}) and cannot be ${value}`;
    throw new DataError(reason, where, "widen the interval, or leave the record out");
  }
  return value;
}

/** That it lies on its axis is checked once all lengths of the record are known. */
function position(field: FieldInfo, leaf: unknown, place: () => string, where: Where | null): number {
  if (Number.isInteger(leaf) && (leaf as number) >= 0) return leaf as number;
  const axis = field.type.kind === "position" ? field.type.axis : "";
  throw new DataError(
    `\`${place()}\` is a position on the axis ${axis}, an integer from 0, not ${JSON.stringify(leaf) ?? String(leaf)}`,
    where,
  );
}

/** The innermost of `depth` lists end with the end token, unless they do already: it is an id or as it is written. */
function withEnds(lists: unknown, depth: number, end: readonly [number, string | undefined]): unknown {
  if (!Array.isArray(lists)) return lists;
  if (depth > 1) return lists.map((list) => withEnds(list, depth - 1, end));
  return end.includes(lists.at(-1)) ? lists : [...lists, end[0]];
}

/** Strings where a sequence is due become lists: `depth` axes are still to come. */
function splitStrings(
  value: unknown,
  field: FieldInfo,
  tokensOf: (text: string) => string[],
  depth: number,
  where: Where | null,
): unknown {
  if (typeof value === "string" && depth === 1) return tokensOf(value);
  if (typeof value === "string" && depth > 1) {
    throw new DataError(`\`${field.name}\` is a list of sequences (${field.axes.join(", ")}), not one string`, where);
  }
  if (Array.isArray(value) && depth > 1)
    return value.map((item) => splitStrings(item, field, tokensOf, depth - 1, where));
  return value;
}

type TokenIds = (leaf: unknown, place: () => string, where: Where | null) => number;

function tokenIds(model: Model, vocab: string): TokenIds {
  const tokens = model.vocabularies[vocab];
  if (!tokens) throw new Error(`data: the vocabulary ${vocab} is not bound`);
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const unknown = ids.get("<UNK>");
  const isNumbered = isNumberedVocab(model, vocab);
  return (leaf, place, where) => {
    if (typeof leaf === "string") {
      const id = ids.get(leaf) ?? unknown;
      if (id !== undefined) return id;
      const near = isNumbered ? undefined : nearest(leaf, tokens);
      const help =
        near !== undefined
          ? `did you mean ${JSON.stringify(near)}?`
          : isNumbered
            ? `its tokens are the numbers 0 to ${tokens.length - 1}`
            : tokens.length <= 12
              ? `there are ${tokens.map((token) => JSON.stringify(token)).join(", ")}`
              : null;
      throw new DataError(`\`${place()}\`: ${JSON.stringify(leaf)} is not in the vocabulary \`${vocab}\``, where, help);
    }
    if (Number.isInteger(leaf) && (leaf as number) >= 0 && (leaf as number) < tokens.length) return leaf as number;
    const range = `0 to ${tokens.length - 1}`;
    const needed = isNumbered
      ? `a token of \`${vocab}\`, a number from ${range}`
      : `a token of \`${vocab}\` or an id from ${range}`;
    throw new DataError(`\`${place()}\` is ${needed}, not ${String(leaf)}`, where);
  };
}

/** The id that ends a sequence of this random, if its axis is `until` one (R17). */
export function endToken(model: Model, field: FieldInfo): number | undefined {
  if (field.type.kind !== "token") return undefined;
  const until = model.axes.find((axis) => axis.until?.random === field.name && field.axes.includes(axis.bound))?.until;
  if (!until) return undefined;
  const tokens = model.vocabularies[field.type.vocab] ?? [];
  const id = tokens.indexOf(until.token);
  if (id < 0) throw new Error(`data: the vocabulary ${field.type.vocab} lacks the end token ${until.token}`);
  return id;
}

/**
 * Ids back to what a record has, up to the end token: one token, a string where the vocabulary is of characters, else a list;
 * numbers where tokens are numbers.
 * What it gives encodes to the same ids.
 */
export function decodeTokens(
  model: Model,
  field: FieldInfo,
  ids: ArrayLike<number>,
  columns: EncodeOptions["columns"] = {},
): string | number | readonly (string | number)[] {
  if (field.type.kind !== "token") throw new Error(`data: ${field.name} has no tokens`);
  const vocab = model.vocabularies[field.type.vocab] ?? [];
  const end = endToken(model, field);
  const list = Array.from(ids);
  const stop = end === undefined ? -1 : list.indexOf(end);
  const shown = stop < 0 ? list : list.slice(0, stop);
  if (isNumberedVocab(model, field.type.vocab)) return field.axes.length ? shown : (shown[0] ?? 0);
  const tokens = shown.map((id) => {
    const token = vocab[id];
    if (token === undefined) throw new Error(`data: ${field.name} has no token ${id}`);
    return token;
  });
  if (field.axes.length === 0) return tokens[0] ?? "";
  const ofNodes = model.structures.some((s) => field.axes.includes(s.name));
  const characters = !ofNodes && isAlphabet(vocab) && columnOf(columns, field).kind !== "words";
  return characters && tokens.every((token) => Array.from(token).length === 1) ? tokens.join("") : tokens;
}

const isNumberedVocab = (model: Pick<Model, "vocabs">, name: string): boolean =>
  model.vocabs.some((v) => v.name === name && v.isNumbered === true);

const specials = new Set(["<UNK>", "<BOS>", "<EOS>"]);

function isAlphabet(vocab: readonly string[]): boolean {
  return vocab.every((token) => specials.has(token) || Array.from(token).length === 1);
}

/** Numbers of one sample, row-major over [axes…, shape…], as nested lists. */
export function decodeNumbers(values: ArrayLike<number>, dims: readonly number[]): unknown {
  if (dims.length === 0) return values[0];
  const [first = 0, ...rest] = dims;
  const stride = product(rest);
  const list = Array.from(values);
  return Array.from({ length: first }, (_, i) => decodeNumbers(list.slice(i * stride, (i + 1) * stride), rest));
}
