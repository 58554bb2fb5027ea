/** Random syntax trees, without places; and a tree without its places, to compare. */
import fc from "fast-check";
import type { Arg, Expr, Index, SpecFile, Statement, Target, TypeExpr } from "../../src/compiler/syntax/ast.js";

const span = { start: 0, end: 0 };
const none = { span, nameSpan: span };

const letters = fc.constantFrom(
  "a",
  "h",
  "W",
  "σ_",
  "x1",
  "t",
  "T",
  "max",
  "in",
  "until",
  "weight",
  "naïve",
  "_0",
  "日",
);
export const name = letters;
const number = fc.oneof(
  fc.nat(1000),
  fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(1e21, 1e-7, 0.1),
);
const binaryOps = ["+", "-", "*", "/", "@", "^", "div", "mod", "and", "or"] as const;
const comparisons = ["==", "!=", "<", "<=", ">", ">="] as const;

const isComparison = (expr: Expr) => expr.kind === "binary" && (comparisons as readonly string[]).includes(expr.op);

const trees = fc.letrec<{ expr: Expr; index: Index; read: Index; arg: Arg }>((tie) => ({
  expr: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    number.map((value): Expr => ({ kind: "number", value, span })),
    fc.string({ unit: "grapheme" }).map((value): Expr => ({ kind: "string", value, span })),
    name.map((n): Expr => ({ kind: "name", name: n, span })),
    fc
      .tuple(name, fc.array(tie("read"), { minLength: 1, maxLength: 3 }))
      .map(([n, indices]): Expr => ({ kind: "index", name: n, indices, ...none })),
    fc
      .tuple(name, fc.array(tie("index"), { maxLength: 2 }), fc.array(tie("arg"), { maxLength: 3 }))
      .map(([callee, binders, args]): Expr => ({ kind: "call", callee, calleeSpan: span, binders, args, span })),
    fc
      .tuple(fc.constantFrom("-" as const, "not" as const), tie("expr"))
      .map(([op, arg]): Expr => ({ kind: "unary", op, arg, span })),
    tie("expr").map((arg): Expr => ({ kind: "transpose", arg, span })),
    fc
      .tuple(fc.constantFrom(...binaryOps), tie("expr"), tie("expr"))
      .map(([op, left, right]): Expr => ({ kind: "binary", op, left, right, opSpan: span, span })),
    fc
      .tuple(fc.constantFrom(...comparisons), tie("expr"), tie("expr"))
      // Comparisons do not chain, which is a diagnostic even where parentheses would not be.
      .filter(([, left, right]) => !isComparison(left) && !isComparison(right))
      .map(([op, left, right]): Expr => ({ kind: "binary", op, left, right, opSpan: span, span })),
    fc
      .tuple(tie("expr"), tie("expr"), tie("expr"))
      .map(([cond, yes, no]): Expr => ({ kind: "if", cond, then: yes, else: no, span })),
    fc.array(tie("expr"), { minLength: 2, maxLength: 3 }).map((parts): Expr => ({ kind: "concat", parts, span })),
    fc.array(tie("expr"), { maxLength: 3 }).map((items): Expr => ({ kind: "list", items, span })),
  ),
  read: tie("expr").map((value): Index => ({ value, span })),
  index: fc.oneof(
    tie("expr").map((value): Index => ({ value, span })),
    fc
      .tuple(name, tie("expr"))
      .map(([n, domain]): Index => ({ value: { kind: "name", name: n, span }, in: domain, span })),
  ),
  arg: fc
    .tuple(fc.option(fc.oneof(name, fc.constantFrom("loss", "input", "dim"))), tie("expr"))
    .map(([key, value]): Arg => (key === null ? { value, span } : { name: key, nameSpan: span, value, span })),
}));

export const expr = trees.expr;

const type: fc.Arbitrary<TypeExpr> = fc.oneof(
  name.map((n): TypeExpr => ({ kind: "named", name: n, span })),
  fc
    .tuple(fc.array(expr, { maxLength: 2 }), fc.boolean())
    .map(([dims, open]): TypeExpr => ({ kind: "shape", dims, open, span })),
);

/** On the left side `l = -1` fixes an index; in the tree it is a comparison. */
const clauseIndex: fc.Arbitrary<Index> = fc.oneof(
  { weight: 3, arbitrary: trees.index },
  {
    weight: 1,
    arbitrary: fc
      .tuple(name, expr)
      .filter(([, right]) => !isComparison(right))
      .map(([n, right]): Index => {
        const left: Expr = { kind: "name", name: n, span };
        return { value: { kind: "binary", op: "==", left, right, opSpan: span, span }, span };
      }),
  },
);

const target: fc.Arbitrary<Target> = fc
  .tuple(name, fc.array(clauseIndex, { maxLength: 2 }), fc.option(type))
  .map(([n, indices, t]): Target => ({ name: n, indices, ...(t === null ? {} : { type: t }), ...none }));

