import { createToken, type IToken, Lexer, type TokenType } from "chevrotain";

/**
 * The words and signs of the language. Their order is the order in which the lexer tries them.
 *
 * Three kinds of words are kept apart: keywords are reserved; contextual words (`in`, `until`, `weight`, `max`, `min`)
 * mean something in one place and are ordinary names elsewhere; everything else is a name.
 * `Word` is any of the three: the keys of blocks and arguments may be any word.
 */
export const Word = createToken({ name: "Word", pattern: Lexer.NA });
/** A keyword that opens a declaration; it also starts a statement. */
export const DeclarationKeyword = createToken({ name: "DeclarationKeyword", pattern: Lexer.NA, categories: [Word] });
/** `if`, `not`, `div` …: reserved words inside expressions. */
export const ExpressionKeyword = createToken({ name: "ExpressionKeyword", pattern: Lexer.NA, categories: [Word] });
export const BinaryOperator = createToken({ name: "BinaryOperator", pattern: Lexer.NA });
export const PrefixOperator = createToken({ name: "PrefixOperator", pattern: Lexer.NA });

/** A name, or a word that is none: what keywords are made of too. */
export const namePattern = /[\p{L}_][\p{L}\p{M}\p{N}_]*/uy;

/**
 * Chevrotain sorts tokens by their first character but cannot read Unicode classes, so it is told: a name may start
 * with an ASCII letter, `_`, or anything above. One character for each of its buckets of 255 stands for those.
 */
const nameStarts = [
  "_",
  ..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
  ...Array.from({ length: 128 }, (_, i) => String.fromCharCode(128 + i)),
  ...Array.from({ length: 256 }, (_, i) => String.fromCharCode(255 * (i + 1) + 1)),
];

function matchName(text: string, offset: number): RegExpExecArray | null {
  namePattern.lastIndex = offset;
  return namePattern.exec(text);
}

export const Name = createToken({
  name: "Name",
  pattern: matchName,
  start_chars_hint: nameStarts,
  line_breaks: false,
  categories: [Word],
});

function word(name: string, text: string, categories: TokenType[]): TokenType {
  return createToken({ name, pattern: text, longer_alt: Name, categories });
}
const declaration = (name: string) => word(name, name.toLowerCase(), [DeclarationKeyword]);
const contextual = (name: string) => word(name, name.toLowerCase(), [Name]);
const sign = (name: string, pattern: string | RegExp, categories: TokenType[] = []) =>
  createToken({ name, pattern, categories });

export const Model = declaration("Model");
export const Cell = declaration("Cell");
export const Dim = declaration("Dim");
export const Vocab = declaration("Vocab");
export const Axis = declaration("Axis");
export const Tree = declaration("Tree");
export const Graph = declaration("Graph");
export const Input = declaration("Input");
export const Random = declaration("Random");
export const Noise = declaration("Noise");
export const Param = declaration("Param");
export const Frozen = declaration("Frozen");
export const Use = declaration("Use");
export const Loss = declaration("Loss");
export const Metric = declaration("Metric");
export const Require = declaration("Require");

export const If = word("If", "if", [ExpressionKeyword]);
export const Then = word("Then", "then", [ExpressionKeyword]);
export const Else = word("Else", "else", [ExpressionKeyword]);
export const Not = word("Not", "not", [ExpressionKeyword, PrefixOperator]);
export const Or = word("Or", "or", [ExpressionKeyword, BinaryOperator]);
export const And = word("And", "and", [ExpressionKeyword, BinaryOperator]);
export const Div = word("Div", "div", [ExpressionKeyword, BinaryOperator]);
export const Mod = word("Mod", "mod", [ExpressionKeyword, BinaryOperator]);

export const In = contextual("In");
export const Until = contextual("Until");
export const Weight = contextual("Weight");
export const Max = contextual("Max");
export const Min = contextual("Min");

export const Arrow = sign("Arrow", "->");
export const Equal = sign("Equal", "==", [BinaryOperator]);
export const NotEqual = sign("NotEqual", "!=", [BinaryOperator]);
export const LessEqual = sign("LessEqual", "<=", [BinaryOperator]);
export const GreaterEqual = sign("GreaterEqual", ">=", [BinaryOperator]);
export const Less = sign("Less", "<", [BinaryOperator]);
export const Greater = sign("Greater", ">", [BinaryOperator]);
export const Plus = sign("Plus", "+", [BinaryOperator]);
export const Minus = sign("Minus", "-", [BinaryOperator, PrefixOperator]);
export const Times = sign("Times", /[*⊙]/, [BinaryOperator]);
export const Divide = sign("Divide", "/", [BinaryOperator]);
export const Contract = sign("Contract", /[@·]/, [BinaryOperator]);
export const Power = sign("Power", "^", [BinaryOperator]);
export const Equals = sign("Equals", "=");
export const Tilde = sign("Tilde", "~");
export const Colon = sign("Colon", ":");
export const Comma = sign("Comma", ",");
export const Semicolon = sign("Semicolon", ";");
export const DotDot = sign("DotDot", "..");
export const Dot = sign("Dot", ".");
export const Quote = sign("Quote", "'");
export const LParen = sign("LParen", "(");
export const RParen = sign("RParen", ")");
export const LSquare = sign("LSquare", "[");
export const RSquare = sign("RSquare", "]");
export const LCurly = sign("LCurly", "{");
export const RCurly = sign("RCurly", "}");

