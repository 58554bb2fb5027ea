import { isIdentity } from "../system/positions.js";
import { getValue, type Read, type System, type Value } from "../system/types.js";

/** Values that are the equal parts of one value, in order: `(i, f, o, g) = split(z, 4)`. */
export interface Split {
  readonly whole: Read;
  readonly parts: readonly Value[];
}

/** The splits among `values`, by the id of each part. */
export function splitsOf(system: System, values: readonly Value[]): ReadonlyMap<string, Split> {
  const slices = new Map<string, Value[]>();
  for (const value of values) {
    const [whole] = value.eq?.args ?? [];
    if (value.eq?.op !== "slice" || value.eq.red !== null || value.clauses.length > 0 || whole === undefined) continue;
    const source = getValue(system, whole.v);
    const sameSlots = value.slots.map(({ name }) => name).join() === source.slots.map(({ name }) => name).join();
    if (sameSlots && isIdentity(source, whole)) slices.set(source.id, [...(slices.get(source.id) ?? []), value]);
  }
  const out = new Map<string, Split>();
  for (const [id, found] of slices) {
    const parts = found.sort((a, b) => from(a) - from(b));
    const size = getValue(system, id).shape[0] as number;
    const length = size / parts.length;
    const tiles = parts.every((part, i) => from(part) === i * length && part.shape[0] === length);
    const whole = parts[0]?.eq?.args[0];
    if (parts.length < 2 || !tiles || whole === undefined) continue;
    for (const part of parts) out.set(part.id, { whole, parts });
  }
  return out;
}

const from = (value: Value): number => Number(value.eq?.attrs["from"]);
