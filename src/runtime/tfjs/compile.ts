/** Plan → Code: which kernel, which slots, and after which step each handle is freed. All of it is decided here, once. */
import type { Plan } from "../../compiler/plan/lower.js";
import { type Instr, isConst, isIntResult, type Ref, type Scan, size } from "../../compiler/plan/types.js";
import type { DrawRequest } from "../decoder/types.js";
import {
  type Code,
  type CodeResult,
  chain,
  type HostSlot,
  handleOf,
  type Nested,
  type Slot,
  type State,
  type Step,
} from "./code.js";
import { type HostInstr, isHostOp } from "./host.js";
import { isTruth, type Legal, legalize } from "./legalize.js";
import {
  type Dtype,
  dtypeOf,
  type Kernel,
  type KernelCall,
  type Memory,
  type OwnOp,
  type Run,
  type Values,
} from "./memory.js";
import { bodyPlan, scanRun } from "./scan.js";

/** `nest` makes the bodies of loops ready. */
export function compile<H>(plan: Plan, memory: Memory<H>, nest: (body: Plan) => Nested<H>): Code<H> {
  const legal = legalize(plan, { transposeOperands: memory.transposeOperands, split: !memory.view });
  return new Compiler(legal, memory, nest).code();
}

class Compiler<H> {
  readonly #slots: Slot[] = [];
  readonly #steps: Step<H>[] = [];
  readonly #slotOf = new Map<string, number>();
  readonly #constants = new Map<string, H>();
  readonly #constantSlots = new Map<string, number>();
  readonly #fixed: [number, H][] = [];
  readonly #host: HostSlot[] = [];
  readonly #tokens: string[] = [];
  readonly #nested: Nested<H>[] = [];
  readonly #lastUse = new Map<number, number>();
  /** Tensors that something reads. */
  readonly #read = new Set<string>();

  constructor(
    readonly legal: Legal,
    readonly memory: Memory<H>,
    readonly nest: (body: Plan) => Nested<H>,
  ) {
    const note = (r: Ref): void => {
      if (!isConst(r)) this.#read.add(`${r.n}.${r.out}`);
    };
    for (const i of legal.live) i.args.forEach(note);
    for (const o of legal.outputs.values()) note(o.ref);
  }

  code(): Code<H> {
    for (const instr of this.legal.live) this.#compile(instr);
    const results = [...this.legal.outputs].map(([id, { ref, shape, int }]): CodeResult => {
      if (!isConst(ref)) return { id, slot: this.#slot(ref), constant: null, shape, int };
      return { id, slot: null, constant: filled(ref.c, size(shape), int), shape, int };
    });
    this.#placeFrees(results);
    return {
      slots: this.#slots,
      steps: this.#steps,
      constants: [...this.#constants.values()],
      fixed: this.#fixed,
      host: this.#host,
      nested: this.#nested,
      results,
      tokens: this.#tokens,
    };
  }

  #slot(r: Ref): number {
    if (isConst(r)) return this.#constantSlot(filled(r.c, 1, r.int), [], `${r.int}${r.c}`);
    const slot = this.#slotOf.get(`${r.n}.${r.out}`);
    if (slot === undefined) throw new Error(`nothing computes tensor ${r.n}`);
    return slot;
  }

  #newSlot(owned: boolean, dtype: Dtype, of: number | null = null): number {
    this.#slots.push({ owned, of, dtype });
    return this.#slots.length - 1;
  }