const targets = fc.array(target, { minLength: 1, maxLength: 2 });

const leafStatement: fc.Arbitrary<Statement> = fc.oneof(
  fc.tuple(name, expr).map(([n, value]): Statement => ({ kind: "dim", name: n, value, ...none })),
  fc.tuple(name, fc.option(fc.array(fc.string(), { maxLength: 3 })), fc.option(expr), fc.option(expr)).map(
    ([n, tokens, max, min]): Statement => ({
      kind: "vocab",
      name: n,
      ...(tokens === null ? {} : { tokens }),
      ...(max === null ? {} : { max }),
      ...(min === null ? {} : { min }),
      ...none,
    }),
  ),
  fc
    .tuple(fc.constantFrom("tree" as const, "graph" as const), name)
    .map(([structure, n]): Statement => ({ kind: "nodes", structure, name: n, ...none })),
  fc.tuple(name, fc.array(clauseIndex, { maxLength: 2 }), name, fc.array(trees.arg, { maxLength: 2 })).map(
    ([n, indices, cell, args]): Statement => ({
      kind: "instance",
      target: { name: n, indices, ...none },
      cell,
      cellSpan: span,
      args,
      span,
    }),
  ),
  fc.tuple(name, expr).map(([n, value]): Statement => ({ kind: "metric", name: n, value, ...none })),
  fc.tuple(name, expr, fc.option(expr)).map(
    ([n, bound, until]): Statement => ({
      kind: "axis",
      name: n,
      bound,
      ...(until === null ? {} : { until }),
      ...none,
    }),
  ),
  fc
    .tuple(fc.constantFrom("input" as const, "random" as const), targets)
    .map(([kind, items]): Statement => ({ kind, items, span })),
  fc.tuple(targets, expr).map(([items, dist]): Statement => ({ kind: "noise", items, dist, span })),
  fc.tuple(fc.boolean(), target, fc.constantFrom("init", "value", "none"), expr).map(
    ([frozen, t, start, e]): Statement => ({
      kind: "param",
      frozen,
      items: [{ ...t, ...(start === "init" ? { init: e } : start === "value" ? { value: e } : {}) }],
      span,
    }),
  ),
  fc.tuple(targets, expr).map(([t, value]): Statement => ({ kind: "equation", targets: t, value, span })),
  fc.tuple(target, expr, fc.option(expr)).map(
    ([t, dist, weight]): Statement => ({
      kind: "sample",
      target: t,
      dist,
      ...(weight === null ? {} : { weight }),
      span,
    }),
  ),
  expr.map((value): Statement => ({ kind: "loss", value, span })),
  expr.map((value): Statement => ({ kind: "require", value, span })),
  fc.tuple(name, fc.array(fc.tuple(fc.option(name), expr), { maxLength: 3 })).map(
    ([n, entries]): Statement => ({
      kind: "block",
      name: n,
      entries: entries.map(([key, value]) => ({ ...(key === null ? {} : { key, keySpan: span }), value, span })),
      ...none,
    }),
  ),
);

const use: fc.Arbitrary<Extract<Statement, { kind: "use" }>> = fc
  .tuple(fc.oneof(fc.constantFrom("std.cells", "a.b.c"), fc.string()), fc.array(name, { maxLength: 2 }))
  .map(([path, names]) => ({
    kind: "use" as const,
    path,
    isFile: !/^[a-z]+(\.[a-z]+)+$/.test(path),
    pathSpan: span,
    names: names.map((n) => ({ name: n, span })),
    span,
  }));

/** What only a model may say. */
const onlyInModels = new Set(["block", "input", "random", "sample", "vocab", "metric", "loss"]);
const cell = fc
  .tuple(name, fc.array(target, { maxLength: 2 }), targets, fc.array(fc.oneof(leafStatement, use), { maxLength: 3 }))
  .map(([n, formals, results, body]) => ({
    kind: "cell" as const,
    name: n,
    formals,
    results,
    body: body.filter((s) => !onlyInModels.has(s.kind)),
    ...none,
  }));

const model = fc
  .tuple(
    name,
    fc.option(fc.constant("many-to-one")),
    fc.array(fc.oneof({ weight: 8, arbitrary: leafStatement }, use, cell), { maxLength: 5 }),
  )
  .map(([n, topology, body]) => ({
    kind: "model" as const,
    name: n,
    ...(topology === null ? {} : { topology, topologySpan: span }),
    body,
    ...none,
  }));

export const file: fc.Arbitrary<SpecFile> = fc
  .array(fc.oneof({ weight: 3, arbitrary: model }, cell, use), { minLength: 1, maxLength: 2 })
  .map((items) => ({ items }));

/** The tree without places. */
export function bare(tree: unknown): unknown {
  return JSON.parse(
    JSON.stringify(tree, (key, value: unknown) => (/span$/i.test(key) ? undefined : value === 0 ? 0 : value)),
  );
}
