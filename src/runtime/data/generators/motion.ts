import type { GeneratorOptions } from "../../../compiler/blocks/generators.js";
import { type Draws, draws } from "../../../compiler/random.js";

/** Rows grow downwards. */
const moves = { still: [0, 0], up: [-1, 0], down: [1, 0], left: [0, -1], right: [0, 1] } as const;
export type Direction = keyof typeof moves;
const directions = Object.keys(moves) as Direction[];

/** Is the pixel at (row, column) from the centre part of a shape of radius r? */
const shapes: readonly ((row: number, column: number, radius: number) => boolean)[] = [
  () => true,
  (row, column) => row === 0 || column === 0,
  (row, column, radius) => row * row + column * column <= radius * radius + 0.5,
];

/** A shape keeps its direction from one frame to the next with this probability. */
const keep = 0.7;

/**
 * Films `x` (frames × size × size × 1, flat) and the direction of each frame: how the shape came there from the frame before, so
 * that both frames together show it; the first frame is `still`. A shape that would leave the frame turns.
 */
export function motion(options: GeneratorOptions<"motion">): { x: Float32Array; y: Direction[] }[] {
  return Array.from({ length: options.count }, (_, i) =>
    film(options, draws(options.seed, "motion", i), draws(options.seed, "motion noise", i)),
  );
}

function film(
  { frames, size, noise }: GeneratorOptions<"motion">,
  stream: Draws,
  dust: Draws,
): { x: Float32Array; y: Direction[] } {
  const radius = 1 + stream.below(2);
  const shape = stream.pick(shapes);
  const place = () => radius + stream.below(size - 2 * radius);
  const fits = (at: number) => at >= radius && at < size - radius;
  let [row, column] = [place(), place()];
  let direction: Direction = "still";
  const x = new Float32Array(frames * size * size);
  const y: Direction[] = [];
  for (let t = 0; t < frames; t++) {
    if (t > 0) {
      const possible = directions.filter((d) => fits(row + moves[d][0]) && fits(column + moves[d][1]));
      const stays: boolean = t > 1 && possible.includes(direction) && stream.uniform() < keep;
      direction = stays ? direction : stream.pick(possible);
      row += moves[direction][0];
      column += moves[direction][1];
    }
    y.push(direction);
    const frame = x.subarray(t * size * size, (t + 1) * size * size);
    for (let i = 0; i < frame.length; i++) frame[i] = noise === 0 ? 0 : noise * dust.normal();
    for (let r = -radius; r <= radius; r++) {
      for (let c = -radius; c <= radius; c++) if (shape(r, c, radius)) frame[(row + r) * size + column + c]! += 1;
    }
  }
  return { x, y };
}
