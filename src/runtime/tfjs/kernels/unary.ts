import type { UnaryOp } from "../../../compiler/plan/types.js";

/** TensorFlow's names of the functions of one argument; tfjs took them over. */
export const UNARY: Readonly<Record<UnaryOp, string>> = {
  tanh: "Tanh",
  sigmoid: "Sigmoid",
  relu: "Relu",
  softplus: "Softplus",
  exp: "Exp",
  log: "Log",
  sqrt: "Sqrt",
  rsqrt: "Rsqrt",
  abs: "Abs",
  sign: "Sign",
  floor: "Floor",
  sin: "Sin",
  cos: "Cos",
};
