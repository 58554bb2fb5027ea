/** Tiny "models": logits as a fixed pseudo-random function of everything drawn before. */

export type Toy = (history: readonly number[]) => Float64Array;

export function toy(seed: number, size: number, spread = 2): Toy {
  return (history) =>
    Float64Array.from({ length: size }, (_, i) => spread * 2 * (hash([seed, history.length, ...history, i]) - 0.5));
}

/** In [0, 1). */
function hash(keys: readonly number[]): number {
  let h = 2166136261;
  for (const k of keys) {
    h = Math.imul(h ^ (k + 0x9e37), 16777619);
    h ^= h >>> 13;
    h = Math.imul(h, 0x5bd1e995);
    h ^= h >>> 15;
  }
  return (h >>> 0) / 2 ** 32;
}

export interface Whole {
  readonly tokens: readonly number[];
  readonly logp: number;
}

/** Every sequence that ends with `end` or has `max` tokens, with its log-probability, by the definition. */
export function enumerate(model: Toy, allowed: Uint8Array, end: number | null, max: number, start: Whole): Whole[] {
  if (start.tokens.length >= max || (start.tokens.length > 0 && start.tokens.at(-1) === end)) return [start];
  const z = model(start.tokens);
  const norm = Math.log(z.reduce((a, x) => a + Math.exp(x), 0));
  return [...z.keys()]
    .filter((i) => allowed[i])
    .flatMap((i) =>
      enumerate(model, allowed, end, max, {
        tokens: [...start.tokens, i],
        logp: start.logp + (z[i] as number) - norm,
      }),
    );
}
