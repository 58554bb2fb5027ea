/** Loops: the body of a scan, compiled like a plan, runs once for each block. */
import type { Plan } from "../../compiler/plan/lower.js";
import { type Instr, isIntResult, type Scan, size, type TensorRef } from "../../compiler/plan/types.js";
import type { Given, Nested } from "./code.js";
import type { Dtype, KernelCall, Memory, Run } from "./memory.js";

/** The body as a plan: its results are `next k` and `stacked k`. */
export function bodyPlan({ body, next, stacked }: Scan): Plan {
  const named = (name: string, refs: readonly TensorRef[]) =>
    refs.map((ref, k) => [`${name} ${k}`, { ref, shape: ref.shape, int: ref.int }] as const);
  return {
    instrs: body,
    outputs: new Map([...named("next", next), ...named("stacked", stacked)]),
    given: body.flatMap((i) => (i.op === "given" ? [i.attrs["id"] as string] : [])),
    drawn: [],
  };
}

interface Shape {
  readonly shape: readonly number[];
  readonly dtype: Dtype;
}

/** Runs a scan; its results are the caller's. Whatever a run of the body leaves behind is freed as soon as it can be. */
export function scanRun<H>(scan: Scan, call: KernelCall<H>, memory: Memory<H>, body: Nested<H>): Run<H> {
  const { count, direction, next, blocks, finals, stacked } = scan;
  const carries = next.length;
  const kinds = call.shapes.map((shape, k): Shape => ({ shape, dtype: call.dtypes[k] as Dtype }));
  const cuts = kinds.slice(carries, carries + blocks).map((kind) => cutter(kind, count, call, memory));
  const joins = stacked.map((_, k) => joiner(call, finals.length + k, count, memory));
  const given = (name: string, k: number, handle: H, { shape, dtype }: Shape): readonly [string, Given<H>] => [
    `${name}${k}`,
    { handle, shape, int: dtype === "int32", missing: false },
  ];
  const wholes = kinds.slice(carries + blocks);
  const free = (handles: readonly H[]): void => {
    for (const h of handles) memory.free(h);
  };

  return (args) => {
    let carried = args.slice(0, carries);
    /** Those of `carried` that a run of the body has made. */
    let own: H[] = [];
    const parts: H[][] = stacked.map(() => []);
    const results: H[] = [];
    const wholeGiven = wholes.map((kind, k) => given("whole", k, args[carries + blocks + k] as H, kind));
    try {
      for (let k = 0; k < count; k++) {
        const at = direction === 1 ? k : count - 1 - k;
        const cut: H[] = [];
        try {
          for (const [j, c] of cuts.entries()) cut.push(c.take(args[carries + j] as H, at));
          const feed = new Map([
            ...carried.map((h, j) => given("carry", j, h, kinds[j] as Shape)),
            ...cut.map((h, j) => given("block", j, h, (cuts[j] as Cutter<H>).kind)),
            ...wholeGiven,
          ]);
          const made = body.execute({ given: (id) => feed.get(id) as Given<H>, lengths: {} });
          const old = own;
          own = next.map((_, j) => (made.get(`next ${j}`) as { handle: H }).handle);
          carried = own;
          for (const [j, all] of parts.entries()) all.push((made.get(`stacked ${j}`) as { handle: H }).handle);
          free(old);
        } finally {
          free(cut);
        }
      }
      const left = own;
      own = [];
      for (const [j, h] of left.entries()) if (!finals.includes(j)) memory.free(h);
      results.push(...finals.map((j) => left[j] as H));
      for (const [j, all] of parts.entries()) {
        const ordered = direction === 1 ? all : [...all].reverse();
        results.push((joins[j] as (parts: readonly H[]) => H)(ordered));
        free(all.splice(0));
      }
      return results;
    } catch (error) {
      free([...own, ...parts.flat(), ...results]);
      throw error;
    }
  };
}

interface Cutter<H> {
  readonly kind: Shape;
  take(whole: H, at: number): H;
}

/** Blocks of a tensor along dim 0: views where the backend has them. */
function cutter<H>({ shape, dtype }: Shape, count: number, call: KernelCall<H>, memory: Memory<H>): Cutter<H> {
  const [n = 0, ...rest] = shape;
  const len = n / count;
  if (!Number.isInteger(len)) throw new Error(`[${shape}] is not cut into ${count} blocks`);
  const kind = { shape: [len, ...rest], dtype };
  const { view } = memory;
  if (view) return { kind, take: (whole, at) => view(whole, at * size(kind.shape), kind.shape, dtype) };
  const slices = Array.from({ length: count }, (_, at) => {
    const attrs = { axis: 0, from: at * len, len };
    const instr: Instr = { ...plain(call), op: "slice", attrs, shapes: [kind.shape], int: dtype === "int32" };
    return memory.kernels.slice({ ...call, instr, shapes: [shape], dtypes: [dtype], dtype, wanted: [true] });
  });
  return { kind, take: (whole, at) => (slices[at] as Run<H>)([whole])[0] as H };
}

/** Puts the blocks of a result together. */
function joiner<H>(call: KernelCall<H>, out: number, count: number, memory: Memory<H>): (parts: readonly H[]) => H {
  const whole = call.instr.shapes[out] as readonly number[];
  const [n = 0, ...rest] = whole;
  const int = isIntResult(call.instr, out);
  const dtype = int ? "int32" : "float32";
  const instr: Instr = { ...plain(call), op: "concat", attrs: { axis: 0 }, shapes: [whole], int };
  const shapes = new Array<readonly number[]>(count).fill([n / count, ...rest]);
  const dtypes = new Array<Dtype>(count).fill(dtype);
  const run = memory.kernels.concat({ ...call, instr, shapes, dtypes, dtype, wanted: [true] });
  return (parts) => run(parts)[0] as H;
}

/** The instruction of a scan without what makes it one. */
function plain<H>({ instr: { n, origin } }: KernelCall<H>): Pick<Instr, "n" | "origin" | "args"> {
  return { n, origin, args: [] };
}