  #constantSlot(values: Values, shape: readonly number[], key: string): number {
    const known = this.#constantSlots.get(`${key}|${shape}`);
    if (known !== undefined) return known;
    const slot = this.#newSlot(false, dtypeOf(values));
    this.#constantSlots.set(`${key}|${shape}`, slot);
    this.#fixed.push([slot, this.#constant(values, shape, `=${key}|${shape}`)]);
    return slot;
  }

  #constant(values: Values, shape: readonly number[], key = `${dtypeOf(values)}|${shape}|${values}`): H {
    let handle = this.#constants.get(key);
    if (handle === undefined) {
      handle = this.memory.write(values, shape);
      this.#constants.set(key, handle);
    }
    return handle;
  }

  #dtype(i: Instr): Dtype {
    if (i.int) return "int32";
    return isTruth(this.legal.all, { n: i.n, out: 0, shape: [], int: false }) ? "bool" : "float32";
  }

  #name(i: Instr, slots: readonly number[]): void {
    for (const [out, s] of slots.entries()) this.#slotOf.set(`${i.n}.${out}`, s);
  }

  #compile(i: Instr): void {
    const dtype = this.#dtype(i);
    const shape = i.shapes[0] as readonly number[];
    const { view, reshape } = this.memory;
    if (isHostOp(i.op)) {
      const slot = this.#newSlot(false, dtype);
      this.#host.push({ slot, instr: i as HostInstr });
      return this.#name(i, [slot]);
    }
    switch (i.op as OwnOp | "unstack" | "slice") {
      case "full": {
        const value = i.attrs["value"] as number;
        return this.#name(i, [this.#constantSlot(filled(value, size(shape), i.int), shape, `${i.int}${value}`)]);
      }
      case "literal": {
        const values = i.attrs["values"] as readonly number[];
        return this.#name(i, [this.#constantSlot(Int32Array.from(values), shape, `ints ${values}`)]);
      }
      case "given":
        return this.#given(i, dtype);
      case "draw":
        return this.#draw(i);
      case "scan":
        return this.#scan(i);
      case "reshape":
        if (!reshape) return this.#name(i, [this.#slot(i.args[0] as Ref)]);
        return this.#call(i, [this.#newSlot(true, dtype)], ([h]) => [reshape(h as H, shape, dtype)]);
      case "unstack":
        if (view) return this.#views(i, view, dtype, (out) => out * size(shape));
        break;
      case "slice": {
        const axis = i.attrs["axis"] as number;
        const from = (i.attrs["from"] as number) * size(shape.slice(axis + 1));
        if (view && shape.slice(0, axis).every((d) => d === 1)) return this.#views(i, view, dtype, () => from);
        break;
      }
      default:
    }
    const kernels: Partial<Record<Instr["op"], Kernel<H>>> = { ...this.memory.kernels, ...this.memory.fused };
    const kernel = kernels[i.op];
    if (!kernel) throw new Error(`${this.memory.name} has no kernel for ${i.op}`);
    const outs = i.shapes.map(() => this.#newSlot(true, dtype));
    this.#call(i, outs, kernel(this.#kernelCall(i, dtype)));
  }

  #kernelCall = (instr: Instr, dtype: Dtype): KernelCall<H> => ({
    instr,
    shapes: instr.args.map((a) => (isConst(a) ? [] : a.shape)),
    dtypes: instr.args.map((a) => (this.#slots[this.#slot(a)] as Slot).dtype),
    dtype,
    wanted: instr.shapes.map((_, out) => this.#read.has(`${instr.n}.${out}`)),
    constant: (values, s) => this.#constant(values, s),
  });

  #scan(i: Instr): void {
    const scan = i.scan as Scan;
    const nested = this.nest(bodyPlan(scan));
    this.#nested.push(nested);
    const outs = i.shapes.map((_, out) => this.#newSlot(true, isIntResult(i, out) ? "int32" : "float32"));
    const loop = this.memory.loop ?? scanRun;
    const run = loop(scan, this.#kernelCall(i, "float32"), this.memory, nested);
    this.#call(i, outs, run, scan.count * nested.kernels);
  }

  #call(i: Instr, outs: readonly number[], kernel: Run<H>, kernels = 1): void {
    const ins = i.args.map((a) => this.#slot(a));
    this.#name(i, outs);
    const args = new Array<H>(ins.length);
    const run = ({ slots }: State<H>): void => {
      for (let k = 0; k < ins.length; k++) args[k] = slots[ins[k] as number] as H;
      const results = kernel(args);
      for (let k = 0; k < outs.length; k++) slots[outs[k] as number] = results[k];
    };
    this.#step(ins, outs, run, kernels);
  }

  /** Parts of a tensor that are contiguous in it. */
  #views(i: Instr, view: NonNullable<Memory<H>["view"]>, dtype: Dtype, from: (out: number) => number): void {
    const shape = i.shapes[0] as readonly number[];
    const whole = this.#slot(i.args[0] as Ref);
    const wanted = i.shapes.map((_, out) => this.#read.has(`${i.n}.${out}`));
    const outs = i.shapes.map(() => this.#newSlot(true, dtype, whole));
    this.#call(i, outs, ([h]) => wanted.map((w, out) => (w ? view(h as H, from(out), shape, dtype) : undefined)));
  }

  #given(i: Instr, dtype: Dtype): void {
    const wanted = { id: i.attrs["id"] as string, shape: i.shapes[0] as readonly number[], int: i.int };
    const slot = this.#newSlot(false, dtype);
    if (i.int) this.#tokens.push(wanted.id);
    this.#name(i, [slot]);
    this.#step([], [slot], ({ slots, feed }) => {
      slots[slot] = handleOf(wanted, feed);
    });
  }

  #draw(i: Instr): void {
    const { value, ...request } = i.attrs as unknown as Omit<DrawRequest, "random" | "params"> & { value: string };
    const ins = i.args.map((a) => this.#slot(a));
    const shapes = i.args.map((a) => (isConst(a) ? [] : a.shape));
    const outs = i.shapes.map((_, out) => this.#newSlot(true, out > 0 || i.int ? "int32" : "float32"));
    this.#name(i, outs);
    this.#step(ins, outs, (state) => {
      const { slots, feed } = state;
      if (!feed.draw) throw new Error(`${value} is drawn, and the run has no callback for draws`);
      const params = ins.map((s, k) => {
        const shape = shapes[k] as readonly number[];
        return { data: this.memory.read(slots[s] as H, shape, "float32") as Float32Array, shape };
      });
      const reply = feed.draw({ ...request, random: value, params });
      state.stopped = reply.stop === true;
      if (state.stopped) return;
      const results = [i.int ? Int32Array.from(reply.values) : Float32Array.from(reply.values), reply.parent];
      for (const [out, shape] of i.shapes.entries()) {
        const values = results[out];
        const what = out ? "parents" : "values";
        if (values?.length !== size(shape))
          throw new Error(`the draw of ${value} gave ${values?.length ?? "no"} ${what} for [${shape}]`);
        slots[outs[out] as number] = this.memory.write(values, shape);
      }
    });
  }

  #step(ins: readonly number[], outs: readonly number[], run: (state: State<H>) => void, kernels = 1): void {
    this.#steps.push({ run, free: [], kernels });
    // a whole lives as long as its views
    for (const s of [...ins, ...outs])
      for (const k of chain(this.#slots, s)) this.#lastUse.set(k, this.#steps.length - 1);
  }

  #placeFrees(results: readonly CodeResult[]): void {
    const kept = new Set(results.flatMap((r) => (r.slot === null ? [] : [...chain(this.#slots, r.slot)])));
    const free = new Map<number, number[]>();
    for (const [slot, step] of this.#lastUse)
      if (this.#slots[slot]?.owned && !kept.has(slot)) free.set(step, [...(free.get(step) ?? []), slot]);
    for (const [step, slots] of free) (this.#steps[step] as Step<H>).free = slots.sort((a, b) => b - a);
  }
}

const filled = (value: number, n: number, int: boolean): Values =>
  (int ? new Int32Array(n) : new Float32Array(n)).fill(value);
