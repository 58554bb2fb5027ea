/** Backends whose memory JavaScript can see, cpu and wasm: tfjs's arithmetic, our own movement of data. */
import type { KernelBackend } from "@tensorflow/tfjs-core";
import type { Costs } from "../../compiler/plan/recurrence.js";
import { beamKernel } from "./kernels/beam.js";
import { chooseKernel } from "./kernels/choose.js";
import { type HostMemory, hostKernels } from "./kernels/host.js";
import { avgpoolGrad, conv2dFilter, maxpoolGrad, maxpoolPick } from "./kernels/images.js";
import { logdetKernel, solveKernel } from "./kernels/matrices.js";
import { type DataId, registryKernels } from "./kernels/registry.js";
import { crossEntropy } from "./kernels/xent.js";
import type { Dtype, Kernel, KernelCall, Kernels, Memory, Values } from "./memory.js";

/** What differs between the two. */
export interface Access {
  data(id: DataId, shape: readonly number[], dtype: Dtype): Values;
  alloc(shape: readonly number[], dtype: Dtype): DataId;
  view(id: DataId, from: number, shape: readonly number[], dtype: Dtype): DataId;
  free(id: DataId): void;
  /** Where these tensors are not the backend's own: one as it knows it, and how many there are. */
  known?(id: DataId): DataId;
  count?(): number;
}

export interface VisibleBackend {
  readonly name: string;
  readonly costs: Costs;
  readonly backend: KernelBackend;
  readonly access: Access;
  readonly transposeOperands: boolean;
  /** Kernels that are better done another way here. */
  readonly overrides?: (kernels: Kernels<DataId>, access: Access) => Partial<Kernels<DataId>>;
}

export function visibleMemory(visible: VisibleBackend): Memory<DataId> {
  const { name, costs, backend, access, transposeOperands, overrides } = visible;
  const memory: HostMemory<DataId> = access;
  const arithmetic = registryKernels({ backendName: name, backend, ...(access.known ? { known: access.known } : {}) });
  const filled =
    (make: (call: KernelCall<DataId>) => (out: Values, args: readonly Values[]) => void): Kernel<DataId> =>
    (call) => {
      const fill = make(call);
      const shape = call.instr.shapes[0] as readonly number[];
      return (args) => {
        const result = access.alloc(shape, call.dtype);
        const arrays = args.map((h, i) => access.data(h, call.shapes[i] as readonly number[], call.dtypes[i] as Dtype));
        fill(access.data(result, shape, call.dtype), arrays);
        return [result];
      };
    };
  const common: Kernels<DataId> = {
    ...arithmetic,
    ...hostKernels(memory),
    xent: crossEntropy(memory, arithmetic.softmax, access.free),
    choose: filled(chooseKernel),
    beam: filled(beamKernel),
    solve: filled(solveKernel),
    logdet: filled(logdetKernel),
    conv2dFilter: filled(conv2dFilter),
    maxpoolGrad: filled(maxpoolGrad),
    maxpoolPick: filled(maxpoolPick),
    avgpoolGrad: filled(avgpoolGrad),
  };
  const write = (values: Values, shape: readonly number[], dtype: Dtype): DataId => {
    const id = access.alloc(shape, dtype);
    access.data(id, shape, dtype).set(values);
    return id;
  };
  return {
    name,
    costs,
    transposeOperands,
    kernels: { ...common, ...overrides?.(common, access) },
    write: (values, shape) =>
      write(
        values,
        shape,
        values instanceof Float32Array ? "float32" : values instanceof Int32Array ? "int32" : "bool",
      ),
    read: (id, shape, dtype) => access.data(id, shape, dtype).slice(),
    copy: (id, shape, dtype) => {
      const result = access.alloc(shape, dtype);
      access.data(result, shape, dtype).set(access.data(id, shape, dtype));
      return result;
    },
    free: access.free,
    view: access.view,
    count: () => access.count?.() ?? backend.numDataIds(),
  };
}
