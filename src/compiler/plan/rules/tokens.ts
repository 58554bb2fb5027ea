/** Tokens: gathers and scatters, one-hot vectors where a matrix itself depends on the sample or nothing is summed. */
import { num } from "../../ops/types.js";
import { known } from "../known.js";
import { type Choice, gatherAlong, scatterAlong } from "../rows.js";
import { isConst, type Ref, size, type TensorRef } from "../types.js";
import { contraction } from "./linear.js";
import { type Call, commonLead, isUniform, leadOf, map, rows, sums, withFeatures } from "./types.js";

const oneHot = (c: Call, i: Ref, n: number): Ref => {
  const lead = leadOf(c, i);
  const index = c.flat.full(i, lead);
  return c.flat.one("onehot", [index], { n }, [...lead, n]);
};

/** Rows of a table [n, …features] by the tokens `i`; −1 gives zeros. */
function gather(c: Call, table: Ref, i: Ref, features: readonly number[]): Ref {
  const lead = leadOf(c, i);
  const index = c.flat.reshape(c.flat.full(i, lead), [size(lead)]);
  const found = c.flat.one("gather", [table, index], {}, [size(lead), ...features], table.int);
  return c.flat.reshape(found, [...lead, ...features]);
}

/** Are all dims that an argument really has summed? Then the result is one table for all. */
const isSummedUp = (c: Call): boolean =>
  commonLead(c, c.args).every((d, i) => d === 1 || c.reduced.includes(i)) && c.reduced.length > 0;

/** Sum of x[r] into row i[r] of n: [n, …features]. */
function scatter(c: Call, n: number): Ref {
  const lead = commonLead(c, c.args);
  const features = c.shapes[0] as number[];
  const x = rows(c, withFeatures(c, 0, lead), lead, features);
  const i = c.flat.reshape(c.flat.full(c.args[1] as Ref, lead), [size(lead)]);
  const table = c.flat.one("scatter", [x, i], { n }, [n, ...features]);
  // dims that no argument has are summed too
  const times = c.reduced.reduce((p, d) => p * (lead[d] === 1 ? (c.lead[d] as number) : 1), 1);
  return c.flat.affine(table, times, 0);
}

/** An index into the first feature dim. */
const entryChoice = (c: Call, i: Ref, n: number): Choice => ({
  flat: c.flat,
  rank: c.lead.length + 1,
  dim: c.lead.length,
  n,
  index: isConst(i) ? i : c.flat.reshape(i, [...i.shape, 1]),
  from: 0,
  limit: null,
  isSure: false,
});

/** Indices one after the other along one dim, as the variable of an axis has them. */
interface Run {
  readonly dim: number;
  readonly from: number;
  readonly len: number;
}

function runOf(c: Call, i: Ref, n: number): Run | null {
  if (isConst(i)) return null;
  const along = i.shape.flatMap((d, k) => (d === 1 ? [] : [k]));
  const [dim] = along;
  const numbers = dim !== undefined && along.length === 1 ? known(c.flat, i) : null;
  const [from] = numbers ?? [];
  if (dim === undefined || !numbers || from === undefined || numbers.some((x, k) => x !== from + k)) return null;
  return from >= 0 && from + numbers.length <= n ? { dim, from, len: numbers.length } : null;
}

/** Entries at a run are the features themselves, which become a dim. */
function pickRun(c: Call, x: TensorRef, { dim, from, len }: Run): Ref {
  const first = c.lead.length;
  const part = c.flat.slice(x, first, from, len);
  const moved = c.flat.transpose(part, swapped(x.shape.length, dim, first));
  return isConst(moved) ? moved : c.flat.reshape(moved, without(moved.shape, first));
}

/** Its adjoint, for a dim that is summed: the dim becomes the features. Other summed dims are summed first. */
function putRun(c: Call, x: Ref, n: number, { dim, from, len }: Run): Ref {
  const rest = c.shapes[0] as number[];
  const summed = c.flat.sum(
    x,
    c.reduced.filter((d) => d !== dim),
    [...c.lead, ...rest],
  );
  const lead = isConst(summed) ? ones(c) : summed.shape.slice(0, c.lead.length);
  const own = lead.map((d, k) => (k === dim ? len : d));
  const full = c.flat.reshape(c.flat.full(summed, [...own, ...rest]), [...own, 1, ...rest]);
  const moved = c.flat.transpose(full, swapped(own.length + 1 + rest.length, dim, own.length));
  return c.flat.pad(moved, own.length, from, n);
}

const swapped = (rank: number, a: number, b: number): number[] =>
  Array.from({ length: rank }, (_, k) => (k === a ? b : k === b ? a : k));
const without = (shape: readonly number[], k: number): number[] => shape.filter((_, i) => i !== k);

/** The index may be the variable of an axis, which is a number like any other. */
const indexed = (c: Call): Call => ({ ...c, args: c.args.map((x, k) => (k === 1 ? c.flat.int(x) : x)) });

const ones = (c: Call): number[] => c.lead.map(() => 1);
const letters = (shape: readonly number[]): string[] => shape.map((_, k) => `f${k}`);
const sizesOf = (labels: readonly string[], shape: readonly number[]): [string, number][] =>
  labels.map((l, k) => [l, shape[k] as number]);

