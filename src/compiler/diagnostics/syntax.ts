import type { Span } from "../syntax/ast.js";
import { defineDiagnostic } from "./types.js";
import { quote } from "./words.js";

/** Diagnostics of reading a text: characters, brackets, and sentences of the language that do not parse. */

export const unknownCharacter = defineDiagnostic<{ span: Span; text: string; help?: string | undefined }>({
  code: "unknown-character",
  severity: "error",
  message: ({ text }) => `${quote(text)} is not part of the language`,
  labels: ({ span }) => [{ span, text: "this cannot be read" }],
  help: ({ help }) => help,
});

export const unterminatedString = defineDiagnostic<{ span: Span }>({
  code: "unterminated-string",
  severity: "error",
  message: () => 'this string has no closing `"`',
  labels: ({ span }) => [{ span, text: "the string starts here and runs to the end of the line" }],
  help: () => 'a string stands on one line between two `"`; write `\\n` for a newline and `\\"` for a quote inside it',
});

export const badEscape = defineDiagnostic<{ span: Span; written: string }>({
  code: "bad-escape",
  severity: "error",
  message: ({ written }) => `${quote(written)} means nothing inside a string`,
  labels: ({ span }) => [{ span, text: "unknown escape" }],
  help: () =>
    'the escapes are `\\"`, `\\\\`, `\\n`, `\\t` and `\\u` with four hex digits; write `\\\\` for a backslash itself',
});

export const numberTooLarge = defineDiagnostic<{ span: Span; text: string }>({
  code: "number-too-large",
  severity: "error",
  message: ({ text }) => `${quote(text)} is larger than any number that can be computed with`,
  labels: ({ span }) => [{ span, text: "too large" }],
  help: () => "write `inf` for infinity",
});

export const foreignOperator = defineDiagnostic<{ span: Span; written: string; own: string }>({
  code: "foreign-operator",
  severity: "error",
  message: ({ written, own }) => `${quote(written)} is written ${quote(own)} here`,
  labels: ({ span }) => [{ span, text: "not an operator of this language" }],
  help: ({ own }) => `write ${quote(own)}`,
});

export const foreignComment = defineDiagnostic<{ span: Span }>({
  code: "foreign-comment",
  severity: "error",
  message: () => "comments start with `#`",
  labels: ({ span }) => [{ span, text: "read as a comment" }],
  help: () => "write `#` in front of a comment; if you meant an integer division, write `a div b`",
});

const bracketNames: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
const closing = (open: string) => bracketNames[open] ?? open;

export const unclosedBracket = defineDiagnostic<{ span: Span; bracket: string }>({
  code: "unclosed-bracket",
  severity: "error",
  message: ({ bracket }) => `this ${quote(bracket)} is never closed`,
  labels: ({ span }) => [{ span, text: "opened here" }],
  help: ({ bracket }) => `add the missing ${quote(closing(bracket))}`,
});

export const unopenedBracket = defineDiagnostic<{ span: Span; bracket: string }>({
  code: "unopened-bracket",
  severity: "error",
  message: ({ bracket }) => `this ${quote(bracket)} closes nothing`,
  labels: ({ span }) => [{ span, text: "no bracket is open here" }],
  help: ({ bracket }) => `remove the ${quote(bracket)}, or add what should open it`,
});

export const mismatchedBracket = defineDiagnostic<{ open: Span; close: Span; bracket: string; written: string }>({
  code: "mismatched-bracket",
  severity: "error",
  message: ({ bracket, written }) => `${quote(bracket)} cannot be closed by ${quote(written)}`,
  labels: ({ open, close, bracket }) => [
    { span: close, text: `expected ${quote(closing(bracket))}` },
    { span: open, text: "opened here" },
  ],
  help: ({ bracket }) => `write ${quote(closing(bracket))}`,
});

export const nestingTooDeep = defineDiagnostic<{ span: Span; limit: number }>({
  code: "nesting-too-deep",
  severity: "error",
  message: () => "this is nested too deeply to be read",
  labels: ({ span, limit }) => [{ span, text: `more than ${limit} levels deep here` }],
  help: () => "name the inner parts: give them equations of their own and use those names here",
});

export const unexpectedToken = defineDiagnostic<{
  span: Span;
  found: string;
  expected: string;
  help?: string | undefined;
}>({
  code: "unexpected-token",
  severity: "error",
  message: ({ found, expected }) => `expected ${expected}, found ${found}`,
  labels: ({ span, expected }) => [{ span, text: `expected ${expected}` }],
  help: ({ help }) => help,
});

export const missingValue = defineDiagnostic<{
  span: Span;
  where: string;
  found: string;
  help?: string | undefined;
}>({
  code: "missing-value",
  severity: "error",
  message: ({ where, found }) => `a value is missing ${where}: found ${found}`,
  labels: ({ span }) => [{ span, text: "a name, a number or an expression should stand here" }],
  help: ({ help }) => help,
});

