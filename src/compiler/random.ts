/**
 * Counter-based random numbers (R15): a number is a pure function of its keys, so it does not depend on the order, the batch
 * or the target in which it is asked for. The bijection is Philox-4x32 with 10 rounds (J. Salmon, M. Moraes, R. Dror, D. Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011); keys are absorbed into its 64-bit key one after the other.
 */

/** An integer or a name. */
export type Key = number | string;
/** What a number is drawn for, for instance step, sample, name, and last its index (0 ≤ index < 2³⁴). */
export type Keys = readonly [...Key[], number];

/**
 * The upper 32 bits of the product of two 32-bit numbers, of which `low` are the lower. The product as a double is wrong by
 * 2¹⁰ at most, so that what is left is a multiple of 2³² but for a small part of it.
 */
const high = (x: number, y: number, low: number): number => Math.floor((x * y - low) * 2 ** -32 + 0.5);

/** Four 32-bit words into `out`, from a counter of four words and a key of two. */
export function philox(
  out: Uint32Array,
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): void {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const l0 = Math.imul(0xd2511f53, c0) >>> 0;
    const h0 = high(0xd2511f53, c0, l0);
    const l1 = Math.imul(0xcd9e8d57, c2) >>> 0;
    const h1 = high(0xcd9e8d57, c2, l1);
    c0 = (h1 ^ c1 ^ k0) >>> 0;
    c1 = l1;
    c2 = (h0 ^ c3 ^ k1) >>> 0;
    c3 = l0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** Distinguishes what a counter is used for, so that no two uses meet. */
const tags = { number: 1, text: 2, end: 3, uniform: 4, normal: 5 } as const;

const absorb = (seed: number, keys: readonly Key[]): [number, number] => absorbed([0, 0], [seed, ...keys]);

/** The state after further keys. */
function absorbed(before: readonly [number, number], keys: readonly Key[]): [number, number] {
  const out = new Uint32Array(4);
  let state: [number, number] = [before[0], before[1]];
  const step = (a: number, b: number, c: number, tag: number) => {
    philox(out, [a, b, c, tag], state);
    state = [out[0]!, out[1]!];
  };
  for (const key of keys) {
    if (typeof key === "number") {
      if (!Number.isSafeInteger(key)) throw new Error(`random: the key ${key} is not an integer`);
      step(key >>> 0, Math.floor(key / 2 ** 32) >>> 0, 0, tags.number);
      continue;
    }
    const unit = (i: number) => (i < key.length ? key.charCodeAt(i) : 0);
    const pair = (i: number) => ((unit(i) << 16) | unit(i + 1)) >>> 0;
    for (let i = 0; i < key.length; i += 6) step(pair(i), pair(i + 2), pair(i + 4), tags.text);
    step(key.length, 0, 0, tags.end);
  }
  return state;
}

/** A function index → word of the stream that the keys name. Neighbouring indices share one evaluation. */
function words(seed: number, keys: readonly Key[], tag: number): (index: number) => number {
  const key = absorb(seed, keys);
  const out = new Uint32Array(4);
  let block = -1;
  return (index) => {
    const wanted = Math.floor(index / 4);
    if (wanted !== block) philox(out, [wanted >>> 0, Math.floor(wanted / 2 ** 32), 0, tag], key);
    block = wanted;
    return out[index % 4]!;
  };
}

/** A multiple of 2⁻²⁴ in [0, 1): exact in single precision, so every target gets the same number. */
const unit = (word: number) => (word >>> 8) * 2 ** -24;

/** Two words → two independent standard normals (Box and Muller); `which` picks one. log's argument is never 0. */
function gauss(a: number, b: number, which: number): number {
  const radius = Math.sqrt(-2 * Math.log((a + 0.5) * 2 ** -32));
  const angle = 2 * Math.PI * b * 2 ** -32;
  return radius * (which ? Math.sin(angle) : Math.cos(angle));
}

function split(keys: Keys): [Key[], number] {
  return [keys.slice(0, -1), keys[keys.length - 1] as number];
}

/** Uniform in [0, 1), a multiple of 2⁻²⁴. */
export function uniform(seed: number, ...keys: Keys): number {
  const [names, index] = split(keys);
  return unit(words(seed, names, tags.uniform)(index));
}

/** Standard normal. */
export function normal(seed: number, ...keys: Keys): number {
  const [names, index] = split(keys);
  const word = words(seed, names, tags.normal);
  return gauss(word(index - (index % 2)), word(index - (index % 2) + 1), index % 2);
}

/** `out[i] = uniform(seed, ...keys, i)`. */
export function fillUniform(out: Float32Array, seed: number, ...keys: readonly Key[]): void {
  const word = words(seed, keys, tags.uniform);
  for (let i = 0; i < out.length; i++) out[i] = unit(word(i));
}

/** `out[i] = normal(seed, ...keys, i)`, in single precision. */
export function fillNormal(out: Float32Array, seed: number, ...keys: readonly Key[]): void {
  const word = words(seed, keys, tags.normal);
  for (let i = 0; i < out.length; i++) {
    const even = i - (i % 2);
    out[i] = gauss(word(even), word(even + 1), i % 2);
  }
}

/** Numbers of one stream, one after the other. */
export interface Draws {
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Uniform in 0 … n-1. */
  below(n: number): number;
  pick<T>(items: readonly T[]): T;
  normal(): number;
}

/** The stream that the keys name, from its start. */
export function draws(seed: number, ...keys: readonly Key[]): Draws {
  const word = words(seed, keys, tags.uniform);
  let next = 0;
  const uniform = () => (word(next++) >>> 5) * 2 ** -27 + (word(next++) >>> 6) * 2 ** -53;
  const below = (n: number) => Math.floor(uniform() * n);
  return {
    uniform,
    below,
    pick: (items) => {
      if (items.length === 0) throw new Error("random: nothing to pick from");
      return items[below(items.length)]!;
    },
    normal: () => gauss(word(next++), word(next++), 0),
  };
}

/** `f(...at)` is the first uniform number of `draws(seed, ...keys, ...at)`, as a multiple of 2⁻²⁴ rounded down. */
export function uniformsAt(seed: number, ...keys: readonly Key[]): (at: readonly number[]) => number {
  const state = absorb(seed, keys);
  const block = new Uint32Array(4);
  return (at) => {
    philox(block, [0, 0, 0, tags.uniform], absorbed(state, at));
    return unit(block[0]!);
  };
}

/** 0 … n-1 in random order (Fisher and Yates). */
export function permutation(n: number, seed: number, ...keys: readonly Key[]): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const stream = draws(seed, ...keys);
  for (let i = n - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}
