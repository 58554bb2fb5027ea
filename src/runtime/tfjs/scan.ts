/** Loops: the body of a scan, compiled like a plan, runs once for each block. */
import type { Plan } from "../../compiler/plan/lower.js";
import {
  type Instr,
  isConst,
  isIntResult,
  type Scan,
  sameShape,
  size,
  type TensorRef,
} from "../../compiler/plan/types.js";
import type { Given, Nested } from "./code.js";
import type { Dtype, KernelCall, Memory, Run } from "./memory.js";

/** The body as a plan: its results are `next k` and `stacked k j`, the parts of a block. */
export function bodyPlan(scan: Scan): Plan {
  const results = [
    ...scan.next.map((ref, k) => [`next ${k}`, ref] as const),
    ...scan.stacked.flatMap((ref, k) => partsOf(scan, ref).map((part, j) => [`stacked ${k} ${j}`, part] as const)),
  ];
  return {
    instrs: scan.body,
    outputs: new Map(results.map(([id, ref]) => [id, { ref, shape: ref.shape, int: ref.int }])),
    given: scan.body.flatMap((i) => (i.op === "given" ? [i.attrs["id"] as string] : [])),
    drawn: [],
  };
}

/** A block that the body puts together from parts is not: those of all runs are put together at once. */
function partsOf({ body }: Scan, ref: TensorRef): readonly TensorRef[] {
  const find = (r: TensorRef): Instr => body.find((i) => i.n === r.n) as Instr;
  let def = find(ref);
  if (def.op === "reshape") def = find(def.args[0] as TensorRef);
  const parts = def.args.filter((a): a is TensorRef => !isConst(a));
  const isPlain = def.op === "concat" && def.attrs["axis"] === 0 && parts.length === def.args.length;
  return isPlain && parts.every((p) => sameShape(p.shape, (parts[0] as TensorRef).shape)) ? parts : [ref];
}

/** What one run of the body adds to a stacked result: its parts side by side. */
export function joinedShape(scan: Scan, ref: TensorRef): readonly number[] {
  const parts = partsOf(scan, ref);
  const [first = 1, ...rest] = (parts[0] as TensorRef).shape;
  return [parts.length * first, ...rest];
}

interface Shape {
  readonly shape: readonly number[];
  readonly dtype: Dtype;
}

/** Runs a scan; its results are the caller's. Whatever a run of the body leaves behind is freed as soon as it can be. */
export function scanRun<H>(scan: Scan, call: KernelCall<H>, memory: Memory<H>, body: Nested<H>): Run<H> {
  const { count, direction, next, blocks, finals, stacked, until } = scan;
  const carries = next.length;
  const kinds = call.shapes.map((shape, k): Shape => ({ shape, dtype: call.dtypes[k] as Dtype }));
  const cuts = kinds.slice(carries, carries + blocks).map((kind) => cutter(kind, count, call, memory));
  const pieces = stacked.map((ref) => partsOf(scan, ref));
  const joins = pieces.map((own, k) => joiner(call, finals.length + k, own, count, memory));
  const given = (name: string, k: number, handle: H, { shape, dtype }: Shape): readonly [string, Given<H>] => [
    `${name}${k}`,
    { handle, shape, int: dtype === "int32", missing: false },
  ];
  const wholes = kinds.slice(carries + blocks);
  const free = (handles: readonly H[]): void => {
    for (const h of handles) memory.free(h);
  };

  /** What runs that are not made would have stacked. */
  const missing = (j: number, runs: number): H[][] =>
    Array.from({ length: runs }, () =>
      (pieces[j] as readonly TensorRef[]).map(({ shape, int }) =>
        memory.write(int ? new Int32Array(size(shape)) : new Float32Array(size(shape)), shape),
      ),
    );

  return (args) => {
    let carried = args.slice(0, carries);
    /** Those of `carried` that a run of the body has made. */
    let own: H[] = [];
    /** For each stacked result the parts of its blocks, as the runs make them. */
    const parts: H[][][] = stacked.map(() => []);
    const results: H[] = [];
    const wholeGiven = wholes.map((kind, k) => given("whole", k, args[carries + blocks + k] as H, kind));
    try {
      for (let k = 0; k < count; k++) {
        if (until !== undefined && !((memory.read(carried[until] as H, [], "float32")[0] as number) > 0)) {
          for (const [j, all] of parts.entries()) all.push(...missing(j, count - k));
          break;
        }
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
          for (const [j, all] of parts.entries())
            all.push(
              (pieces[j] as readonly TensorRef[]).map(
                (_, n) => (made.get(`stacked ${j} ${n}`) as { handle: H }).handle,
              ),
            );
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
        results.push((joins[j] as (parts: readonly H[]) => H)(ordered.flat()));
        free(all.splice(0).flat());
      }
      return results;
    } catch (error) {
      free([...own, ...parts.flat(2), ...results]);
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

/** Puts the parts of a result together, those of all runs at once. */
function joiner<H>(
  call: KernelCall<H>,
  out: number,
  parts: readonly TensorRef[],
  count: number,
  memory: Memory<H>,
): (handles: readonly H[]) => H {
  const whole = call.instr.shapes[out] as readonly number[];
  const int = isIntResult(call.instr, out);
  const dtype = int ? "int32" : "float32";
  const one = (parts[0] as TensorRef).shape;
  const n = count * parts.length;
  const joined = [n * (one[0] as number), ...one.slice(1)];
  const instr: Instr = { ...plain(call), op: "concat", attrs: { axis: 0 }, shapes: [joined], int };
  const [shapes, dtypes] = [new Array<readonly number[]>(n).fill(one), new Array<Dtype>(n).fill(dtype)];
  const run = memory.kernels.concat({ ...call, instr, shapes, dtypes, dtype, wanted: [true] });
  return (handles) => {
    const all = run(handles)[0] as H;
    if (!memory.reshape || sameShape(joined, whole)) return all;
    const shaped = memory.reshape(all, whole, dtype);
    memory.free(all);
    return shaped;
  };
}

/** The instruction of a scan without what makes it one. */
function plain<H>({ instr: { n, origin } }: KernelCall<H>): Pick<Instr, "n" | "origin" | "args"> {
  return { n, origin, args: [] };
}
