import { type CstNode, CstParser, type IRecognitionException, type IToken, type TokenType } from "chevrotain";
import * as t from "./tokens.js";

/**
 * The grammar. `grammar.ebnf` and `cst.ts` are generated from it (`scripts/generate/grammar.mjs`).
 *
 * An expression is a flat row of operands and operators; the precedence table groups it afterwards. That keeps the
 * parser's stack shallow and the grammar free of a rule per level.
 *
 * The lookahead is a single token; where a second one is needed, a gate says so.
 */
class SpecParser extends CstParser {
  constructor() {
    super([...t.vocabulary], {
      maxLookahead: 1,
      nodeLocationTracking: "onlyOffset",
      errorMessageProvider: {
        // The compiler words the messages; all it wants to know from here is what was expected.
        buildMismatchTokenMessage: ({ expected }) => expected.name,
        buildNoViableAltMessage: () => "",
        buildEarlyExitMessage: () => "",
        buildNotAllInputParsedMessage: () => "end",
      },
    });
    this.performSelfAnalysis();
  }

  private nextIs(type: TokenType): boolean {
    return this.LA(2).tokenType === type;
  }

  readonly file = this.RULE("file", () => {
    this.SUBRULE(this.statements);
  });

  readonly statements = this.RULE("statements", () => {
    this.MANY_SEP({ SEP: t.Separator, DEF: () => this.SUBRULE(this.statement) });
  });

