/** The op `choose` over the numbers themselves. */
import { Choices, type Tempering, temperingOf } from "../../../compiler/choice.js";
import type { KernelCall, Values } from "../memory.js";

export function chooseKernel(call: KernelCall<unknown>): (out: Values, args: readonly Values[]) => void {
  const [rows, n] = call.shapes[0] as [number, number];
  const { never, end } = call.instr.attrs as unknown as { never: readonly number[]; end: number };
  const choices = new Choices(n, never, end);
  return (out, [z, given, before, us, ...how]) => {
    const [temperature, top_k, top_p] = how.map((x) => x[0] as number) as [number?, number?, number?];
    const tempering: Tempering | null =
      temperature === undefined ? null : temperingOf(temperature, top_k as number, top_p as number);
    for (let r = 0; r < rows; r++) {
      const goesOn = ((before as Values)[3 * r + 2] as number) > 0;
      const own = (given as Values)[r] as number;
      choices.row(out as Float32Array, 3 * r, z as Values, r * n, own, goesOn, tempering, us ?? null, 2 * r);
    }
  };
}
