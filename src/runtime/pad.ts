/**
 * What stands in the padding of a batch. Every equation is computed there too, so it must be a value that the sample could
 * have: log 0 or 1/0 would be infinite, and 0 · ∞ in a gradient is no number.
 */

/** A tensor [rows…, samples, features…] as it is being filled. */
export interface Rows {
  readonly out: Float32Array | Int32Array;
  readonly rows: number;
  readonly samples: number;
  readonly features: number;
}

/**
 * Gives each row of sample `b` that is not among `filled` the entry of the last filled row before it, or of the first one
 * where there is none before. Nothing happens where no row is filled.
 */
export function padSample({ out, rows, samples, features }: Rows, b: number, filled: Uint8Array): void {
  let from = filled.indexOf(1);
  if (from < 0) return;
  for (let row = 0; row < rows; row++)
    if (filled[row]) from = row;
    else copy(out, (from * samples + b) * features, (row * samples + b) * features, features);
}

/** Gives all rows of the samples `empty` the first entry of `of`. */
export function padEmpty({ out, rows, samples, features }: Rows, empty: readonly number[], of: number): void {
  for (const b of empty)
    for (let row = 0; row < rows; row++) copy(out, of * features, (row * samples + b) * features, features);
}

function copy(out: Float32Array | Int32Array, from: number, to: number, n: number): void {
  for (let k = 0; k < n; k++) out[to + k] = out[from + k] as number;
}
