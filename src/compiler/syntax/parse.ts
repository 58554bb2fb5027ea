import type { CstNode, IToken, TokenType } from "chevrotain";
import type { EntryCstNode, ExpressionCstNode, FileCstNode, StatementCstNode } from "../../../grammar/cst.js";
import { layOut } from "../../../grammar/layout.js";
import { parseTokens, type StartRule } from "../../../grammar/parser.js";
import {
  Cell,
  Comma,
  isA,
  LCurly,
  LParen,
  LSquare,
  Model,
  Name,
  RCurly,
  RParen,
  RSquare,
  Separator,
  tokenize,
} from "../../../grammar/tokens.js";
import * as syntax from "../diagnostics/syntax.js";
import type { Diagnostic } from "../diagnostics/types.js";
import type { BlockEntry, Expr, Span, SpecFile } from "./ast.js";
import { describeFailure } from "./failures.js";
import { placeFile } from "./placement.js";
import { describeProblem, describeUnknown } from "./problems.js";
import { first, tokenSpan } from "./spans.js";
import { type Item, TreeBuilder } from "./tree.js";

/** After so many mistakes the rest of a text is not looked at: it is hardly a spec. */
export const maxMistakes = 20;

export interface Parsed {
  /** What could be read; statements that could not are left out. */
  readonly file: SpecFile;
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads a spec file. Never throws: whatever is wrong with the text is a diagnostic. */
export function parse(source: string): Parsed {
  const reader = new Reader(source);
  const items = reader.statements(reader.tokens, undefined);
  const file = placeFile(items, reader.report);
  return { file, diagnostics: reader.finish() };
}

/** Reads one expression, such as the value of a `-p name=value`. */
export function parseExpression(text: string): { expr?: Expr; diagnostics: readonly Diagnostic[] } {
  const reader = new Reader(text);
  const expr = reader.expression();
  const diagnostics = reader.finish();
  return { ...(expr === undefined ? {} : { expr }), diagnostics };
}

/**
 * A text is read in one go if it can be. If not, it is cut where the layout step put separators and every statement is
 * read by itself, a body by its own statements, so that one mistake costs one statement.
 */
class Reader {
  readonly tokens: readonly IToken[];
  private readonly diagnostics: Diagnostic[] = [];
  /** Places where the layout step repaired the text; a statement around one has been complained about. */
  private readonly repaired: readonly number[];
  private readonly builder = new TreeBuilder((diagnostic) => this.report(diagnostic));

  constructor(private readonly source: string) {
    const { tokens, unknown } = tokenize(source);
    const layout = layOut(tokens);
    this.tokens = layout.tokens;
    const found = [
      ...unknown.map((characters) => describeUnknown(source, characters)),
      ...layout.problems.map(describeProblem),
    ];
    for (const diagnostic of found) this.report(diagnostic);
    this.repaired = found.flatMap(({ labels }) => labels.map(({ span }) => span.start)).sort((a, b) => a - b);
    for (const token of inheritedNames(tokens)) {
      this.report(syntax.inheritedName({ span: tokenSpan(token), name: token.image }));
    }
  }

  readonly report = (diagnostic: Diagnostic): void => {
    this.diagnostics.push(diagnostic);
  };

  /** What there is to say, in the order of the text and not more than a reader can take in. */
  finish(): readonly Diagnostic[] {
    const inOrder = this.diagnostics.sort((a, b) => place(a).start - place(b).start);
    const next = inOrder[maxMistakes];
    if (next === undefined) return inOrder;
    return [...inOrder.slice(0, maxMistakes), syntax.tooManyErrors({ span: place(next), limit: maxMistakes })];
  }

  expression(): Expr | undefined {
    return this.read("expression", this.tokens, undefined, (node) =>
      this.builder.expression(node as ExpressionCstNode),
    );
  }

  /** A row of statements; `after` is the token behind it. */
  statements(tokens: readonly IToken[], after: IToken | undefined): Item[] {
    if (tokens.length === 0) return [];
    const whole = parseTokens("file", tokens);
    if (whole.ok) return this.builder.statements(first((whole.cst as FileCstNode).children.statements));
    return this.cut(tokens, after, [Separator]).flatMap(({ part, next }) => this.statement(part, next));
  }

