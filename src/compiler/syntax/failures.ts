import type { IToken } from "chevrotain";
import type { ParseFailure } from "../../../grammar/parser.js";
import * as t from "../../../grammar/tokens.js";
import { growingTrees, notInLanguage, ownVocabularies } from "../diagnostics/not-in-language.js";
import * as syntax from "../diagnostics/syntax.js";
import type { Diagnostic } from "../diagnostics/types.js";
import { quote } from "../diagnostics/words.js";
import { unexpected } from "./expected.js";
import { foreignHelp } from "./foreign.js";
import { type Attempt, depthOf, endsValue, isDefining, type Place, show, startsValue } from "./place.js";
import { tokenSpan } from "./spans.js";

type Case = (place: Place) => Diagnostic | undefined;

/** Says why a row of tokens is not a statement. The first case that knows the mistake words it. */
export function describeFailure(failure: ParseFailure, attempt: Attempt): Diagnostic {
  const { tokens } = attempt;
  const index = tokens.indexOf(failure.found);
  const at = index < 0 ? tokens.length : index;
  const found = tokens[at];
  const before = tokens[at - 1];
  const end = before === undefined ? 0 : t.tokenEnd(before);
  const written = found !== undefined && found.image !== "";
  const span = written ? tokenSpan(found) : { start: end, end };
  const shown = written ? show(found) : endOf(attempt);
  const place: Place = { failure, attempt, at, found, before, span, shown };
  for (const known of cases) {
    const diagnostic = known(place);
    if (diagnostic !== undefined) return diagnostic;
  }
  return unexpected(place);
}

function endOf({ after }: Attempt): string {
  if (after === undefined) return "the end of the text";
  if (after.tokenType === t.Separator && after.image === "\n") return "the end of the line";
  return after.image === "" ? "the end of the statement" : quote(after.image);
}

const isKeyword = (token: IToken | undefined) =>
  t.isA(token, t.DeclarationKeyword) || t.isA(token, t.ExpressionKeyword);

/** `tree n until …`, `vocab W[t]`, `vocab Word per sample`. */
const leftOut: Case = ({ attempt, at, found, span }) => {
  const opening = attempt.tokens[0]?.tokenType;
  if (attempt.rule !== "statement" || at !== 2) return undefined;
  if ((opening === t.Tree || opening === t.Graph) && found?.tokenType === t.Until)
    return notInLanguage({ place: span, ...growingTrees });
  if (opening === t.Vocab && (found?.tokenType === t.LSquare || /^(per|for|each|of)$/.test(found?.image ?? "")))
    return notInLanguage({ place: span, ...ownVocabularies });
  return undefined;
};

