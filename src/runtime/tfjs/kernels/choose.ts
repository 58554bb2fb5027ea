/** The op `choose` over the numbers themselves. */
import { Choices, temperingOf } from "../../../compiler/choice.js";
import type { KernelCall, Values } from "../memory.js";

export function chooseKernel(call: KernelCall<unknown>): (out: Values, args: readonly Values[]) => void {
  const [rows, n] = call.shapes[0] as [number, number];
  const { never, end } = call.instr.attrs as unknown as { never: readonly number[]; end: number };
  const choices = new Choices(n, never, end);
  return (out, [z, given, before, us, ...how]) => {
    const numbers = how.map((x) => x[0] as number);
    const tempering = us ? temperingOf(...(numbers as [number, number?, number?])) : null;
    for (let r = 0; r < rows; r++) {
      const goesOn = ((before as Values)[3 * r + 2] as number) > 0;
      const [own, u] = [(given as Values)[r] as number, us ? (us[r] as number) : 0];
      choices.row(out as Float32Array, 3 * r, z as Values, r * n, own, goesOn, tempering, u);
    }
  };
}
