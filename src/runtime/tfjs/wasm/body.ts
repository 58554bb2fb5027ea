/** The body of a WebAssembly function under construction. Methods leave operands on its stack and take them from it. */
import { F32, F64, I32, signed, type Type, unsigned, V128 } from "./module.js";

/** Codes of the instructions on vectors, each after the prefix 0xfd. */
const SIMD = {
  "i8x16.shuffle": 0x0d,
  "i32x4.splat": 0x11,
  "f32x4.splat": 0x13,
  "i32x4.extract_lane": 0x1b,
  "f32x4.extract_lane": 0x1f,
  "f32x4.replace_lane": 0x20,
  "f64x2.extract_lane": 0x21,
  "i32x4.eq": 0x37,
  "i32x4.ne": 0x38,
  "i32x4.lt_s": 0x39,
  "i32x4.le_s": 0x3d,
  "f32x4.eq": 0x41,
  "f32x4.ne": 0x42,
  "f32x4.lt": 0x43,
  "f32x4.gt": 0x44,
  "f32x4.le": 0x45,
  "f32x4.ge": 0x46,
  "v128.and": 0x4e,
  "v128.or": 0x50,
  "v128.xor": 0x51,
  "v128.bitselect": 0x52,
  "f64x2.promote_low_f32x4": 0x5f,
  "f32x4.floor": 0x68,
  "f32x4.nearest": 0x6a,
  "i32x4.shl": 0xab,
  "i32x4.shr_s": 0xac,
  "i32x4.add": 0xae,
  "i32x4.sub": 0xb1,
  "f32x4.abs": 0xe0,
  "f32x4.neg": 0xe1,
  "f32x4.sqrt": 0xe3,
  "f32x4.add": 0xe4,
  "f32x4.sub": 0xe5,
  "f32x4.mul": 0xe6,
  "f32x4.div": 0xe7,
  "f32x4.min": 0xe8,
  "f32x4.max": 0xe9,
  "f64x2.add": 0xf0,
  "i32x4.trunc_sat_f32x4_s": 0xf8,
  "f32x4.convert_i32x4_s": 0xfa,
} as const;
export type Simd = keyof typeof SIMD;

const SCALAR = {
  "i32.eqz": 0x45,
  "i32.lt_s": 0x48,
  "i32.lt_u": 0x49,
  "i32.gt_s": 0x4a,
  "i32.ge_s": 0x4e,
  "i32.ge_u": 0x4f,
  "f32.gt": 0x5e,
  "i32.add": 0x6a,
  "i32.sub": 0x6b,
  "i32.mul": 0x6c,
  "i32.div_u": 0x6e,
  "i32.and": 0x71,
  "i32.shl": 0x74,
  "f32.add": 0x92,
  "f32.sub": 0x93,
  "f32.div": 0x95,
  "f32.max": 0x97,
  "f64.add": 0xa0,
  "f32.demote_f64": 0xb6,
  "f64.promote_f32": 0xbb,
} as const;
export type Scalar = keyof typeof SCALAR;

/** So many numbers. */
type Numbers<N extends number, Found extends number[] = []> = Found["length"] extends N
  ? Found
  : Numbers<N, [...Found, number]>;

export class Body {
  readonly code: number[] = [];
  readonly locals: Type[] = [];

  constructor(readonly params: readonly Type[]) {}

  /** A new local variable. */
  local(type: Type): number {
    return this.params.length + this.locals.push(type) - 1;
  }

  /** Several new ones: `const [i, j] = f.newLocals(I32, 2)`. */
  newLocals<N extends number>(type: Type, count: N): Numbers<N> {
    return Array.from({ length: count }, () => this.local(type)) as Numbers<N>;
  }

