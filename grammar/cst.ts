// Generated from grammar/parser.ts by scripts/generate/grammar.mjs: do not edit.
import type { CstNode, IToken } from "chevrotain";

export interface FileCstNode extends CstNode {
  name: "file";
  children: FileCstChildren;
}

export type FileCstChildren = {
  statements: StatementsCstNode[];
};

export interface StatementsCstNode extends CstNode {
  name: "statements";
  children: StatementsCstChildren;
}

export type StatementsCstChildren = {
  statement?: StatementCstNode[];
  Separator?: IToken[];
};

export interface StatementCstNode extends CstNode {
  name: "statement";
  children: StatementCstChildren;
}

export type StatementCstChildren = {
  model?: ModelCstNode[];
  cell?: CellCstNode[];
  dim?: DimCstNode[];
  vocab?: VocabCstNode[];
  axis?: AxisCstNode[];
  nodes?: NodesCstNode[];
  inputs?: InputsCstNode[];
  randoms?: RandomsCstNode[];
  noise?: NoiseCstNode[];
  param?: ParamCstNode[];
  use?: UseCstNode[];
  loss?: LossCstNode[];
  metric?: MetricCstNode[];
  require?: RequireCstNode[];
  block?: BlockCstNode[];
  definition?: DefinitionCstNode[];
  tupleDefinition?: TupleDefinitionCstNode[];
};

export interface ModelCstNode extends CstNode {
  name: "model";
  children: ModelCstChildren;
}

export type ModelCstChildren = {
  Model: IToken[];
  Name: IToken[];
  Colon?: IToken[];
  topology?: TopologyCstNode[];
  body: BodyCstNode[];
};

export interface TopologyCstNode extends CstNode {
  name: "topology";
  children: TopologyCstChildren;
}

export type TopologyCstChildren = {
  Word: IToken[];
  Minus?: IToken[];
};

export interface BodyCstNode extends CstNode {
  name: "body";
  children: BodyCstChildren;
}

export type BodyCstChildren = {
  LCurly: IToken[];
  statements: StatementsCstNode[];
  RCurly: IToken[];
};

export interface CellCstNode extends CstNode {
  name: "cell";
  children: CellCstChildren;
}

export type CellCstChildren = {
  Cell: IToken[];
  Name: IToken[];
  cellDefinition?: CellDefinitionCstNode[];
  cellInstance?: CellInstanceCstNode[];
};

export interface CellDefinitionCstNode extends CstNode {
  name: "cellDefinition";
  children: CellDefinitionCstChildren;
}

export type CellDefinitionCstChildren = {
  LParen: IToken[];
  formals?: TargetsCstNode[];
  RParen: IToken[];
  Arrow: IToken[];
  results?: TargetsCstNode[];
  result?: TargetCstNode[];
  body: BodyCstNode[];
};

export interface CellInstanceCstNode extends CstNode {
  name: "cellInstance";
  children: CellInstanceCstChildren;
}

export type CellInstanceCstChildren = {
  clauseIndices?: ClauseIndicesCstNode[];
  Equals: IToken[];
  Name: IToken[];
  args: ArgsCstNode[];
};

export interface DimCstNode extends CstNode {
  name: "dim";
  children: DimCstChildren;
}

export type DimCstChildren = {
  Dim: IToken[];
  Name: IToken[];
  Equals: IToken[];
  expression: ExpressionCstNode[];
};

export interface VocabCstNode extends CstNode {
  name: "vocab";
  children: VocabCstChildren;
}

export type VocabCstChildren = {
  Vocab: IToken[];
  Name: IToken[];
  Equals?: IToken[];
  tokens?: ExpressionCstNode[];
  Max?: IToken[];
  max?: ExpressionCstNode[];
  Min?: IToken[];
  min?: ExpressionCstNode[];
};

export interface AxisCstNode extends CstNode {
  name: "axis";
  children: AxisCstChildren;
}

export type AxisCstChildren = {
  Axis: IToken[];
  Name: IToken[];
  Less: IToken[];
  bound: ExpressionCstNode[];
  Until?: IToken[];
  until?: ExpressionCstNode[];
};

