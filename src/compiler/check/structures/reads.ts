/** Reads of values that have nodes or edges, positions among siblings, comparisons of nodes. */
import * as domains from "../../diagnostics/check-domains.js";
import * as structures from "../../diagnostics/check-structures.js";
import type { Expr, Index } from "../../syntax/ast.js";
import { printExpr } from "../../syntax/print.js";
import { at } from "../../system/positions.js";
import type { Pos, Slot } from "../../system/types.js";
import type { Context, Scope } from "../context.js";
import type { Indexed } from "../entities.js";
import { wrong } from "../expressions.js";
import { position } from "../indices.js";
import type { Quantity, Term } from "../terms.js";
import { type Place, scalar } from "../types.js";
import { indicesOf, isEdges, isNodes, type Structure, structureOf } from "./facts.js";
import {
  collected,
  freshSlot,
  mapAt,
  type Node,
  neighbourHelp,
  nodeOf,
  nodeVariable,
  structureOfNode,
  termAt,
} from "./nodes.js";

export const hasStructure = (cx: Context, q: Quantity): boolean =>
  q.slots.some((s) => structureOf(cx, s.axis) !== null);

/** A quantity with nodes or edges among its axes, at the indices that fill its axes. Null: wrong, reported. */
export function readStructured(
  cx: Context,
  { of: q, fixed }: Indexed,
  indices: readonly Index[],
  span: Place,
  scope: Scope,
): Term | null {
  q.reads.push(span);
  const text = `${q.name}[${indices.map((i) => printExpr(i.value)).join(", ")}]`;
  const places: (Pos | Node)[] = [];
  let next = 0;
  for (const [i, slot] of q.slots.entries()) {
    const known = fixed[i];
    if (known) {
      places.push(known);
      continue;
    }
    const own = indices.slice(next, next + indicesOf(cx, slot));
    next += indicesOf(cx, slot);
    if (own.length < indicesOf(cx, slot)) {
      const ends = q.ends.get(slot.name);
      if (ends)
        cx.report(
          structures.badNeighbours({
            place: span,
            message: `\`${q.name}\` is one value for each edge, and needs both of its ends`,
            help: `write \`${q.name}[${ends.text.join(", ")}]\` in a reduction over \`${ends.text[1]} in ${ends.over}\``,
          }),
          scope.via,
        );
      else
        cx.report(domains.missingIndex({ place: span, name: q.name, needs: slot.name, declared: q.span }), scope.via);
      return null;
    }
    const [first] = own as [Index];
    if (isNodes(cx, slot.axis)) {
      const node = nodeOf(cx, first.value, structureOf(cx, slot.axis) as Structure, q.name, scope);
      if (!node) return null;
      places.push(node);
    } else if (isEdges(cx, slot.axis)) {
      const p = edgeOf(cx, q, slot, own, scope);
      if (!p) return null;
      places.push(p);
    } else {
      const p = position(cx, first.value, slot.axis, q.name, scope);
      if (p === null) return null;
      if (p === "gather") {
        cx.report(
          domains.badIndex({
            place: first.span,
            message: `\`${printExpr(first.value)}\` is no index of \`${q.name}\` beside a node`,
          }),
          scope.via,
        );
        return null;
      }
      places.push(p);
    }
  }
  return readAt(cx, q, places, text, span, scope);
}

const isPos = (p: Pos | Node): p is Pos => "k" in p;

/** Nodes one after the other become variables. */
function readAt(
  cx: Context,
  q: Quantity,
  places: readonly (Pos | Node)[],
  text: string,
  span: Place,
  scope: Scope,
): Term | null {
  const i = places.findIndex((p) => !isPos(p));
  if (i < 0)
    return { kind: "read", of: q, idx: places as readonly Pos[], picks: [], written: text, span, type: q.type };
  const slot = q.slots[i] as Slot;
  const structure = structureOf(cx, slot.axis) as Structure;
  const others = places.filter((_, k) => k !== i);
  return termAt(
    cx,
    structure,
    places[i] as Node,
    {
      at: (v, inner) =>
        readAt(
          cx,
          q,
          places.map((p, k) => (k === i ? at(v.name) : p)),
          text,
          span,
          inner,
        ),
      above: () => {
        const above = aboveRoot(cx, q, slot);
        above.reads.push(span);
        return readAt(cx, above, others, text, span, scope);
      },
    },
    scope,
    span,
  );
}

/** What a value is at the parent of the root: a clause of it says so. */
export function aboveRoot(cx: Context, q: Quantity, slot: Slot): Quantity {
  const known = q.above.get(slot.name);
  if (known) return known;
  const name = `${q.name}[${q.slots.map((s) => (s === slot ? "parent(root)" : s.name)).join(", ")}]`;
  const above = cx.quantity({
    id: `${q.id}.above`,
    name,
    role: "eq",
    slots: q.slots.filter((s) => s !== slot),
    type: q.type,
    named: false,
    span: q.span,
  });
  q.above.set(slot.name, above);
  return above;
}