/** A statement that starts with what can only go on: `+ b`, `then x`. */
const goesOn: Case = ({ attempt, at, found, span }) => {
  if (attempt.rule !== "statement" || at !== 0 || found === undefined) return undefined;
  const type = found.tokenType;
  const continues =
    t.isA(found, t.BinaryOperator) || type === t.Then || type === t.Else || type === t.Comma || type === t.Arrow;
  const isFirst = attempt.source.slice(0, found.startOffset).replace(/#.*/g, "").trim() === "";
  if (!continues || isFirst) return undefined;
  return syntax.continuedLine({ span, word: found.image });
};

/** A keyword used as a name: `dim model = 3`, `h[t] = loss + 1`, `input[t] = 0`. */
const keywordAsName: Case = ({ failure, attempt, found, span, before }) => {
  const [opening, second] = attempt.tokens;
  const isDefined = second !== undefined && (isDefining(second) || second.tokenType === t.Colon);
  const isIndexed = second?.tokenType === t.LSquare && attempt.tokens.some(isDefining);
  if (attempt.rule === "statement" && isKeyword(opening) && opening !== undefined && (isDefined || isIndexed)) {
    return isDefined ? reservedOrMissing(opening, second) : reserved(opening);
  }
  if (found === undefined || !isKeyword(found)) return undefined;
  const wantsName = failure.expected === "Name" || failure.rule === "targets";
  const wantsValue = failure.rule === "reference" && t.isA(found, t.DeclarationKeyword);
  if (!wantsName && (!wantsValue || t.isA(before, t.DeclarationKeyword))) return undefined;
  return syntax.reservedWord({ span, word: found.image });
};

const reserved = (token: IToken) => syntax.reservedWord({ span: tokenSpan(token), word: token.image });

/** `loss = e` is meant as a loss term; `dim = 3` as an equation of something called so. */
function reservedOrMissing(keyword: IToken, found: IToken): Diagnostic {
  if (keyword.tokenType === t.Loss || keyword.tokenType === t.Require) {
    return syntax.unexpectedToken({
      span: tokenSpan(found),
      found: quote(found.image),
      expected: "an expression",
      help: `write ${quote(`${keyword.image} …`)} without the ${quote(found.image)}`,
    });
  }
  return reserved(keyword);
}

/** `for t in T { … }`, `let h = 0`, `modle m { … }`. */
const otherLanguage: Case = ({ attempt, at }) => {
  const [opening] = attempt.tokens;
  if (attempt.rule !== "statement" || at === 0 || opening === undefined || !t.isA(opening, t.Name)) return undefined;
  const next = attempt.tokens[1];
  // A name that is defined or indexed is the user's own, whatever it resembles.
  if (next === undefined || next.tokenType === t.LSquare || next.tokenType === t.Colon) return undefined;
  const help = foreignHelp(opening.image, startsValue(next));
  if (help === undefined) return undefined;
  return syntax.foreignStatement({ span: tokenSpan(opening), word: opening.image, help });
};

/** `h[t] == …` */
const comparesForDefine: Case = ({ failure, attempt, at, found, span }) => {
  if (failure.rule !== "definition" || found?.tokenType !== t.Equal) return undefined;
  return syntax.compareForDefine({
    span,
    target: attempt.source.slice(startOf(attempt), tokenStart(attempt, at)).trim(),
  });
};

/** `y =` or `y = a +` with nothing on its line: the next equation was read on as its value. */
const nothingOnLine: Case = ({ attempt, at, found }) => {
  if (found === undefined || !isDefining(found) || attempt.rule !== "statement") return undefined;
  const start = targetStart(attempt.tokens, at);
  const [last, target] = [attempt.tokens[start - 1], attempt.tokens[start]];
  if (last === undefined || target === undefined || endsValue(last)) return undefined;
  const end = t.tokenEnd(last);
  if (!/[\r\n]/.test(attempt.source.slice(end, target.startOffset))) return undefined;
  const span = { start: end, end };
  return syntax.missingValue({ span, where: `after ${show(last)}`, found: "the end of the line" });
};

/** Where the name and its indices begin that end before `at`. */
function targetStart(tokens: readonly IToken[], at: number): number {
  let i = at - 1;
  if (tokens[i]?.tokenType !== t.RSquare) return i;
  for (let depth = 0; i > 0; i--) {
    if (tokens[i]?.tokenType === t.RSquare) depth++;
    if (tokens[i]?.tokenType === t.LSquare && --depth === 0) break;
  }
  return i - 1;
}

/** `if a = b then …`, `x = y = z`. */
const definesForCompare: Case = ({ attempt, at, found, before, span }) => {
  if (found?.tokenType !== t.Equals || !endsValue(before)) return undefined;
  const earlier = attempt.tokens.slice(0, at);
  const label = "did you mean `==`?";
  if (earlier.some((token) => [t.If, t.Require, t.Until].includes(token.tokenType))) {
    return syntax.defineForCompare({ span, label, help: "write `==` to compare" });
  }
  if (depthOf(earlier) > 0) {
    const help = "write `==` to compare; only the arguments of a call are named with `=`";
    return syntax.defineForCompare({ span, label, help });
  }
  if (!earlier.some(isDefining)) return undefined;
  return syntax.defineForCompare({
    span,
    label: "a second `=`",
    help: "one equation defines one value: write two equations",
  });
};

/** `(a + b)[t]`, `W h`, `2 x`: two values side by side. */
const sideBySide: Case = ({ attempt, at, found, before, span }) => {
  if (found === undefined || before === undefined || !endsValue(before) || !startsValue(found)) return undefined;
  if (!isExpressionBefore(attempt, at)) return undefined;
  const left = tokenSpan(before);
  if (found.tokenType === t.LSquare && before.tokenType !== t.NumberLiteral && before.tokenType !== t.StringLiteral) {
    return syntax.notIndexable({ span: left, bracket: span });
  }
  const [a, b] = [before.image, found.image];
  const isProduct = before.tokenType === t.NumberLiteral;
  const help =
    found.tokenType === t.If
      ? choice
      : isProduct
        ? `write ${quote(`${a} * ${b}`)} for a product`
        : "write `a @ b` for the matrix product, `a * b` for the elementwise one; a statement ends with its line or with `;`";
  return syntax.missingOperator({ left, right: span, before: a, after: b, help });
};

/** Is the token before `at` part of an expression, and not a declared name? */
function isExpressionBefore({ rule, tokens }: Attempt, at: number): boolean {
  if (rule !== "statement") return true;
  const [opening] = tokens;
  if (opening === undefined) return false;
  const earlier = tokens.slice(0, at);
  if (opening.tokenType === t.Loss || opening.tokenType === t.Require) return at > 1;
  if (opening.tokenType === t.Axis) return earlier.some((token) => token.tokenType === t.Less);
  if (depthOf(earlier) > 0) return opening.tokenType !== t.Use && opening.tokenType !== t.Model;
  return earlier.some((token, i) => isDefining(token) && depthOf(earlier.slice(0, i)) === 0);
}

const choice = "a choice is written `if a then b else c`";

/** An operator, a bracket or a comma without its operand. */
const nothingThere: Case = ({ failure, attempt, before, found, span, shown }) => {
  if (failure.rule !== "operand" || (found !== undefined && startsValue(found))) return undefined;
  const where = before === undefined ? "here" : before.image === "" ? "here" : `after ${show(before)}`;
  return syntax.missingValue({ span, where, found: shown, help: valueHelp(attempt, before, found) });
};

function valueHelp(attempt: Attempt, before: IToken | undefined, found: IToken | undefined): string | undefined {
  if (before?.tokenType === t.If || before?.tokenType === t.Then || before?.tokenType === t.Else) {
    return choice;
  }
  if (found?.tokenType === t.DotDot) return "`..` stands only in shapes, as in `[..]` or `[H, ..]`";
  if (found?.tokenType === t.Colon) return "there are no slices: an equation over an axis reads single indices, `x[t]`";
  if (found !== undefined && t.isA(found, t.BinaryOperator) && before !== undefined && isDefining(before)) {
    return `what an equation defines stands left of ${quote(before.image)}, its value on the right`;
  }
  return attempt.after?.image === "}" && found === undefined ? "the brace ends the statement" : undefined;
}

const cases: readonly Case[] = [
  leftOut,
  goesOn,
  keywordAsName,
  otherLanguage,
  comparesForDefine,
  nothingOnLine,
  definesForCompare,
  sideBySide,
  nothingThere,
];

function startOf(attempt: Attempt): number {
  return attempt.tokens[0]?.startOffset ?? 0;
}

function tokenStart(attempt: Attempt, at: number): number {
  return attempt.tokens[at]?.startOffset ?? attempt.source.length;
}