export const NumberLiteral = createToken({
  name: "Number",
  pattern: /(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/,
});
export const StringLiteral = createToken({ name: "String", pattern: /"(?:[^"\\\r\n]|\\[^\r\n])*"/ });
/** Reported by the layout step and then treated as a string, so that one missing quote is one diagnostic. */
export const UnterminatedString = createToken({
  name: "UnterminatedString",
  pattern: /"(?:[^"\\\r\n]|\\[^\r\n])*\\?/,
});

/** Operators of other languages and of word processors. The layout step reports them and puts ours in their place. */
export const ForeignOperator = createToken({ name: "ForeignOperator", pattern: /:=|\*\*|&&|\|\||[!%×−≤≥≠→]/ });
/** Comments of other languages; a `//` may also be meant as an integer division. */
export const ForeignComment = createToken({
  name: "ForeignComment",
  pattern: /\/\/[^\r\n]*|\/\*[\s\S]*?\*\//,
  line_breaks: true,
});

export const Newline = createToken({ name: "Newline", pattern: /\r\n|\n|\r/, line_breaks: true });
const Blank = createToken({
  name: "Blank",
  pattern: /[ \t\f\v\u00a0\u2000-\u200b\u3000\ufeff]+/,
  group: Lexer.SKIPPED,
});
const Comment = createToken({ name: "Comment", pattern: /#[^\r\n]*/, group: Lexer.SKIPPED });

/**
 * Ends a statement. Never written: the layout step puts it where a newline, a `;` or a declaration keyword ends
 * a statement, and drops every other newline.
 */
export const Separator = createToken({ name: "Separator", pattern: Lexer.NA });

const categories = [Word, DeclarationKeyword, ExpressionKeyword, BinaryOperator, PrefixOperator];

const declarations = [
  Model,
  Cell,
  Dim,
  Vocab,
  Axis,
  Tree,
  Graph,
  Input,
  Random,
  Noise,
  Param,
  Frozen,
  Use,
  Loss,
  Metric,
  Require,
];

const written = [
  Blank,
  Comment,
  Newline,
  ...declarations,
  If,
  Then,
  Else,
  Not,
  Or,
  And,
  Div,
  Mod,
  In,
  Until,
  Weight,
  Max,
  Min,
  Name,
  ForeignComment,
  NumberLiteral,
  StringLiteral,
  UnterminatedString,
  Arrow,
  Equal,
  NotEqual,
  LessEqual,
  GreaterEqual,
  ForeignOperator,
  Less,
  Greater,
  Plus,
  Minus,
  Times,
  Divide,
  Contract,
  Power,
  Equals,
  Tilde,
  Colon,
  Comma,
  Semicolon,
  DotDot,
  Dot,
  Quote,
  LParen,
  RParen,
  LSquare,
  RSquare,
  LCurly,
  RCurly,
];

/** What the parser may meet. */
export const vocabulary: readonly TokenType[] = [...categories, ...written, Separator];

const lexer = new Lexer([...categories, ...written], {
  positionTracking: "onlyOffset",
  ensureOptimizations: true,
  skipValidations: true,
});

/** Characters that belong to no token: `length` UTF-16 units from `offset`. */
export interface UnknownCharacters {
  readonly offset: number;
  readonly length: number;
}

/** Splits a text into tokens, newlines included; comments and blanks are gone. */
export function tokenize(source: string): { tokens: IToken[]; unknown: UnknownCharacters[] } {
  const { tokens, errors } = lexer.tokenize(source);
  // With offsets only, the lexer leaves the ends out, and the parser takes the places of its nodes from them.
  for (const token of tokens) token.endOffset = token.startOffset + token.image.length - 1;
  return { tokens, unknown: errors.map(({ offset, length }) => ({ offset, length })) };
}

/** Is this token of the type, or of the category? */
export function isA(token: IToken | undefined, type: TokenType): boolean {
  if (token === undefined) return false;
  return token.tokenType === type || type.categoryMatchesMap?.[token.tokenTypeIdx] === true;
}

/** Offset just behind a token; a token that nobody wrote has no width. */
export function tokenEnd(token: IToken): number {
  return (token.endOffset ?? token.startOffset - 1) + 1;
}
