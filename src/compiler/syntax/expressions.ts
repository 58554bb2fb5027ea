import type { IToken } from "chevrotain";
import type {
  ArgsCstNode,
  BracketedCstNode,
  ConditionalCstNode,
  ExpressionCstNode,
  IndexCstNode,
  OperandCstNode,
  ReferenceCstNode,
} from "../../../grammar/cst.js";
import { type Binding, infixBinding, prefixBinding } from "../../../grammar/precedence.js";
import { Contract, Times } from "../../../grammar/tokens.js";
import * as syntax from "../diagnostics/syntax.js";
import type { Diagnostic } from "../diagnostics/types.js";
import type { Arg, BinaryOp, Expr, Index, Span } from "./ast.js";
import { readString } from "./literals.js";
import { printExpr } from "./print.js";
import { first, join, nodeSpan, tokenSpan } from "./spans.js";

/**
 * How many levels an expression may have. The tree of `a + b + c + …` is as deep as the sum is long, and whoever
 * walks it recurses; this keeps every such walk within the stack.
 */
const maxHeight = 500;

/** An operator that waits for its right operand. */
interface Waiting {
  readonly token: IToken;
  readonly text: string;
  readonly fix: "infix" | "prefix";
  readonly binding: Binding;
}

/** Operators have one spelling in the tree, whatever was typed. */
function operatorText({ tokenType }: IToken): string {
  if (tokenType === Times) return "*";
  if (tokenType === Contract) return "@";
  return String(tokenType.PATTERN);
}

/** Builds expressions from the parser's tree and reports what the grammar alone cannot refuse. */
export class ExpressionBuilder {
  private readonly heights = new WeakMap<Expr, number>();

  constructor(private readonly report: (diagnostic: Diagnostic) => void) {}

  /**
   * Groups a flat row of operands and operators by the precedence table. Without recursion over the row, because a
   * row may be long.
   */
  expression(node: ExpressionCstNode): Expr {
    const values: Expr[] = [];
    const waiting: Waiting[] = [];
    const apply = (operator: Waiting) => {
      const right = pop(values);
      values.push(operator.fix === "prefix" ? this.unary(operator, right) : this.binary(operator, pop(values), right));
    };
    const operators = node.children.BinaryOperator ?? [];
    node.children.operand.forEach((operand, i) => {
      for (const token of operand.children.PrefixOperator ?? []) {
        const text = operatorText(token);
        waiting.push({ token, text, fix: "prefix", binding: prefixBinding(text) });
      }
      values.push(this.operand(operand));
      const token = operators[i];
      if (token === undefined) return;
      const text = operatorText(token);
      const operator: Waiting = { token, text, fix: "infix", binding: infixBinding(text) };
      for (let top = waiting.at(-1); top !== undefined && bindsFirst(top, operator); top = waiting.at(-1)) {
        if (operator.binding.groups === "none" && top.binding.level === operator.binding.level) {
          this.chained(top, operator, values);
        }
        apply(pop(waiting));
      }
      waiting.push(operator);
    });
    while (waiting.length > 0) apply(pop(waiting));
    return pop(values);
  }

  index(node: IndexCstNode): Index {
    const [value, domain] = node.children.expression;
    return {
      value: this.expression(first(value && [value])),
      ...(domain === undefined ? {} : { in: this.expression(domain) }),
      span: nodeSpan(node),
    };
  }

  args(node: ArgsCstNode): Arg[] {
    return (node.children.arg ?? []).map((arg) => {
      const key = arg.children.key?.[0];
      const value = this.expression(first(arg.children.expression));
      return {
        ...(key === undefined ? {} : { name: key.image, nameSpan: tokenSpan(key) }),
        value,
        span: nodeSpan(arg),
      };
    });
  }

  string(token: IToken): string {
    const { value, problems } = readString(token.image);
    for (const { written, span } of problems) {
      const start = token.startOffset;
      this.report(syntax.badEscape({ written, span: { start: start + span.start, end: start + span.end } }));
    }
    return value;
  }

  private operand(node: OperandCstNode): Expr {
    const quotes = node.children.Quote ?? [];
    return quotes.reduce<Expr>(
      (arg, quote) => this.bounded({ kind: "transpose", arg, span: join(arg.span, tokenSpan(quote)) }, arg),
      this.primary(node),
    );
  }

