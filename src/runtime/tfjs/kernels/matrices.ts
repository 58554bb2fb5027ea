/** Systems of equations and determinants of small matrices, in plain JavaScript, on every backend. */
import { eliminate } from "../../../compiler/ops/matrices.js";
import type { KernelCall, Values } from "../memory.js";

type Fill = (out: Values, args: readonly Values[]) => void;

const part = (x: Values, i: number, n: number): Float64Array => Float64Array.from(x.subarray(i * n, (i + 1) * n));

/** A [rows, n, n] and b [rows, n, k] to x [rows, n, k]. */
export function solveKernel(call: KernelCall<unknown>): Fill {
  const [count, n, k] = call.instr.shapes[0] as [number, number, number];
  return (out, [A, b]) => {
    for (let r = 0; r < count; r++) {
      const x = part(b as Values, r, n * k);
      eliminate(part(A as Values, r, n * n), x, n, k);
      out.set(x, r * n * k);
    }
  };
}

/** A [rows, n, n] to [rows]. */
export function logdetKernel(call: KernelCall<unknown>): Fill {
  const [count, n] = call.shapes[0] as [number, number];
  return (out, [A]) => {
    for (let r = 0; r < count; r++) out[r] = eliminate(part(A as Values, r, n * n), new Float64Array(n), n, 1);
  };
}
