/** The makers of the records that `compiler/blocks/generators.ts` describes. */
import type { GeneratorName, GeneratorOptions } from "../../../compiler/blocks/generators.js";
import type { DataRecord } from "../../types.js";
import { addition } from "./addition.js";
import { arithmetic } from "./arithmetic.js";
import { dates } from "./dates.js";
import { motion } from "./motion.js";
import { wave } from "./wave.js";

const makers: { readonly [Name in GeneratorName]: (options: GeneratorOptions<Name>) => readonly DataRecord[] } = {
  addition,
  arithmetic,
  dates,
  motion,
  wave,
};

/** `options` have passed the generator's schema. */
export function generate(task: string, options: Readonly<Record<string, number>>): readonly DataRecord[] {
  const make = Object.hasOwn(makers, task) ? makers[task as GeneratorName] : undefined;
  if (!make) throw new Error(`data: there is no generator ${task}`);
  return (make as (options: Readonly<Record<string, number>>) => readonly DataRecord[])(options);
}
