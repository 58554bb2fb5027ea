/**
 * Runs a plan: a fixed list of kernel calls over numbered handles. Which handle is freed after which call is decided
 * once, so a run leaves exactly its results behind.
 */
import type { Plan } from "../../compiler/plan/lower.js";
import { type Instr, isConst, type Ref, size } from "../../compiler/plan/types.js";
import type { DrawReply, DrawRequest } from "../decoder/types.js";
import { axesOf, type HostOp, isHostOp, type Lengths, makeHost } from "./host.js";
import { isTruth, type Legal, legalize } from "./legalize.js";
import { type Dtype, dtypeOf, type KernelCall, type Memory, type OwnOp, type Values } from "./memory.js";

export interface Given<H> {
  readonly handle: H;
  readonly shape: readonly number[];
  readonly int: boolean;
  /** Is there a missing token, −1, among the numbers? */
  readonly missing: boolean;
}

export interface RunFeed<H> {
  given(id: string): Given<H>;
  readonly lengths: Lengths;
  readonly draw?: (request: DrawRequest) => DrawReply;
}

export interface Result<H> {
  readonly handle: H;
  readonly shape: readonly number[];
  readonly int: boolean;
}

interface State<H> {
  readonly slots: (H | undefined)[];
  readonly feed: RunFeed<H>;
  stopped: boolean;
}

interface Step<H> {
  readonly origin: string;
  run(state: State<H>): void;
  /** Slots that nothing reads after this step, views before what they view. */
  free: readonly number[];
}

/** `owned`: freed by the run. `fixed`: the caller's, a constant, or made from the lengths. */
interface Slot {
  readonly owned: boolean;
  /** The slot that this one is a view of. */
  readonly of: number | null;
  readonly dtype: Dtype;
}

export class TensorProgram<H> {
  readonly #slots: Slot[] = [];
  readonly #steps: Step<H>[] = [];
  readonly #slotOf = new Map<string, number>();
  readonly #constants = new Map<string, H>();
  /** Made from the lengths: kept while the lengths stay the same. */
  readonly #made: { readonly slot: number; readonly instr: Instr & { readonly op: HostOp }; key: string; handle: H }[] =
    [];
  readonly #results: { id: string; slot: number; constant: Values | null; shape: readonly number[]; int: boolean }[] =
    [];
  readonly #legal: Legal;
  /** Ids of the integers that are given. */
  readonly #tokens: string[] = [];