  get(local: number): this {
    return this.#put(0x20, ...unsigned(local));
  }
  set(local: number): this {
    return this.#put(0x21, ...unsigned(local));
  }
  tee(local: number): this {
    return this.#put(0x22, ...unsigned(local));
  }
  i32(value: number): this {
    return this.#put(0x41, ...signed(value));
  }
  f32(value: number): this {
    return this.#put(0x43, ...new Uint8Array(Float32Array.of(value).buffer));
  }
  /** A vector of four equal numbers. */
  f32x4(value: number): this {
    const bytes = new Uint8Array(Float32Array.of(value).buffer);
    return this.#put(0xfd, 0x0c, ...bytes, ...bytes, ...bytes, ...bytes);
  }
  /** A vector of four equal integers. */
  i32x4(value: number): this {
    const bytes = new Uint8Array(Int32Array.of(value).buffer);
    return this.#put(0xfd, 0x0c, ...bytes, ...bytes, ...bytes, ...bytes);
  }
  simd(op: Simd, ...immediate: number[]): this {
    return this.#put(0xfd, ...unsigned(SIMD[op]), ...immediate);
  }
  scalar(op: Scalar): this {
    return this.#put(SCALAR[op]);
  }
  /** Four numbers from the address on the stack. */
  load(offset = 0): this {
    return this.#put(0xfd, 0x00, 2, ...unsigned(offset));
  }
  /** One number, four times. */
  loadSplat(offset = 0): this {
    return this.#put(0xfd, 0x09, 2, ...unsigned(offset));
  }
  /** One number and three zeros. */
  loadOne(offset = 0): this {
    return this.#put(0xfd, 0x5c, 2, ...unsigned(offset));
  }
  /** One number into a lane; the stack holds the address, then the vector. */
  loadLane(lane: number, offset = 0): this {
    return this.#put(0xfd, 0x56, 2, ...unsigned(offset), lane);
  }
  store(offset = 0): this {
    return this.#put(0xfd, 0x0b, 2, ...unsigned(offset));
  }
  storeLane(lane: number, offset = 0): this {
    return this.#put(0xfd, 0x5a, 2, ...unsigned(offset), lane);
  }
  loadI32(offset = 0): this {
    return this.#put(0x28, 2, ...unsigned(offset));
  }
  loadF32(offset = 0): this {
    return this.#put(0x2a, 2, ...unsigned(offset));
  }
  storeI32(offset = 0): this {
    return this.#put(0x36, 2, ...unsigned(offset));
  }
  storeF32(offset = 0): this {
    return this.#put(0x38, 2, ...unsigned(offset));
  }
  /** The stack holds the destination, the source and the number of bytes. */
  memoryCopy(): this {
    return this.#put(0xfc, 0x0a, 0, 0);
  }
  /** The stack holds the destination, the value of a byte and the number of bytes. */
  memoryFill(): this {
    return this.#put(0xfc, 0x0b, 0);
  }
  call(index: number): this {
    return this.#put(0x10, ...unsigned(index));
  }
  /** Adds a constant to the address or number on the stack. */
  plus(n: number): this {
    return n === 0 ? this : this.i32(n).scalar("i32.add");
  }

  /** `inside` while the number that it leaves on the stack is not 0; at least once. */
  repeat(inside: () => void): this {
    this.#put(0x03, 0x40);
    inside();
    return this.#put(0x0d, 0, 0x0b);
  }
  /** Takes a condition from the stack. */
  when(then: () => void, otherwise?: () => void): this {
    this.#put(0x04, 0x40);
    then();
    if (otherwise) {
      this.#put(0x05);
      otherwise();
    }
    return this.#put(0x0b);
  }
  /** The first of two numbers on the stack where the condition above them is not 0, else the second. */
  choose(): this {
    return this.#put(0x1b);
  }
  /** One of two numbers, by a condition from the stack. */
  select(then: () => void, otherwise: () => void, type: Type = F32): this {
    this.#put(0x04, type);
    then();
    this.#put(0x05);
    otherwise();
    return this.#put(0x0b);
  }
  /** Counts a local from 0 in steps of `step` while it is less than a constant above 0. */
  count(local: number, end: number, step: number, inside: () => void): this {
    this.i32(0).set(local);
    return this.repeat(() => {
      inside();
      this.get(local).plus(step).tee(local).i32(end).scalar("i32.lt_u");
    });
  }
  /** The same up to a local, which may be 0. */
  countTo(local: number, end: number, step: number, inside: () => void): this {
    this.i32(0).set(local);
    return this.get(end).when(() => {
      this.repeat(() => {
        inside();
        this.get(local).plus(step).tee(local).get(end).scalar("i32.lt_u");
      });
    });
  }

  func(results: readonly Type[] = []): {
    params: readonly Type[];
    results: readonly Type[];
    locals: readonly Type[];
    body: readonly number[];
  } {
    return { params: this.params, results, locals: this.locals, body: this.code };
  }

  #put(...bytes: number[]): this {
    for (const b of bytes) this.code.push(b);
    return this;
  }
}

export { F32, F64, I32, type Type, V128 };
