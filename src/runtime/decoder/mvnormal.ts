/** Draws from a multivariate normal distribution: μ + L z with the Cholesky factor L of its covariance. */
import { gauss, isGreedy, type Method } from "./choose.js";
import { NotFiniteError } from "./errors.js";

/** The lower triangle L with A = L Lᵀ, row-major. Throws `NotFiniteError` where A is not positive definite. */
export function cholesky(A: ArrayLike<number>, n: number): Float64Array {
  const L = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = A[i * n + j] as number;
      for (let k = 0; k < j; k++) sum -= (L[i * n + k] as number) * (L[j * n + k] as number);
      if (i !== j) L[i * n + j] = sum / (L[j * n + j] as number);
      else if (sum > 0 && Number.isFinite(sum)) L[i * n + i] = Math.sqrt(sum);
      else throw new NotFiniteError(sum, "the covariance of `mvnormal` is not positive definite");
    }
  return L;
}

export function chooseVector(
  mean: ArrayLike<number>,
  cov: ArrayLike<number>,
  method: Method,
  uniform: () => number,
): { values: number[]; logp: number } {
  const n = mean.length;
  const L = cholesky(cov, n);
  const values = Array.from(mean);
  if (!isGreedy(method)) {
    const z = Array.from({ length: n }, () => Math.sqrt(method.temperature) * gauss(uniform(), uniform()));
    for (let i = 0; i < n; i++)
      for (let k = 0; k <= i; k++) values[i] = (values[i] as number) + (L[i * n + k] as number) * (z[k] as number);
  }
  const bad = values.find((x) => !Number.isFinite(x));
  if (bad !== undefined) throw new NotFiniteError(bad);
  return { values, logp: logVector(mean, cov, values, L) };
}

/** log N(x; μ, Σ) = −½ |L⁻¹ (x − μ)|² − Σ log Lᵢᵢ − n/2 log 2π. */
export function logVector(
  mean: ArrayLike<number>,
  cov: ArrayLike<number>,
  x: readonly number[],
  L = cholesky(cov, mean.length),
): number {
  const n = mean.length;
  const z = new Float64Array(n);
  let logp = -0.5 * n * Math.log(2 * Math.PI);
  for (let i = 0; i < n; i++) {
    let sum = (x[i] as number) - (mean[i] as number);
    for (let k = 0; k < i; k++) sum -= (L[i * n + k] as number) * (z[k] as number);
    z[i] = sum / (L[i * n + i] as number);
    logp -= 0.5 * (z[i] as number) ** 2 + Math.log(L[i * n + i] as number);
  }
  return logp;
}
