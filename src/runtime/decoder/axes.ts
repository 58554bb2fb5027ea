/** Lengths of the axes of what is drawn: known from the inputs, or open until a token ends the sequence. */
import type { FieldInfo, Model } from "../../compiler/model.js";
import { endToken } from "../data/encode.js";

export interface Ending {
  readonly random: string;
  /** Id of the token that ends. */
  readonly token: number;
}

/** A ragged axis that no input and no observed random has: decoding finds its length. Trees and graphs are given. */
export function openAxes(model: Model, drawn: readonly string[]): string[] {
  const known = new Set(model.fields.filter((f) => !drawn.includes(f.name)).flatMap((f) => f.axes));
  return model.axes
    .filter((a) => a.kind === "ragged" && a.family === undefined && a.length === undefined && !known.has(a.bound))
    .map((a) => a.bound);
}

/** What ends the axis, if a token does. */
export function endingOf(model: Model, axis: string): Ending | null {
  const until = model.axes.find((a) => a.bound === axis)?.until;
  if (!until) return null;
  const token = endToken(model, fieldOf(model, until.random));
  if (token === undefined) throw new Error(`${until.random} ends ${axis} and has no end token`);
  return { random: until.random, token };
}

export function fieldOf(model: Model, name: string): FieldInfo {
  const field = model.fields.find((f) => f.name === name);
  if (!field) throw new Error(`the model has no field ${name}`);
  return field;
}

/** Tokens that are never produced: those that only start, fill or separate (R17). */
const NEVER: readonly string[] = ["<BOS>", "<PAD>", "<BLANK>"];

/** 1 for each value that a draw of the field may give, 0 for the others; of `size` values. */
export function producible(model: Model, field: FieldInfo, size: number): Uint8Array {
  const allowed = new Uint8Array(size).fill(1);
  if (field.type.kind === "token")
    for (const [i, token] of (model.vocabularies[field.type.vocab] ?? []).entries())
      if (NEVER.includes(token)) allowed[i] = 0;
  return allowed;
}

/** How many values a random can have; null where that is not fixed. */
export function choicesOf(model: Model, random: string): number | null {
  const { type, dist } = fieldOf(model, random);
  if (type.kind === "position") return model.axes.find((a) => a.bound === type.axis)?.size ?? null;
  if (type.kind === "token") return model.vocabularies[type.vocab]?.length ?? null;
  return dist === "bernoulli" ? 2 : null;
}

/**
 * The box `to` at the start of the box `from`: both row-major, `inner` numbers at each index. Used to cut an open axis,
 * which was laid out at its longest length, to its own.
 */
export function crop<A extends Float32Array | Float64Array | Int32Array>(
  data: A,
  from: readonly number[],
  to: readonly number[],
  inner: number,
): A {
  const [n = 1, ...rest] = to;
  if (!to.length || rest.every((d, i) => d === from[i + 1]))
    return data.slice(
      0,
      to.reduce((a, b) => a * b, inner),
    ) as A;
  const [stride, size] = [from, to].map((s) => s.slice(1).reduce((a, b) => a * b, inner)) as [number, number];
  const out = data.slice(0, n * size) as A;
  for (let i = 0; i < n; i++)
    out.set(crop(data.subarray(i * stride, (i + 1) * stride) as A, from.slice(1), rest, inner), i * size);
  return out;
}
