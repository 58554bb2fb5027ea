import { generateCstDts } from "chevrotain";
import { railroad } from "./railroad.mjs";

/** The files that follow from the grammar, by path: given the exports of `grammar/{parser,precedence,tokens}`. */
export function grammarFiles({ grammarProductions, operatorLevels, vocabulary }) {
  const grammar = { productions: Object.values(grammarProductions()), operatorLevels, vocabulary };
  return {
    "grammar/grammar.ebnf": ebnf(grammar),
    "grammar/cst.ts": cstTypes(grammar),
    "grammar/railroad.html": railroad(grammar.productions, terminal),
  };
}

/** Tokens that are classes of texts, described by hand; all others print as what they are. */
const lexical = {
  Name: "a letter of any script or `_`, then letters, digits and `_`; not a keyword",
  Word: "a Name or a keyword",
  DeclarationKeyword: "one of the first sixteen keywords below",
  Number: "`3`, `0.5`, `.5`, `1e-3`",
  String: 'characters between `"`, on one line; escapes \\" \\\\ \\n \\t \\uXXXX',
  Separator: "a newline or `;` that ends a statement, or nothing before a declaration keyword or after `}`",
  BinaryOperator: "any infix operator of the table below",
  PrefixOperator: "any prefix operator of the table below",
};
const spelling = { Times: '( "*" | "⊙" )', Contract: '( "@" | "·" )' };

function terminal(type) {
  if (type.name in lexical) return type.name;
  if (type.name in spelling) return spelling[type.name];
  if (typeof type.PATTERN !== "string") throw new Error(`the EBNF has no text for the token ${type.name}`);
  return JSON.stringify(type.PATTERN);
}

function sequence(definition) {
  return definition.map(print).join(" ");
}

function print(part) {
  const inner = () => sequence(part.definition);
  switch (part.constructor.name) {
    case "Terminal":
      return terminal(part.terminalType);
    case "NonTerminal":
      return part.nonTerminalName;
    case "Alternative":
      return inner();
    case "Alternation":
      return `( ${part.definition.map(print).join(" | ")} )`;
    case "Option":
      return `[ ${inner()} ]`;
    case "Repetition":
      return `{ ${inner()} }`;
    case "RepetitionMandatory":
      return `${inner()} { ${inner()} }`;
    case "RepetitionWithSeparator":
      return `[ ${inner()} { ${terminal(part.separator)} ${inner()} } ]`;
    case "RepetitionMandatoryWithSeparator":
      return `${inner()} { ${terminal(part.separator)} ${inner()} }`;
    default:
      throw new Error(`the EBNF cannot print a ${part.constructor.name}`);
  }
}

/** The right side of a rule; alternatives of a whole rule stand one below the other. */
function rightSide(rule) {
  const [first, ...rest] = rule.definition;
  if (rest.length === 0 && first.constructor.name === "Alternation") {
    return first.definition.map(print).join("\n    | ");
  }
  return sequence(rule.definition);
}

function ebnf({ productions, operatorLevels, vocabulary }) {
  const rules = productions.map((rule) => `${rule.name}\n    = ${rightSide(rule)}\n    ;\n`);
  const words = Object.entries(lexical).map(([name, text]) => `   ${name.padEnd(18)} ${text}`);
  const levels = operatorLevels.map(({ operators, fix, groups }) => {
    const grouping = fix === "prefix" ? "prefix" : groups === "none" ? "does not chain" : `groups to the ${groups}`;
    return `   ${operators.join("  ").padEnd(24)} ${grouping}`;
  });
  const keywords = vocabulary
    .filter((type) => type.CATEGORIES?.some((c) => /Keyword$/.test(c.name)))
    .map((type) => type.PATTERN);
  return [
    "(* Generated from grammar/parser.ts by scripts/generate/grammar.mjs: do not edit. *)",
    "",
    "(* { a } is a repetition, [ a ] is optional. A file is `file`. Where statements may stand is said in the reference:",
    "   at the top of a file only models, cells and `use`.",
    "",
    ...words,
    "",
    `   Keywords: ${keywords.slice(0, 16).join(" ")}`,
    `             ${keywords.slice(16).join(" ")}`,
    "   Comments run from `#` to the end of the line. A newline does not end a statement inside ( ) and [ ], nor after",
    '   an operator, "," "=" "~" "->" ":" "if" "then" "else".',
    "",
    "   Operators, tightest first; a postfix ' and an index bind tighter than all of them,",
    "   and `if … then … else …` extends to the right as far as it can:",
    "",
    ...levels,
    "*)",
    "",
    rules.join("\n"),
  ].join("\n");
}

function cstTypes({ productions }) {
  const types = generateCstDts(Object.fromEntries(productions.map((rule) => [rule.name, rule])), {
    includeVisitorInterface: false,
  });
  const tidy = types
    .trim()
    .replace("CstNode, ICstVisitor, IToken", "CstNode, IToken")
    .replace(/\((\w+)\)\[\]/g, "$1[]");
  return `// Generated from grammar/parser.ts by scripts/generate/grammar.mjs: do not edit.\n${tidy}\n`;
}
