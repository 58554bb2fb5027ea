/** Nodes in expressions: a variable, an end of an edge, `root`, `parent(n)`; and what a value is there. */
import * as structures from "../../diagnostics/check-structures.js";
import type { Expr } from "../../syntax/ast.js";
import { printExpr } from "../../syntax/print.js";
import { at } from "../../system/positions.js";
import type { Slot } from "../../system/types.js";
import type { Context, Link, Scope } from "../context.js";
import { unaryShape } from "../shapes.js";
import type { ReduceKind, Term } from "../terms.js";
import { open, type Place, scalar } from "../types.js";
import { isNodes, type MapName, mapOf, type Structure, structureOf } from "./facts.js";

export type Node =
  | { readonly kind: "variable"; readonly slot: Slot }
  /** `k`, or `n` itself, in a sum over `k in kids(n)`. */
  | { readonly kind: "end"; readonly link: Link }
  | { readonly kind: "root" }
  | { readonly kind: "parent"; readonly of: Node };

type ReadTerm = Extract<Term, { kind: "read" }>;

/** A variable of the System that no other in scope has. */
export function freshSlot(scope: Scope, base: string, axis: string): Slot {
  let name = base;
  while (scope.slots.some((s) => s.name === name)) name += "'";
  return { name, axis };
}

export const within = (scope: Scope, slot: Slot): Scope => ({ ...scope, slots: [...scope.slots, slot] });

/** The variable of nodes that a name is. */
export function nodeVariable(cx: Context, name: string, scope: Scope): Slot | null {
  const entity = scope.names.find(name);
  if (entity?.kind !== "axis") return null;
  const slot = scope.vars.get(name) ?? entity.slot;
  return isNodes(cx, slot.axis) ? slot : null;
}

const variableNode = (scope: Scope, slot: Slot): Node => {
  const link = scope.links?.get(slot.name);
  return link ? { kind: "end", link } : { kind: "variable", slot };
};

/** Does an expression look like a node? Then it is compared as one. */
export function isNode(cx: Context, e: Expr, scope: Scope): boolean {
  if (e.kind === "name")
    return (
      nodeVariable(cx, e.name, scope) !== null ||
      (e.name === "root" && cx.structures.size > 0 && !scope.names.find("root"))
    );
  return e.kind === "call" && e.callee === "parent" && cx.structures.size > 0 && !scope.names.find("parent");
}

/** The structure that a node belongs to, where its writing tells. */
export function structureOfNode(cx: Context, e: Expr, scope: Scope): Structure | null {
  if (e.kind === "name") {
    const slot = nodeVariable(cx, e.name, scope);
    return slot && structureOf(cx, slot.axis);
  }
  const [arg] = e.kind === "call" && e.callee === "parent" ? e.args : [];
  return arg ? structureOfNode(cx, arg.value, scope) : null;
}

/** The node of `structure` that an expression is; null where it is none, which has been reported. `of`: what it is an index of. */
export function nodeOf(cx: Context, e: Expr, structure: Structure, of: string, scope: Scope): Node | null {
  const bad = (message: string, help?: string): null => {
    cx.report(structures.notANode({ place: e.span, name: of, message, help }), scope.via);
    return null;
  };
  const text = printExpr(e);
  if (e.kind === "name") {
    const entity = scope.names.find(e.name);
    if (!entity && e.name === "root") {
      if (structure.kind === "tree") return { kind: "root" };
      return bad(`the graph \`${structure.name}\` has no root`, "read its nodes, for instance `sum[n](h[n])`");
    }
    if (entity?.kind === "wrong") return null;
    const slot = nodeVariable(cx, e.name, scope);
    if (slot?.axis === structure.name) return variableNode(scope, slot);
    return bad(`\`${text}\` is no node of the ${structure.kind} \`${structure.name}\``);
  }
  if (e.kind === "call" && e.callee === "parent" && !e.binders.length) {
    const [arg] = e.args;
    if (structure.kind !== "tree")
      return bad(
        `a node of the graph \`${structure.name}\` has no one parent`,
        "read its predecessors: `sum[k in preds(n)](…)`",
      );
    if (!arg || e.args.length > 1) return bad("`parent` is of one node", "write `parent(n)`");
    const inner = nodeOf(cx, arg.value, structure, of, scope);
    if (!inner) return null;
    if (inner.kind === "root")
      return bad("the root has no parent", `write a clause for it: \`${of}[parent(root)] = …\``);
    // the parent of a kid of n is n
    if (inner.kind === "end" && inner.link.end === "child")
      return { kind: "end", link: { ...inner.link, end: "parent" } };
    return { kind: "parent", of: inner };
  }
  if (e.kind === "binary") return bad(`\`${text}\` is no node: nodes have no order`, neighbourHelp(structure));
  return bad(`\`${text}\` is no node of the ${structure.kind} \`${structure.name}\``);
}

