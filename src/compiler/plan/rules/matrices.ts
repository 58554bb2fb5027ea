/** Square matrices: all variables and the batch together are the rows of one batch of matrices. */
import { num } from "../../ops/types.js";
import type { Flat } from "../tensors.js";
import { isConst, type Ref, size } from "../types.js";
import { type Call, commonLead, leadOf, linear, map, rows, withFeatures } from "./types.js";

/** The identity matrix. */
const identity = (flat: Flat, n: number): Ref => {
  const index = flat.literal(
    Array.from({ length: n }, (_, i) => i),
    [n],
  );
  return flat.one("onehot", [index], { n }, [n, n]);
};

/** The identity in the layout of the equation. */
const identityOf = (c: Call, n: number): Ref => c.flat.reshape(identity(c.flat, n), [...c.lead.map(() => 1), n, n]);

export const matrices = {
  solve: map((c) => {
    const lead = commonLead(c, c.args);
    if (size(lead) === 0) return c.flat.constant(0);
    const [n = 1, k = 1] = c.shapes[1] as number[];
    const [A, b] = c.args.map((_, i) => rows(c, withFeatures(c, i, lead), lead, i === 0 ? [n, n] : [n, k]));
    const x = c.flat.one("solve", [A as Ref, b as Ref], {}, [size(lead), n, k]);
    return c.flat.reshape(x, [...lead, ...c.shape]);
  }),
  logdet: map((c) => {
    const lead = leadOf(c, c.args[0] as Ref);
    if (size(lead) === 0) return c.flat.constant(0);
    const A = rows(c, withFeatures(c, 0, lead), lead, c.shapes[0] as number[]);
    return c.flat.reshape(c.flat.one("logdet", [A], {}, [size(lead)]), lead);
  }),
  diag: linear((c) => {
    const [n] = c.shapes[0] as [number];
    const x = withFeatures(c, 0);
    const column = isConst(x) ? x : c.flat.reshape(x, [...x.shape, 1]);
    return c.flat.where(identityOf(c, n), column, c.flat.constant(0));
  }),
  diagonal: linear((c) => {
    const [n] = c.shapes[0] as [number];
    const A = withFeatures(c, 0);
    const lead = leadOf(c, A);
    const kept = c.flat.where(identityOf(c, n), A, c.flat.constant(0));
    const summed = c.flat.sum(kept, [lead.length + 1], [...lead, n, n]);
    return isConst(summed) ? summed : c.flat.reshape(summed, [...lead, n]);
  }),
  eye: map((c) => identityOf(c, num(c.attrs, "n"))),
} as const;
