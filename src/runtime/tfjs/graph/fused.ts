/** Kernels of TensorFlow that do what otherwise takes several. */
import type { FusedOp } from "../../../compiler/plan/types.js";
import type { OpAttr } from "../kernels/binding.js";
import type { Kernel } from "../memory.js";
import type { Recorder } from "./recorder.js";

/** Larger than any index. */
const MOST = 2 ** 30;

/** On a recorder. */
export function fusedOn(recorder: Recorder, transpose: Kernel<number>): Readonly<Record<FusedOp, Kernel<number>>> {
  const { binding } = recorder;
  const float: OpAttr = { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  const execute = (op: string, inputs: readonly number[], attrs: readonly OpAttr[] = []): number =>
    (binding.executeOp(op, [float, ...attrs], inputs, 1)[0] as { id: number }).id;
  const integer: OpAttr = { ...float, value: binding.TF_INT32 };
  /** Of integers. */
  const on = (op: string, inputs: readonly number[]): number =>
    (binding.executeOp(op, [integer], inputs, 1)[0] as { id: number }).id;
  return {
    // the largest come first, so what is sorted is how far they are below the largest of all
    sorted: ({ instr }) => {
      const rows = recorder.integer(instr.shapes[0]?.[0] as number);
      const [most, none] = [recorder.integer(MOST), recorder.integer(-1)];
      const attrs: OpAttr[] = [integer, { name: "sorted", type: binding.TF_ATTR_BOOL, value: true }];
      return ([x]) => {
        const below = on("Sub", [most, on("Maximum", [x as number, none])]);
        const [values, places] = binding.executeOp("TopKV2", attrs, [below, rows], 2) as [
          { id: number },
          { id: number },
        ];
        return [on("Sub", [most, values.id]), places.id];
      };
    },
    // rows that are added to none, whose index is −1, are added to a first one that is dropped
    segmentSum: ({ instr, constant }) => {
      const [n, width] = instr.shapes[0] as readonly number[] as [number, number];
      const count = recorder.integer(n + 1);
      const one = recorder.integer(1);
      const attrs = ["Tidx", "Tnumsegments", "Tsegmentids"].map((name) => ({ ...integer, name }));
      const [begin, size] = [constant(Int32Array.of(1, 0), [2]), constant(Int32Array.of(n, width), [2])];
      return ([x, index, places]) => {
        const ids = on("AddV2", [index as number, one]);
        const sums = execute("SparseSegmentSumWithNumSegments", [x as number, places as number, ids, count], attrs);
        return [execute("Slice", [sums, begin, size], [{ ...integer, name: "Index" }])];
      };
    },
    addN:
      ({ instr }) =>
      (terms) => [execute("AddN", terms, [{ name: "N", type: binding.TF_ATTR_INT, value: instr.args.length }])],
    // L2Loss is ½ Σ x²
    squares:
      ({ constant }) =>
      ([x]) => [execute("Mul", [execute("L2Loss", [x as number]), constant(Float32Array.of(2), [])])],
    rowSum:
      () =>
      ([x]) => [execute("BiasAddGrad", [x as number])],
    turned: (call) => {
      const turn = transpose({ ...call, instr: { ...call.instr, attrs: { perm: [1, 0] } } });
      // a transpose right before a product would become a flag of the product again
      return (args) => [recorder.barrier(turn(args)[0] as number, call.instr.shapes[0] as readonly number[])];
    },
  };
}
