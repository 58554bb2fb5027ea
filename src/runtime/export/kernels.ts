/**
 * Ops that tfjs's graph executor does not know, in terms of ops that it knows (tfjs-converter 4.22, `operations/op_list`,
 * and the kernels of its backends cpu, wasm and tensorflow).
 */
import { size, type TensorOp } from "../../compiler/plan/types.js";
import type { Binding, OpAttr } from "../tfjs/kernels/binding.js";
import type { KernelCall, Kernels } from "../tfjs/memory.js";

/**
 * Ops without a counterpart: of gradients, and of matrices of which TensorFlow refuses the singular ones that padding may
 * hold.
 */
export const MISSING: ReadonlySet<TensorOp> = new Set([
  "solve",
  "logdet",
  "sigmoidGrad",
  "tanhGrad",
  "conv2dFilter",
  "maxpoolGrad",
  "maxpoolPick",
  "avgpoolGrad",
]);

export function convertible(binding: Binding): Pick<Kernels<number>, "xent" | "scatter" | "onehot"> {
  const type = (name: string, value: number): OpAttr => ({ name, type: binding.TF_ATTR_TYPE, value });
  const flag = (name: string, value: boolean): OpAttr => ({ name, type: binding.TF_ATTR_BOOL, value });
  const whole = (name: string, value: number): OpAttr => ({ name, type: binding.TF_ATTR_INT, value });
  const [float, integer] = [type("T", binding.TF_FLOAT), type("T", binding.TF_INT32)];
  const execute = (name: string, attrs: readonly OpAttr[], inputs: readonly number[]): number =>
    (binding.executeOp(name, attrs, inputs, 1)[0] as { id: number }).id;
  const ints = (call: KernelCall<number>, values: readonly number[], shape = [values.length]): number =>
    call.constant(Int32Array.from(values), shape);
  const reshaped = (call: KernelCall<number>, x: number, shape: readonly number[], dtype = float): number =>
    execute("Reshape", [dtype, type("Tshape", binding.TF_INT32)], [x, ints(call, shape)]);
  const reduced = (call: KernelCall<number>, name: string, x: number, keep: boolean): number =>
    execute(name, [float, type("Tidx", binding.TF_INT32), flag("keep_dims", keep)], [x, ints(call, [1])]);
  /** As integers at first: tfjs-backend-wasm writes these whatever is asked for. */
  const oneHot = (call: KernelCall<number>, index: number, n: number): number => {
    const attrs = [whole("axis", -1), integer, type("TI", binding.TF_INT32)];
    const numbers = [ints(call, [n], []), ints(call, [1], []), ints(call, [0], [])];
    const cast = [type("SrcT", binding.TF_INT32), type("DstT", binding.TF_FLOAT), flag("Truncate", false)];
    return execute("Cast", cast, [execute("OneHot", attrs, [index, ...numbers])]);
  };

  return {
    onehot: (call) => {
      const n = call.instr.attrs["n"] as number;
      return ([index]) => [oneHot(call, index as number, n)];
    },
    /** log Σ e^z − z[y], of rows. */
    xent: (call) => {
      if (call.wanted[1]) throw new Error("an exported graph has no gradients");
      const [rows, n] = call.shapes[0] as readonly [number, number];
      const gather = [
        type("Tparams", binding.TF_FLOAT),
        type("Tindices", binding.TF_INT32),
        type("Taxis", binding.TF_INT32),
        whole("batch_dims", 0),
      ];
      const starts = Array.from({ length: rows }, (_, r) => r * n);
      return ([z, y]) => {
        const top = reduced(call, "Max", z as number, true);
        const shifted = execute("Sub", [float], [z as number, top]);
        const total = reduced(call, "Sum", execute("Exp", [float], [shifted]), false);
        // a token that is missing has a place too; what is there is masked
        const token = execute("Maximum", [integer], [y as number, ints(call, [0], [])]);
        const at = execute("AddV2", [integer], [token, ints(call, starts)]);
        const own = execute("GatherV2", gather, [reshaped(call, shifted, [rows * n]), at, ints(call, [0], [])]);
        return [execute("Sub", [float], [execute("Log", [float], [total]), own]), undefined];
      };
    },
    /** A sum by index as a product with one-hot rows: an index of −1 has a row of zeros. */
    scatter: (call) => {
      const n = call.instr.attrs["n"] as number;
      const shape = call.shapes[0] as readonly number[];
      const rows = shape[0] as number;
      const inner = size(shape.slice(1));
      const product = [float, flag("transpose_a", true), flag("transpose_b", false)];
      return ([x, index]) => {
        const selected = oneHot(call, index as number, n);
        const sums = execute("MatMul", product, [selected, reshaped(call, x as number, [rows, inner])]);
        return [reshaped(call, sums, [n, ...shape.slice(1)])];
      };
    },
  };
}
