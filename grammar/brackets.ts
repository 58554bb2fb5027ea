import type { IToken, TokenType } from "chevrotain";
import {
  DeclarationKeyword,
  Equals,
  isA,
  LCurly,
  LParen,
  LSquare,
  Model,
  Newline,
  RCurly,
  RParen,
  RSquare,
  Semicolon,
} from "./tokens.js";

export const closerOf: ReadonlyMap<TokenType, TokenType> = new Map([
  [LParen, RParen],
  [LSquare, RSquare],
  [LCurly, RCurly],
]);
const openerOf: ReadonlyMap<TokenType, TokenType> = new Map([...closerOf].map(([open, close]) => [close, open]));

/** What is wrong with the brackets of a file. */
export type BracketProblem =
  | { readonly kind: "unclosed-bracket"; readonly open: IToken }
  | { readonly kind: "unopened-bracket"; readonly close: IToken }
  | { readonly kind: "mismatched-bracket"; readonly open: IToken; readonly close: IToken };

export interface Brackets {
  readonly unclosed: ReadonlySet<IToken>;
  readonly unopened: ReadonlySet<IToken>;
  /** Closers that are written with the wrong sign. */
  readonly wrong: ReadonlySet<IToken>;
  readonly problems: readonly BracketProblem[];
}

/**
 * Pairs the brackets before anything is parsed, so that the parser only ever sees balanced ones and a forgotten `)`
 * spoils a line rather than the rest of the file. A `(` or `[` cannot reach past a brace or past a line that
 * starts with a declaration; a `{` cannot reach past the next `model`.
 */
export function pairBrackets(tokens: readonly IToken[]): Brackets {
  const open: IToken[] = [];
  const unclosed = new Set<IToken>();
  const unopened = new Set<IToken>();
  const wrong = new Set<IToken>();
  const problems: BracketProblem[] = [];

  const top = () => open.at(-1);
  const leaveOpen = (until: (token: IToken) => boolean) => {
    for (let token = top(); token !== undefined && !until(token); token = top()) {
      open.pop();
      unclosed.add(token);
      problems.push({ kind: "unclosed-bracket", open: token });
    }
  };
  const isBrace = (token: IToken) => token.tokenType === LCurly;
  const close = (token: IToken, opener: TokenType) => {
    if (opener === LCurly) leaveOpen(isBrace);
    const last = top();
    if (last?.tokenType === opener) {
      open.pop();
    } else if (reaches(open, opener)) {
      leaveOpen((candidate) => candidate.tokenType === opener);
      open.pop();
    } else if (last !== undefined && !isBrace(last)) {
      open.pop();
      wrong.add(token);
      problems.push({ kind: "mismatched-bracket", open: last, close: token });
    } else {
      unopened.add(token);
      problems.push({ kind: "unopened-bracket", close: token });
    }
  };

  tokens.forEach((token, i) => {
    const opener = openerOf.get(token.tokenType);
    if (closerOf.has(token.tokenType)) {
      if (isBrace(token)) leaveOpen(isBrace);
      open.push(token);
    } else if (opener !== undefined) {
      close(token, opener);
    } else if (startsDeclaration(tokens, i)) {
      leaveOpen(isBrace);
      if (token.tokenType === Model) leaveOpen(() => false);
    }
  });
  leaveOpen(() => false);
  problems.sort((a, b) => place(a) - place(b));
  return { unclosed, unopened, wrong, problems };
}

/** Is there such an opener above the innermost brace? */
function reaches(open: readonly IToken[], opener: TokenType): boolean {
  for (let i = open.length - 1; i >= 0; i--) {
    const type = open[i]?.tokenType;
    if (type === opener) return true;
    if (type === LCurly) return false;
  }
  return false;
}

/** A declaration keyword that stands first on its line and is not a key (`loss = …`). */
function startsDeclaration(tokens: readonly IToken[], i: number): boolean {
  const before = tokens[i - 1];
  return (
    isA(tokens[i], DeclarationKeyword) &&
    tokens[i + 1]?.tokenType !== Equals &&
    (before === undefined || before.tokenType === Newline || before.tokenType === Semicolon)
  );
}

function place(problem: BracketProblem): number {
  return problem.kind === "unopened-bracket" ? problem.close.startOffset : problem.open.startOffset;
}
