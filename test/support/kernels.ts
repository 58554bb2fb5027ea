/** What a time step costs: the equations inside the loops of a Program, by op. */
import { loopsAround } from "../../src/compiler/schedule/schedule.js";
import type { Loop, Program } from "../../src/compiler/schedule/types.js";
import { type Eq, getValue } from "../../src/compiler/system/types.js";

export interface StepCost {
  readonly axis: string;
  readonly direction: 1 | -1;
  /** Kernels per step, without copies and views; a sum of n terms is n − 1. */
  readonly kernels: number;
  readonly matmuls: number;
  readonly ops: readonly string[];
}

const MATMUL = new Set(["mv", "mvT", "mm", "outer"]);
/** Made of no kernel: copies, views of a whole, numbers. */
const FREE = new Set(["id", "slice", "reshape", "const", "fill", "mask"]);

const kernelsOf = ({ op, args }: Eq): number => (FREE.has(op) ? 0 : op === "add" || op === "mul" ? args.length - 1 : 1);

/** One entry for each innermost loop, in program order. */
export function stepCosts(program: Program): StepCost[] {
  const around = loopsAround(program);
  const loops = [...new Set([...around.values()].flatMap((list) => (list.length ? [list.at(-1) as Loop] : [])))];
  return loops.map((loop) => {
    const ids = [...around].filter(([, list]) => list.at(-1) === loop).map(([id]) => id);
    const names = ids.map((id) => getValue(program.system, id).eq?.op as string);
    const real = names.filter((op) => !FREE.has(op));
    return {
      axis: loop.axis,
      direction: loop.direction,
      kernels: ids.reduce((n, id) => n + kernelsOf(getValue(program.system, id).eq as Eq), 0),
      matmuls: real.filter((op) => MATMUL.has(op)).length,
      ops: names.sort(),
    };
  });
}
