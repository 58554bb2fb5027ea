/** Starting values of parameters. */
import type { Init, ParamInfo } from "../compiler/model.js";
import { getValue, product, type Value } from "../compiler/system/types.js";
import { Evaluator } from "../compiler/targets/reference/evaluator.js";
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
  const { axes = 0, shape } = param;
  if (!axes || param.init.kind === "file") return startOf(param, numbers, readTensor);
  // one after the other, each as if it stood alone
  const each = { ...param, shape: shape.slice(axes) };
  const count = product(shape.slice(0, axes));
  const out = new Float32Array(product(shape));
  for (let i = 0; i < count; i++) out.set(startOf(each, numbers, readTensor), (i * out.length) / count);
  return out;
}

function startOf(param: ParamInfo, numbers: Numbers, readTensor: ReadTensor): Float32Array {
  const { init, shape, name } = param;
  const n = product(shape);
  switch (init.kind) {
    case "zeros":
      return new Float32Array(n);
    case "constant":
      return new Float32Array(n).fill(init.value);
    case "cell":
      return evaluated(param, init, numbers);
    case "orthogonal":
      return orthogonalBlocks(param, init, numbers);
    case "identity":
      return identity(param, init.gain);
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

/** The equations of a start, evaluated in float64 for each block; noise is drawn in the order of the System. */
function evaluated(param: ParamInfo, init: Extract<Init, { kind: "cell" }>, numbers: Numbers): Float32Array {
  const shape = blockShape(param, init.blocks);
  const n = product(shape);
  const { system, result } = init.equations(shape);
  const noise = [...system.values.values()].filter((v) => v.role === "noise");
  const out = new Float32Array(n * init.blocks);
  for (let b = 0; b < init.blocks; b++) {
    const drawn = new Map(noise.map((v) => [v.id, draw(v, numbers)]));
    const given = (id: string): Float64Array => {
      const x = drawn.get(id);
      if (!x) throw new Error(`nothing gives ${id}`);
      return x;
    };
    const index = getValue(system, result).slots.map(() => 0);
    const x = new Evaluator(system, { batch: 1, lengths: {}, given }).value(result, index);
    if (x.length === n) out.set(x, b * n);
    else if (x.length === 1) out.fill(x[0] as number, b * n, (b + 1) * n);
    else throw new UsageError(`${param.name} is [${param.shape}], and ${init.cell} makes ${x.length} numbers`);
  }
  return out;
}

function draw({ noise, shape, id }: Value, { uniform, normal }: Numbers): Float64Array {
  if (!noise) throw new Error(`${id} is noise without a distribution`);
  const [a = 0, b = 1] = noise.params;
  const one = {
    uniform: () => a + (b - a) * uniform(),
    normal: () => a + b * normal(),
    bernoulli: () => Number(uniform() < a),
  };
  return Float64Array.from({ length: product(shape) }, one[noise.dist]);
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
