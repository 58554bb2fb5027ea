import type { GeneratorOptions } from "../../../compiler/blocks/generators.js";
import { draws } from "../../../compiler/random.js";

/** Amplitudes add up to 1; periods, in samples, are drawn about these. */
const parts = [
  { amplitude: 0.55, period: 40 },
  { amplitude: 0.3, period: 20 },
  { amplitude: 0.15, period: 8 },
] as const;

/** s[t] = Σ amplitude · sin(2π t / period + phase) + noise. */
export function wave({ length, count, noise, seed }: GeneratorOptions<"wave">): { s: Float32Array }[] {
  return Array.from({ length: count }, (_, record) => {
    const stream = draws(seed, "wave", record);
    const dust = draws(seed, "wave noise", record);
    const sinusoids = parts.map(({ amplitude, period }) => ({
      amplitude,
      rate: (2 * Math.PI) / (period * (0.8 + 0.4 * stream.uniform())),
      phase: 2 * Math.PI * stream.uniform(),
    }));
    const s = Float32Array.from({ length }, (_, t) => {
      const sum = sinusoids.reduce((total, p) => total + p.amplitude * Math.sin(p.rate * t + p.phase), 0);
      return noise === 0 ? sum : sum + noise * dust.normal();
    });
    return { s };
  });
}