export interface NodesCstNode extends CstNode {
  name: "nodes";
  children: NodesCstChildren;
}

export type NodesCstChildren = {
  Tree?: IToken[];
  Graph?: IToken[];
  Name: IToken[];
};

export interface InputsCstNode extends CstNode {
  name: "inputs";
  children: InputsCstChildren;
}

export type InputsCstChildren = {
  Input: IToken[];
  targets: TargetsCstNode[];
};

export interface RandomsCstNode extends CstNode {
  name: "randoms";
  children: RandomsCstChildren;
}

export type RandomsCstChildren = {
  Random: IToken[];
  targets: TargetsCstNode[];
};

export interface NoiseCstNode extends CstNode {
  name: "noise";
  children: NoiseCstChildren;
}

export type NoiseCstChildren = {
  Noise: IToken[];
  targets: TargetsCstNode[];
  Tilde: IToken[];
  expression: ExpressionCstNode[];
};

export interface ParamCstNode extends CstNode {
  name: "param";
  children: ParamCstChildren;
}

export type ParamCstChildren = {
  Param?: IToken[];
  Frozen?: IToken[];
  paramItem: ParamItemCstNode[];
  Comma?: IToken[];
};

export interface ParamItemCstNode extends CstNode {
  name: "paramItem";
  children: ParamItemCstChildren;
}

export type ParamItemCstChildren = {
  target: TargetCstNode[];
  Tilde?: IToken[];
  Equals?: IToken[];
  expression?: ExpressionCstNode[];
};

export interface UseCstNode extends CstNode {
  name: "use";
  children: UseCstChildren;
}

export type UseCstChildren = {
  Use: IToken[];
  String?: IToken[];
  Word?: IToken[];
  Dot?: IToken[];
  LParen?: IToken[];
  Name?: IToken[];
  Comma?: IToken[];
  RParen?: IToken[];
};

export interface LossCstNode extends CstNode {
  name: "loss";
  children: LossCstChildren;
}

export type LossCstChildren = {
  Loss: IToken[];
  expression: ExpressionCstNode[];
};

export interface MetricCstNode extends CstNode {
  name: "metric";
  children: MetricCstChildren;
}

export type MetricCstChildren = {
  Metric: IToken[];
  Name: IToken[];
  Equals: IToken[];
  expression: ExpressionCstNode[];
};

export interface RequireCstNode extends CstNode {
  name: "require";
  children: RequireCstChildren;
}

export type RequireCstChildren = {
  Require: IToken[];
  expression: ExpressionCstNode[];
};

export interface DefinitionCstNode extends CstNode {
  name: "definition";
  children: DefinitionCstChildren;
}

export type DefinitionCstChildren = {
  target: TargetCstNode[];
  Equals?: IToken[];
  value?: ExpressionCstNode[];
  Tilde?: IToken[];
  dist?: ExpressionCstNode[];
  Weight?: IToken[];
  weight?: ExpressionCstNode[];
};

export interface TupleDefinitionCstNode extends CstNode {
  name: "tupleDefinition";
  children: TupleDefinitionCstChildren;
}

export type TupleDefinitionCstChildren = {
  LParen: IToken[];
  targets: TargetsCstNode[];
  RParen: IToken[];
  Equals: IToken[];
  expression: ExpressionCstNode[];
};

export interface BlockCstNode extends CstNode {
  name: "block";
  children: BlockCstChildren;
}

export type BlockCstChildren = {
  Name: IToken[];
  LCurly: IToken[];
  entry?: EntryCstNode[];
  Comma?: IToken[];
  Separator?: IToken[];
  RCurly: IToken[];
};

export interface EntryCstNode extends CstNode {
  name: "entry";
  children: EntryCstChildren;
}

export type EntryCstChildren = {
  key?: IToken[];
  Equals?: IToken[];
  expression: ExpressionCstNode[];
};

export interface TargetsCstNode extends CstNode {
  name: "targets";
  children: TargetsCstChildren;
}

