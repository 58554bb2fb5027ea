/** Random orthogonal matrices, uniform over all of them. */

/**
 * A matrix [rows, cols], row-major, with orthonormal rows (rows ≤ cols) or columns, from independent normal numbers.
 * Gram–Schmidt is the QR factorisation with a positive diagonal of R, which is what makes the result uniform (Haar).
 *
 * Row r keeps about 1 − r/n of its squared length, so that the first half is safe after one projection; the rows behind
 * it are projected twice, which is enough (Kahan).
 */
export function orthogonal(rows: number, cols: number, normal: () => number): Float64Array {
  const [k, n] = [Math.min(rows, cols), Math.max(rows, cols)];
  const q = Float64Array.from({ length: k * n }, normal);
  const row = (r: number): Float64Array => q.subarray(r * n, (r + 1) * n);
  const none = new Float64Array(n);
  for (let r = 0; r < k; r += 2) {
    // two rows at a time: each number that is read serves both
    const [v, w] = [row(r), r + 1 < k ? row(r + 1) : none];
    for (let pass = 0; pass < (2 * r < n ? 1 : 2); pass++) project(q, v, w, r, n);
    normalise(v);
    if (w === none) break;
    for (let pass = 0; pass < 2; pass++) {
      const s = dot(v, w);
      for (let i = 0; i < n; i++) w[i] = (w[i] as number) - s * (v[i] as number);
    }
    normalise(w);
  }
  if (rows <= cols) return q;
  const transposed = new Float64Array(rows * cols);
  for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) transposed[r * cols + c] = q[c * n + r] as number;
  return transposed;
}

/** Takes from `v` and `w` their parts along the first `count` rows of `q` (an even number), two rows at a time. */
function project(q: Float64Array, v: Float64Array, w: Float64Array, count: number, n: number): void {
  for (let a = 0; a < count * n; a += 2 * n) {
    const b = a + n;
    let va = 0;
    let vb = 0;
    let wa = 0;
    let wb = 0;
    for (let i = 0; i < n; i++) {
      const x = v[i] as number;
      const y = w[i] as number;
      va += x * (q[a + i] as number);
      vb += x * (q[b + i] as number);
      wa += y * (q[a + i] as number);
      wb += y * (q[b + i] as number);
    }
    for (let i = 0; i < n; i++) {
      const x = q[a + i] as number;
      const y = q[b + i] as number;
      v[i] = (v[i] as number) - va * x - vb * y;
      w[i] = (w[i] as number) - wa * x - wb * y;
    }
  }
}

function dot(v: Float64Array, w: Float64Array): number {
  let s = 0;
  for (let i = 0; i < v.length; i++) s += (v[i] as number) * (w[i] as number);
  return s;
}

function normalise(v: Float64Array): void {
  const length = Math.sqrt(dot(v, v));
  for (let i = 0; i < v.length; i++) v[i] = (v[i] as number) / length;
}
