/** Syntax trees of what nobody wrote: the printers build them, and the printer of the language writes them down. */
import type { BinaryOp, Expr, Index } from "../syntax/ast.js";
import { printExpr } from "../syntax/print.js";

const nowhere = { start: 0, end: 0 };

export const name = (text: string): Expr => ({ kind: "name", name: text, span: nowhere });
export const number = (value: number): Expr => ({ kind: "number", value, span: nowhere });
export const string = (value: string): Expr => ({ kind: "string", value, span: nowhere });
export const list = (items: readonly Expr[]): Expr => ({ kind: "list", items, span: nowhere });
export const concat = (parts: readonly Expr[]): Expr => ({ kind: "concat", parts, span: nowhere });
export const transpose = (arg: Expr): Expr =>
  arg.kind === "transpose" ? arg.arg : { kind: "transpose", arg, span: nowhere };
export const toIndex = (value: Expr): Index => ({ value, span: nowhere });

export function binary(op: BinaryOp, left: Expr, right: Expr): Expr {
  return { kind: "binary", op, left, right, opSpan: nowhere, span: nowhere };
}

export function call(callee: string, args: readonly Expr[], options: Call = {}): Expr {
  const named = Object.entries(options.named ?? {}).map(([key, value]) => ({
    name: key,
    nameSpan: nowhere,
    value,
    span: nowhere,
  }));
  return {
    kind: "call",
    callee,
    calleeSpan: nowhere,
    binders: (options.over ?? []).map((text) => toIndex(name(text))),
    args: [...args.map((value) => ({ value, span: nowhere })), ...named],
    span: nowhere,
  };
}

interface Call {
  /** `sum[t](…)` */
  readonly over?: readonly string[];
  readonly named?: Readonly<Record<string, Expr>>;
}

export function choice(cond: Expr, yes: Expr, no: Expr): Expr {
  return { kind: "if", cond, then: yes, else: no, span: nowhere };
}

/** A value at its indices; a name alone where it has none. */
export function reference(id: string, indices: readonly Expr[]): Expr {
  if (indices.length === 0) return name(id);
  return { kind: "index", name: id, nameSpan: nowhere, indices: indices.map(toIndex), span: nowhere };
}

/** One more index: `A[i]` of `A`, `z[t, i]` of `z[t]`; undefined where there is no name to index. */
export function indexed(expr: Expr, index: Expr): Expr | undefined {
  if (expr.kind === "name") return reference(expr.name, [index]);
  if (expr.kind !== "index") return undefined;
  return { ...expr, indices: [...expr.indices, toIndex(index)] };
}

/** A term with its sign taken off; undefined where it is not negative. */
function negated(expr: Expr): Expr | undefined {
  if (expr.kind === "unary" && expr.op === "-") return expr.arg;
  if (expr.kind === "number" && expr.value < 0) return number(-expr.value);
  if (expr.kind === "binary" && (expr.op === "*" || expr.op === "/")) {
    const left = negated(expr.left);
    return left && (left.kind === "number" && left.value === 1 && expr.op === "*" ? expr.right : { ...expr, left });
  }
  return undefined;
}

export function negative(expr: Expr): Expr {
  if (expr.kind === "binary" && expr.op === "-") return binary("-", expr.right, expr.left);
  return negated(expr) ?? { kind: "unary", op: "-", arg: expr, span: nowhere };
}

/** Equal expressions once, with how often they came. */
function counted(exprs: readonly Expr[]): { expr: Expr; count: number }[] {
  const found = new Map<string, { expr: Expr; count: number }>();
  for (const expr of exprs) {
    const text = printExpr(expr);
    found.set(text, { expr, count: (found.get(text)?.count ?? 0) + 1 });
  }
  return [...found.values()];
}

/** `a + b - c`: a negative term becomes a difference, and the first term is a positive one if there is one. */
export function plus(all: readonly Expr[]): Expr {
  const terms = counted(all.filter((term) => term.kind !== "number" || term.value !== 0)).map(({ expr, count }) =>
    count === 1 ? expr : times([number(count), expr]),
  );
  const lead = Math.max(
    0,
    terms.findIndex((term) => negated(term) === undefined),
  );
  const first = terms[lead];
  if (first === undefined) return number(0);
  return terms.reduce<Expr>((sum, term, i) => {
    if (i === lead) return sum;
    const positive = negated(term);
    return positive === undefined ? binary("+", sum, term) : binary("-", sum, positive);
  }, first);
}

/** `2 * a * b`: numbers first, signs outside, equal factors as powers. */
export function times(factors: readonly Expr[]): Expr {
  let sign = 1;
  const plain = factors.map((factor) => {
    const positive = negated(factor);
    if (positive !== undefined) sign = -sign;
    return positive ?? factor;
  });
  const powers = counted(plain).map(({ expr, count }) => (count === 1 ? expr : binary("^", expr, number(count))));
  const isNumber = (expr: Expr) => expr.kind === "number";
  const isOne = (expr: Expr) => expr.kind === "number" && expr.value === 1;
  const ordered = [...powers.filter(isNumber), ...powers.filter((expr) => !isNumber(expr))];
  const kept = ordered.filter((expr) => !isOne(expr));
  const [first = number(1), ...rest] = kept;
  const product = rest.reduce<Expr>((left, right) => binary("*", left, right), first);
  return sign < 0 ? negative(product) : product;
}

/** An expression with each of its parts changed, those inside it not. */
function mapParts(e: Expr, change: (part: Expr) => Expr): Expr {
  const inIndices = (all: readonly Index[]): Index[] =>
    all.map((i) => ({ ...i, value: change(i.value), ...(i.in ? { in: change(i.in) } : {}) }));
  switch (e.kind) {
    case "number":
    case "string":
    case "name":
      return e;
    case "index":
      return { ...e, indices: inIndices(e.indices) };
    case "call":
      return { ...e, binders: inIndices(e.binders), args: e.args.map((a) => ({ ...a, value: change(a.value) })) };
    case "unary":
    case "transpose":
      return { ...e, arg: change(e.arg) };
    case "binary":
      return { ...e, left: change(e.left), right: change(e.right) };
    case "if":
      return { ...e, cond: change(e.cond), then: change(e.then), else: change(e.else) };
    case "concat":
      return { ...e, parts: e.parts.map(change) };
    case "list":
      return { ...e, items: e.items.map(change) };
  }
}

/** The names that stand by themselves, variables of indices among them. */
export function namesIn(e: Expr): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (part: Expr): Expr => {
    if (part.kind === "name") found.add(part.name);
    return mapParts(part, visit);
  };
  visit(e);
  return found;
}

/** The expression with `by` where `variable` stands; null where a sum in it uses a variable of `by` as its own. */
export function replaced(e: Expr, variable: string, by: Expr): Expr | null {
  const own = namesIn(by);
  let isCaught = false;
  const visit = (part: Expr): Expr => {
    if (part.kind === "name" && part.name === variable) return by;
    if (part.kind === "call")
      for (const { value } of part.binders)
        if (value.kind === "name" && (own.has(value.name) || value.name === variable)) isCaught = true;
    return mapParts(part, visit);
  };
  const out = visit(e);
  return isCaught ? null : out;
}
