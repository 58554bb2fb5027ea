/** Kernels that tfjs registers for a backend, called directly: no gradient tape, no tidy, no bookkeeping. */
import type { KernelBackend, KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import { getKernel } from "@tensorflow/tfjs-core";
import type { BinaryOp, TensorOp, UnaryOp } from "../../../compiler/plan/types.js";
import { type Kernel, type KernelCall, kernelsOf, type Run } from "../memory.js";
import { collapse } from "./broadcast.js";
import { UNARY } from "./unary.js";

export type DataId = TensorInfo["dataId"];

export interface Registry {
  readonly backendName: string;
  readonly backend: KernelBackend;
  /** A tensor as the backend knows it; absent: it is that already. */
  readonly known?: (id: DataId) => DataId;
}

type Attrs = Readonly<Record<string, unknown>>;

/** A kernel of the registry: names of its inputs in the order of the arguments, its attributes, other shapes for its inputs. */
function registered(
  { backendName, backend, known = (id) => id }: Registry,
  name: string,
  inputs: readonly string[],
  attrs: (call: KernelCall<DataId>) => Attrs = () => ({}),
  reshaped: (call: KernelCall<DataId>) => readonly (readonly number[])[] = (call) => call.shapes,
): Kernel<DataId> {
  return (call) => {
    const config = getKernel(name, backendName);
    if (!config) throw new Error(`the backend ${backendName} has no kernel ${name}`);
    const shapes = reshaped(call);
    const infos: TensorInfo[] = inputs.map((_, i) => ({
      dataId: {},
      shape: [...(shapes[i] as readonly number[])],
      dtype: call.dtypes[i] as TensorInfo["dtype"],
    }));
    const params = {
      inputs: Object.fromEntries(inputs.map((n, i) => [n, infos[i]])),
      attrs: attrs(call),
      backend,
    } as unknown as Parameters<KernelFunc>[0];
    const run: Run<DataId> = (args) => {
      for (let i = 0; i < infos.length; i++) (infos[i] as TensorInfo).dataId = known(args[i] as DataId);
      return [(config.kernelFunc(params) as TensorInfo).dataId];
    };
    return run;
  };
}

const BINARY: Readonly<Record<BinaryOp, string>> = {
  add: "Add",
  mul: "Multiply",
  div: "RealDiv",
  pow: "Pow",
  maximum: "Maximum",
  minimum: "Minimum",
  mod: "Mod",
  less: "Less",
  lessEqual: "LessEqual",
  equal: "Equal",
};

export type RegistryOp =
  | UnaryOp
  | BinaryOp
  | Extract<TensorOp, "matmul" | "bmm" | "transpose" | "softmax" | "conv2d" | "conv2dInput" | "maxpool" | "avgpool">;

const attr = (call: KernelCall<unknown>, name: string): unknown => call.instr.attrs[name];
const convolution = (call: KernelCall<unknown>): Attrs => ({
  strides: [attr(call, "stride"), attr(call, "stride")],
  pad: attr(call, "pad") ?? "valid",
  dataFormat: "NHWC",
  dilations: [1, 1],
});
const pooling = (call: KernelCall<unknown>): Attrs => ({
  filterSize: [attr(call, "size"), attr(call, "size")],
  strides: [attr(call, "stride"), attr(call, "stride")],
  pad: attr(call, "pad") ?? "valid",
});

export function registryKernels(registry: Registry): Readonly<Record<RegistryOp, Kernel<DataId>>> {
  const unary = (name: string): Kernel<DataId> => registered(registry, name, ["x"]);
  const binary = (name: string): Kernel<DataId> =>
    registered(registry, name, ["a", "b"], undefined, (call) => collapse(call.shapes));
  const flags = (call: KernelCall<unknown>): Attrs => ({ transposeA: attr(call, "ta"), transposeB: attr(call, "tb") });
  return {
    ...kernelsOf(UNARY, unary),
    ...kernelsOf(BINARY, binary),
    matmul: registered(registry, "BatchMatMul", ["a", "b"], flags, (c) => c.shapes.map((s) => [1, ...s])),
    bmm: registered(registry, "BatchMatMul", ["a", "b"], flags),
    transpose: registered(registry, "Transpose", ["x"], (c) => ({ perm: [...(attr(c, "perm") as number[])] })),
    softmax: registered(registry, "Softmax", ["logits"], () => ({ dim: 1 })),
    conv2d: registered(registry, "Conv2D", ["x", "filter"], convolution),
    conv2dInput: registered(registry, "Conv2DBackpropInput", ["dy", "filter"], (c) => ({
      ...convolution(c),
      inputShape: [...(c.instr.shapes[0] as readonly number[])],
    })),
    maxpool: registered(registry, "MaxPool", ["x"], pooling),
    avgpool: registered(registry, "AvgPool", ["x"], pooling),
  };
}
