import type { GeneratorOptions } from "../../../compiler/blocks/generators.js";
import { draws, permutation } from "../../../compiler/random.js";
import { DataError } from "../errors.js";

/** Distinct questions; while all pairs are few enough to be listed, they are drawn without replacement. */
export function addition({
  digits,
  count,
  seed,
}: GeneratorOptions<"addition">): { question: string; answer: string }[] {
  const size = 10 ** digits;
  const pairs = size * size;
  if (count > pairs) {
    throw new DataError(`there are only ${pairs} sums of numbers of up to ${digits} digits, not ${count}`, {
      file: 'generate("addition")',
    });
  }
  const record = (pair: number) => {
    const a = Math.floor(pair / size);
    const b = pair % size;
    return { question: `${a}+${b}`, answer: String(a + b) };
  };
  if (pairs <= 1_000_000) return Array.from(permutation(pairs, seed, "addition").subarray(0, count), record);
  const stream = draws(seed, "addition");
  const taken = new Set<number>();
  while (taken.size < count) taken.add(stream.below(pairs));
  return Array.from(taken, record);
}
