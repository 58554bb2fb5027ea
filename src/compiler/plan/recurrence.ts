/**
 * h[t] = a[t] ⊙ h[t-1] + b[t] along a dim, in parallel: steps compose, (a₂, b₂) ∘ (a₁, b₁) = (a₂ ⊙ a₁, a₂ ⊙ b₁ + b₂), which is
 * associative (Blelloch 1990, "Prefix sums and their applications"). Of n indices every block of k is composed step by step,
 * all blocks at a time; the last compositions of the blocks are again such a recurrence, of n / k indices; and what enters
 * a block goes through the compositions inside. That takes about 5 n k / (k − 1) products and sums in 5 k log n / log k
 * kernels, where a loop takes 2 n in 2 n.
 */
import type { Flat } from "./tensors.js";
import { broadcast, isConst, type Ref, size, type TensorRef } from "./types.js";

/** What kernels cost on a target, in nanoseconds: a call, and each element that it computes or moves. */
export interface Costs {
  readonly call: number;
  readonly element: number;
}

/** The way to compute a recurrence: in blocks of `block`, or step by step (null). */
interface Way {
  readonly block: number | null;
  readonly cost: number;
}

const BLOCKS = [2, 3, 4, 5, 6, 8, 12, 16];

/** The cheapest way for `n` indices of `width` elements. */
function way(n: number, width: number, { call, element }: Costs): Way {
  const kernels = (count: number, elements: number): number => count * (call + elements * width * element);
  // both tensors apart, all steps, and together again
  let best: Way = { block: null, cost: kernels(3, n) + kernels(2 * (n - 1), 1) };
  for (const block of BLOCKS) {
    if (block >= n) break;
    const blocks = Math.ceil(n / block);
    const padding = blocks * block > n ? kernels(3, n) : 0;
    // with what only gives tensors other shapes, which costs something too
    const inside = kernels(5 * (block - 1) + 2, blocks) + kernels(block, 0);
    const cost = padding + kernels(3, n) + inside + way(blocks, width, { call, element }).cost;
    if (cost < best.cost) best = { block, cost };
  }
  return best;
}

/** What a recurrence costs, in nanoseconds. */
export const costOfRecurrence = (n: number, width: number, costs: Costs): number => way(n, width, costs).cost;

/**
 * The recurrence along dim `d` of extent `n`; h begins with 0. `a` and `b` are numbers or have `rank` dims, of which some may
 * be repeated (1); `direction` −1 begins at the end.
 */
export function recurrence(
  flat: Flat,
  { a, b, d, n, direction, rank }: { a: Ref; b: Ref; d: number; n: number; direction: 1 | -1; rank: number },
  costs: Costs,
): Ref {
  if (isConst(b) && b.c === 0) return b;
  if (isConst(a) && a.c === 0) return b;
  const ones = new Array<number>(rank).fill(1);
  const shape = [ones, flat.shapeOf(a), flat.shapeOf(b)].reduce(broadcast).map((m, i) => (i === d ? n : m));
  return new Along(flat, d, direction, costs).run(a, flat.full(b, shape) as TensorRef, n);
}

class Along {
  constructor(
    readonly flat: Flat,
    readonly d: number,
    readonly direction: 1 | -1,
    readonly costs: Costs,
  ) {}

  run(a: Ref, b: TensorRef, n: number): TensorRef {
    const { block } = way(n, size(b.shape) / n, this.costs);
    return block === null ? this.#steps(a, b, n) : this.#blocks(a, b, n, block);
  }

  /** `0 … n − 1` in the order of the recurrence. */
  #order(n: number): number[] {
    const all = [...Array(n).keys()];
    return this.direction === 1 ? all : all.reverse();
  }

  #steps(a: Ref, b: TensorRef, n: number): TensorRef {
    const { flat, d } = this;
    const parts: Ref[] = [];
    let before: Ref | null = null;
    for (const k of this.#order(n)) {
      const own = flat.entry(b, d, k);
      before = before ? flat.add(flat.mul(flat.entry(a, d, isSame(a, d) ? 0 : k), before), own) : own;
      parts[k] = before;
    }
    return this.#together(parts, d);
  }

  #blocks(a: Ref, b: TensorRef, n: number, block: number): TensorRef {
    const { flat, d } = this;
    const blocks = Math.ceil(n / block);
    const cut = (x: Ref): Ref => {
      if (isConst(x)) return x;
      const whole = flat.pad(x, d, 0, blocks * block) as TensorRef;
      return flat.reshape(whole, [...whole.shape.slice(0, d), blocks, block, ...whole.shape.slice(d + 1)]);
    };
    const gates = isSame(a, d) ? null : cut(a);
    const rests = cut(b);
    // inside each block: what comes of 0, and the factor of what comes before
    const inside: { readonly k: number; readonly rest: Ref; readonly gate: Ref }[] = [];
    for (const k of this.#order(block)) {
      const rest = flat.entry(rests, d + 1, k);
      const gate = gates ? flat.entry(gates, d + 1, k) : a;
      const last = inside.at(-1);
      if (!last) inside.push({ k, rest, gate });
      else inside.push({ k, rest: flat.add(flat.mul(gate, last.rest), rest), gate: flat.mul(gate, last.gate) });
    }
    const end = inside.pop() as (typeof inside)[number];
    const ends = this.run(end.gate, end.rest as TensorRef, blocks);
    // what enters a block is how the one before it ends
    const [from, to] = this.direction === 1 ? [0, 1] : [1, 0];
    const entering = flat.pad(flat.slice(ends, d, from, blocks - 1), d, to, blocks);
    const parts: Ref[] = [];
    for (const { k, rest, gate } of inside) parts[k] = flat.add(flat.mul(gate, entering), rest);
    parts[end.k] = ends;
    const all = this.#together(parts, d + 1);
    const shape = b.shape.map((m, i) => (i === d ? blocks * block : m));
    return flat.slice(flat.reshape(all, shape), d, 0, n) as TensorRef;
  }

  /** Tensors of one shape along a new dim. */
  #together(parts: readonly Ref[], d: number): TensorRef {
    const { flat } = this;
    const apart = parts.map((x) => {
      const { shape } = x as TensorRef;
      return flat.reshape(x, [...shape.slice(0, d), 1, ...shape.slice(d)]);
    });
    return flat.concat(apart, apart.map(flat.shapeOf), d) as TensorRef;
  }
}

/** Is it the same at all indices of a dim? */
const isSame = (x: Ref, d: number): boolean => isConst(x) || x.shape[d] === 1;
