/** Reductions over the neighbours of a node: `sum[k in kids(n)](g(h[k], q[n]))` is computed on edges, and collected at their ends. */

import * as shapes from "../../diagnostics/check-shapes.js";
import * as structures from "../../diagnostics/check-structures.js";
import type { Expr, Index } from "../../syntax/ast.js";
import { printExpr } from "../../syntax/print.js";
import type { Slot } from "../../system/types.js";
import type { Context, Link, Scope } from "../context.js";
import { Names } from "../entities.js";
import { elaborate, hoist, readOf, wrong } from "../expressions.js";
import { builtins } from "../functions/index.js";
import { scalarShape } from "../rules.js";
import { unaryShape } from "../shapes.js";
import type { ArithmeticOp, CompareOp, ReduceKind, Term } from "../terms.js";
import { open, type Place, scalar, showType } from "../types.js";
import { isNeighbours, neighbours, type Structure } from "./facts.js";
import {
  collected,
  freshSlot,
  gathered,
  mapAt,
  type Node,
  nodeOf,
  nodeVariable,
  structureOfNode,
  termAt,
  within,
} from "./nodes.js";

type CallExpr = Extract<Expr, { kind: "call" }>;

/** `k in kids(n)`, understood. */
export interface Range {
  readonly structure: Structure;
  /** The name that runs over the neighbours. */
  readonly name: string;
  readonly place: Place;
  readonly node: Node;
  /** The variable of the System that the node is, where it is a bare name. */
  readonly of: Slot | null;
  readonly ends: { readonly node: Link["end"]; readonly other: Link["end"] };
}

/** Null: it is wrong, which has been reported. */
export function rangeOf(cx: Context, b: Index, scope: Scope): Range | null {
  const { value, in: over } = b;
  const bad = (
    message: string,
    help = "write `sum[k in kids(n)](…)`, with a tree; `preds(n)` or `succs(n)` with a graph",
  ): null => {
    cx.report(structures.badNeighbours({ place: b.span, message, help }), scope.via);
    return null;
  };
  if (value.kind !== "name" || over?.kind !== "call" || !isNeighbours(over.callee) || over.binders.length)
    return bad(`\`${printExpr(value)}\` in \`${over ? printExpr(over) : ""}\` is no range of nodes`);
  const { kind, node: end, other } = neighbours[over.callee];
  const [arg] = over.args;
  if (!arg || over.args.length > 1) return bad(`\`${over.callee}\` is of one node`);
  const only = [...cx.structures.values()].filter((s) => s.kind === kind);
  const structure = structureOfNode(cx, arg.value, scope) ?? (only.length === 1 ? only[0] : null);
  if (!structure)
    return bad(
      cx.structures.size ? `\`${printExpr(arg.value)}\` is no node` : "no tree or graph is declared",
      cx.structures.size ? undefined : "declare one: `tree n`",
    );
  if (structure.kind !== kind)
    return bad(
      `\`${over.callee}\` is about a ${kind}, and \`${structure.name}\` is a ${structure.kind}`,
      kind === "tree"
        ? "the neighbours of a node of a graph are its `preds(n)` and `succs(n)`"
        : "the neighbours of a node of a tree are its `kids(n)`, and `parent(n)`",
    );
  const node = nodeOf(cx, arg.value, structure, over.callee, scope);
  if (!node) return null;
  const of = arg.value.kind === "name" ? nodeVariable(cx, arg.value.name, scope) : null;
  return { structure, name: value.name, place: value.span, node, of, ends: { node: end, other } };
}

/** The scope on the edges: `k` is their one end, and the node itself the other. */
export function edgeScope(range: Range, edge: Slot, scope: Scope): Scope {
  const { structure, name, place, of, ends } = range;
  const names = new Names(scope.names);
  const variable = { name: edge.name, axis: structure.name };
  names.set(name, { kind: "axis", slot: variable, place });
  const links = new Map(scope.links ?? []);
  links.set(edge.name, { edge, end: ends.other });
  if (of) links.set(of.name, { edge, end: ends.node });
  return { ...within(scope, edge), names, vars: new Map([...scope.vars, [name, variable]]), links };
}

const reductions: ReadonlySet<string> = new Set(["sum", "mean", "max", "min", "logsumexp", "argmax"]);

/** `sum[k in kids(n)](…)` */
export function overNeighbours(cx: Context, e: CallExpr, scope: Scope): Term {
  const [b, ...others] = e.binders as [Index, ...Index[]];
  const [arg] = e.args;
  const use = `${e.callee}[k in kids(n)](…)`;
  if (others.length || !arg || e.args.length > 1 || arg.name) {
    const message = "a reduction over neighbours has one variable and one expression";
    cx.report(shapes.badArguments({ place: e.span, fn: e.callee, message, usage: use }), scope.via);
    return wrong(e.span);
  }
  if (e.callee === "softmax") return softmaxOver(cx, b, arg.value, scope, e.span);
  if (!reductions.has(e.callee)) {
    const message = `\`${e.callee}\` is no reduction over neighbours`;
    cx.report(
      shapes.badArguments({ place: e.calleeSpan, fn: e.callee, message, usage: "sum[k in kids(n)](…)" }),
      scope.via,
    );
    return wrong(e.span);
  }
  const range = rangeOf(cx, b, scope);
  if (!range) return wrong(e.span);
  const { structure, node } = range;
  const at = (to: Slot, around: Scope): Term => {
    const edge = freshSlot(around, range.name, structure.edges);
    const inner = edgeScope(range, edge, around);
    const index = mapAt(structure, range.ends.node, edge, e.span);
    const x = elaborate(cx, arg.value, inner);
    const collect = (by: "sum" | "max" | "logsumexp", y: Term): Term => collected(cx, by, y, edge, to, index, e.span);
    const make = reducers[e.callee as keyof typeof reducers];
    return make({ cx, x, collect, edge, to, index, structure, scope: inner, span: e.span });
  };
  return termAt(cx, structure, node, { at, above: () => null }, scope, e.span) ?? wrong(e.span);
}

