import type { IToken, TokenType } from "chevrotain";
import type { ParseFailure, StartRule } from "../../../grammar/parser.js";
import * as t from "../../../grammar/tokens.js";
import { quote } from "../diagnostics/words.js";
import type { Span } from "./ast.js";

/** What the parser was given when it failed. */
export interface Attempt {
  readonly rule: StartRule;
  readonly tokens: readonly IToken[];
  /** The token behind: a separator, a closing brace, or nothing at the end of the text. */
  readonly after: IToken | undefined;
  readonly source: string;
}

/** The place of a failure, in the terms in which the cases below speak of it. */
export interface Place {
  readonly failure: ParseFailure;
  readonly attempt: Attempt;
  readonly at: number;
  readonly found: IToken | undefined;
  readonly before: IToken | undefined;
  readonly span: Span;
  /** `found` for people: `` `x` ``, or `the end of the line`. */
  readonly shown: string;
}

export function show(token: IToken): string {
  const { image } = token;
  return quote(image.length > 30 ? `${image.slice(0, 29)}…` : image);
}

const valueEnds: ReadonlySet<TokenType> = new Set([t.NumberLiteral, t.StringLiteral, t.RParen, t.RSquare, t.Quote]);
const valueStarts: ReadonlySet<TokenType> = new Set([t.NumberLiteral, t.StringLiteral, t.LParen, t.LSquare, t.If]);

export const endsValue = (token: IToken | undefined) =>
  token !== undefined && (t.isA(token, t.Name) || valueEnds.has(token.tokenType));
export const startsValue = (token: IToken | undefined) =>
  token !== undefined && (t.isA(token, t.Name) || valueStarts.has(token.tokenType));
export const isDefining = (token: IToken) => token.tokenType === t.Equals || token.tokenType === t.Tilde;

/** How many brackets are open behind these tokens. */
export function depthOf(tokens: readonly IToken[]): number {
  let depth = 0;
  for (const { tokenType: type } of tokens) {
    if (type === t.LParen || type === t.LSquare || type === t.LCurly) depth++;
    if (type === t.RParen || type === t.RSquare || type === t.RCurly) depth--;
  }
  return depth;
}
