/** An instruction in another list. */
import type { Flat } from "./tensors.js";
import { type Instr, isIntResult, type Ref, type TensorRef } from "./types.js";

/** The same instruction with other arguments, for the same value: its results. */
export function copied(flat: Flat, i: Instr, args: readonly Ref[]): readonly Ref[] {
  flat.origin = i.origin;
  if (i.op === "reshape") return [flat.reshape(args[0] as Ref, i.shapes[0] as readonly number[])];
  if (i.op === "transpose") return [flat.transpose(args[0] as Ref, i.attrs["perm"] as readonly number[])];
  const n = i.scan ? flat.scan(i.scan, args) : flat.emit(i.op, args, i.attrs, i.shapes, i.int);
  return i.shapes.map((shape, out): TensorRef => ({ n, out, shape, int: isIntResult(i, out) }));
}
