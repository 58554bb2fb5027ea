import type { CstNode, IToken } from "chevrotain";
import type {
  AxisCstNode,
  BlockCstNode,
  BodyCstNode,
  CellCstNode,
  CellDefinitionCstNode,
  CellInstanceCstNode,
  ClauseIndicesCstNode,
  DefinitionCstNode,
  EntryCstNode,
  ExpressionCstNode,
  ModelCstNode,
  ParamCstNode,
  StatementCstNode,
  StatementsCstNode,
  TargetCstNode,
  TargetsCstNode,
  TypeCstNode,
  UseCstNode,
  VocabCstNode,
} from "../../../grammar/cst.js";
import * as syntax from "../diagnostics/syntax.js";
import type { Diagnostic } from "../diagnostics/types.js";
import type { BlockEntry, Expr, Index, ModelDef, ParamItem, Statement, Target, TypeExpr } from "./ast.js";
import { ExpressionBuilder } from "./expressions.js";
import { first, join, nodeSpan, tokenSpan } from "./spans.js";

/** What may stand in a row of statements; where a model may really stand is decided afterwards (placement.ts). */
export type Item = Statement | ModelDef;

/** From the parser's tree to the syntax tree: nothing is decided here, only named and given its place. */
export class TreeBuilder {
  private readonly expressions: ExpressionBuilder;

  constructor(private readonly report: (diagnostic: Diagnostic) => void) {
    this.expressions = new ExpressionBuilder(report);
  }

  expression(node: ExpressionCstNode): Expr {
    return this.expressions.expression(node);
  }

  statements(node: StatementsCstNode): Item[] {
    return (node.children.statement ?? []).map((statement) => this.statement(statement));
  }

  statement({ children: c }: StatementCstNode): Item {
    if (c.definition) return this.definition(first(c.definition));
    if (c.block) return this.block(first(c.block));
    if (c.model) return this.model(first(c.model));
    if (c.cell) return this.cell(first(c.cell));
    if (c.vocab) return this.vocab(first(c.vocab));
    if (c.axis) return this.axis(first(c.axis));
    if (c.param) return this.param(first(c.param));
    if (c.use) return this.use(first(c.use));
    if (c.dim) {
      const node = first(c.dim);
      return { kind: "dim", ...name(node), value: this.only(node), span: nodeSpan(node) };
    }
    if (c.nodes) {
      const node = first(c.nodes);
      return { kind: "nodes", structure: node.children.Tree ? "tree" : "graph", ...name(node), span: nodeSpan(node) };
    }
    if (c.inputs) {
      const node = first(c.inputs);
      return { kind: "input", items: this.targets(first(node.children.targets)), span: nodeSpan(node) };
    }
    if (c.randoms) {
      const node = first(c.randoms);
      return { kind: "random", items: this.targets(first(node.children.targets)), span: nodeSpan(node) };
    }
    if (c.noise) {
      const node = first(c.noise);
      const items = this.targets(first(node.children.targets));
      return { kind: "noise", items, dist: this.only(node), span: nodeSpan(node) };
    }
    if (c.loss) {
      const node = first(c.loss);
      return { kind: "loss", value: this.only(node), span: nodeSpan(node) };
    }
    if (c.metric) {
      const node = first(c.metric);
      return { kind: "metric", ...name(node), value: this.only(node), span: nodeSpan(node) };
    }
    if (c.require) {
      const node = first(c.require);
      return { kind: "require", value: this.only(node), span: nodeSpan(node) };
    }
    const node = first(c.tupleDefinition);
    const targets = this.targets(first(node.children.targets));
    return { kind: "equation", targets, value: this.only(node), span: nodeSpan(node) };
  }

  entry(node: EntryCstNode): BlockEntry {
    const key = node.children.key?.[0];
    return {
      ...(key === undefined ? {} : { key: key.image, keySpan: tokenSpan(key) }),
      value: this.only(node),
      span: nodeSpan(node),
    };
  }

  private only(node: { children: { expression: ExpressionCstNode[] } }): Expr {
    return this.expression(first(node.children.expression));
  }

  private body(node: BodyCstNode): Statement[] {
    // `parse` refuses a model inside a body before anybody sees this list.
    return this.statements(first(node.children.statements)) as Statement[];
  }

  private model(node: ModelCstNode): ModelDef {
    const words = node.children.topology?.[0];
    const topology = words && {
      topology: words.children.Word.map((word) => word.image).join("-"),
      topologySpan: nodeSpan(words),
    };
    return {
      kind: "model",
      ...name(node),
      ...topology,
      body: this.body(first(node.children.body)),
      span: nodeSpan(node),
    };
  }

  private cell(node: CellCstNode): Statement {
    const { cellDefinition, cellInstance } = node.children;
    return cellDefinition
      ? this.cellDefinition(node, first(cellDefinition))
      : this.cellInstance(node, first(cellInstance));
  }

  private cellDefinition(node: CellCstNode, { children: c }: CellDefinitionCstNode): Statement {
    const formals = c.formals ? this.targets(first(c.formals)) : [];
    const results = c.results ? this.targets(first(c.results)) : [this.target(first(c.result))];
    return { kind: "cell", ...name(node), formals, results, body: this.body(first(c.body)), span: nodeSpan(node) };
  }

