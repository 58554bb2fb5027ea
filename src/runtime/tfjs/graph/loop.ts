/**
 * Loops of a plan in a graph: TensorFlow's v1 control flow, which needs no functions (Yu et al. 2018, "Dynamic control
 * flow in large-scale machine learning"). What the body stacks goes into tensor arrays.
 */
import { scanResults, type TensorRef } from "../../../compiler/plan/types.js";
import type { Given } from "../code.js";
import type { Dtype, Loop } from "../memory.js";
import { joinedShape } from "../scan.js";
import type { Recorder, TensorArray } from "./recorder.js";

/** Loops on a recorder. */
export const loopsOn =
  (recorder: Recorder): Loop<number> =>
  (scan, call, memory, body) => {
    const { count, direction, next, blocks, finals, stacked, until } = scan;
    const dtypeAt = (k: number): Dtype => call.dtypes[k] as Dtype;
    const dtypeOf = (ref: TensorRef): Dtype => (ref.int ? "int32" : "float32");
    const carried = next.length;
    return (args) => {
      const [first, end] = direction === 1 ? [0, count] : [count - 1, -1];
      const arrays = stacked.map((ref) => recorder.tensorArray(count, dtypeOf(ref), joinedShape(scan, ref)));
      const initial = [
        { id: recorder.integer(first), dtype: "int32" as const },
        ...args.slice(0, carried).map((id, k) => ({ id, dtype: dtypeAt(k) })),
        ...arrays.map(({ flow }) => ({ id: flow, dtype: "float32" as const })),
      ];
      const run = (variables: readonly number[]): number[] => {
        const [index = 0, ...rest] = variables;
        const given = new Map<string, Given<number>>();
        const give = (name: string, handle: number, k: number, shape: readonly number[]): void => {
          given.set(name, { handle, shape, int: dtypeAt(k) === "int32", missing: false });
        };
        for (let k = 0; k < carried; k++) give(`carry${k}`, rest[k] as number, k, call.shapes[k] as number[]);
        for (const [k, arg] of args.entries()) {
          const shape = call.shapes[k] as readonly number[];
          if (k < carried) continue;
          const whole = recorder.enter(arg, dtypeAt(k));
          if (k >= carried + blocks) give(`whole${k - carried - blocks}`, whole, k, shape);
          else {
            const block = [(shape[0] as number) / count, ...shape.slice(1)];
            give(`block${k - carried}`, recorder.block(whole, index, block, dtypeAt(k)), k, block);
          }
        }
        const made = body.execute({ given: (id) => given.get(id) as Given<number>, lengths: {} });
        const result = (id: string): number | undefined => made.get(id)?.handle;
        const flows = arrays.map((array, k) => {
          const parts: number[] = [];
          for (let part = result(`stacked ${k} 0`); part !== undefined; part = result(`stacked ${k} ${parts.length}`))
            parts.push(part);
          return recorder.writeArray(array, index, recorder.join(parts, array.dtype), rest[carried + k] as number);
        });
        return [recorder.plus(index, direction), ...next.map((_, k) => result(`next ${k}`) as number), ...flows];
      };
      const compare = direction === 1 ? "Less" : "Greater";
      const left = recorder.loop(initial, compare, end, run, until === undefined ? until : 1 + until);
      const results = scanResults(scan);
      return results.map((_, out) => {
        if (out < finals.length) return left[1 + (finals[out] as number)];
        const k = out - finals.length;
        const array = arrays[k] as TensorArray;
        const joined = recorder.readArray(array, left[1 + carried + k] as number);
        // parts may lack dims of 1
        return memory.copy(joined, call.instr.shapes[out] as readonly number[], array.dtype);
      });
    };
  };
