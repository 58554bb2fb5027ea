/** The exhaustive table from op to rule. Ops that speak about variables rather than features are in `../variables.ts`. */
import type { OpName } from "../../ops/index.js";
import { draws } from "./draws.js";
import { elementwise } from "./elementwise.js";
import { features } from "./features.js";
import { images } from "./images.js";
import { contractions } from "./linear.js";
import { matrices } from "./matrices.js";
import { tokens } from "./tokens.js";
import type { Rule } from "./types.js";

/** Ops whose meaning needs the variables themselves: indices, extents, masks, what acts along an axis, draws. */
type VariableOp =
  | "index"
  | "extent"
  | "mask"
  | "softmaxAlong"
  | "firstMaxAlong"
  | "linearAlong"
  | "draw"
  | "beam"
  | "only";

const rules: Record<Exclude<OpName, VariableOp>, Rule> = {
  ...elementwise,
  ...contractions,
  ...matrices,
  ...features,
  ...tokens,
  ...draws,
  ...images,
};

export function ruleOf(op: string): Rule {
  const rule = rules[op as keyof typeof rules];
  if (!rule) throw new Error(`there is no rule for the op ${op}`);
  return rule;
}
