/** The functions of the language, by name. */
import { elementwiseFunctions } from "./elementwise.js";
import { imageFunctions } from "./images.js";
import { linearFunctions } from "./linear.js";
import { matrixFunctions } from "./matrices.js";
import type { Builtin } from "./types.js";

export const builtins: ReadonlyMap<string, Builtin> = new Map(
  [...elementwiseFunctions, ...linearFunctions, ...matrixFunctions, ...imageFunctions].map((f) => [f.name, f]),
);

/** How a function is called, for messages: `dropout(x, p = …)`. */
export function usage(f: Builtin): string {
  const options = Object.entries(f.options ?? {}).map(([k, v]) => (v === null ? `${k} = …` : `${k} = ${v}`));
  return `${f.name}(${[...f.params, ...(f.dims ? ["dims…"] : []), ...options].join(", ")})`;
}
