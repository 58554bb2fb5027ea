import { createTokenInstance, type IToken, type TokenType } from "chevrotain";
import { type BracketProblem, type Brackets, closerOf, pairBrackets } from "./brackets.js";
import { foreignOperators } from "./foreign.js";
import {
  Arrow,
  BinaryOperator,
  Colon,
  Comma,
  DeclarationKeyword,
  Dot,
  Else,
  Equals,
  ForeignComment,
  ForeignOperator,
  If,
  isA,
  LCurly,
  LParen,
  Newline,
  PrefixOperator,
  RCurly,
  Semicolon,
  Separator,
  StringLiteral,
  Then,
  Tilde,
  tokenEnd,
  UnterminatedString,
} from "./tokens.js";

export type LayoutProblem =
  | BracketProblem
  | { readonly kind: "foreign-operator"; readonly token: IToken }
  | { readonly kind: "foreign-comment"; readonly token: IToken }
  | { readonly kind: "unterminated-string"; readonly token: IToken }
  | { readonly kind: "nesting-too-deep"; readonly token: IToken };

export interface Layout {
  /** What the parser reads: balanced brackets, statements set apart by `Separator`s. */
  readonly tokens: readonly IToken[];
  readonly problems: readonly LayoutProblem[];
}

/**
 * How deep brackets and `if`s may nest. People stay below ten; the parser recurses, so there has to be an end
 * that is a diagnostic and not a stack overflow.
 */
export const maxNesting = 100;

/**
 * The newline rules, as a step of its own between lexer and parser. A newline ends a statement except inside `( )` and
 * `[ ]` and after what obviously goes on: an operator, a comma, `=`, `~`, `->`, `:`, `then`, `else`. A `;` ends one
 * too, except inside `[ ]`, where it separates the parts of a concatenation, and so does a declaration keyword.
 * What the brackets' pairing found wrong is repaired here, and operators of other languages are replaced.
 */
export function layOut(raw: readonly IToken[]): Layout {
  const problems: LayoutProblem[] = [];
  const tokens = raw.flatMap((token) => translate(token, problems));
  const brackets = pairBrackets(tokens);
  problems.push(...brackets.problems);
  const tooDeep = findTooDeep(tokens);
  if (tooDeep !== undefined) return { tokens: [], problems: [{ kind: "nesting-too-deep", token: tooDeep }] };
  return { tokens: new Filter(brackets).run(tokens), problems };
}

/** Puts our spelling in place of another language's. */
function translate(token: IToken, problems: LayoutProblem[]): IToken[] {
  switch (token.tokenType) {
    case ForeignComment:
      problems.push({ kind: "foreign-comment", token });
      return [];
    case UnterminatedString:
      problems.push({ kind: "unterminated-string", token });
      return [retag(token, StringLiteral)];
    case ForeignOperator: {
      problems.push({ kind: "foreign-operator", token });
      const type = foreignOperators[token.image];
      return type === undefined ? [] : [retag(token, type)];
    }
    default:
      return [token];
  }
}

function retag(token: IToken, type: TokenType): IToken {
  return { ...token, tokenType: type, tokenTypeIdx: type.tokenTypeIdx ?? token.tokenTypeIdx };
}

/** A token that nobody wrote, of no width. */
function insert(type: TokenType, image: string, offset: number): IToken {
  const nowhere = Number.NaN;
  return createTokenInstance(type, image, offset, offset - 1, nowhere, nowhere, nowhere, nowhere);
}

/**
 * The first token at which brackets, and `if`s that are still going on, nest too deeply. In one row of operands every
 * further `if` is inside the one before it, since `if … else …` extends to the right.
 */
function findTooDeep(tokens: readonly IToken[]): IToken | undefined {
  const ifs = [0];
  let depth = 0;
  for (const token of tokens) {
    const innermost = ifs.length - 1;
    const type = token.tokenType;
    if (closerOf.has(type)) {
      ifs.push(0);
      depth++;
    } else if (isCloser(type) && innermost > 0) {
      depth -= 1 + (ifs.pop() ?? 0);
    } else if (type === If) {
      ifs[innermost] = (ifs[innermost] ?? 0) + 1;
      depth++;
    } else if (type === Comma || type === Semicolon || isA(token, DeclarationKeyword)) {
      depth -= ifs[innermost] ?? 0;
      ifs[innermost] = 0;
    } else if (type === Newline && innermost === 0) {
      depth -= ifs[0] ?? 0;
      ifs[0] = 0;
    }
    if (depth > maxNesting) return token;
  }
  return undefined;
}

