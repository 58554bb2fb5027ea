import type { GeneratorOptions } from "../../../compiler/blocks/generators.js";
import { type Draws, draws } from "../../../compiler/random.js";
import { DataError } from "../errors.js";

const operators: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
};

/** A place that could hold an operator holds a digit with this probability. */
const leaf = 0.3;
/** Draws for each record that is wanted, after which there are taken to be no more. */
const patience = 50;

/** One tree, its nodes in the order of the text from inside out. */
type Expression = { readonly parents: number[]; readonly token: string[]; readonly value: string[] };

export function arithmetic({ depth, modulus, count, seed }: GeneratorOptions<"arithmetic">): Expression[] {
  const found = new Map<string, Expression>();
  for (let i = 0; found.size < count; i++) {
    if (i === patience * count)
      throw new DataError(`there are only about ${found.size} expressions of depth ${depth}, not ${count}`, {
        file: 'generate("arithmetic")',
      });
    const made = expression(draws(seed, "arithmetic", i), depth, modulus);
    found.set(`${made.parents}|${made.token}`, made);
  }
  return [...found.values()];
}

function expression(stream: Draws, depth: number, modulus: number): Expression {
  const made: Expression = { parents: [], token: [], value: [] };
  const add = (token: string, value: number): number => {
    made.parents.push(-1);
    made.token.push(token);
    return made.value.push(String(value)) - 1;
  };
  const grow = (left: number): number => {
    if (left === 0 || (left < depth && stream.uniform() < leaf)) {
      const digit = stream.below(modulus);
      return add(String(digit), digit);
    }
    const operator = stream.pick(Object.keys(operators));
    const operands = [grow(left - 1), grow(left - 1)] as const;
    const [a, b] = operands.map((n) => Number(made.value[n])) as [number, number];
    const result = operators[operator]?.(a, b) as number;
    const node = add(operator, ((result % modulus) + modulus) % modulus);
    for (const n of operands) made.parents[n] = node;
    return node;
  };
  grow(depth);
  return made;
}