  constructor(
    plan: Plan,
    readonly memory: Memory<H>,
  ) {
    this.#legal = legalize(plan, { transposeOperands: memory.transposeOperands, split: !memory.view });
    for (const instr of this.#legal.live) this.#compile(instr);
    for (const [id, o] of this.#legal.outputs) {
      const { ref, shape, int } = o;
      const n = size(shape);
      const constant = isConst(ref) ? (int ? new Int32Array(n) : new Float32Array(n)).fill(ref.c) : null;
      this.#results.push({ id, slot: isConst(ref) ? -1 : this.#slot(ref), constant, shape, int });
    }
    this.#placeFrees();
  }

  /** Kernel calls of one run. */
  get kernels(): number {
    return this.#steps.length;
  }

  /** Origins of the kernel calls with their ops, for measuring. */
  get listing(): readonly { readonly op: string; readonly origin: string; readonly shape: readonly number[] }[] {
    return this.#legal.live.map((i) => ({ op: i.op, origin: i.origin, shape: i.shapes[0] as number[] }));
  }

  /** The results become the caller's; null where a draw said stop. */
  run(feed: RunFeed<H>): Map<string, Result<H>> | null {
    const state: State<H> = { slots: new Array(this.#slots.length), feed, stopped: false };
    const { slots } = state;
    try {
      this.memory.expectMissing?.(this.#tokens.some((id) => feed.given(id).missing));
      this.#makeHost(state);
      for (const step of this.#steps) {
        step.run(state);
        if (state.stopped) return null;
        for (const s of step.free) {
          const h = slots[s];
          if (h === undefined) continue;
          this.memory.free(h);
          slots[s] = undefined;
        }
      }
      return this.#take(slots);
    } finally {
      for (let s = slots.length - 1; s >= 0; s--) {
        const h = slots[s];
        if (h !== undefined && (this.#slots[s] as Slot).owned) this.memory.free(h);
      }
    }
  }

  /** Frees what is kept between runs. */
  dispose(): void {
    for (const h of this.#constants.values()) this.memory.free(h);
    for (const m of this.#made) if (m.key !== "") this.memory.free(m.handle);
    this.#constants.clear();
    this.#made.length = 0;
  }

  #take(slots: (H | undefined)[]): Map<string, Result<H>> {
    const results = new Map<string, Result<H>>();
    for (const { id, slot, constant, shape, int } of this.#results) {
      const dtype: Dtype = int ? "int32" : "float32";
      let handle: H;
      if (constant) handle = this.memory.write(constant, shape);
      else {
        const s = this.#slots[slot] as Slot;
        const last = this.#results.filter((r) => r.slot === slot).pop();
        const viewed = this.#slots.some((o, k) => o.of === slot && slots[k] !== undefined);
        if (s.owned && s.of === null && last?.id === id && !viewed) {
          handle = slots[slot] as H;
          slots[slot] = undefined;
        } else handle = this.memory.copy(slots[slot] as H, shape, dtype);
      }
      results.set(id, { handle, shape, int });
    }
    return results;
  }

  #slot(r: Ref): number {
    if (isConst(r)) {
      const values = r.int ? Int32Array.of(r.c) : Float32Array.of(r.c);
      return this.#constantSlot(values, []);
    }
    const slot = this.#slotOf.get(`${r.n}.${r.out}`);
    if (slot === undefined) throw new Error(`nothing computes tensor ${r.n}`);
    return slot;
  }

  #newSlot(slot: Slot): number {
    this.#slots.push(slot);
    return this.#slots.length - 1;
  }

  readonly #constantSlots = new Map<string, number>();
  #constantSlot(values: Values, shape: readonly number[]): number {
    const key = `${dtypeOf(values)}|${shape}|${values.length > 32 && values.every((v) => v === values[0]) ? `${values[0]}…` : values}`;
    const known = this.#constantSlots.get(key);
    if (known !== undefined) return known;
    const handle = this.#constant(values, shape, key);
    const slot = this.#newSlot({ owned: false, of: null, dtype: dtypeOf(values) });
    this.#constantSlots.set(key, slot);
    this.#fixed.push([slot, handle]);
    return slot;
  }
  readonly #fixed: [number, H][] = [];

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
    return isTruth(this.#legal.all, { n: i.n, out: 0, shape: [], int: false }) ? "bool" : "float32";
  }

  #name(i: Instr, slots: readonly number[]): void {
    slots.forEach((s, out) => {
      this.#slotOf.set(`${i.n}.${out}`, s);
    });
  }

  #compile(i: Instr): void {
    const dtype = this.#dtype(i);
    const shape = i.shapes[0] as readonly number[];
    const { view, reshape } = this.memory;
    if (isHostOp(i.op)) {
      const slot = this.#newSlot({ owned: false, of: null, dtype });
      this.#made.push({ slot, instr: i as Instr & { op: HostOp }, key: "", handle: undefined as H });
      return this.#name(i, [slot]);
    }
    const owned = (): number => this.#newSlot({ owned: true, of: null, dtype });
    switch (i.op as OwnOp | "unstack" | "slice") {
      case "full": {
        const n = size(shape);
        const values = (i.int ? new Int32Array(n) : new Float32Array(n)).fill(i.attrs["value"] as number);
        return this.#name(i, [this.#constantSlot(values, shape)]);
      }
      case "given":
        return this.#given(i, this.#newSlot({ owned: false, of: null, dtype }));
      case "draw":
        return this.#draw(i);
      case "reshape": {
        const from = this.#slot(i.args[0] as Ref);
        if (!reshape) return this.#name(i, [from]);
        return this.#call(i, [owned()], ([h]) => [reshape(h as H, shape, dtype)]);
      }
      case "unstack":
        if (view) return this.#views(i, dtype, shape, (out) => out * size(shape));
        break;
      case "slice": {
        const lead = shape.slice(0, i.attrs["axis"] as number);
        const inner = size(shape.slice((i.attrs["axis"] as number) + 1));
        if (view && lead.every((d) => d === 1))
          return this.#views(i, dtype, shape, () => (i.attrs["from"] as number) * inner);
        break;
      }
      default:
    }
    const wanted = i.shapes.map((_, out) => this.#isRead(i.n, out));
    const call: KernelCall<H> = {
      instr: i,
      shapes: i.args.map((a) => (isConst(a) ? [] : a.shape)),
      dtypes: i.args.map((a) => (this.#slots[this.#slot(a)] as Slot).dtype),
      dtype,
      wanted,
      constant: (values, s) => this.#constant(values, s),
    };
    const kernel = this.memory.kernels[i.op as Exclude<Instr["op"], OwnOp>](call);
    return this.#call(
      i,
      i.shapes.map(() => owned()),
      kernel,
    );
  }

  readonly #reads = new Set<string>();
  #isRead(n: number, out: number): boolean {
    if (!this.#reads.size) {
      const note = (r: Ref): void => {
        if (!isConst(r)) this.#reads.add(`${r.n}.${r.out}`);
      };
      for (const i of this.#legal.live) i.args.forEach(note);
      for (const o of this.#legal.outputs.values()) note(o.ref);
    }
    return this.#reads.has(`${n}.${out}`);
  }

  #call(i: Instr, outs: readonly number[], kernel: (args: readonly H[]) => readonly (H | undefined)[]): void {
    const ins = i.args.map((a) => this.#slot(a));
    this.#name(i, outs);
    const args = new Array<H>(ins.length);
    const run = ({ slots }: State<H>): void => {
      for (let k = 0; k < ins.length; k++) args[k] = slots[ins[k] as number] as H;
      const results = kernel(args);
      for (let k = 0; k < outs.length; k++) slots[outs[k] as number] = results[k];
    };
    this.#steps.push({ origin: i.origin, run, free: [] });
    this.#touch(this.#steps.length - 1, ins, outs);
  }

  #views(i: Instr, dtype: Dtype, shape: readonly number[], from: (out: number) => number): void {
    const whole = this.#slot(i.args[0] as Ref);
    const view = this.memory.view as NonNullable<Memory<H>["view"]>;
    const outs = i.shapes.map((_, out) =>
      this.#isRead(i.n, out) ? this.#newSlot({ owned: true, of: whole, dtype }) : -1,
    );
    this.#call(
      i,
      outs.map((s) => (s < 0 ? this.#newSlot({ owned: true, of: whole, dtype }) : s)),
      ([h]) => outs.map((s, out) => (s < 0 ? undefined : view(h as H, from(out), shape, dtype))),
    );
  }

  #given(i: Instr, slot: number): void {
    const id = i.attrs["id"] as string;
    const shape = (i.shapes[0] as readonly number[]).join();
    if (i.int) this.#tokens.push(id);
    this.#name(i, [slot]);
    const run = ({ slots, feed }: State<H>): void => {
      const tensor = feed.given(id);
      if (tensor.shape.join() !== shape || tensor.int !== i.int)
        throw new Error(
          `${id} is given as ${tensor.int ? "integers" : "numbers"} [${tensor.shape}], the plan expects ${i.int ? "integers" : "numbers"} [${shape}]`,
        );
      slots[slot] = tensor.handle;
    };
    this.#steps.push({ origin: id, run, free: [] });
  }

  #draw(i: Instr): void {
    const { value, dist, index } = i.attrs as unknown as { value: string; dist: DrawRequest["dist"]; index: number[] };
    const ins = i.args.map((a) => this.#slot(a));
    const shapes = i.args.map((a) => (isConst(a) ? [] : a.shape));
    const outs = i.shapes.map((_, out) =>
      this.#newSlot({ owned: true, of: null, dtype: out > 0 || i.int ? "int32" : "float32" }),
    );
    this.#name(i, outs);
    const run = (state: State<H>): void => {
      const { slots, feed } = state;
      if (!feed.draw) throw new Error(`${value} is drawn, and the run has no callback for draws`);
      const params = ins.map((s, k) => {
        const shape = shapes[k] as readonly number[];
        return { data: this.memory.read(slots[s] as H, shape, "float32") as Float32Array, shape };
      });
      const reply = feed.draw({ random: value, dist, index, params });
      if (reply.stop) {
        state.stopped = true;
        return;
      }
      const results = [i.int ? Int32Array.from(reply.values) : Float32Array.from(reply.values), reply.parent];
      i.shapes.forEach((shape, out) => {
        const values = results[out];
        if (values?.length !== size(shape))
          throw new Error(
            `the draw of ${value} gave ${values?.length ?? "no"} ${out ? "parents" : "values"} for [${shape}]`,
          );
        slots[outs[out] as number] = this.memory.write(values, shape);
      });
    };
    this.#steps.push({ origin: i.origin, run, free: [] });
    this.#touch(this.#steps.length - 1, ins, outs);
  }

  /** Makes what depends on the lengths, where they have changed, and puts fixed handles in their slots. */
  #makeHost({ slots, feed }: State<H>): void {
    for (const [slot, handle] of this.#fixed) slots[slot] = handle;
    const keys = new Map<string, string>();
    const keyOf = (axis: string): string => {
      let key = keys.get(axis);
      if (key === undefined) {
        key = `${axis}:${feed.lengths[axis]?.join()}`;
        keys.set(axis, key);
      }
      return key;
    };
    for (const m of this.#made) {
      const key = `=${axesOf(m.instr).map(keyOf).join(";")}`;
      if (m.key !== key) {
        const handle = this.memory.write(makeHost(m.instr, feed.lengths), m.instr.shapes[0] as number[]);
        if (m.key !== "") this.memory.free(m.handle);
        m.key = key;
        m.handle = handle;
      }
      slots[m.slot] = m.handle;
    }
  }

  readonly #lastUse = new Map<number, number>();
  #touch(step: number, ins: readonly number[], outs: readonly number[]): void {
    for (const s of [...ins, ...outs]) {
      for (let k: number | null = s; k !== null && k >= 0; k = (this.#slots[k] as Slot).of) this.#lastUse.set(k, step);
    }
  }

  #placeFrees(): void {
    const kept = new Set(this.#results.map((r) => r.slot));
    for (const s of [...kept])
      for (let k: number | null = s; k !== null && k >= 0; k = (this.#slots[k] as Slot).of) kept.add(k);
    const free = new Map<number, number[]>();
    for (const [slot, step] of this.#lastUse)
      if ((this.#slots[slot] as Slot).owned && !kept.has(slot)) free.set(step, [...(free.get(step) ?? []), slot]);
    // a view has a higher number than what it views
    for (const [step, slots] of free) (this.#steps[step] as Step<H>).free = slots.sort((a, b) => b - a);
  }
}
