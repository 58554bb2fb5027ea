/**
 * Where the tensors of a plan are cut along their last dim: at the borders of what is sliced out of them, or put together
 * into them. Tensors that elementwise ops connect are cut alike.
 */
import { ELEMENTWISE, type Instr, isConst, keyOf, type Ref, size, type TensorRef } from "./types.js";

export const lastDim = (shape: readonly number[]): number => shape.at(-1) ?? 1;

/**
 * The arguments of an instruction whose last dim is that of its results, place by place: what it does to a part of them it
 * does to a part of its results. null: it is not like that.
 */
export function alongLast(i: Instr): readonly TensorRef[] | null {
  const shape = i.shapes[0] as readonly number[];
  const width = lastDim(shape);
  const [first] = i.args;
  const rank = first && !isConst(first) ? first.shape.length : 0;
  if (i.int || !shape.length) return null;
  const wide = (r: Ref | undefined): TensorRef[] => (r && !isConst(r) && lastDim(r.shape) === width ? [r] : []);
  switch (i.op) {
    case "full":
      return [];
    case "reshape":
    case "expand":
    case "unstack":
      return one(wide(first));
    case "gather":
    case "scatter":
      return rank === 2 ? one(wide(first)) : null;
    case "concat":
      return i.attrs["axis"] === shape.length - 1 ? null : i.args.flatMap(wide);
    case "slice":
    case "pad":
      return i.attrs["axis"] === rank - 1 ? null : one(wide(first));
    case "sum":
      return shape.length === 1 || (i.attrs["axes"] as readonly number[]).includes(rank - 1) ? null : one(wide(first));
    default:
      return ELEMENTWISE.has(i.op) ? i.args.flatMap(wide) : null;
  }
}

const one = (refs: readonly TensorRef[]): readonly TensorRef[] | null => (refs.length ? refs : null);

/** The borders of the parts of a tensor, from 0 to the end of its last dim. */
export type Borders = (r: Ref) => readonly number[];

export interface Worth {
  /** What is cut: vectors, or tensors of several rows. */
  readonly rank: "vectors" | "rows";
  /** The parts of most tensors have so many elements on average, at least. */
  readonly elements: number;
  /** So many parts at most. */
  readonly parts: number;
}

/** Tensors that are connected are all cut, or, where that is not worth it, all left whole. */
export function bordersOf(instrs: readonly Instr[], worth: Worth): Borders {
  const fits = ({ shape }: TensorRef): boolean => (worth.rank === "vectors" ? shape.length === 1 : shape.length > 1);
  const alike = new Classes();
  const groups = new Classes();
  const windows: Window[] = [];
  const elementwise: TensorRef[] = [];
  for (const i of instrs) {
    const results = i.shapes.map((shape, out): TensorRef => ({ n: i.n, out, shape, int: i.int }));
    const result = results[0] as TensorRef;
    const along = alongLast(i);
    for (const r of along ? [...along, ...results] : []) {
      alike.join(keyOf(result), keyOf(r));
      groups.join(keyOf(result), keyOf(r));
    }
    if (ELEMENTWISE.has(i.op) && along) elementwise.push(result);
    for (const window of fits(result) ? windowsOf(i, result) : []) {
      windows.push(window);
      groups.join(keyOf(window.whole), keyOf(window.part));
    }
  }
  const borders = spread(windows, (r) => alike.of(keyOf(r)));
  const own = (r: TensorRef): readonly number[] => borders.get(alike.of(keyOf(r))) ?? [];
  const votes = new Map<string, number>();
  for (const r of elementwise) {
    const at = own(r);
    if (at.length < 3) continue;
    const good = at.length - 1 <= worth.parts && size(r.shape) / (at.length - 1) >= worth.elements;
    const group = groups.of(keyOf(r));
    votes.set(group, (votes.get(group) ?? 0) + (good ? 1 : -1));
  }
  return (r) => {
    if (isConst(r)) return [0, 1];
    const at = (votes.get(groups.of(keyOf(r))) ?? 0) > 0 ? own(r) : [];
    return at.length ? at : [0, lastDim(r.shape)];
  };
}

/** The places of `part` are those of `whole` from `at` on. */
interface Window {
  readonly whole: TensorRef;
  readonly part: TensorRef;
  readonly at: number;
}

function windowsOf(i: Instr, result: TensorRef): Window[] {
  const last = result.shape.length - 1;
  if (i.int || i.attrs["axis"] !== last) return [];
  if (i.op === "slice" && !isConst(i.args[0] as Ref))
    return [{ whole: i.args[0] as TensorRef, part: result, at: i.attrs["from"] as number }];
  if (i.op !== "concat") return [];
  let at = 0;
  return i.args.map((a) => {
    const part = a as TensorRef;
    const window = { whole: result, part, at };
    at += lastDim(part.shape);
    return window;
  });
}

/** Borders go from wholes to parts and back until nothing changes. */
function spread(windows: readonly Window[], classOf: (r: TensorRef) => string): Map<string, readonly number[]> {
  const borders = new Map<string, Set<number>>();
  const add = (r: TensorRef, at: readonly number[]): boolean => {
    const key = classOf(r);
    const own = borders.get(key) ?? new Set([0, lastDim(r.shape)]);
    const before = own.size;
    for (const x of at) own.add(x);
    borders.set(key, own);
    return own.size > before;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const { whole, part, at } of windows) {
      const width = lastDim(part.shape);
      const inner = [...(borders.get(classOf(whole)) ?? [])].map((x) => x - at).filter((x) => x > 0 && x < width);
      const outer = [0, ...(borders.get(classOf(part)) ?? []), width].map((x) => x + at);
      if (add(part, inner)) changed = true;
      if (add(whole, outer)) changed = true;
    }
  }
  return new Map([...borders].map(([key, set]) => [key, [...set].sort((a, b) => a - b)]));
}

/** Disjoint sets of names. */
class Classes {
  readonly #parents = new Map<string, string>();

  of(name: string): string {
    const parent = this.#parents.get(name);
    if (parent === undefined || parent === name) return name;
    const root = this.of(parent);
    this.#parents.set(name, root);
    return root;
  }

  join(a: string, b: string): void {
    this.#parents.set(this.of(a), this.of(b));
  }
}
