/** Kernels of TensorFlow that do what otherwise takes several. */
import type { FusedOp } from "../../../compiler/plan/types.js";
import type { OpAttr } from "../kernels/binding.js";
import type { Kernel } from "../memory.js";
import type { Recorder } from "./recorder.js";

/** On a recorder. */
export function fusedOn(recorder: Recorder, transpose: Kernel<number>): Readonly<Record<FusedOp, Kernel<number>>> {
  const { binding } = recorder;
  const float: OpAttr = { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  const execute = (op: string, inputs: readonly number[], attrs: readonly OpAttr[] = []): number =>
    (binding.executeOp(op, [float, ...attrs], inputs, 1)[0] as { id: number }).id;
  return {
    addN:
      ({ instr }) =>
      (terms) => [execute("AddN", terms, [{ name: "N", type: binding.TF_ATTR_INT, value: instr.args.length }])],
    // L2Loss is ½ Σ x²
    squares:
      ({ constant }) =>
      ([x]) => [execute("Mul", [execute("L2Loss", [x as number]), constant(Float32Array.of(2), [])])],
    turned: (call) => {
      const turn = transpose({ ...call, instr: { ...call.instr, attrs: { perm: [1, 0] } } });
      // a transpose right before a product would become a flag of the product again
      return (args) => [recorder.barrier(turn(args)[0] as number, call.instr.shapes[0] as readonly number[])];
    },
  };
}