  readonly statement = this.RULE("statement", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.model) },
      { ALT: () => this.SUBRULE(this.cell) },
      { ALT: () => this.SUBRULE(this.dim) },
      { ALT: () => this.SUBRULE(this.vocab) },
      { ALT: () => this.SUBRULE(this.axis) },
      { ALT: () => this.SUBRULE(this.nodes) },
      { ALT: () => this.SUBRULE(this.inputs) },
      { ALT: () => this.SUBRULE(this.randoms) },
      { ALT: () => this.SUBRULE(this.noise) },
      { ALT: () => this.SUBRULE(this.param) },
      { ALT: () => this.SUBRULE(this.use) },
      { ALT: () => this.SUBRULE(this.loss) },
      { ALT: () => this.SUBRULE(this.metric) },
      { ALT: () => this.SUBRULE(this.require) },
      { GATE: () => this.nextIs(t.LCurly), ALT: () => this.SUBRULE(this.block), IGNORE_AMBIGUITIES: true },
      { ALT: () => this.SUBRULE(this.definition) },
      { ALT: () => this.SUBRULE(this.tupleDefinition) },
    ]);
  });

  readonly model = this.RULE("model", () => {
    this.CONSUME(t.Model);
    this.CONSUME(t.Name);
    this.OPTION(() => {
      this.CONSUME(t.Colon);
      this.SUBRULE(this.topology);
    });
    this.SUBRULE(this.body);
  });

  readonly topology = this.RULE("topology", () => {
    this.AT_LEAST_ONE_SEP({ SEP: t.Minus, DEF: () => this.CONSUME(t.Word) });
  });

  readonly body = this.RULE("body", () => {
    this.CONSUME(t.LCurly);
    this.SUBRULE(this.statements);
    this.CONSUME(t.RCurly);
  });

  readonly cell = this.RULE("cell", () => {
    this.CONSUME(t.Cell);
    this.CONSUME(t.Name);
    this.OR([{ ALT: () => this.SUBRULE(this.cellDefinition) }, { ALT: () => this.SUBRULE(this.cellInstance) }]);
  });

  readonly cellDefinition = this.RULE("cellDefinition", () => {
    this.CONSUME(t.LParen);
    this.OPTION(() => this.SUBRULE(this.targets, { LABEL: "formals" }));
    this.CONSUME(t.RParen);
    this.CONSUME(t.Arrow);
    this.OR([
      {
        ALT: () => {
          this.CONSUME2(t.LParen);
          this.SUBRULE2(this.targets, { LABEL: "results" });
          this.CONSUME2(t.RParen);
        },
      },
      { ALT: () => this.SUBRULE(this.target, { LABEL: "result" }) },
    ]);
    this.SUBRULE(this.body);
  });

  readonly cellInstance = this.RULE("cellInstance", () => {
    this.OPTION(() => this.SUBRULE(this.clauseIndices));
    this.CONSUME(t.Equals);
    this.CONSUME(t.Name);
    this.SUBRULE(this.args);
  });

  readonly dim = this.RULE("dim", () => {
    this.CONSUME(t.Dim);
    this.CONSUME(t.Name);
    this.CONSUME(t.Equals);
    this.SUBRULE(this.expression);
  });

  readonly vocab = this.RULE("vocab", () => {
    this.CONSUME(t.Vocab);
    this.CONSUME(t.Name);
    this.OPTION(() => {
      this.CONSUME(t.Equals);
      this.SUBRULE(this.expression, { LABEL: "tokens" });
    });
    this.MANY(() => {
      this.OR([
        {
          ALT: () => {
            this.CONSUME(t.Max);
            this.SUBRULE2(this.expression, { LABEL: "max" });
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.Min);
            this.SUBRULE3(this.expression, { LABEL: "min" });
          },
        },
      ]);
    });
  });

  readonly axis = this.RULE("axis", () => {
    this.CONSUME(t.Axis);
    this.CONSUME(t.Name);
    this.CONSUME(t.Less);
    this.SUBRULE(this.expression, { LABEL: "bound" });
    this.OPTION(() => {
      this.CONSUME(t.Until);
      this.SUBRULE2(this.expression, { LABEL: "until" });
    });
  });

  readonly nodes = this.RULE("nodes", () => {
    this.OR([{ ALT: () => this.CONSUME(t.Tree) }, { ALT: () => this.CONSUME(t.Graph) }]);
    this.CONSUME(t.Name);
  });

  readonly inputs = this.RULE("inputs", () => {
    this.CONSUME(t.Input);
    this.SUBRULE(this.targets);
  });

  readonly randoms = this.RULE("randoms", () => {
    this.CONSUME(t.Random);
    this.SUBRULE(this.targets);
  });

  readonly noise = this.RULE("noise", () => {
    this.CONSUME(t.Noise);
    this.SUBRULE(this.targets);
    this.CONSUME(t.Tilde);
    this.SUBRULE(this.expression);
  });

  readonly param = this.RULE("param", () => {
    this.OR([{ ALT: () => this.CONSUME(t.Param) }, { ALT: () => this.CONSUME(t.Frozen) }]);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.paramItem) });
  });

  readonly paramItem = this.RULE("paramItem", () => {
    this.SUBRULE(this.target);
    this.OPTION(() => {
      this.OR([{ ALT: () => this.CONSUME(t.Tilde) }, { ALT: () => this.CONSUME(t.Equals) }]);
      this.SUBRULE(this.expression);
    });
  });

  readonly use = this.RULE("use", () => {
    this.CONSUME(t.Use);
    this.OR([
      { ALT: () => this.CONSUME(t.StringLiteral) },
      { ALT: () => this.AT_LEAST_ONE_SEP({ SEP: t.Dot, DEF: () => this.CONSUME(t.Word) }) },
    ]);
    this.OPTION(() => {
      this.CONSUME(t.LParen);
      this.AT_LEAST_ONE_SEP2({ SEP: t.Comma, DEF: () => this.CONSUME(t.Name) });
      this.CONSUME(t.RParen);
    });
  });

  readonly loss = this.RULE("loss", () => {
    this.CONSUME(t.Loss);
    this.SUBRULE(this.expression);
  });

  readonly metric = this.RULE("metric", () => {
    this.CONSUME(t.Metric);
    this.CONSUME(t.Name);
    this.CONSUME(t.Equals);
    this.SUBRULE(this.expression);
  });

  readonly require = this.RULE("require", () => {
    this.CONSUME(t.Require);
    this.SUBRULE(this.expression);
  });

  readonly definition = this.RULE("definition", () => {
    this.SUBRULE(this.target);
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Equals);
          this.SUBRULE(this.expression, { LABEL: "value" });
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Tilde);
          this.SUBRULE2(this.expression, { LABEL: "dist" });
          this.OPTION(() => {
            this.CONSUME(t.Weight);
            this.SUBRULE3(this.expression, { LABEL: "weight" });
          });
        },
      },
    ]);
  });

  readonly tupleDefinition = this.RULE("tupleDefinition", () => {
    this.CONSUME(t.LParen);
    this.SUBRULE(this.targets);
    this.CONSUME(t.RParen);
    this.CONSUME(t.Equals);
    this.SUBRULE(this.expression);
  });

  readonly block = this.RULE("block", () => {
    this.CONSUME(t.Name);
    this.CONSUME(t.LCurly);
    this.OPTION(() => {
      this.SUBRULE(this.entry);
      this.MANY(() => {
        this.OR([{ ALT: () => this.CONSUME(t.Comma) }, { ALT: () => this.CONSUME(t.Separator) }]);
        this.OPTION2(() => this.SUBRULE2(this.entry));
      });
    });
    this.CONSUME(t.RCurly);
  });

  readonly entry = this.RULE("entry", () => {
    this.OPTION({
      GATE: () => this.nextIs(t.Equals),
      DEF: () => {
        this.CONSUME(t.Word, { LABEL: "key" });
        this.CONSUME(t.Equals);
      },
    });
    this.SUBRULE(this.expression);
  });

  readonly targets = this.RULE("targets", () => {
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.target) });
  });

  readonly target = this.RULE("target", () => {
    this.CONSUME(t.Name);
    this.OPTION(() => this.SUBRULE(this.clauseIndices));
    this.OPTION2(() => {
      this.CONSUME(t.Colon);
      this.SUBRULE(this.type);
    });
  });

  readonly clauseIndices = this.RULE("clauseIndices", () => {
    this.CONSUME(t.LSquare);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.clauseIndex) });
    this.CONSUME(t.RSquare);
  });

  readonly clauseIndex = this.RULE("clauseIndex", () => {
    this.SUBRULE(this.expression);
    this.OPTION(() => {
      this.OR([{ ALT: () => this.CONSUME(t.In) }, { ALT: () => this.CONSUME(t.Equals) }]);
      this.SUBRULE2(this.expression);
    });
  });

  readonly type = this.RULE("type", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.LSquare);
          this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.extent) });
          this.CONSUME(t.RSquare);
        },
      },
      { ALT: () => this.CONSUME(t.Name) },
    ]);
  });

  readonly extent = this.RULE("extent", () => {
    this.OR([{ ALT: () => this.CONSUME(t.DotDot) }, { ALT: () => this.SUBRULE(this.expression) }]);
  });

  readonly expression = this.RULE("expression", () => {
    this.SUBRULE(this.operand);
    this.MANY(() => {
      this.CONSUME(t.BinaryOperator);
      this.SUBRULE2(this.operand);
    });
  });

  readonly operand = this.RULE("operand", () => {
    this.MANY(() => this.CONSUME(t.PrefixOperator));
    this.OR([
      { ALT: () => this.CONSUME(t.NumberLiteral) },
      { ALT: () => this.CONSUME(t.StringLiteral) },
      { ALT: () => this.SUBRULE(this.reference) },
      {
        ALT: () => {
          this.CONSUME(t.LParen);
          this.SUBRULE(this.expression);
          this.CONSUME(t.RParen);
        },
      },
      { ALT: () => this.SUBRULE(this.bracketed) },
      { ALT: () => this.SUBRULE(this.conditional) },
    ]);
    this.MANY2(() => this.CONSUME(t.Quote));
  });

  readonly conditional = this.RULE("conditional", () => {
    this.CONSUME(t.If);
    this.SUBRULE(this.expression);
    this.CONSUME(t.Then);
    this.SUBRULE2(this.expression);
    this.CONSUME(t.Else);
    this.SUBRULE3(this.expression);
  });

  readonly reference = this.RULE("reference", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.Name) },
      // `valid = random(0.1)` in a block: before `(` a keyword can only be meant as a function.
      { GATE: () => this.nextIs(t.LParen), ALT: () => this.CONSUME(t.DeclarationKeyword, { LABEL: "Name" }) },
    ]);
    this.OPTION(() => this.SUBRULE(this.indices));
    this.OPTION2(() => this.SUBRULE(this.args));
  });

  readonly indices = this.RULE("indices", () => {
    this.CONSUME(t.LSquare);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.index) });
    this.CONSUME(t.RSquare);
  });

  readonly index = this.RULE("index", () => {
    this.SUBRULE(this.expression);
    this.OPTION(() => {
      this.CONSUME(t.In);
      this.SUBRULE2(this.expression);
    });
  });

  readonly args = this.RULE("args", () => {
    this.CONSUME(t.LParen);
    this.OPTION(() => {
      this.SUBRULE(this.arg);
      this.MANY({
        GATE: () => !this.nextIs(t.RParen),
        DEF: () => {
          this.CONSUME(t.Comma);
          this.SUBRULE2(this.arg);
        },
      });
      this.OPTION2(() => this.CONSUME2(t.Comma));
    });
    this.CONSUME(t.RParen);
  });

  readonly arg = this.RULE("arg", () => {
    this.OPTION({
      GATE: () => this.nextIs(t.Equals),
      DEF: () => {
        this.CONSUME(t.Word, { LABEL: "key" });
        this.CONSUME(t.Equals);
      },
    });
    this.SUBRULE(this.expression);
  });

  readonly bracketed = this.RULE("bracketed", () => {
    this.CONSUME(t.LSquare);
    this.OPTION(() => {
      this.SUBRULE(this.expression);
      this.OR([
        {
          ALT: () =>
            this.AT_LEAST_ONE(() => {
              this.CONSUME(t.Semicolon);
              this.SUBRULE2(this.expression);
            }),
        },
        {
          ALT: () => {
            this.MANY({
              GATE: () => !this.nextIs(t.RSquare),
              DEF: () => {
                this.CONSUME(t.Comma);
                this.SUBRULE3(this.expression);
              },
            });
            this.OPTION2(() => this.CONSUME2(t.Comma));
          },
        },
      ]);
    });
    this.CONSUME(t.RSquare);
  });
}

