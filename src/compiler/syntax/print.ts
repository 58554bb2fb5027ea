import { infixBinding, prefixBinding, tightest } from "../../../grammar/precedence.js";
import type {
  Arg,
  BlockEntry,
  CellDef,
  Expr,
  Index,
  ModelDef,
  ParamItem,
  SpecFile,
  Statement,
  Target,
  TypeExpr,
} from "./ast.js";
import { writeString } from "./literals.js";

/**
 * The tree back to text. What is printed parses to the same tree; parentheses stand only where they are needed,
 * or where an `if` or `not` inside a tighter operator would be hard to read. Comments are not in the tree.
 */
export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case "number":
      return printNumber(expr.value);
    case "string":
      return writeString(expr.value);
    case "name":
      return expr.name;
    case "index":
      return `${expr.name}${printIndices(expr.indices)}`;
    case "call":
      return `${expr.callee}${printIndices(expr.binders)}${printArgs(expr.args)}`;
    case "unary":
      return `${expr.op}${expr.op === "not" ? " " : ""}${operand(expr.arg, prefixBinding(expr.op).level)}`;
    case "transpose":
      return `${operand(expr.arg, tightest)}'`;
    case "binary": {
      const [left, right] = sides(expr);
      return expr.op === "^" && isAtom(expr.right) ? `${left}^${right}` : `${left} ${expr.op} ${right}`;
    }
    case "if": {
      const branch = (inner: Expr) => (inner.kind === "if" ? `(${printExpr(inner)})` : printExpr(inner));
      return `if ${branch(expr.cond)} then ${branch(expr.then)} else ${printExpr(expr.else)}`;
    }
    case "concat":
      return `[${expr.parts.map(printExpr).join("; ")}]`;
    case "list":
      return `[${expr.items.map(printExpr).join(", ")}]`;
  }
}

type Binary = Extract<Expr, { kind: "binary" }>;

function sides(expr: Binary): [left: string, right: string] {
  const { level, groups } = infixBinding(expr.op);
  // `t == T-1` is written like the indices it speaks of.
  if (comparisons.has(expr.op)) {
    const [left, right] = [expr.left, expr.right].map((side) =>
      isShift(side) ? printIndexValue(side) : operand(side, level + 1),
    );
    return [left ?? "", right ?? ""];
  }
  return [
    operand(expr.left, groups === "left" ? level : level + 1),
    operand(expr.right, groups === "right" ? level : level + 1),
  ];
}

/** How tightly an expression holds together when printed without parentheses. */
function tightness(expr: Expr): number {
  switch (expr.kind) {
    case "binary":
      return infixBinding(expr.op).level;
    case "unary":
      return prefixBinding(expr.op).level;
    case "if":
      return 0;
    case "number":
      return expr.value < 0 || Object.is(expr.value, -0) ? prefixBinding("-").level : tightest;
    default:
      return tightest;
  }
}

function operand(expr: Expr, atLeast: number): string {
  const text = printExpr(expr);
  return tightness(expr) >= atLeast ? text : `(${text})`;
}

function printNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "inf";
  if (value === Number.NEGATIVE_INFINITY) return "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

const comparisons: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);
const isAtom = (expr: Expr) => expr.kind === "name" || expr.kind === "number";

type Shift = Binary & { readonly op: "+" | "-" };
function isShift(value: Expr): value is Shift {
  return value.kind === "binary" && (value.op === "+" || value.op === "-") && isAtom(value.left) && isAtom(value.right);
}

/** Inside an index, `t-1` is written without spaces. */
export function printIndexValue(value: Expr): string {
  if (isShift(value)) {
    const [left, right] = sides(value);
    return `${left}${value.op}${right}`;
  }
  return printExpr(value);
}

function printIndex({ value, in: domain }: Index): string {
  return domain === undefined ? printIndexValue(value) : `${printExpr(value)} in ${printExpr(domain)}`;
}

export function printIndices(indices: readonly Index[]): string {
  return indices.length === 0 ? "" : `[${indices.map(printIndex).join(", ")}]`;
}

/** On the left side an index is fixed with a single `=`: `u[l = -1, t]`. */
function printClauseIndex(index: Index): string {
  const { value } = index;
  if (index.in !== undefined || value.kind !== "binary" || value.op !== "==") return printIndex(index);
  return `${printExpr(value.left)} = ${printExpr(value.right)}`;
}