export type TargetsCstChildren = {
  target: TargetCstNode[];
  Comma?: IToken[];
};

export interface TargetCstNode extends CstNode {
  name: "target";
  children: TargetCstChildren;
}

export type TargetCstChildren = {
  Name: IToken[];
  clauseIndices?: ClauseIndicesCstNode[];
  Colon?: IToken[];
  type?: TypeCstNode[];
};

export interface ClauseIndicesCstNode extends CstNode {
  name: "clauseIndices";
  children: ClauseIndicesCstChildren;
}

export type ClauseIndicesCstChildren = {
  LSquare: IToken[];
  clauseIndex: ClauseIndexCstNode[];
  Comma?: IToken[];
  RSquare: IToken[];
};

export interface ClauseIndexCstNode extends CstNode {
  name: "clauseIndex";
  children: ClauseIndexCstChildren;
}

export type ClauseIndexCstChildren = {
  expression: ExpressionCstNode[];
  In?: IToken[];
  Equals?: IToken[];
};

export interface TypeCstNode extends CstNode {
  name: "type";
  children: TypeCstChildren;
}

export type TypeCstChildren = {
  LSquare?: IToken[];
  extent?: ExtentCstNode[];
  Comma?: IToken[];
  RSquare?: IToken[];
  Name?: IToken[];
};

export interface ExtentCstNode extends CstNode {
  name: "extent";
  children: ExtentCstChildren;
}

export type ExtentCstChildren = {
  DotDot?: IToken[];
  expression?: ExpressionCstNode[];
};

export interface ExpressionCstNode extends CstNode {
  name: "expression";
  children: ExpressionCstChildren;
}

export type ExpressionCstChildren = {
  operand: OperandCstNode[];
  BinaryOperator?: IToken[];
};

export interface OperandCstNode extends CstNode {
  name: "operand";
  children: OperandCstChildren;
}

export type OperandCstChildren = {
  PrefixOperator?: IToken[];
  Number?: IToken[];
  String?: IToken[];
  reference?: ReferenceCstNode[];
  LParen?: IToken[];
  expression?: ExpressionCstNode[];
  RParen?: IToken[];
  bracketed?: BracketedCstNode[];
  conditional?: ConditionalCstNode[];
  Quote?: IToken[];
};

export interface ConditionalCstNode extends CstNode {
  name: "conditional";
  children: ConditionalCstChildren;
}

export type ConditionalCstChildren = {
  If: IToken[];
  expression: ExpressionCstNode[];
  Then: IToken[];
  Else: IToken[];
};

export interface ReferenceCstNode extends CstNode {
  name: "reference";
  children: ReferenceCstChildren;
}

export type ReferenceCstChildren = {
  Name?: IToken[];
  indices?: IndicesCstNode[];
  args?: ArgsCstNode[];
};

export interface IndicesCstNode extends CstNode {
  name: "indices";
  children: IndicesCstChildren;
}

export type IndicesCstChildren = {
  LSquare: IToken[];
  index: IndexCstNode[];
  Comma?: IToken[];
  RSquare: IToken[];
};

export interface IndexCstNode extends CstNode {
  name: "index";
  children: IndexCstChildren;
}

export type IndexCstChildren = {
  expression: ExpressionCstNode[];
  In?: IToken[];
};

export interface ArgsCstNode extends CstNode {
  name: "args";
  children: ArgsCstChildren;
}

export type ArgsCstChildren = {
  LParen: IToken[];
  arg?: ArgCstNode[];
  Comma?: IToken[];
  RParen: IToken[];
};

export interface ArgCstNode extends CstNode {
  name: "arg";
  children: ArgCstChildren;
}

export type ArgCstChildren = {
  key?: IToken[];
  Equals?: IToken[];
  expression: ExpressionCstNode[];
};

export interface BracketedCstNode extends CstNode {
  name: "bracketed";
  children: BracketedCstChildren;
}

export type BracketedCstChildren = {
  LSquare: IToken[];
  expression?: ExpressionCstNode[];
  Semicolon?: IToken[];
  Comma?: IToken[];
  RSquare: IToken[];
};
