/** Nested lists of any depth and their lengths. */
import type { FieldInfo } from "../../compiler/model.js";
import { product } from "../../compiler/system/types.js";
import { type Bound, eachIndex, lengthAt } from "../lengths.js";
import type { Lengths } from "../types.js";
import { DataError } from "./errors.js";
import type { Where } from "./types.js";

export interface Flattened {
  /** Lengths by depth, outermost first; the greatest where they differ. None: a single value. */
  readonly dims: readonly number[];
  /** Of depths within others: their lengths at each index of those. */
  readonly nested: ReadonlyMap<number, Lengths>;
  readonly values: readonly number[] | Float32Array;
}

/**
 * Values in row-major order. `leaf` gets a value and its place, `x[3, 1]`, on demand. `within`: of depths whose lists may
 * differ in length, at which depths the indices stand that decide, the outermost first. Throws `DataError` where other lists
 * of one depth differ in length, or where values and lists stand side by side.
 */
export function flatten(
  name: string,
  value: unknown,
  leaf: (value: unknown, place: () => string) => number,
  where: Where | null,
  within: readonly (readonly number[])[] = [],
): Flattened {
  const dims: number[] = [];
  const lengths = within.map(() => new Map<string, number>());
  const values: number[] = [];
  const path: number[] = [];
  let leafDepth = -1;
  const place = () => (path.length ? `${name}[${path.join(", ")}]` : name);
  const fail = (reason: string): never => {
    throw new DataError(`\`${place()}\` ${reason}`, where);
  };
  const visit = (item: unknown, depth: number): void => {
    if (!Array.isArray(item) && !ArrayBuffer.isView(item)) {
      if (leafDepth >= 0 && leafDepth !== depth) fail("is a single value, but a list stands at this depth elsewhere");
      leafDepth = depth;
      values.push(leaf(item, place));
      return;
    }
    const list = item as ArrayLike<unknown>;
    if (leafDepth >= 0 && depth >= leafDepth) fail("is a list, but a single value stands at this depth elsewhere");
    const outer = within[depth] ?? [];
    const key = outer.map((d) => path[d]).join();
    const known = outer.length ? lengths[depth]?.get(key) : dims[depth];
    if (known !== undefined && known !== list.length)
      fail(`has ${list.length} entries, but the lists beside it ${known}`);
    if (outer.length) lengths[depth]?.set(key, list.length);
    dims[depth] = Math.max(dims[depth] ?? 0, list.length);
    for (let i = 0; i < list.length; i++) {
      path.push(i);
      visit(list[i], depth + 1);
      path.pop();
    }
  };
  visit(value, 0);
  /** Of a depth within others, the lengths below some of their indices. */
  const below = (depth: number, at: readonly number[]): Lengths => {
    const outer = within[depth] ?? [];
    if (at.length === outer.length) return (outer.length ? lengths[depth]?.get(at.join()) : dims[depth]) ?? 0;
    const next = outer[at.length] as number;
    const count = below(next, at.slice(0, within[next]?.length ?? 0)) as number;
    return Array.from({ length: count }, (_, i) => below(depth, [...at, i]));
  };
  const nested = within.flatMap((outer, depth) => (outer.length ? [[depth, below(depth, [])] as const] : []));
  return { dims, nested: new Map(nested), values };
}

/**
 * The lengths of the axes of a field of which some are within others: its lists are nested as its axes say, the dims of a
 * step as they are or in one flat list. A string says why the lists do not fit.
 */
export function nestedLengths(
  field: Pick<FieldInfo, "name" | "axes" | "shape">,
  sizes: readonly (number | undefined)[],
  within: readonly (readonly number[])[],
  { dims, nested, values }: Flattened,
): readonly Lengths[] | string {
  const own = sizes.map((size, d): Lengths => nested.get(d) ?? dims[d] ?? size ?? 0);
  const bounds = own.map((lengths, d): Bound => {
    const outer = within[d] ?? [];
    return (index) =>
      lengthAt(
        lengths,
        outer.map((k) => index[k] as number),
      );
  });
  let places = 0;
  eachIndex(bounds, () => places++);
  const fits = sizes.every((size, d) => size === undefined || dims[d] === undefined || dims[d] === size);
  const inner = dims.slice(sizes.length);
  const isStep = !values.length || inner.length === 1 || inner.every((n, i) => n === field.shape[i]);
  if (fits && isStep && values.length === places * product(field.shape)) return own;
  const lists = `lists of ${field.axes.map((axis, d) => sizes[d] ?? axis).join(" of lists of ")}`;
  const step = field.shape.length ? ` × ${shape(field.shape)}` : "";
  return `\`${field.name}\` is ${lists}${step}, but lists of ${dims.join(" of lists of ")} were given`;
}

/**
 * The length of each axis of a field, from lists nested as its axes and dims say, with the dims of a step in one flat list, or
 * as one flat list altogether. `sizes`: of its axes, where they are fixed. A string says why the lists do not fit.
 */
export function axisLengths(
  field: Pick<FieldInfo, "name" | "axes" | "shape">,
  sizes: readonly (number | undefined)[],
  dims: readonly number[],
  count: number,
): readonly number[] | string {
  const rank = sizes.length;
  const inner = product(field.shape);
  const nested = dims.slice(0, rank);
  const fits = nested.every((length, i) => sizes[i] === undefined || sizes[i] === length);
  const whole = dims.length === rank + field.shape.length;
  const exact = !whole || count === 0 || dims.slice(rank).every((length, i) => length === field.shape[i]);
  if (dims.length >= rank && fits && exact && count === product(nested) * inner) return nested;
  if (count === 0 && fits && dims.length < rank) return sizes.map((size, i) => dims[i] ?? size ?? 0);
  if (dims.length <= 1) {
    const free = sizes.flatMap((size, i) => (size === undefined ? [i] : []));
    const step = product(sizes.map((size) => size ?? 1)) * inner;
    const length = count / step;
    if (free.length === 0 && length === 1) return sizes.map((size) => size ?? 1);
    if (free.length === 1 && Number.isInteger(length)) return sizes.map((size) => size ?? length);
  }
  const wanted = [...field.axes.map((axis, i) => sizes[i] ?? axis), ...field.shape];
  return `\`${field.name}\` is ${shape(wanted)}, but ${shape(dims)} were given`;
}

function shape(dims: readonly (number | string)[]): string {
  return dims.length ? `${dims.join(" × ")} values` : "one value";
}
