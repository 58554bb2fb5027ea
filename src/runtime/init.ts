/** Starting values of parameters. */
import type { Init, ParamInfo } from "../compiler/model.js";
import { product } from "../compiler/system/types.js";
import { UsageError } from "./errors.js";
import { orthogonal } from "./orthogonal.js";
import type { Tensor } from "./safetensors.js";

/** Random numbers in their order: those of one parameter, keyed by its name. */
export interface Numbers {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
}

/** Reads the tensor `key` of a file that the spec names. */
export type ReadTensor = (path: string, key: string) => Tensor;

/** The starting values of `param`, row-major. */
export function initialValues(param: ParamInfo, numbers: Numbers, readTensor: ReadTensor): Float32Array {
  const { init, shape, name } = param;
  const n = product(shape);
  const each = (f: () => number): Float32Array => Float32Array.from({ length: n }, f);
  switch (init.kind) {
    case "zeros":
      return new Float32Array(n);
    case "constant":
      return new Float32Array(n).fill(init.value);
    case "glorot":
    case "he":
    case "lecun": {
      const limit = uniformLimit(init.kind, fans(blockShape(param, init.blocks)));
      return each(() => limit * (2 * numbers.uniform() - 1));
    }
    case "orthogonal":
      return orthogonalBlocks(param, init, numbers);
    case "identity":
      return identity(param, init.gain);
    case "uniform":
      return each(() => init.low + (init.high - init.low) * numbers.uniform());
    case "normal":
      return each(() => init.mean + init.sd * numbers.normal());
    case "gates":
      return gates(param, init.values);
    case "file": {
      const { shape: found, data } = readTensor(init.path, init.key);
      if (found.join() !== shape.join())
        throw new UsageError(`${name} is [${shape}], but ${init.key} in ${init.path} is [${found}]`);
      return data;
    }
  }
}

/** Variances 2/(in+out) (Glorot and Bengio 2010), 2/in (He et al. 2015), 1/in (LeCun et al. 1998); a uniform on ±a has a²/3. */
function uniformLimit(kind: "glorot" | "he" | "lecun", { fanIn, fanOut }: { fanIn: number; fanOut: number }): number {
  switch (kind) {
    case "glorot":
      return Math.sqrt(6 / (fanIn + fanOut));
    case "he":
      return Math.sqrt(6 / fanIn);
    case "lecun":
      return Math.sqrt(3 / fanIn);
  }
}

/**
 * Numbers that flow into and out of one unit. A matrix is [out, in], a kernel of a convolution [kh, kw, in, out]; a vector
 * is a row that maps to a scalar (`dot(v, …)`), any other tensor [out, in…].
 */
function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  const all = product(shape);
  if (shape.length < 2) return { fanIn: all, fanOut: 1 };
  if (shape.length === 4) {
    const [kh, kw, cin, cout] = shape as [number, number, number, number];
    return { fanIn: kh * kw * cin, fanOut: kh * kw * cout };
  }
  const fanOut = shape[0] as number;
  return { fanIn: all / fanOut, fanOut };
}

/** The shape of one of the equal blocks of rows: packed gates start each by itself (R6). */
function blockShape({ name, shape }: ParamInfo, blocks: number): number[] {
  const [rows, ...rest] = shape;
  if (blocks === 1) return [...shape];
  if (rows === undefined || rows % blocks !== 0) throw new Error(`${name} [${shape}] has no ${blocks} equal blocks`);
  return [rows / blocks, ...rest];
}

function orthogonalBlocks(
  param: ParamInfo,
  { gain, blocks }: Extract<Init, { kind: "orthogonal" }>,
  { normal }: Numbers,
): Float32Array {
  const shape = blockShape(param, blocks);
  if (shape.length < 2)
    throw new UsageError(`${param.name} is [${param.shape}]: only a matrix can start as an orthogonal one`);
  // a kernel [kh, kw, in, out] is the matrix [kh·kw·in, out]
  const all = product(shape);
  const rows = shape.length === 4 ? all / (shape[3] as number) : (shape[0] as number);
  const out = new Float32Array(all * blocks);
  for (let b = 0; b < blocks; b++)
    out.set(
      orthogonal(rows, all / rows, normal).map((x) => gain * x),
      b * all,
    );
  return out;
}

function identity({ name, shape }: ParamInfo, gain: number): Float32Array {
  if (shape.length !== 2) throw new UsageError(`${name} is [${shape}]: only a matrix can start as the identity`);
  const [rows, cols] = shape as [number, number];
  const out = new Float32Array(rows * cols);
  for (let i = 0; i < Math.min(rows, cols); i++) out[i * cols + i] = gain;
  return out;
}

function gates({ name, shape }: ParamInfo, values: readonly number[]): Float32Array {
  const n = product(shape);
  if (n % values.length !== 0)
    throw new UsageError(
      `${name} is [${shape}]: it has no ${values.length} equal blocks for gates(${values.join(", ")})`,
    );
  const size = n / values.length;
  return Float32Array.from({ length: n }, (_, i) => values[Math.floor(i / size)] as number);
}
