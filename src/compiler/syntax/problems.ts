import { ownSpelling } from "../../../grammar/foreign.js";
import type { LayoutProblem } from "../../../grammar/layout.js";
import { maxNesting } from "../../../grammar/layout.js";
import type { UnknownCharacters } from "../../../grammar/tokens.js";
import * as syntax from "../diagnostics/syntax.js";
import type { Diagnostic } from "../diagnostics/types.js";
import { tokenSpan } from "./spans.js";

/** From what lexer and layout step found wrong to what the user is told. */
export function describeProblem(problem: LayoutProblem): Diagnostic {
  switch (problem.kind) {
    case "foreign-operator": {
      const written = problem.token.image;
      return syntax.foreignOperator({ span: tokenSpan(problem.token), written, own: ownSpelling(written) });
    }
    case "foreign-comment":
      return syntax.foreignComment({ span: tokenSpan(problem.token) });
    case "unterminated-string":
      return syntax.unterminatedString({ span: tokenSpan(problem.token) });
    case "nesting-too-deep":
      return syntax.nestingTooDeep({ span: tokenSpan(problem.token), limit: maxNesting });
    case "unclosed-bracket":
      return syntax.unclosedBracket({ span: tokenSpan(problem.open), bracket: problem.open.image });
    case "unopened-bracket":
      return syntax.unopenedBracket({ span: tokenSpan(problem.close), bracket: problem.close.image });
    case "mismatched-bracket":
      return syntax.mismatchedBracket({
        open: tokenSpan(problem.open),
        close: tokenSpan(problem.close),
        bracket: problem.open.image,
        written: problem.close.image,
      });
  }
}

/** What people mean by characters that the language does not have, by the first of them. */
const meant: ReadonlyMap<string, string> = new Map([
  ..."“”„«»‘’".split("").map((sign) => [sign, 'strings stand between straight quotes: `"`'] as const),
  ["`", 'strings stand between straight quotes: `"`'],
  ["\\", "write names without a backslash: `sigma`, or the letter itself: `σ`"],
  ["∑", "write a sum over an axis as `sum[t](…)`"],
  ["∞", "write `inf`"],
  ["√", "write `sqrt(…)`"],
  ["∈", "write `in`"],
  ["÷", "write `/`, or `div` for integers"],
  ["←", "write `=`"],
  ["∘", "write `*` for the elementwise product"],
  ["⋅", "write `*` for the elementwise product, `@` for the matrix product"],
  ["∙", "write `*` for the elementwise product, `@` for the matrix product"],
  ["⊗", "write `outer(a, b)` or `a @ b'`"],
  ["⊕", "write `[a; b]` to concatenate, `a + b` to add"],
  ["ᵀ", "write `'` for the transpose"],
  ["⊤", "write `'` for the transpose"],
  ["′", "write `'` for the transpose"],
  ["&", "write `and`"],
  ["|", "write `or`; absolute values are `abs(x)`"],
  ["$", "names are letters, digits and `_`"],
  ["?", "write `if a then b else c`"],
  ..."₀₁₂₃₄₅₆₇₈₉₊₋"
    .split("")
    .map((sign) => [sign, "write an index in brackets: `h[t]`, or a name such as `h1`"] as const),
  ..."⁰¹²³⁴⁵⁶⁷⁸⁹".split("").map((sign) => [sign, "write a power as `x^2`"] as const),
]);

export function describeUnknown(source: string, { offset, length }: UnknownCharacters): Diagnostic {
  const text = source.slice(offset, offset + length);
  const [first = ""] = text;
  return syntax.unknownCharacter({
    span: { start: offset, end: offset + length },
    text: visible(text),
    help: meant.get(first),
  });
}

/** At most a dozen characters; those that cannot be seen as their code. */
function visible(text: string): string {
  const characters = [...text];
  const shown = characters
    .slice(0, 12)
    .map((sign) => (/[\p{C}\p{Z}]/u.test(sign) ? `U+${codeOf(sign)}` : sign))
    .join("");
  return characters.length > 12 ? `${shown}…` : shown;
}

const codeOf = (sign: string) => (sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