  private statement(tokens: readonly IToken[], after: IToken | undefined): Item[] {
    const open = tokens.findIndex((token) => token.tokenType === LCurly);
    const close = tokens.length - 1;
    if (open < 0 || tokens[close]?.tokenType !== RCurly || !mayHaveBody(tokens, open)) {
      return optional(this.read("statement", tokens, after, this.item));
    }
    const inner = tokens.slice(open + 1, close);
    const head = [...tokens.slice(0, open + 1), ...tokens.slice(close)];
    const item = this.read("statement", head, after, this.item);
    if (isA(tokens[0], Name)) {
      const entries = this.entries(inner, tokens[close]);
      return item?.kind === "block" ? [{ ...item, entries }] : optional(item);
    }
    const body = this.statements(inner, tokens[close]);
    // `placeFile` refuses a model inside a body.
    return item?.kind === "model" || item?.kind === "cell" ? [{ ...item, body: body as typeof item.body }] : [];
  }

  private entries(tokens: readonly IToken[], after: IToken | undefined): BlockEntry[] {
    return this.cut(tokens, after, [Separator, Comma]).flatMap(({ part, next }) =>
      optional(this.read("entry", part, next, (node) => this.builder.entry(node as EntryCstNode))),
    );
  }

  private readonly item = (node: CstNode): Item => this.builder.statement(node as StatementCstNode);

  /** Reads all the tokens as one thing, or says why they are none. */
  private read<T>(
    rule: StartRule,
    tokens: readonly IToken[],
    after: IToken | undefined,
    build: (node: CstNode) => T,
  ): T | undefined {
    const result = parseTokens(rule, tokens);
    if (result.ok) return build(result.cst);
    if (!this.wasRepaired(tokens, after)) {
      this.report(describeFailure(result.failure, { rule, tokens, after, source: this.source }));
    }
    return undefined;
  }

  private wasRepaired(tokens: readonly IToken[], after: IToken | undefined): boolean {
    const start = tokens[0]?.startOffset ?? 0;
    const end = after?.startOffset ?? this.source.length;
    return this.repaired.some((offset) => start <= offset && offset <= end) || this.tokens.length === 0;
  }

  /** Cuts where one of the types stands outside all brackets; empty parts are left out. */
  private cut(
    tokens: readonly IToken[],
    after: IToken | undefined,
    at: readonly TokenType[],
  ): { part: readonly IToken[]; next: IToken | undefined }[] {
    const parts: { part: readonly IToken[]; next: IToken | undefined }[] = [];
    let depth = 0;
    let start = 0;
    const end = (i: number, next: IToken | undefined) => {
      if (i > start) parts.push({ part: tokens.slice(start, i), next });
      start = i + 1;
    };
    tokens.forEach((token, i) => {
      if (openers.has(token.tokenType)) depth++;
      else if (closers.has(token.tokenType)) depth--;
      else if (depth === 0 && at.includes(token.tokenType)) end(i, token);
    });
    end(tokens.length, after);
    return parts;
  }
}

/** Names that every object of JavaScript has already, each where it first stands: results and records are such objects. */
function inheritedNames(tokens: readonly IToken[]): IToken[] {
  const found = new Map<string, IToken>();
  for (const token of tokens) {
    if (token.tokenType === Name && token.image in Object.prototype && !found.has(token.image))
      found.set(token.image, token);
  }
  return [...found.values()];
}

const openers: ReadonlySet<TokenType> = new Set([LParen, LSquare, LCurly]);
const closers: ReadonlySet<TokenType> = new Set([RParen, RSquare, RCurly]);

/** Models, cells and blocks have bodies; other braces are mistakes. */
function mayHaveBody(tokens: readonly IToken[], open: number): boolean {
  const [opening] = tokens;
  return opening?.tokenType === Model || opening?.tokenType === Cell || (isA(opening, Name) && open === 1);
}

function optional<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}

function place(diagnostic: Diagnostic): Span {
  return diagnostic.labels[0]?.span ?? { start: 0, end: 0 };
}