/** Building the parser analyses the grammar, so it is done once, at the first use. */
let shared: SpecParser | undefined;
function parser(): SpecParser {
  shared ??= new SpecParser();
  return shared;
}

/** The rules one can start from. */
export type StartRule = "file" | "statement" | "entry" | "expression";

/** Where the parser could not go on. */
export interface ParseFailure {
  /** The innermost rule, and all rules around it, outermost first. */
  readonly rule: string;
  readonly rules: readonly string[];
  /** Name of the one token type that was expected, if it was only one; `end` when there was too much. */
  readonly expected: string | undefined;
  /** The token that did not fit; of type EOF at the end. */
  readonly found: IToken;
}

export type ParseResult =
  | { readonly ok: true; readonly cst: CstNode }
  | { readonly ok: false; readonly failure: ParseFailure };

/** Reads laid out tokens; stops at the first token that does not fit. */
export function parseTokens(rule: StartRule, tokens: readonly IToken[]): ParseResult {
  const machine = parser();
  machine.input = [...tokens];
  const cst = machine[rule]();
  const error = machine.errors[0];
  if (error === undefined) return { ok: true, cst };
  return { ok: false, failure: describe(error) };
}

function describe(error: IRecognitionException): ParseFailure {
  const rules = error.context.ruleStack;
  return {
    rule: rules.at(-1) ?? "",
    rules,
    expected: error.message === "" ? undefined : error.message,
    found: error.token,
  };
}

/** The grammar as data, for what is generated from it. */
export function grammarProductions() {
  return parser().getGAstProductions();
}
