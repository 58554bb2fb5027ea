import type { IToken } from "chevrotain";
import type { ParseFailure } from "../../../grammar/parser.js";
import * as t from "../../../grammar/tokens.js";
import * as syntax from "../diagnostics/syntax.js";
import type { Diagnostic } from "../diagnostics/types.js";
import { quote } from "../diagnostics/words.js";
import { depthOf, endsValue, type Place, startsValue } from "./place.js";

/** What would have fitted, by the rule that had several choices. */
const wanted: Readonly<Record<string, string>> = {
  statement: "a statement",
  cell: "`(` and the formals of a definition, or `=` and a cell",
  cellDefinition: "the results of the cell",
  definition: "`=` or `~`",
  type: "a shape such as `[H]`, or the name of a vocabulary",
  use: "a library such as `std.cells`, or a file in quotes",
  targets: "a name",
  paramItem: "a name",
  indices: "an index",
  clauseIndices: "an index",
  topology: "a topology such as `seq2seq`",
  bracketed: "`,`, `;` or `]`",
  args: "`,` or `)`",
};

const tokenWords: Readonly<Record<string, string>> = {
  Name: "a name",
  Word: "a word",
  String: "a string",
  Number: "a number",
  Less: "`<` and the bound of the axis",
  BinaryOperator: "an operator",
  Separator: "the end of the statement",
};

export function unexpected(place: Place): Diagnostic {
  const { failure, span, shown } = place;
  return syntax.unexpectedToken({ span, found: shown, expected: expectation(place), help: helpFor(place, failure) });
}

function expectation({ failure, attempt }: Place): string {
  const { expected, rule } = failure;
  if (expected === "end") return attempt.rule === "expression" ? "the end" : "the end of the statement";
  if (expected === undefined) return wanted[rule] ?? "something else";
  if (expected === "RParen" && rule === "args") return "`,` or `)`";
  if (expected === "RSquare") return "`,` or `]`";
  const type = t.vocabulary.find((candidate) => candidate.name === expected);
  const pattern = type?.PATTERN;
  return tokenWords[expected] ?? (typeof pattern === "string" ? quote(pattern) : expected);
}

function helpFor({ attempt, found, before, at }: Place, { rule, expected }: ParseFailure): string | undefined {
  const [opening] = attempt.tokens;
  const type = found?.tokenType;
  if (rule === "definition") {
    if (at === 1 && type === t.LParen) return "a function is a `cell`: `cell f(x : [X]) -> y : [Y] { … }`";
    if (attempt.tokens[at + 1]?.tokenType === t.Equals && found !== undefined && t.isA(found, t.BinaryOperator)) {
      return "an equation holds for every index at once: write `s[t] = s[t-1] + x[t]` for a running sum";
    }
    if (found !== undefined && (t.isA(found, t.BinaryOperator) || type === t.Quote)) {
      return "left of `=` stands a name with its indices, such as `h[t]`";
    }
    return "an equation is `name[index] = value`";
  }
  if (type === t.Colon && depthOf(attempt.tokens.slice(0, at)) > 0) {
    return "there are no slices: an equation over an axis reads single indices, such as `x[t]`";
  }
  if (type === t.Dot && endsValue(before)) {
    const next = attempt.tokens[at + 1]?.image;
    if (next === "T") return `the transpose is written ${quote(`${before?.image}'`)}`;
    return "values have no attributes or methods: functions are called, as in `sum(x)`";
  }
  if (opening?.tokenType === t.Input && type === t.Tilde)
    return "an input is only observed: what is drawn is a `random`";
  if (rule === "statement" && type === t.If) return "`if … then … else …` is a value: write `z = if a then b else c`";
  if (rule === "statement" && type === t.LCurly) return "only models, cells and blocks have braces, after their name";
  if (expected === "Then" || expected === "Else")
    return "a choice is written `if a then b else c`, always with its `else`";
  if (rule === "axis") return "an axis is declared with its bound: `axis t < T`";
  if (rule === "noise") return "noise is declared with its distribution: `noise e[t] : [Z] ~ normal(0, 1)`";
  if (rule === "dim") return "a dimension is declared with its size: `dim H = 128`";
  if (rule === "vocab") return 'a vocabulary is `vocab Char`, or lists its tokens: `vocab Char = ["a", "b"]`';
  if (rule === "model" || rule === "body") return "a model is written `model name { … }`";
  if (rule === "cellDefinition") return "a cell is written `cell Name(x : [X], h : [H]) -> h1 : [H] { … }`";
  if (rule === "cell" || rule === "cellInstance") return "an instance is written `cell name = LSTM(H)`";
  if (rule === "metric") return "a metric has a name: `metric error = …`";
  if (expected === "end" && isList(opening) && startsValue(found) && endsValue(before)) {
    return "separate names by commas, statements by a new line or `;`";
  }
  return undefined;
}

const isList = (token: IToken | undefined) =>
  token !== undefined && [t.Param, t.Frozen, t.Input, t.Random, t.Noise].includes(token.tokenType);
