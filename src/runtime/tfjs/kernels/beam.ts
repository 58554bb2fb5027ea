/** The op `beam` over the numbers themselves. */
import { BeamStep, TERMS } from "../../../compiler/beam.js";
import type { KernelCall, Values } from "../memory.js";

export function beamKernel(call: KernelCall<unknown>): (out: Values, args: readonly Values[]) => void {
  const [k, count, n] = call.shapes[0] as [number, number, number];
  const { never, end } = call.instr.attrs as unknown as { never: readonly number[]; end: number };
  const step = new BeamStep(k, n, never, end);
  return (out, [z, given, before, terms]) => {
    for (let b = 0; b < count; b++) {
      const own = (terms as Float32Array).subarray(b * TERMS.size, (b + 1) * TERMS.size);
      const was = before as Float32Array;
      step.sample(out as Float32Array, z as Float32Array, was, (given as Values)[b] as number, own, b, count);
    }
  };
}