/** The variable of the edge between two ends. */
function edgeOf(cx: Context, q: Quantity, slot: Slot, [a, b]: readonly Index[], scope: Scope): Pos | null {
  const structure = structureOf(cx, slot.axis) as Structure;
  const link = (i: Index | undefined) => {
    const v = i?.value.kind === "name" ? nodeVariable(cx, i.value.name, scope) : null;
    return v?.axis === structure.name ? scope.links?.get(v.name) : undefined;
  };
  const [first, second] = [link(a), link(b)];
  const ends = q.ends.get(slot.name);
  if (
    first &&
    second &&
    first.edge.name === second.edge.name &&
    first.end === ends?.first &&
    second.end === ends.second
  )
    return at(first.edge.name);
  const [n, k] = ends?.text ?? ["n", "k"];
  cx.report(
    structures.badNeighbours({
      place: { ...(a as Index).span, end: (b as Index).span.end },
      message: `\`${q.name}\` is one value for each edge, and \`${printExpr((a as Index).value)}\`, \`${printExpr((b as Index).value)}\` are not the ends of one`,
      help: `read it where both ends are known: \`${q.name}[${n}, ${k}]\` in a reduction over \`${k} in ${ends?.over ?? `kids(${n})`}\``,
    }),
    scope.via,
  );
  return null;
}

/** `pos(k)`: the index of a node among its siblings (in a graph: among the predecessors of one node), 0 at the root. */
export function positionAmongSiblings(cx: Context, e: Extract<Expr, { kind: "call" }>, scope: Scope): Term {
  const [arg] = e.args;
  const structure = arg && e.args.length === 1 ? structureOfNode(cx, arg.value, scope) : null;
  if (!arg || !structure) {
    cx.report(
      structures.notANode({
        place: e.span,
        name: "pos",
        message: "`pos` is about a node",
        help: "write `pos(k)` in a sum over `k in kids(n)`",
      }),
      scope.via,
    );
    return wrong(e.span);
  }
  const node = nodeOf(cx, arg.value, structure, "pos", scope);
  if (!node) return wrong(e.span);
  if (node.kind === "end" && node.link.end === "child") return mapAt(structure, "pos", node.link.edge, e.span);
  if (structure.kind === "graph") {
    const help = "ask for it where the edge is known: `pos(k)` in a reduction over `k in preds(n)`";
    cx.report(
      structures.notANode({ place: e.span, name: "pos", message: "a node of a graph can have many successors", help }),
      scope.via,
    );
    return wrong(e.span);
  }
  // a node other than the root is the child of one edge
  const ofEdge = (v: Slot, inner: Scope): Term => {
    const edge = freshSlot(inner, "e", structure.edges);
    const pos = mapAt(structure, "pos", edge, e.span);
    return collected(cx, "sum", pos, edge, v, mapAt(structure, "child", edge, e.span), e.span);
  };
  return termAt(cx, structure, node, { at: ofEdge, above: () => null }, scope, e.span) ?? wrong(e.span);
}

/** A node as a number, in a comparison with another: `n == root`. */
export function comparedNode(cx: Context, e: Expr, other: Expr, scope: Scope): Term {
  const only = cx.structures.size === 1 ? [...cx.structures.values()][0] : undefined;
  const structure = structureOfNode(cx, e, scope) ?? structureOfNode(cx, other, scope) ?? only;
  if (!structure) {
    const message = "of which tree is this the root?";
    cx.report(
      structures.notANode({ place: e.span, name: "==", message, help: "compare it with a node of one" }),
      scope.via,
    );
    return wrong(e.span);
  }
  const node = nodeOf(cx, e, structure, "==", scope);
  if (!node) return wrong(e.span);
  switch (node.kind) {
    case "variable":
      return { kind: "index", slot: node.slot, span: e.span, type: scalar() };
    case "end":
      return mapAt(structure, node.link.end, node.link.edge, e.span);
    case "root":
      return mapAt(structure, "root", null, e.span);
    case "parent": {
      if (node.of.kind === "variable") return mapAt(structure, "up", node.of.slot, e.span);
      const up: (v: Slot) => Term = (v) => mapAt(structure, "up", v, e.span);
      return termAt(cx, structure, node.of, { at: up, above: () => null }, scope, e.span) ?? wrong(e.span);
    }
  }
}

/** `parent(n)` or `kids(n)` where a value is due. */
export function misplacedNode(cx: Context, e: Extract<Expr, { kind: "call" }>, scope: Scope): Term {
  const text = printExpr(e);
  const isRange = e.callee !== "parent";
  const message = isRange ? `\`${text}\` is a range, not a value` : `\`${text}\` is a node, not a value`;
  const help = isRange ? `reduce over it: \`sum[k in ${text}](…)\`` : `read a value there: \`h[${text}]\``;
  cx.report(structures.badNeighbours({ place: e.span, message, help }), scope.via);
  return wrong(e.span);
}

/** `root` where a value is due. */
export function nodeAsValue(cx: Context, text: string, span: Place, scope: Scope): Term {
  const message = `\`${text}\` is a node, not a value`;
  const help = `read a value there, \`h[${text}]\`, or compare: \`n == ${text}\``;
  cx.report(structures.notANode({ place: span, name: text, message, help }), scope.via);
  return wrong(span);
}

/** A node where a number is due. */
export function nodeAsNumber(cx: Context, text: string, structure: Structure, span: Place, scope: Scope): Term {
  const help = `compare it with another (\`${structure.kind === "tree" ? `${text} == root` : `${text} == k`}\`), or count: ${neighbourHelp(structure)}`;
  cx.report(structures.notANumber({ place: span, text, help }), scope.via);
  return wrong(span);
}
