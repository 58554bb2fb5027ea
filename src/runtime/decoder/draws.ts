/**
 * A value of one row from its distribution, with the log-probability under the model's own distribution whatever method
 * chose it. Mixtures choose a component, then a value of it; distributions of several features choose each by itself,
 * `mvnormal` all together. A temperature τ makes p^(1/τ) of each density (of a mixture: of its weights and components).
 */
import type { DistName } from "../../compiler/model.js";
import { product } from "../../compiler/system/types.js";
import {
  type Choice,
  chooseBernoulli,
  chooseCategorical,
  chooseLaplace,
  chooseNormal,
  chooseUniform,
  logSoftmax,
  type Method,
} from "./choose.js";
import { chooseVector, logVector } from "./mvnormal.js";
import type { DrawRequest } from "./types.js";

/** One parameter of one row: `over` are the extents of the axes that the distribution ranges over, `size` its features. */
interface View {
  readonly data: Float32Array;
  readonly over: readonly number[];
  readonly size: number;
}

/** What is drawn from, for one row. */
interface Row {
  readonly dist: DistName;
  readonly base: DistName | undefined;
  readonly params: readonly View[];
}

export interface Values {
  readonly values: readonly number[];
  readonly logp: number;
}

/** The parameters of row `r`. */
export function rowOf({ dist, base, over, params }: DrawRequest, r: number): Row {
  const views = params.map(({ data, shape }): View => {
    const own = shape.slice(1, 1 + over);
    const size = product(shape.slice(1 + over));
    const n = product(own) * size;
    return { data: data.subarray(r * n, (r + 1) * n), over: own, size };
  });
  return { dist, base, params: views };
}

/** Is it an index that is drawn, or a bit: one of finitely many values? */
export const isDiscrete = ({ dist, base }: Pick<Row, "dist" | "base">): boolean => {
  const of = dist === "mixture" ? base : dist;
  return of === "categorical" || of === "bernoulli";
};

/** How many values a discrete draw has. */
export function choices({ dist, base, over, params }: Pick<DrawRequest, "dist" | "base" | "over" | "params">): number {
  const own = dist === "mixture" ? base : dist;
  const shape = params[dist === "mixture" ? 1 : 0]?.shape ?? [];
  const ranges = over - (dist === "mixture" ? 1 : 0);
  if (own === "bernoulli") return 2;
  return ranges > 0 ? (shape[over] as number) : (shape.at(-1) as number);
}

/** The component `m` of a mixture. */
function component({ base, params }: Row, m: number): Row {
  const inner = params.slice(1).map(({ data, over, size }): View => {
    const n = product(over.slice(1)) * size;
    return { data: data.subarray(m * n, (m + 1) * n), over: over.slice(1), size };
  });
  return { dist: base as DistName, base: undefined, params: inner };
}

/** The logits of the components. What does not depend on further axes is repeated along them. */
function weights({ params }: Row): Float64Array {
  const { data, over, size } = params[0] as View;
  const step = product(over.slice(1)) * size;
  return Float64Array.from({ length: over[0] as number }, (_, m) => data[m * step] as number);
}

/** `allowed[i]` is 0 where the value i of a discrete draw is never produced. */
export function chooseFrom(row: Row, allowed: Uint8Array, method: Method, uniform: () => number): Values {
  const [first, second] = row.params.map((p) => p.data) as [Float32Array, Float32Array];
  const each = (f: (i: number) => Choice): Values => {
    const all = Array.from(first, (_, i) => f(i));
    return { values: all.map((c) => c.value), logp: all.reduce((sum, c) => sum + c.logp, 0) };
  };
  switch (row.dist) {
    case "categorical": {
      const { value, logp } = chooseCategorical(first, allowed, method, uniform);
      return { values: [value], logp };
    }
    case "bernoulli":
      return each((i) => chooseBernoulli(first[i] as number, method, uniform));
    case "normal":
      return each((i) => chooseNormal(first[i] as number, second[i] as number, method, uniform));
    case "laplace":
      return each((i) => chooseLaplace(first[i] as number, second[i] as number, method, uniform));
    case "uniform":
      return each((i) => chooseUniform(first[i] as number, second[i] as number, method, uniform));
    case "mvnormal":
      return chooseVector(first, second, method, uniform);
    case "mixture": {
      const w = weights(row);
      // the cut of the likeliest values is for values, not for components
      const whole: Method = method.kind === "greedy" ? method : { ...method, top_k: null, top_p: null };
      const m = chooseCategorical(w, new Uint8Array(w.length).fill(1), whole, uniform).value;
      const { values } = chooseFrom(component(row, m), allowed, method, uniform);
      return { values, logp: logDensity(row, values) };
    }
    case "ctc":
      throw new Error("ctc draws a whole sequence");
  }
}

/** log p of a value under the model's own distribution. */
export function logDensity(row: Row, values: readonly number[]): number {
  const [first, second] = row.params.map((p) => p.data) as [Float32Array, Float32Array];
  const sum = (f: (value: number, i: number) => number): number => values.reduce((s, v, i) => s + f(v, i), 0);
  switch (row.dist) {
    case "categorical":
      return logSoftmax(first)[values[0] as number] as number;
    case "bernoulli":
      return sum((v, i) => -softplus(v === 1 ? -(first[i] as number) : (first[i] as number)));
    case "normal":
      return sum((v, i) => {
        const e = (v - (first[i] as number)) / (second[i] as number);
        return -0.5 * e * e - Math.log(second[i] as number) - 0.5 * Math.log(2 * Math.PI);
      });
    case "laplace":
      return sum(
        (v, i) => -Math.abs(v - (first[i] as number)) / (second[i] as number) - Math.log(2 * (second[i] as number)),
      );
    case "uniform":
      return sum((v, i) => {
        const [low, high] = [first[i] as number, second[i] as number];
        return v >= low && v <= high ? -Math.log(high - low) : Number.NEGATIVE_INFINITY;
      });
    case "mvnormal":
      return logVector(first, second, values);
    case "mixture":
      return logSum(
        Array.from(logSoftmax(weights(row)), (w, m) =>
          w === Number.NEGATIVE_INFINITY ? w : w + logDensity(component(row, m), values),
        ),
      );
    case "ctc":
      throw new Error("ctc draws a whole sequence");
  }
}

/** log p of every value of a discrete draw, [rows, choices]: what a beam search expands. */
export function logProbabilities(request: DrawRequest): Float64Array | Float32Array {
  const { dist, params } = request;
  const [first] = params;
  if (!first) throw new Error("a draw without parameters");
  if (dist === "categorical") return first.data;
  const n = choices(request);
  const rows = first.shape[0] as number;
  const out = new Float64Array(rows * n);
  for (let r = 0; r < rows; r++) {
    const row = rowOf(request, r);
    // a row beyond its own length has nothing to choose from
    const isEmpty = Number.isNaN(row.params[0]?.data[0]);
    for (let v = 0; v < n; v++) out[r * n + v] = isEmpty ? Number.NaN : logDensity(row, [v]);
  }
  return out;
}

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

export function logSum(xs: readonly number[]): number {
  const m = xs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return m === Number.NEGATIVE_INFINITY ? m : m + Math.log(xs.reduce((s, x) => s + Math.exp(x - m), 0));
}
