/**
 * Elementwise instructions as one loop over their common space: what one computes for another stays in a register. A
 * function gets an address for each operand; dims and strides are part of its code, so that equal loops share it.
 */
import { Body, I32, V128 } from "./body.js";
import { type Elementwise, emit } from "./elementwise.js";
import type { ModuleWriter } from "./module.js";

export type LoopArg =
  | { readonly kind: "in"; readonly k: number }
  | { readonly kind: "op"; readonly k: number }
  | { readonly kind: "number"; readonly value: number; readonly int: boolean };

export interface LoopOp extends Elementwise {
  readonly args: readonly LoopArg[];
}

/** Strides count numbers; 0: the same one again. */
export interface Loop {
  readonly dims: readonly number[];
  readonly ins: readonly (readonly number[])[];
  readonly ops: readonly LoopOp[];
  readonly outs: readonly { readonly op: number; readonly strides: readonly number[] }[];
}

/** (address of each input, then of each output). */
export function addLoop(module: ModuleWriter, loop: Loop): number {
  return new LoopWriter(module, simplified(loop)).add();
}

/** Without dims of 1, and with neighbouring dims as one where all operands allow it. At least one dim is left. */
export function simplified(loop: Loop): Loop {
  const all = [...loop.ins, ...loop.outs.map((o) => o.strides)];
  const dims: number[] = [];
  const kept: number[][] = all.map(() => []);
  for (const [d, n] of loop.dims.entries()) {
    if (n === 1) continue;
    const last = dims.length - 1;
    const joins = last >= 0 && all.every((s, i) => kept[i]?.[last] === (s[d] as number) * n);
    if (joins) dims[last] = (dims[last] as number) * n;
    else dims.push(n);
    for (const [i, s] of all.entries()) {
      const own = kept[i] as number[];
      if (joins) own[last] = s[d] as number;
      else own.push(s[d] as number);
    }
  }
  if (!dims.length) {
    dims.push(1);
    for (const own of kept) own.push(0);
  }
  return {
    dims,
    ins: kept.slice(0, loop.ins.length),
    ops: loop.ops,
    outs: loop.outs.map((o, k) => ({ op: o.op, strides: kept[loop.ins.length + k] as number[] })),
  };
}

class LoopWriter {
  readonly #f: Body;
  readonly #at: number;
  /** Values of inputs that stay the same along the last dim. */
  readonly #fixed = new Map<number, number>();

  constructor(
    readonly module: ModuleWriter,
    readonly loop: Loop,
  ) {
    this.#f = new Body(new Array(loop.ins.length + loop.outs.length).fill(I32));
    this.#at = this.#f.local(I32);
  }

  add(): number {
    this.#dim(0);
    return this.module.add(this.#f.func());
  }

  #dim(d: number): void {
    const { dims } = this.loop;
    if (d === dims.length - 1) return this.#last();
    const counter = this.#f.local(I32);
    this.#f.count(counter, dims[d] as number, 1, () => {
      this.#dim(d + 1);
      // the dims inside have moved the addresses to their ends, the last one has not
      const inner = d + 1 === dims.length - 1 ? 0 : (dims[d + 1] as number);
      this.#operands((pointer, strides) => {
        const step = (strides[d] as number) - inner * (strides[d + 1] as number);
        if (step)
          this.#f
            .get(pointer)
            .plus(4 * step)
            .set(pointer);
      });
    });
  }

  #operands(each: (pointer: number, strides: readonly number[]) => void): void {
    const { ins, outs } = this.loop;
    for (const [k, strides] of ins.entries()) each(k, strides);
    for (const [k, { strides }] of outs.entries()) each(ins.length + k, strides);
  }

  #last(): void {
    const { dims, ins } = this.loop;
    const last = dims.length - 1;
    const n = dims[last] as number;
    for (const [k, strides] of ins.entries()) {
      if (strides[last] !== 0) continue;
      const value = this.#fixed.get(k) ?? this.#f.local(V128);
      this.#fixed.set(k, value);
      this.#f.get(k).loadSplat().set(value);
    }
    const whole = n - (n % 4);
    if (whole) this.#f.count(this.#at, 4 * whole, 16, () => this.#element(4));
    else this.#f.i32(0).set(this.#at);
    if (n === whole) return;
    this.#f.repeat(() => {
      this.#element(1);
      this.#f
        .get(this.#at)
        .plus(4)
        .tee(this.#at)
        .i32(4 * n)
        .scalar("i32.lt_u");
    });
  }

  /** The address of an operand at the current place. */
  #address(pointer: number, stride: number): Body {
    const f = this.#f.get(pointer).get(this.#at);
    if (stride !== 1) f.i32(stride).scalar("i32.mul");
    return f.scalar("i32.add");
  }

  #element(lanes: 1 | 4): void {
    const { ins, ops, outs, dims } = this.loop;
    const f = this.#f;
    const loaded = new Map(this.#fixed);
    const values: number[] = [];
    const last = dims.length - 1;
    const load = (k: number): number => {
      const known = loaded.get(k);
      if (known !== undefined) return known;
      const value = f.local(V128);
      const stride = (ins[k] as readonly number[])[last] as number;
      this.#address(k, stride);
      if (lanes === 1) f.loadOne();
      else if (stride === 1) f.load();
      else {
        const address = f.local(I32);
        f.tee(address).loadOne().set(value);
        for (let lane = 1; lane < 4; lane++) {
          f.get(address).plus(4 * lane * stride);
          f.get(value).loadLane(lane).set(value);
        }
        f.get(value);
      }
      f.set(value);
      loaded.set(k, value);
      return value;
    };
    for (const op of ops) {
      const args = op.args.map((arg) => {
        if (arg.kind === "in") return load(arg.k);
        if (arg.kind === "op") return values[arg.k] as number;
        const value = f.local(V128);
        if (arg.int) f.i32x4(arg.value).set(value);
        else f.f32x4(arg.value).set(value);
        return value;
      });
      const value = f.local(V128);
      emit(f, op, args, this.module);
      f.set(value);
      values.push(value);
    }
    for (const [k, { op, strides }] of outs.entries()) {
      const stride = strides[last] as number;
      const value = values[op] as number;
      this.#address(ins.length + k, stride);
      if (lanes === 1) f.get(value).storeLane(0);
      else if (stride === 1) f.get(value).store();
      else {
        const address = f.local(I32);
        f.set(address);
        for (let lane = 0; lane < 4; lane++)
          f.get(address)
            .plus(4 * lane * stride)
            .get(value)
            .storeLane(lane);
      }
    }
  }
}