const closers: ReadonlySet<TokenType> = new Set(closerOf.values());
const isCloser = (type: TokenType) => closers.has(type);

const continuing: ReadonlySet<TokenType> = new Set([Comma, Equals, Tilde, Arrow, Colon, If, Then, Else]);

/** After this token, a newline does not end the statement. */
function continues(token: IToken | undefined): boolean {
  if (token === undefined) return false;
  return continuing.has(token.tokenType) || isA(token, BinaryOperator) || isA(token, PrefixOperator);
}

class Filter {
  private readonly out: IToken[] = [];
  private readonly open: IToken[] = [];

  constructor(private readonly brackets: Brackets) {}

  run(tokens: readonly IToken[]): IToken[] {
    let lineStart = true;
    tokens.forEach((token, i) => {
      if (this.brackets.unopened.has(token)) return;
      if (token.tokenType === Newline) {
        this.newline();
        lineStart = true;
        return;
      }
      const isKey = tokens[i + 1]?.tokenType === Equals;
      if (isA(token, DeclarationKeyword) && !isKey) this.declaration(token, lineStart);
      this.token(token);
      lineStart = false;
    });
    this.closeWhile(() => true);
    if (this.last?.tokenType === Separator) this.out.pop();
    return this.out;
  }

  private get last(): IToken | undefined {
    return this.out.at(-1);
  }

  private get inParentheses(): boolean {
    const innermost = this.open.at(-1);
    return innermost !== undefined && innermost.tokenType !== LCurly;
  }

  private isUnclosed(token: IToken): boolean {
    return this.brackets.unclosed.has(token);
  }

  private newline(): void {
    if (continues(this.last)) return;
    this.closeWhile((token) => token.tokenType !== LCurly && this.isUnclosed(token));
    if (!this.inParentheses) this.separate("\n");
  }

  /** A keyword starts a statement, unless something is plainly missing before it on its line: `random noise[t]`, `std.cell`. */
  private declaration(token: IToken, lineStart: boolean): void {
    if (lineStart) {
      this.closeWhile((open) => this.isUnclosed(open) && (open.tokenType !== LCurly || token.image === "model"));
    } else if (continues(this.last) || isA(this.last, DeclarationKeyword) || this.last?.tokenType === Dot) {
      return;
    }
    if (!this.inParentheses) this.separate("");
  }

  private token(token: IToken): void {
    const type = token.tokenType;
    if (type === Semicolon) {
      this.closeWhile((open) => open.tokenType === LParen && this.isUnclosed(open));
      if (!this.inParentheses) {
        this.separate(";");
        return;
      }
    }
    if (type === LCurly) {
      this.closeWhile((open) => open.tokenType !== LCurly && this.isUnclosed(open));
      if (this.last?.tokenType === Separator && this.last.image === "\n") this.out.pop();
    }
    if (isCloser(type)) {
      this.closeWhile((open) => this.isUnclosed(open));
      this.close(token);
      return;
    }
    if (this.last?.tokenType === RCurly) this.separate("");
    this.out.push(token);
    if (closerOf.has(type)) this.open.push(token);
  }

  private close(token: IToken): void {
    const opener = this.open.pop();
    const type = opener && closerOf.get(opener.tokenType);
    if (type === undefined) throw new Error("layout: a closing bracket without its opening one");
    if (type === RCurly && this.last?.tokenType === Separator) this.out.pop();
    this.out.push(token.tokenType === type ? token : retag(token, type));
  }

  /** Writes the closers that are missing. */
  private closeWhile(goesOn: (open: IToken) => boolean): void {
    for (let open = this.open.at(-1); open !== undefined && goesOn(open); open = this.open.at(-1)) {
      const type = closerOf.get(open.tokenType);
      if (type === undefined) throw new Error("layout: not an opening bracket");
      this.close(insert(type, "", this.last === undefined ? 0 : tokenEnd(this.last)));
    }
  }

  /** Ends the statement if there is one to end. */
  private separate(image: string): void {
    const last = this.last;
    if (last === undefined || last.tokenType === Separator || last.tokenType === LCurly) return;
    this.out.push(insert(Separator, image, tokenEnd(last)));
  }
}
