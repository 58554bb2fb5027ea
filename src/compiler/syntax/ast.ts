/**
 * The syntax tree of a spec file. It keeps what was written (spans, order, names) and decides nothing:
 * whether `h[0] = …` is an equation or a boundary clause is the checker's business.
 */

/** Half-open range of UTF-16 offsets into the source text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type BinaryOp =
  | "+"
  | "-"
  | "*"
  | "/"
  | "@"
  | "^"
  | "div"
  | "mod"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "and"
  | "or";

export type Expr =
  | { readonly kind: "number"; readonly value: number; readonly span: Span }
  | { readonly kind: "string"; readonly value: string; readonly span: Span }
  | { readonly kind: "name"; readonly name: string; readonly span: Span }
  /** `h[t-1]`, `e[s]`, `A[i, j]`: an index on a name. */
  | {
      readonly kind: "index";
      readonly name: string;
      readonly nameSpan: Span;
      readonly indices: readonly Index[];
      readonly span: Span;
    }
  /** `f(x, p = 2)`, `sum[s](…)`, `enc(x[t], h[t-1])`, and `std.cells` style dotted names in `use` only. */
  | {
      readonly kind: "call";
      readonly callee: string;
      readonly calleeSpan: Span;
      readonly binders: readonly Index[];
      readonly args: readonly Arg[];
      readonly span: Span;
    }
  | { readonly kind: "unary"; readonly op: "-" | "not"; readonly arg: Expr; readonly span: Span }
  /** Postfix `'`. */
  | { readonly kind: "transpose"; readonly arg: Expr; readonly span: Span }
  | {
      readonly kind: "binary";
      readonly op: BinaryOp;
      readonly left: Expr;
      readonly right: Expr;
      readonly opSpan: Span;
      readonly span: Span;
    }
  | { readonly kind: "if"; readonly cond: Expr; readonly then: Expr; readonly else: Expr; readonly span: Span }
  /** `[a; b]`: concatenation along the first dim. */
  | { readonly kind: "concat"; readonly parts: readonly Expr[]; readonly span: Span }
  /** `["h", "e"]`, `[a, b]`: a list, legal in declarations and blocks. `[a]` alone is a list of one. */
  | { readonly kind: "list"; readonly items: readonly Expr[]; readonly span: Span };

/** `t`, `t-1`, `T-1`, `0`, `k in kids(n)`, and in clauses the range `t < 0` (an ordinary comparison expression). */
export interface Index {
  readonly value: Expr;
  /** `k in kids(n)`: then `value` is the name `k`. */
  readonly in?: Expr;
  readonly span: Span;
}

export interface Arg {
  /** `p = 0.5` */
  readonly name?: string;
  readonly nameSpan?: Span;
  readonly value: Expr;
  readonly span: Span;
}

/** `: [H, 4*E]`, `: [..]`, `: Char`. */
export type TypeExpr =
  | { readonly kind: "shape"; readonly dims: readonly Expr[]; readonly open: boolean; readonly span: Span }
  | { readonly kind: "named"; readonly name: string; readonly span: Span };

/** A name that is declared or defined, with its indices and type: `h[t] : [H]`. */
export interface Target {
  readonly name: string;
  readonly nameSpan: Span;
  readonly indices: readonly Index[];
  readonly type?: TypeExpr;
  readonly span: Span;
}

export interface BlockEntry {
  /** Absent for a bare value: `greedy`, `beam(5)`, `truncate(50, carry)`. */
  readonly key?: string;
  readonly keySpan?: Span;
  readonly value: Expr;
  readonly span: Span;
}

export type Statement =
  | { readonly kind: "dim"; readonly name: string; readonly nameSpan: Span; readonly value: Expr; readonly span: Span }
  | {
      readonly kind: "vocab";
      readonly name: string;
      readonly nameSpan: Span;
      readonly tokens?: readonly string[];
      readonly max?: Expr;
      readonly min?: Expr;
      readonly span: Span;
    }
  /** `axis t < T until y[t] == EOS` */
  | {
      readonly kind: "axis";
      readonly name: string;
      readonly nameSpan: Span;
      readonly bound: Expr;
      readonly until?: Expr;
      readonly span: Span;
    }
  | {
      readonly kind: "nodes";
      readonly structure: "tree" | "graph";
      readonly name: string;
      readonly nameSpan: Span;
      readonly span: Span;
    }
  | { readonly kind: "input"; readonly items: readonly Target[]; readonly span: Span }
  | { readonly kind: "random"; readonly items: readonly Target[]; readonly span: Span }
  | { readonly kind: "noise"; readonly items: readonly Target[]; readonly dist: Expr; readonly span: Span }
  /** `start`: after `~` an initialiser, after `=` a value (`file(…)`, a literal); it applies to all items. */
  | { readonly kind: "param"; readonly frozen: boolean; readonly items: readonly ParamItem[]; readonly span: Span }
  /** `cell enc = LSTM(H = 256)`, `cell F[l] = LSTM(H)` */
  | {
      readonly kind: "instance";
      readonly target: Target;
      readonly cell: string;
      readonly cellSpan: Span;
      readonly args: readonly Arg[];
      readonly span: Span;
    }
  | CellDef
  /** `use std.cells (LSTM, GRU)`, `use "my.rcv" (Foo)`; no names: all. */
  | {
      readonly kind: "use";
      readonly path: string;
      readonly isFile: boolean;
      readonly pathSpan: Span;
      readonly names: readonly { readonly name: string; readonly span: Span }[];
      readonly span: Span;
    }
  /** `h[t] : [H] = …`, `(h[t], c[t]) = …`, and boundary clauses `h[-1] = 0`. */
  | { readonly kind: "equation"; readonly targets: readonly Target[]; readonly value: Expr; readonly span: Span }
  /** `y[t] ~ categorical(…) weight w[t]` */
  | {
      readonly kind: "sample";
      readonly target: Target;
      readonly dist: Expr;
      readonly weight?: Expr;
      readonly span: Span;
    }
  | { readonly kind: "loss"; readonly value: Expr; readonly span: Span }
  | {
      readonly kind: "metric";
      readonly name: string;
      readonly nameSpan: Span;
      readonly value: Expr;
      readonly span: Span;
    }
  | { readonly kind: "require"; readonly value: Expr; readonly span: Span }
  | {
      readonly kind: "block";
      readonly name: string;
      readonly nameSpan: Span;
      readonly entries: readonly BlockEntry[];
      readonly span: Span;
    };

export interface ParamItem extends Target {
  readonly init?: Expr;
  readonly value?: Expr;
}

/** `cell LSTM(x : [X], h : [H], c : [H]) -> (h1 : [H], c1 : [H]) { … }` */
export interface CellDef {
  readonly kind: "cell";
  readonly name: string;
  readonly nameSpan: Span;
  readonly formals: readonly Target[];
  readonly results: readonly Target[];
  readonly body: readonly Statement[];
  readonly span: Span;
}

export interface ModelDef {
  readonly kind: "model";
  readonly name: string;
  readonly nameSpan: Span;
  /** `model name : seq2seq` */
  readonly topology?: string;
  readonly topologySpan?: Span;
  readonly body: readonly Statement[];
  readonly span: Span;
}

/** A parsed file: models, cells and imports at top level. */
export interface SpecFile {
  readonly items: readonly (ModelDef | CellDef | Extract<Statement, { kind: "use" }>)[];
}
