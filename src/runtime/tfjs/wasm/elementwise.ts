/** The ops of loops, on four numbers at a time. */
import { type Body, V128 } from "./body.js";
import { exp, log, sigmoid, softplus, tanh } from "./functions.js";
import { F32, type Import, type ModuleWriter } from "./module.js";

export interface Elementwise {
  readonly op: string;
  /** Of `affine`: a · x + b. */
  readonly a?: number;
  readonly b?: number;
  /** Are the arguments integers (of a comparison)? */
  readonly int?: boolean;
}

/** Functions of single numbers, for what has no vector form here. */
export const HOST_FUNCTIONS: Readonly<Record<string, (...x: number[]) => number>> = {
  sin: Math.sin,
  cos: Math.cos,
  pow: (x = 0, y = 0) => x ** y,
  mod: (x = 0, y = 0) => x - y * Math.floor(x / y),
};
const arity = (name: string): number => (name === "pow" || name === "mod" ? 2 : 1);
export const hostImports: readonly Import[] = Object.keys(HOST_FUNCTIONS).map((name) => ({
  name,
  params: new Array(arity(name)).fill(F32),
  results: [F32],
}));

const ONE = 1;

/** Leaves the value of an op on the stack. */
export function emit(
  f: Body,
  { op, a = 1, b = 0, int = false }: Elementwise,
  args: readonly number[],
  module: ModuleWriter,
): void {
  const [x = 0, y = 0, z = 0] = args;
  const truth = (code: "eq" | "lt" | "le"): void => {
    f.get(x).get(y);
    if (int) f.simd(code === "eq" ? "i32x4.eq" : code === "lt" ? "i32x4.lt_s" : "i32x4.le_s");
    else f.simd(`f32x4.${code}`);
    f.f32x4(ONE).simd("v128.and");
  };
  switch (op) {
    case "copy":
      f.get(x);
      return;
    case "add":
      f.get(x).get(y).simd("f32x4.add");
      return;
    case "mul":
      f.get(x).get(y).simd("f32x4.mul");
      return;
    case "div":
      f.get(x).get(y).simd("f32x4.div");
      return;
    case "maximum":
      f.get(x).get(y).simd("f32x4.max");
      return;
    case "minimum":
      f.get(x).get(y).simd("f32x4.min");
      return;
    case "less":
      return truth("lt");
    case "lessEqual":
      return truth("le");
    case "equal":
      return truth("eq");
    case "affine":
      f.get(x);
      if (a !== 1) f.f32x4(a).simd("f32x4.mul");
      if (b !== 0) f.f32x4(b).simd("f32x4.add");
      return;
    case "where":
      // any number but 0 is true; of truth values, none is −0
      f.get(y).get(z).get(x).f32x4(0).simd("f32x4.ne").simd("v128.bitselect");
      return;
    case "sigmoidGrad":
      f.f32x4(ONE).get(x).simd("f32x4.sub").get(x).simd("f32x4.mul").get(y).simd("f32x4.mul");
      return;
    case "tanhGrad":
      f.f32x4(ONE).get(x).get(x).simd("f32x4.mul").simd("f32x4.sub").get(y).simd("f32x4.mul");
      return;
    case "toFloat":
      f.get(x).simd("f32x4.convert_i32x4_s");
      return;
    case "toInt":
      f.get(x).simd("i32x4.trunc_sat_f32x4_s");
      return;
    case "tanh":
      return tanh(f, x);
    case "sigmoid":
      return sigmoid(f, x);
    case "exp":
      return exp(f, x);
    case "log":
      return log(f, x);
    case "softplus":
      return softplus(f, x);
    case "relu":
      f.get(x).f32x4(0).simd("f32x4.max");
      return;
    case "sqrt":
      f.get(x).simd("f32x4.sqrt");
      return;
    case "rsqrt":
      f.f32x4(1).get(x).simd("f32x4.sqrt").simd("f32x4.div");
      return;
    case "abs":
      f.get(x).simd("f32x4.abs");
      return;
    case "floor":
      f.get(x).simd("f32x4.floor");
      return;
    case "sign":
      f.get(x).f32x4(0).simd("f32x4.gt").f32x4(1).simd("v128.and");
      f.get(x).f32x4(0).simd("f32x4.lt").f32x4(1).simd("v128.and").simd("f32x4.sub");
      return;
    case "sin":
    case "cos":
    case "pow":
    case "mod": {
      const result = f.local(V128);
      for (let lane = 0; lane < 4; lane++) {
        f.get(result);
        for (const arg of args.slice(0, arity(op))) f.get(arg).simd("f32x4.extract_lane", lane);
        f.call(module.imported(op)).simd("f32x4.replace_lane", lane).set(result);
      }
      f.get(result);
      return;
    }
    default:
      throw new Error(`${op} is no loop`);
  }
}