  private cellInstance(node: CellCstNode, instance: CellInstanceCstNode): Statement {
    const { clauseIndices, Name, args } = instance.children;
    const own = name(node);
    const indexNode = clauseIndices?.[0];
    const target: Target = {
      ...own,
      indices: indexNode ? this.clauseIndices(indexNode) : [],
      span: indexNode ? join(own.nameSpan, nodeSpan(indexNode)) : own.nameSpan,
    };
    const cell = first(Name);
    return {
      kind: "instance",
      target,
      cell: cell.image,
      cellSpan: tokenSpan(cell),
      args: this.expressions.args(first(args)),
      span: nodeSpan(node),
    };
  }

  private vocab(node: VocabCstNode): Statement {
    const { tokens, max, min } = node.children;
    return {
      kind: "vocab",
      ...name(node),
      ...(tokens && { tokens: this.tokens(this.expression(first(tokens))) }),
      ...(max && { max: this.expression(first(max)) }),
      ...(min && { min: this.expression(first(min)) }),
      span: nodeSpan(node),
    };
  }

  /** The listed tokens of a vocabulary. */
  private tokens(list: Expr): string[] {
    if (list.kind !== "list") {
      const help =
        list.kind === "concat"
          ? "separate the tokens by commas"
          : 'list them as `["a", "b"]`, or leave the list out to take the tokens from the data';
      this.report(syntax.vocabNotStrings({ span: list.span, help }));
      return [];
    }
    return list.items.flatMap((item) => {
      if (item.kind === "string") return [item.value];
      const help = item.kind === "name" ? `write \`"${item.name}"\`` : "put every token between quotes";
      this.report(syntax.vocabNotStrings({ span: item.span, help }));
      return [];
    });
  }

  private axis(node: AxisCstNode): Statement {
    const { bound, until } = node.children;
    return {
      kind: "axis",
      ...name(node),
      bound: this.expression(first(bound)),
      ...(until && { until: this.expression(first(until)) }),
      span: nodeSpan(node),
    };
  }

  private param(node: ParamCstNode): Statement {
    const items = node.children.paramItem.map((item): ParamItem => {
      const { target, Tilde, expression } = item.children;
      const start = expression && this.expression(first(expression));
      return {
        ...this.target(first(target)),
        ...(start && (Tilde ? { init: start } : { value: start })),
        span: nodeSpan(item),
      };
    });
    return { kind: "param", frozen: node.children.Frozen !== undefined, items, span: nodeSpan(node) };
  }

  private use(node: UseCstNode): Statement {
    const { String: file, Word: words = [], Name: names = [] } = node.children;
    const path = file
      ? { path: this.expressions.string(first(file)), isFile: true, pathSpan: tokenSpan(first(file)) }
      : {
          path: words.map((word) => word.image).join("."),
          isFile: false,
          pathSpan: join(tokenSpan(first(words)), tokenSpan(first(words.slice(-1)))),
        };
    const imported = names.map((token) => ({ name: token.image, span: tokenSpan(token) }));
    return { kind: "use", ...path, names: imported, span: nodeSpan(node) };
  }

  private definition(node: DefinitionCstNode): Statement {
    const { target: left, value, dist, weight } = node.children;
    const target = this.target(first(left));
    const span = nodeSpan(node);
    if (value) return { kind: "equation", targets: [target], value: this.expression(first(value)), span };
    return {
      kind: "sample",
      target,
      dist: this.expression(first(dist)),
      ...(weight && { weight: this.expression(first(weight)) }),
      span,
    };
  }

  private block(node: BlockCstNode): Statement {
    const entries = (node.children.entry ?? []).map((entry) => this.entry(entry));
    return { kind: "block", ...name(node), entries, span: nodeSpan(node) };
  }

  private targets(node: TargetsCstNode): Target[] {
    return node.children.target.map((target) => this.target(target));
  }

  private target(node: TargetCstNode): Target {
    const { clauseIndices, type } = node.children;
    return {
      ...name(node),
      indices: clauseIndices ? this.clauseIndices(first(clauseIndices)) : [],
      ...(type && { type: this.type(first(type)) }),
      span: nodeSpan(node),
    };
  }

  /** The indices of a left side; `l = -1` there says at which index, and is kept as a comparison like `t < 0`. */
  private clauseIndices(node: ClauseIndicesCstNode): Index[] {
    return node.children.clauseIndex.map((index): Index => {
      const [left, right] = index.children.expression;
      const value = this.expression(first(left && [left]));
      const span = nodeSpan(index);
      if (right === undefined) return { value, span };
      const second = this.expression(right);
      if (index.children.In) return { value, in: second, span };
      const opSpan = tokenSpan(first(index.children.Equals));
      return { value: { kind: "binary", op: "==", left: value, right: second, opSpan, span }, span };
    });
  }

  private type(node: TypeCstNode): TypeExpr {
    const span = nodeSpan(node);
    const named = node.children.Name?.[0];
    if (named) return { kind: "named", name: named.image, span };
    const extents = node.children.extent ?? [];
    extents.slice(0, -1).forEach((extent) => {
      if (extent.children.DotDot) this.report(syntax.openShapeOrder({ span: nodeSpan(extent) }));
    });
    const dims = extents.flatMap(({ children }) =>
      children.expression ? [this.expression(first(children.expression))] : [],
    );
    return { kind: "shape", dims, open: extents.some(({ children }) => children.DotDot), span };
  }
}

/** The declared name, with its place. */
function name(node: CstNode & { children: { Name: IToken[] } }): { name: string; nameSpan: Target["nameSpan"] } {
  const token = first(node.children.Name);
  return { name: token.image, nameSpan: tokenSpan(token) };
}
