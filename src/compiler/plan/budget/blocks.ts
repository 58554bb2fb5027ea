/** Instructions that work row by row: where their result is cut into blocks along dim 0, each needs only a block of what it reads. */
import type { Flat } from "../tensors.js";
import { ELEMENTWISE, type Instr, isConst, type Ref, size, type TensorOp, type TensorRef } from "../types.js";

/** What a block of a result needs of an argument. */
export type Part = "block" | "whole";

/** All that they read has a row for each row of the result. */
const BY_ROWS: ReadonlySet<TensorOp> = new Set<TensorOp>(["xent", "softmax", "onehot", "argmax"]);

/** Is an instruction more work than a movement of its data? */
export const isHeavy = ({ op }: Instr): boolean => op === "matmul" || op === "bmm";

const rowCount = (r: Ref): number => (isConst(r) ? 1 : (r.shape[0] ?? 1));

/** Of each argument, what a block of the results needs; null where a block cannot be had without all of them. */
export function partsNeeded(i: Instr): readonly Part[] | null {
  const [rows = 0, ...features] = i.shapes[0] as readonly number[];
  if (i.op === "full") return [];
  if (ELEMENTWISE.has(i.op) || i.op === "expand") {
    const rank = features.length + 1;
    return i.args.map((a) => (!isConst(a) && a.shape.length === rank && rowCount(a) === rows ? "block" : "whole"));
  }
  if (BY_ROWS.has(i.op)) return features.length || i.op !== "softmax" ? i.args.map(() => "block") : null;
  switch (i.op) {
    case "matmul":
      return i.attrs["ta"] === false ? ["block", "whole"] : null;
    case "bmm":
      return ["block", "block"];
    case "gather":
      return ["whole", "block"];
    case "slice":
    case "pad":
    case "concat":
    case "split":
      return i.attrs["axis"] === 0 ? null : i.args.map(() => "block");
    case "transpose":
      return (i.attrs["perm"] as readonly number[])[0] === 0 ? ["block"] : null;
    case "sum":
    case "max":
      return (i.attrs["axes"] as readonly number[]).includes(0) ? null : ["block"];
    default:
      return null;
  }
}

/** An instruction for one of `count` blocks: its attributes and the shapes of its results. */
export function ofBlock(i: Instr, count: number): Pick<Instr, "attrs" | "shapes"> {
  const cut = ([rows = 0, ...rest]: readonly number[]): number[] => [rows / count, ...rest];
  const shape = i.attrs["shape"];
  return {
    attrs: shape === undefined ? i.attrs : { ...i.attrs, shape: cut(shape as readonly number[]) },
    shapes: i.shapes.map(cut),
  };
}

/** Is a result a sum of what each block of the arguments gives? */
export function isSumOfBlocks(i: Instr): boolean {
  switch (i.op) {
    case "sum":
      return (i.attrs["axes"] as readonly number[]).includes(0);
    case "matmul":
      return i.attrs["ta"] === true && i.attrs["tb"] === false;
    case "scatter":
      return true;
    default:
      return false;
  }
}

/** The rows of a tensor that was put together from them. */
export function rowsOf(flat: Flat, r: TensorRef): readonly TensorRef[] | null {
  const def = flat.instrs[r.n];
  if (def?.op === "reshape") return rowsOf(flat, def.args[0] as TensorRef);
  if (def?.op !== "concat" || def.attrs["axis"] !== 0) return null;
  const parts = def.args.filter((a): a is TensorRef => !isConst(a));
  return parts.length === def.args.length && parts.every((p) => size(p.shape) === size((parts[0] as TensorRef).shape))
    ? parts
    : null;
}