export const missingOperator = defineDiagnostic<{
  left: Span;
  right: Span;
  before: string;
  after: string;
  help: string;
}>({
  code: "missing-operator",
  severity: "error",
  message: ({ before, after }) => `there is no operator between ${quote(before)} and ${quote(after)}`,
  labels: ({ left, right }) => [
    { span: right, text: "a new value starts here" },
    { span: left, text: "this one is complete" },
  ],
  help: ({ help }) => help,
});

export const continuedLine = defineDiagnostic<{ span: Span; word: string }>({
  code: "continued-line",
  severity: "error",
  message: ({ word }) => `a statement cannot start with ${quote(word)}`,
  labels: ({ span }) => [{ span, text: "the statement before has ended with its line" }],
  help: ({ word }) =>
    `to go on over several lines, write ${quote(word)} at the end of the line before, or put the whole expression in parentheses`,
});

export const reservedWord = defineDiagnostic<{ span: Span; word: string }>({
  code: "reserved-word",
  severity: "error",
  message: ({ word }) => `${quote(word)} is a word of the language and cannot be a name`,
  labels: ({ span }) => [{ span, text: "a name should stand here" }],
  help: ({ word }) => `choose another name, for instance ${quote(`${word}_1`)} or ${quote(`my_${word}`)}`,
});

export const inheritedName = defineDiagnostic<{ span: Span; name: string }>({
  code: "inherited-name",
  severity: "error",
  message: ({ name }) =>
    `${quote(name)} cannot be a name: records are JavaScript objects, and each has that name already`,
  labels: ({ span }) => [{ span, text: "a name should stand here" }],
  help: ({ name }) => `choose another name, for instance ${quote(`my_${name}`)}`,
});

export const foreignStatement = defineDiagnostic<{ span: Span; word: string; help: string }>({
  code: "foreign-statement",
  severity: "error",
  message: ({ word }) => `there is no ${quote(word)} in the language`,
  labels: ({ span }) => [{ span, text: "this is not a statement" }],
  help: ({ help }) => help,
});

export const compareForDefine = defineDiagnostic<{ span: Span; target: string }>({
  code: "compare-for-define",
  severity: "error",
  message: () => "`==` compares; an equation is written with `=`",
  labels: ({ span }) => [{ span, text: "write `=` here" }],
  help: ({ target }) => `write ${quote(`${target} = …`)}; a condition that must hold is \`require a == b\``,
});

export const defineForCompare = defineDiagnostic<{ span: Span; label: string; help: string }>({
  code: "define-for-compare",
  severity: "error",
  message: () => "`=` defines and cannot stand inside an expression",
  labels: ({ span, label }) => [{ span, text: label }],
  help: ({ help }) => help,
});

export const chainedComparison = defineDiagnostic<{ first: Span; second: Span; rewrite: string }>({
  code: "chained-comparison",
  severity: "error",
  message: () => "comparisons do not chain",
  labels: ({ first, second }) => [
    { span: second, text: "a second comparison" },
    { span: first, text: "the first one" },
  ],
  help: ({ rewrite }) => `write ${quote(rewrite)}`,
});

export const notIndexable = defineDiagnostic<{ span: Span; bracket: Span }>({
  code: "not-indexable",
  severity: "error",
  message: () => "only a name can be indexed",
  labels: ({ span, bracket }) => [
    { span: bracket, text: "this index follows an expression" },
    { span, text: "the expression ends here" },
  ],
  help: () =>
    "give the expression a name of its own (`z[t] = …`) and index that; to concatenate write `[a; b]` after an operator",
});

export const binderWithoutReduction = defineDiagnostic<{ span: Span; name: string }>({
  code: "binder-without-reduction",
  severity: "error",
  message: () => "`in` says over what a reduction runs; it cannot stand in a read",
  labels: ({ span }) => [{ span, text: "nothing is reduced here" }],
  help: ({ name }) => `write a reduction, such as \`sum[k in kids(n)](${name}[k])\``,
});

export const misplacedStatement = defineDiagnostic<{ span: Span; what: string; help: string }>({
  code: "misplaced-statement",
  severity: "error",
  message: ({ what }) => what,
  labels: ({ span }) => [{ span, text: "not here" }],
  help: ({ help }) => help,
});

export const vocabNotStrings = defineDiagnostic<{ span: Span; help: string }>({
  code: "vocab-not-strings",
  severity: "error",
  message: () => "the tokens of a vocabulary are strings",
  labels: ({ span }) => [{ span, text: "this is not a string" }],
  help: ({ help }) => help,
});

export const openShapeOrder = defineDiagnostic<{ span: Span }>({
  code: "open-shape-order",
  severity: "error",
  message: () => "`..` stands for the remaining dims and comes last",
  labels: ({ span }) => [{ span, text: "something follows this" }],
  help: () => "write `[..]` for any shape, or `[H, ..]`",
});

export const tooManyErrors = defineDiagnostic<{ span: Span; limit: number }>({
  code: "too-many-errors",
  severity: "error",
  message: ({ limit }) => `more than ${limit} places of this text cannot be read; the rest is not reported`,
  labels: ({ span }) => [{ span, text: "reading stopped here" }],
  help: () => "is this a Recurve file?",
});