export const tokens = {
  col: map((call) => {
    const c = indexed(call);
    const [W, i] = c.args as [Ref, Ref];
    const [m, n] = c.shapes[0] as [number, number];
    if (isConst(W) && W.c === 0) return W;
    if (isUniform(c, W)) {
      const table = c.flat.reshape(c.flat.full(W, [...ones(c), m, n]), [m, n]);
      return gather(c, c.flat.transpose(table, [1, 0]), i, [m]);
    }
    const sizes = new Map(sizesOf(["m", "n"], [m, n]));
    return contraction(c, { ref: W, features: ["m", "n"] }, { ref: oneHot(c, i, n), features: ["n"] }, ["m"], sizes);
  }),
  putCol: sums((call) => {
    const c = indexed(call);
    const [x, i] = c.args as [Ref, Ref];
    const [m, n] = c.shape as [number, number];
    if (isConst(x) && x.c === 0) return x;
    if (isSummedUp(c)) return c.flat.reshape(c.flat.transpose(scatter(c, n), [1, 0]), [...ones(c), m, n]);
    const sizes = new Map(sizesOf(["m", "n"], [m, n]));
    return contraction(c, { ref: x, features: ["m"] }, { ref: oneHot(c, i, n), features: ["n"] }, ["m", "n"], sizes);
  }),
  pick: map((call) => {
    const c = indexed(call);
    const [x, i] = c.args as [Ref, Ref];
    const shape = c.shapes[0] as number[];
    if (isConst(x) && x.c === 0) return x;
    const run = runOf(c, i, shape[0] as number);
    if (run && leadOf(c, x)[run.dim] === 1) return pickRun(c, withFeatures(c, 0) as TensorRef, run);
    if (isUniform(c, x)) return gather(c, c.flat.reshape(withFeatures(c, 0), shape), i, c.shape);
    const found = gatherAlong(entryChoice(c, i, shape[0] as number), withFeatures(c, 0) as TensorRef, c.shape);
    return isConst(found) ? found : c.flat.reshape(found, [...found.shape.slice(0, c.lead.length), ...c.shape]);
  }),
  put: sums((call) => {
    const c = indexed(call);
    const [x, i] = c.args as [Ref, Ref];
    const n = num(c.attrs, "n");
    if (isConst(x) && x.c === 0) return x;
    const run = runOf(c, i, n);
    if (run && c.reduced.includes(run.dim)) return putRun(c, x, n, run);
    if (isSummedUp(c)) return c.flat.reshape(scatter(c, n), [...ones(c), ...c.shape]);
    const rest = c.shapes[0] as number[];
    const own = leadOf(c, i);
    if (c.reduced.some((d) => own[d] !== 1)) {
      const free = c.reduced.filter((d) => own[d] === 1);
      const summed = c.flat.sum(x, free, [...c.lead, ...rest]);
      const lead = isConst(summed) ? own.map(() => 1) : summed.shape.slice(0, own.length);
      const row = c.flat.reshape(c.flat.full(summed, [...lead, ...rest]), [...lead, 1, ...rest]);
      return scatterAlong(
        entryChoice(c, i, n),
        row,
        rest,
        c.reduced.filter((d) => own[d] !== 1),
      );
    }
    const labels = letters(rest);
    const sizes = new Map([["n", n] as [string, number], ...sizesOf(labels, rest)]);
    return contraction(
      c,
      { ref: oneHot(c, i, n), features: ["n"] },
      { ref: x, features: labels },
      ["n", ...labels],
      sizes,
    );
  }),
  xent: map((c) => crossEntropy(c, 0)),
  xentGrad: map((c) => crossEntropy(c, 1)),
  argmaxf: map((c) => {
    const lead = leadOf(c, c.args[0] as Ref);
    const two = rows(c, withFeatures(c, 0), lead, c.shapes[0] as number[]);
    return c.flat.reshape(c.flat.one("argmax", [two], {}, [size(lead)], true), lead);
  }),
  toFloat: map((c) => c.flat.float(c.args[0] as Ref)),
  toInt: map((c) => c.flat.int(c.args[0] as Ref)),
  token: map((c) => c.flat.constant(num(c.attrs, "value"), true)),
} as const;

/** One instruction with two results: the loss of each row, and softmax − onehot. */
function crossEntropy(c: Call, out: 0 | 1): Ref {
  const lead = commonLead(c, c.args);
  if (size(lead) === 0) return c.flat.constant(0);
  const n = c.shapes[0]?.[0] as number;
  const count = size(lead);
  const z = rows(c, withFeatures(c, 0, lead), lead, [n]);
  const y = c.flat.reshape(c.flat.full(c.args[1] as Ref, lead), [count]);
  const shapes = [[count], [count, n]];
  const instr = c.flat.emit("xent", [z, y], {}, shapes);
  const result: Ref = { n: instr, out, shape: shapes[out] as number[], int: false };
  return c.flat.reshape(result, out === 0 ? lead : [...lead, n]);
}