interface Reducing {
  readonly cx: Context;
  /** On edges. */
  readonly x: Term;
  readonly collect: (by: "sum" | "max" | "logsumexp", x: Term) => Term;
  readonly edge: Slot;
  readonly to: Slot;
  readonly index: Extract<Term, { kind: "read" }>;
  readonly structure: Structure;
  readonly scope: Scope;
  readonly span: Place;
}

const reducers: Record<ReduceKind, (r: Reducing) => Term> = {
  sum: ({ collect, x }) => collect("sum", x),
  max: ({ collect, x }) => collect("max", x),
  logsumexp: ({ collect, x }) => collect("logsumexp", x),
  min: ({ cx, collect, x }) => negative(cx, collect("max", negative(cx, x))),
  /** Of no neighbours: 0. */
  mean: ({ cx, collect, x, span }) => {
    const count = collect("sum", number(1, span));
    const some: Term = {
      kind: "call",
      fn: maximum(),
      args: [count, number(1, span)],
      options: {},
      dims: [],
      noise: null,
      span,
      type: scalar(),
    };
    const total = collect("sum", x);
    const t: Term = { kind: "binary", op: "/", left: total, right: some, span, type: open() };
    unaryShape(cx.solver, total, t.type);
    return t;
  },
  /** The position among the neighbours of the first that is largest; −1 where there are none. */
  argmax: ({ cx, x, collect, structure, to, edge, index, scope, span }) => {
    scalarShape(cx.solver, x, () =>
      cx.report(
        shapes.badArgument({ fn: "argmax", needs: "a number", arg: { place: x.span, type: showType(x.type) } }),
        scope.via,
      ),
    );
    const score = readOf(hoist(cx, x, "score", scope), span);
    const top = gathered(readOf(hoist(cx, collect("max", score), "top", scope), span), to, index);
    const isTop = comparison("==", score, top, span);
    const last = number(Number.NEGATIVE_INFINITY, span);
    const pos = arithmetic("-", number(0, span), mapAt(structure, "pos", edge, span), span);
    const places: Term = { kind: "if", cond: isTop, then: pos, else: last, span, type: scalar() };
    const first = arithmetic("-", number(0, span), collect("max", places), span);
    const isLeaf = comparison("==", collect("sum", number(1, span)), number(0, span), span);
    return { kind: "if", cond: isLeaf, then: number(-1, span), else: first, span, type: scalar() };
  },
};

const number = (value: number, span: Place): Term => ({ kind: "number", value, span, type: scalar() });
const arithmetic = (op: ArithmeticOp, left: Term, right: Term, span: Place): Term => ({
  kind: "binary",
  op,
  left,
  right,
  span,
  type: scalar(),
});
const comparison = (op: CompareOp, left: Term, right: Term, span: Place): Term => ({
  kind: "binary",
  op,
  left,
  right,
  span,
  type: scalar(),
});

function negative(cx: Context, arg: Term): Term {
  const t: Term = { kind: "unary", op: "-", arg, span: arg.span, type: open() };
  unaryShape(cx.solver, arg, t.type);
  return t;
}

function builtin(name: string) {
  const fn = builtins.get(name);
  if (!fn) throw new Error(`there is no function ${name}`);
  return fn;
}
const maximum = () => builtin("maximum");

/** The variable of nodes, of a reduction around, that `softmax[k]` or `softmax[k in kids(n)]` runs over. */
export function linkOf(
  cx: Context,
  b: Index,
  scope: Scope,
): { readonly link: Link; readonly structure: Structure } | null {
  const slot = b.value.kind === "name" ? nodeVariable(cx, b.value.name, scope) : null;
  const link = slot ? scope.links?.get(slot.name) : undefined;
  const structure = slot ? cx.structures.get(slot.axis) : undefined;
  return link && structure ? { link, structure } : null;
}

/** A softmax over the neighbours of a node: exp(x − logsumexp of x over the edges of that node), a value of the edge. */
export function softmaxOver(cx: Context, b: Index, arg: Expr, scope: Scope, span: Place): Term {
  const found = linkOf(cx, b, scope);
  if (!found) {
    const message = `a softmax gives a value for each \`${printExpr(b.value)}\`, which is not known here`;
    const help = "give it to an edge, `a[n, k in kids(n)] = softmax[k](…)`, or use it in a sum over `k in kids(n)`";
    cx.report(structures.badNeighbours({ place: b.span, message, help }), scope.via);
    return wrong(span);
  }
  const { link, structure } = found;
  const { edge } = link;
  const other = link.end === "child" ? "parent" : "child";
  const x = elaborate(cx, arg, scope);
  const score = readOf(hoist(cx, x, "score", scope), span);
  const to = freshSlot(scope, structure.name, structure.name);
  const index = mapAt(structure, other, edge, span);
  const total = collected(cx, "logsumexp", score, edge, to, index, span);
  const back = gathered(readOf(hoist(cx, total, "total", within(scope, to)), span), to, index);
  const difference: Term = { kind: "binary", op: "-", left: score, right: back, span, type: open() };
  unaryShape(cx.solver, x, difference.type);
  const t: Term = {
    kind: "call",
    fn: builtin("exp"),
    args: [difference],
    options: {},
    dims: [],
    noise: null,
    span,
    type: open(),
  };
  unaryShape(cx.solver, difference, t.type);
  return t;
}
