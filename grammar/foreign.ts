import type { TokenType } from "chevrotain";
import { And, Arrow, Equals, GreaterEqual, LessEqual, Minus, Mod, Not, NotEqual, Or, Power, Times } from "./tokens.js";

/** What an operator of another language stands for here. */
export const foreignOperators: Readonly<Record<string, TokenType>> = {
  ":=": Equals,
  "**": Power,
  "&&": And,
  "||": Or,
  "!": Not,
  "%": Mod,
  "×": Times,
  "−": Minus,
  "≤": LessEqual,
  "≥": GreaterEqual,
  "≠": NotEqual,
  "→": Arrow,
};

/** How ours is written. */
export function ownSpelling(written: string): string {
  const type = foreignOperators[written];
  if (type === undefined) throw new Error(`foreign: no operator ${written}`);
  return type === Times ? "*" : String(type.PATTERN);
}
