/** Kernels that are several of TensorFlow's ops: attributes, and tensors on the way that are freed at the end. */
import type { Binding, OpAttr } from "./binding.js";

/** TensorFlow's number for double precision, which tfjs does not have. */
export const DT_DOUBLE = 2;

export const attributes = ({ TF_ATTR_TYPE, TF_ATTR_BOOL, TF_ATTR_INT }: Binding) => ({
  type: (name: string, value: number): OpAttr => ({ name, type: TF_ATTR_TYPE, value }),
  flag: (name: string, value: boolean): OpAttr => ({ name, type: TF_ATTR_BOOL, value }),
  number: (name: string, value: number): OpAttr => ({ name, type: TF_ATTR_INT, value }),
});

/** Ops of one run. */
export function onTheWay(binding: Binding) {
  const made: number[] = [];
  const several = (op: string, attrs: readonly OpAttr[], inputs: readonly number[], outputs: number): number[] => {
    const results = binding.executeOp(op, attrs, inputs, outputs).map((x) => x.id);
    made.push(...results);
    return results;
  };
  return {
    several,
    run: (op: string, attrs: readonly OpAttr[], ...inputs: readonly number[]): number =>
      several(op, attrs, inputs, 1)[0] as number,
    /** Frees all that was made but this. */
    freeBut(result: number | undefined): void {
      for (const id of made) if (id !== result) binding.deleteTensor(id);
    },
  };
}

/** Of `choose` and of `beam`. */
export interface DrawAttrs {
  readonly never: readonly number[];
  readonly end: number;
  readonly free: boolean;
}