export const neighbourHelp = (structure: Structure): string =>
  structure.kind === "tree"
    ? "the neighbours of a node are its `kids(n)`, as in `sum[k in kids(n)](h[k])`, and `parent(n)`"
    : "the neighbours of a node are its `preds(n)` and `succs(n)`, as in `sum[k in preds(n)](h[k])`";

/** An entry of a map, as it stands in the System: a read at one variable. */
export function mapAt(structure: Structure, name: MapName, slot: Slot | null, span: Place): ReadTerm {
  const of = mapOf(structure, name);
  return { kind: "read", of, idx: slot ? [at(slot.name)] : [], picks: [], span, type: scalar() };
}

/** `x` at the one index of `over` that the map gives: it keeps its type, and a token stays a token. */
export const gathered = (x: Term, over: Slot, index: ReadTerm): Term => ({
  kind: "mapped",
  by: "sum",
  over,
  at: over,
  arg: x,
  index,
  span: x.span,
  type: x.type,
});

/** All `x` of the edges (or nodes) of `over` that the map leads to the index of `to`, reduced to one. */
export function collected(
  cx: Context,
  by: Exclude<ReduceKind, "mean" | "min" | "argmax">,
  x: Term,
  over: Slot,
  to: Slot,
  index: ReadTerm,
  span: Place,
): Term {
  const t: Term = { kind: "mapped", by, over, at: to, arg: x, index, span, type: open() };
  unaryShape(cx.solver, x, t.type);
  return t;
}

/** What is said of a node, said of any: `at` gives the term at a variable, `above` the one at the parent of the root. */
export interface Said {
  at(slot: Slot, scope: Scope): Term | null;
  above(): Term | null;
}

/** The term at a node. Null: it was wrong, which has been reported. */
export function termAt(
  cx: Context,
  structure: Structure,
  node: Node,
  said: Said,
  scope: Scope,
  span: Place,
): Term | null {
  const fromMap = (map: MapName, slot: Slot | null): Term | null => {
    const over = freshSlot(scope, structure.name, structure.name);
    const x = said.at(over, within(scope, over));
    return x && gathered(x, over, mapAt(structure, map, slot, span));
  };
  switch (node.kind) {
    case "variable":
      return said.at(node.slot, scope);
    case "end":
      return fromMap(node.link.end, node.link.edge);
    case "root":
      return fromMap("root", null);
    case "parent": {
      const { of } = node;
      if (of.kind !== "variable") return termAt(cx, structure, of, parents(cx, structure, said, span), scope, span);
      const inside = fromMap("up", of.slot);
      const above = said.above();
      if (!inside || !above) return inside;
      const isRoot: Term = {
        kind: "binary",
        op: "<",
        left: mapAt(structure, "up", of.slot, span),
        right: { kind: "number", value: 0, span, type: scalar() },
        span,
        type: scalar(),
      };
      return { kind: "if", cond: isRoot, then: above, else: inside, isZeroElsewhere: true, span, type: inside.type };
    }
  }
}

/** The same, said of the parent of a node. */
const parents = (cx: Context, structure: Structure, said: Said, span: Place): Said => ({
  at: (slot, scope) => termAt(cx, structure, { kind: "parent", of: { kind: "variable", slot } }, said, scope, span),
  above: said.above,
});