  private primary({ children }: OperandCstNode): Expr {
    if (children.Number) return this.number(first(children.Number));
    if (children.String) {
      const token = first(children.String);
      return { kind: "string", value: this.string(token), span: tokenSpan(token) };
    }
    if (children.reference) return this.reference(first(children.reference));
    if (children.bracketed) return this.bracketed(first(children.bracketed));
    if (children.conditional) return this.conditional(first(children.conditional));
    // Parentheses leave no node; the span of what is inside covers them.
    const inner = this.expression(first(children.expression));
    const span = join(tokenSpan(first(children.LParen)), tokenSpan(first(children.RParen)));
    return this.bounded({ ...inner, span }, inner, 0);
  }

  private number(token: IToken): Expr {
    const value = Number(token.image);
    const span = tokenSpan(token);
    if (!Number.isFinite(value)) this.report(syntax.numberTooLarge({ span, text: token.image }));
    return { kind: "number", value, span };
  }

  private reference(node: ReferenceCstNode): Expr {
    const name = first(node.children.Name);
    const nameSpan = tokenSpan(name);
    const span = nodeSpan(node);
    const indices = (node.children.indices?.[0]?.children.index ?? []).map((index) => this.index(index));
    if (node.children.args) {
      const args = this.args(first(node.children.args));
      const callee = name.image === "σ" ? "sigmoid" : name.image;
      const parts = [...indices.flatMap(indexParts), ...args.map((arg) => arg.value)];
      return this.bounded({ kind: "call", callee, calleeSpan: nameSpan, binders: indices, args, span }, ...parts);
    }
    if (!node.children.indices) return { kind: "name", name: name.image, span };
    for (const index of indices) {
      if (index.in) this.report(syntax.binderWithoutReduction({ span: index.span, name: name.image }));
    }
    return this.bounded({ kind: "index", name: name.image, nameSpan, indices, span }, ...indices.flatMap(indexParts));
  }

  private bracketed(node: BracketedCstNode): Expr {
    const parts = (node.children.expression ?? []).map((part) => this.expression(part));
    const span = nodeSpan(node);
    return node.children.Semicolon
      ? this.bounded({ kind: "concat", parts, span }, ...parts)
      : this.bounded({ kind: "list", items: parts, span }, ...parts);
  }

  private conditional(node: ConditionalCstNode): Expr {
    const [cond, yes, no] = node.children.expression.map((part) => this.expression(part));
    if (!cond || !yes || !no) throw new Error("tree: an `if` without its three parts");
    return this.bounded({ kind: "if", cond, then: yes, else: no, span: nodeSpan(node) }, cond, yes, no);
  }

  private unary({ token, text }: Waiting, arg: Expr): Expr {
    const op = text === "not" ? "not" : "-";
    return this.bounded({ kind: "unary", op, arg, span: join(tokenSpan(token), arg.span) }, arg);
  }

  private binary({ token, text }: Waiting, left: Expr, right: Expr): Expr {
    const span = join(left.span, right.span);
    return this.bounded(
      { kind: "binary", op: text as BinaryOp, left, right, opSpan: tokenSpan(token), span },
      left,
      right,
    );
  }

  private chained(earlier: Waiting, later: Waiting, values: readonly Expr[]): void {
    const [left, middle] = values.slice(-2).map(printExpr);
    this.report(
      syntax.chainedComparison({
        first: tokenSpan(earlier.token),
        second: tokenSpan(later.token),
        rewrite: `${left} ${earlier.text} ${middle} and ${middle} ${later.text} …`,
      }),
    );
  }

  /** Notes how deep an expression is; one that is too deep is reported and replaced by a leaf. */
  private bounded(expr: Expr, ...parts: Expr[]): Expr;
  private bounded(expr: Expr, part: Expr, levels: 0): Expr;
  private bounded(expr: Expr, ...rest: (Expr | 0)[]): Expr {
    const levels = rest.at(-1) === 0 ? 0 : 1;
    let height = 0;
    for (const part of rest) if (part !== 0) height = Math.max(height, this.heights.get(part) ?? 1);
    if (height + levels > maxHeight) {
      this.report(syntax.nestingTooDeep({ span: lastCharacter(expr.span), limit: maxHeight }));
      return { kind: "number", value: 0, span: expr.span };
    }
    this.heights.set(expr, height + levels);
    return expr;
  }
}

/** Does the waiting operator take its operand before a later one does? */
function bindsFirst(waiting: Waiting, later: Waiting): boolean {
  const difference = waiting.binding.level - later.binding.level;
  return difference > 0 || (difference === 0 && later.binding.groups !== "right");
}

function indexParts(index: Index): Expr[] {
  return index.in === undefined ? [index.value] : [index.value, index.in];
}

function lastCharacter(span: Span): Span {
  return { start: Math.max(span.start, span.end - 1), end: span.end };
}

function pop<T>(stack: T[]): T {
  const top = stack.pop();
  if (top === undefined) throw new Error("tree: an operator without its operand");
  return top;
}