function printArgs(args: readonly Arg[]): string {
  const printArg = ({ name, value }: Arg) => (name === undefined ? "" : `${name} = `) + printExpr(value);
  return `(${args.map(printArg).join(", ")})`;
}

function printType(type: TypeExpr): string {
  if (type.kind === "named") return type.name;
  return `[${[...type.dims.map(printExpr), ...(type.open ? [".."] : [])].join(", ")}]`;
}

function printTarget({ name, indices, type }: Target): string {
  const index = indices.length === 0 ? "" : `[${indices.map(printClauseIndex).join(", ")}]`;
  return `${name}${index}${type === undefined ? "" : ` : ${printType(type)}`}`;
}

function printTargets(targets: readonly Target[]): string {
  return targets.map(printTarget).join(", ");
}

function printParamItem(item: ParamItem): string {
  const init = item.init === undefined ? "" : ` ~ ${printExpr(item.init)}`;
  const value = item.value === undefined ? "" : ` = ${printExpr(item.value)}`;
  return `${printTarget(item)}${init}${value}`;
}

function printEntry({ key, value }: BlockEntry): string {
  return (key === undefined ? "" : `${key} = `) + printExpr(value);
}

function printBody(lines: readonly string[]): string {
  if (lines.length === 0) return "{}";
  return `{\n${lines.map((text) => text.replace(/^/gm, "  ")).join("\n")}\n}`;
}

function printCell(cell: CellDef): string {
  const body = printBody(cell.body.map(printStatement));
  return `cell ${cell.name}(${printTargets(cell.formals)}) -> (${printTargets(cell.results)}) ${body}`;
}

function printModel(model: ModelDef): string {
  const topology = model.topology === undefined ? "" : ` : ${model.topology}`;
  return `model ${model.name}${topology} ${printBody(model.body.map(printStatement))}`;
}

export function printStatement(statement: Statement): string {
  switch (statement.kind) {
    case "dim":
      return `dim ${statement.name} = ${printExpr(statement.value)}`;
    case "vocab": {
      const tokens = statement.tokens === undefined ? "" : ` = [${statement.tokens.map(writeString).join(", ")}]`;
      const max = statement.max === undefined ? "" : ` max ${printExpr(statement.max)}`;
      const min = statement.min === undefined ? "" : ` min ${printExpr(statement.min)}`;
      return `vocab ${statement.name}${tokens}${max}${min}`;
    }
    case "axis": {
      const until = statement.until === undefined ? "" : ` until ${printExpr(statement.until)}`;
      return `axis ${statement.name} < ${printExpr(statement.bound)}${until}`;
    }
    case "nodes":
      return `${statement.structure} ${statement.name}`;
    case "input":
    case "random":
      return `${statement.kind} ${printTargets(statement.items)}`;
    case "noise":
      return `noise ${printTargets(statement.items)} ~ ${printExpr(statement.dist)}`;
    case "param":
      return `${statement.frozen ? "frozen" : "param"} ${statement.items.map(printParamItem).join(", ")}`;
    case "instance":
      return `cell ${printTarget(statement.target)} = ${statement.cell}${printArgs(statement.args)}`;
    case "cell":
      return printCell(statement);
    case "use": {
      const names = statement.names.map(({ name }) => name).join(", ");
      const path = statement.isFile ? writeString(statement.path) : statement.path;
      return `use ${path}${names === "" ? "" : ` (${names})`}`;
    }
    case "equation": {
      const [only] = statement.targets;
      const left =
        statement.targets.length === 1 && only !== undefined
          ? printTarget(only)
          : `(${printTargets(statement.targets)})`;
      return `${left} = ${printExpr(statement.value)}`;
    }
    case "sample": {
      const weight = statement.weight === undefined ? "" : ` weight ${printExpr(statement.weight)}`;
      return `${printTarget(statement.target)} ~ ${printExpr(statement.dist)}${weight}`;
    }
    case "loss":
      return `loss ${printExpr(statement.value)}`;
    case "metric":
      return `metric ${statement.name} = ${printExpr(statement.value)}`;
    case "require":
      return `require ${printExpr(statement.value)}`;
    case "block":
      return `${statement.name} ${printBody(statement.entries.map(printEntry))}`;
  }
}

export function printFile(file: SpecFile): string {
  const text = file.items.map((item) => (item.kind === "model" ? printModel(item) : printStatement(item)));
  return text.length === 0 ? "" : `${text.join("\n\n")}\n`;
}
