/** What a plan costs in arithmetic: its matrix products and convolutions, which are all of it but for lower orders. */
import type { Plan } from "./plan.js";
import { type Instr, isConst, size } from "./types.js";

/** Floating point operations of one run: two, a product and a sum, for each term of a contraction. */
export const flopsOf = ({ instrs }: Pick<Plan, "instrs">): number => 2 * instrs.reduce((n, i) => n + termsOf(i), 0);

function termsOf(instr: Instr): number {
  const { scan } = instr;
  if (scan) return scan.count * scan.body.reduce((n, i) => n + termsOf(i), 0);
  const shapeOf = (k: number): readonly number[] => {
    const arg = instr.args[k];
    if (!arg || isConst(arg)) throw new Error(`${instr.op} of a number`);
    return arg.shape;
  };
  const result = instr.shapes[0] as readonly number[];
  switch (instr.op) {
    case "matmul":
    case "bmm":
      return size(result) * (shapeOf(0).at(instr.attrs["ta"] ? -2 : -1) as number);
    // kernels are [height, width, in, out]: each output pixel and channel sums over the first three
    case "conv2d":
      return size(result) * size(shapeOf(1).slice(0, 3));
    case "conv2dInput":
      return size(shapeOf(0)) * size(shapeOf(1).slice(0, 3));
    case "conv2dFilter":
      return size(shapeOf(1)) * size(result.slice(0, 3));
    default:
      return 0;
  }
}
