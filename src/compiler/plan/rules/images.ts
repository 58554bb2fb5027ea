/** Convolutions and pooling: all variables and the batch together are the images of one batch. */
import { num } from "../../ops/types.js";
import { isConst, type Ref, size, type TensorOp } from "../types.js";
import { type Call, commonLead, leadOf, map, type Rule, rows, sums, withFeatures } from "./types.js";

const attrsOf = (c: Call): Record<string, number | string> => ({
  stride: num(c.attrs, "stride"),
  ...(typeof c.attrs["pad"] === "string" ? { pad: c.attrs["pad"] } : {}),
  ...(typeof c.attrs["size"] === "number" ? { size: c.attrs["size"] } : {}),
});

const zero = (c: Call): boolean => c.args.some((x) => isConst(x) && x.c === 0);

/** One kernel over images; the arguments `images` are those that are not kernels. */
function overImages(c: Call, op: TensorOp, images: readonly number[]): Ref {
  const lead = commonLead(
    c,
    images.map((i) => c.args[i] as Ref),
  );
  const args = c.args.map((x, i) =>
    images.includes(i)
      ? rows(c, withFeatures(c, i, lead), lead, c.shapes[i] as number[])
      : c.flat.reshape(c.flat.full(x, [...leadOf(c, x), ...(c.shapes[i] as number[])]), c.shapes[i] as number[]),
  );
  return c.flat.reshape(c.flat.one(op, args, attrsOf(c), [size(lead), ...c.shape]), [...lead, ...c.shape]);
}

/** Where a kernel itself depends on a variable or the sample: one call for each of its entries. */
function eachKernel(c: Call, kernel: number, f: (c: Call) => Ref): Ref {
  const d = leadOf(c, c.args[kernel] as Ref).findIndex((n) => n > 1);
  return d < 0 ? f(c) : split(c, d, (one) => eachKernel(one, kernel, f));
}

/** The equation for each index of dim `d` alone, put together again. */
function split(c: Call, d: number, f: (c: Call) => Ref): Ref {
  const n = c.lead[d] as number;
  const lead = c.lead.map((k, i) => (i === d ? 1 : k));
  const parts = Array.from({ length: n }, (_, i) =>
    f({ ...c, lead, args: c.args.map((x) => (isConst(x) || x.shape[d] === 1 ? x : c.flat.slice(x, d, i, 1))) }),
  );
  const shape = c.flat.shapeOf(parts[0] as Ref);
  return c.flat.concat(
    parts,
    parts.map(() => shape),
    d,
  );
}

const convolving = (op: TensorOp): Rule =>
  map((c) => (zero(c) ? c.flat.constant(0) : eachKernel(c, 1, (one) => overImages(one, op, [0]))));

const pooling = (op: TensorOp, count: number): Rule =>
  map((c) => (zero(c) && op !== "maxpool" ? c.flat.constant(0) : overImages(c, op, [0, 1, 2].slice(0, count))));

export const images = {
  conv2d: convolving("conv2d"),
  conv2dInput: convolving("conv2dInput"),
  conv2dFilter: sums((c) => (zero(c) ? c.flat.constant(0) : filterGradient(c))),
  maxpool: pooling("maxpool", 1),
  maxpoolGrad: pooling("maxpoolGrad", 3),
  maxpoolPick: pooling("maxpoolPick", 3),
  avgpool: pooling("avgpool", 1),
  avgpoolGrad: pooling("avgpoolGrad", 1),
} as const;

/** The kernel sums over all of its images; what is not summed is computed one by one. */
function filterGradient(c: Call): Ref {
  const lead = commonLead(c, c.args);
  const apart = lead.findIndex((d, i) => d > 1 && !c.reduced.includes(i));
  if (apart >= 0) return split(c, apart, filterGradient);
  const args = c.args.map((_, i) => rows(c, withFeatures(c, i, lead), lead, c.shapes[i] as number[]));
  const summed = c.flat.one("conv2dFilter", args, attrsOf(c), c.shape);
  const times = c.reduced.reduce((p, d) => p * (lead[d] === 1 ? (c.lead[d] as number) : 1), 1);
  return c.flat.affine(c.flat.reshape(summed, [...c.lead.map(() => 1), ...c.shape]), times, 0);
}
