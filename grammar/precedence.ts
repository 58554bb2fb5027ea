/**
 * The operators, tightest first. One table serves the tree builder, the printer and the printed grammar;
 * the parser itself reads an expression as a flat row of operands and operators.
 */
export interface OperatorLevel {
  readonly operators: readonly string[];
  readonly fix: "infix" | "prefix";
  /** How `a ∘ b ∘ c` groups; comparisons do not chain. */
  readonly groups: "left" | "right" | "none";
}

export const operatorLevels: readonly OperatorLevel[] = [
  { operators: ["^"], fix: "infix", groups: "right" },
  { operators: ["-"], fix: "prefix", groups: "right" },
  { operators: ["@"], fix: "infix", groups: "right" },
  { operators: ["*", "/", "div", "mod"], fix: "infix", groups: "left" },
  { operators: ["+", "-"], fix: "infix", groups: "left" },
  { operators: ["==", "!=", "<", "<=", ">", ">="], fix: "infix", groups: "none" },
  { operators: ["not"], fix: "prefix", groups: "right" },
  { operators: ["and"], fix: "infix", groups: "left" },
  { operators: ["or"], fix: "infix", groups: "left" },
];

/** How tightly an operator binds; greater is tighter. */
export interface Binding {
  readonly level: number;
  readonly groups: OperatorLevel["groups"];
}

function bindings(fix: OperatorLevel["fix"]): ReadonlyMap<string, Binding> {
  const table = new Map<string, Binding>();
  operatorLevels.forEach((level, index) => {
    if (level.fix !== fix) return;
    for (const operator of level.operators) {
      table.set(operator, { level: operatorLevels.length - index, groups: level.groups });
    }
  });
  return table;
}

const infix = bindings("infix");
const prefix = bindings("prefix");

function look(table: ReadonlyMap<string, Binding>, operator: string): Binding {
  const found = table.get(operator);
  if (found === undefined) throw new Error(`precedence: no operator ${operator}`);
  return found;
}

export const infixBinding = (operator: string): Binding => look(infix, operator);
export const prefixBinding = (operator: string): Binding => look(prefix, operator);

/** Tighter than every operator: names, calls, brackets and what a `'` follows. */
export const tightest = operatorLevels.length + 1;
