/** Numbers for tests: deterministic from their keys, so that a failure can be repeated. */

/** In [0, 1), from any keys (FNV-1a, then a mix). */
export function uniform(...keys: readonly (string | number)[]): number {
  let h = 2166136261;
  for (const c of keys.join("|")) h = Math.imul(h ^ (c.codePointAt(0) as number), 16777619);
  h = Math.imul(h ^ (h >>> 15), 2246822507);
  h = Math.imul(h ^ (h >>> 13), 3266489909);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** |a − b| relative to their size, absolute below 1; 0 for the same infinity. */
export const difference = (a: number, b: number): number =>
  a === b ? 0 : Math.abs(a - b) / Math.max(1, Math.abs(a), Math.abs(b));
