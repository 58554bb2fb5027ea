/** Ops that move or reduce features. Slices and concatenations act on the first feature dim. */
import { num, nums } from "../../ops/types.js";
import { broadcast, isConst, type Ref, size } from "../types.js";
import { type Call, commonLead, leadOf, linear, map, withFeatures } from "./types.js";

const featureAxes = (c: Call): number[] => (c.shapes[0] as number[]).map((_, i) => c.lead.length + i);

/** A reduction over all features: the result has the dims before them. */
const scalar = (c: Call, x: Ref): Ref => (isConst(x) ? x : c.flat.reshape(x, leadOf(c, x)));

export const features = {
  slice: linear((c) => {
    const x = c.args[0] as Ref;
    if (isConst(x) || x.shape[c.lead.length] === 1) return x;
    return c.flat.slice(x, c.lead.length, num(c.attrs, "from"), num(c.attrs, "len"));
  }),
  pad: linear((c) => {
    const x = c.args[0] as Ref;
    if (isConst(x) && x.c === 0) return x;
    const full = withFeatures(c, 0);
    return isConst(full) ? full : c.flat.pad(full, c.lead.length, num(c.attrs, "from"), num(c.attrs, "total"));
  }),
  concat: map((c) => {
    const lead = commonLead(c, c.args);
    const rest = c.args
      .map((x) => (isConst(x) ? c.shape.slice(1).map(() => 1) : x.shape.slice(c.lead.length + 1)))
      .reduce(broadcast);
    const shapes = c.shapes.map((s) => [...lead, s[0] as number, ...rest]);
    return c.flat.concat(c.args, shapes, c.lead.length);
  }),
  reshape: linear((c) => {
    const full = isConst(c.args[0] as Ref) ? (c.args[0] as Ref) : withFeatures(c, 0);
    return c.flat.reshape(full, [...leadOf(c, full), ...nums(c.attrs, "shape")]);
  }),
  const: map((c) => c.flat.constant(num(c.attrs, "value"))),
  range: map((c) => {
    const n = num(c.attrs, "n");
    const index = c.flat.literal([...Array(n).keys()], [n]);
    return c.flat.reshape(c.flat.float(index), [...c.lead.map(() => 1), n]);
  }),
  softmax: map((c) => {
    const x = withFeatures(c, 0);
    if (isConst(x)) return x;
    const n = c.shape[c.shape.length - 1] as number;
    const two = [size(x.shape) / n, n];
    return c.flat.reshape(c.flat.one("softmax", [c.flat.reshape(x, two)], {}, two), x.shape);
  }),
  centre: linear((c) => {
    const x = c.args[0] as Ref;
    if (isConst(x)) return c.flat.constant(0);
    const all = [...c.lead, ...(c.shapes[0] as number[])];
    const sum = c.flat.sum(x, featureAxes(c), all);
    return c.flat.add(x, c.flat.affine(sum, -1 / size(c.shapes[0] as number[]), 0));
  }),
  inverseRms: map((c) => {
    const x = c.args[0] as Ref;
    const all = [...c.lead, ...(c.shapes[0] as number[])];
    const mean = c.flat.sum(c.flat.mul(x, x), featureAxes(c), all);
    const shifted = c.flat.affine(mean, 1 / size(c.shapes[0] as number[]), num(c.attrs, "epsilon"));
    return scalar(
      c,
      c.flat.unary("rsqrt", shifted, (v) => 1 / Math.sqrt(v)),
    );
  }),
  lsef: map((c) => {
    const x = c.args[0] as Ref;
    const full = [...c.lead, ...(c.shapes[0] as number[])];
    const m = c.flat.max(x, featureAxes(c), full);
    const sum = c.flat.sum(c.flat.exp(c.flat.sub(x, m)), featureAxes(c), full);
    return scalar(c, c.flat.add(c.flat.unary("log", sum, Math.log), m));
  }),
  maxf: map((c) => scalar(c, c.flat.max(c.args[0] as Ref, featureAxes(c), [...c.lead, ...(c.shapes[0] as number[])]))),
} as const;
