/** Left sides over nodes and edges: `h[n] = …`, `f[n, k in kids(n)] = …`, and the clause `d[parent(root)] = 0`. */
import * as domains from "../../diagnostics/check-domains.js";
import * as structures from "../../diagnostics/check-structures.js";
import type { Expr, Index, Target } from "../../syntax/ast.js";
import { printExpr } from "../../syntax/print.js";
import type { Slot } from "../../system/types.js";
import type { Context, Scope } from "../context.js";
import type { Names } from "../entities.js";
import type { Ends, Quantity } from "../terms.js";
import { indicesOf, isEdges, isNodes, type Structure, structureOf } from "./facts.js";
import { edgeScope, rangeOf } from "./neighbours.js";
import { neighbourHelp } from "./nodes.js";
import { aboveRoot } from "./reads.js";

const globalScope = (names: Names): Scope => ({ names, vars: new Map(), slots: [], prefix: "" });

/** `n, k in kids(n)` in a declaration: the slot over the edges. Null: it is wrong, which has been reported. */
export function edgeSlot(
  cx: Context,
  own: Names,
  node: Index,
  binder: Index,
): { readonly slot: Slot; readonly ends: Ends } | null {
  const range = rangeOf(cx, binder, globalScope(own));
  if (!range) return null;
  const [first, second] = [printExpr(node.value), range.name];
  if (node.value.kind !== "name" || range.of === null || range.of.name !== node.value.name) {
    const over = printExpr(binder.in as Expr);
    const help = `write \`n, k in kids(n)\`: the node, and what runs over its neighbours`;
    cx.report(structures.badNeighbours({ place: binder.span, message: `\`${over}\` is not of \`${first}\``, help }));
    return null;
  }
  const ends: Ends = {
    first: range.ends.node,
    second: range.ends.other,
    text: [first, second],
    over: printExpr(binder.in as Expr),
  };
  return { slot: { name: second, axis: range.structure.edges }, ends };
}

/** An index of a left side: of one slot, or, of an edge, two. */
export interface Part {
  readonly slot: Slot;
  readonly indices: readonly Index[];
}

/** The indices of a target by the slots of its value; null where there are too few or too many. */
export function partsOfTarget(cx: Context, of: Quantity, t: Target): readonly Part[] | null {
  let next = 0;
  const parts = of.slots.map((slot) => {
    const n = indicesOf(cx, slot);
    next += n;
    return { slot, indices: t.indices.slice(next - n, next) };
  });
  return next === t.indices.length ? parts : null;
}

/** `h[n]`, `f[n, k in kids(n)]` as one writes the value on the left. */
export const showLeft = (cx: Context, of: Quantity): string =>
  of.slots
    .map((s) => {
      const ends = isEdges(cx, s.axis) ? of.ends.get(s.name) : undefined;
      return ends ? `${ends.text[0]}, ${ends.text[1]} in ${ends.over}` : s.name;
    })
    .join(", ");

const isAbove = (e: Expr): boolean =>
  e.kind === "call" &&
  e.callee === "parent" &&
  e.args.length === 1 &&
  e.args[0]?.value.kind === "name" &&
  e.args[0].value.name === "root";

/** What a target is about: where it stands at the parent of a root, that place of the value. Null: wrong, reported. */
export function ownerOf(
  cx: Context,
  of: Quantity,
  parts: readonly Part[],
): { readonly of: Quantity; readonly parts: readonly Part[] } | null {
  for (const part of parts) {
    const structure = structureOf(cx, part.slot.axis);
    const [index] = part.indices as [Index];
    if (!structure || (index.value.kind === "name" && index.value.name !== "root")) continue;
    if (isNodes(cx, part.slot.axis) && structure.kind === "tree" && isAbove(index.value))
      return ownerOf(
        cx,
        aboveRoot(cx, of, part.slot),
        parts.filter((p) => p !== part),
      );
    refuse(cx, index, structure, of.name);
    return null;
  }
  return { of, parts };
}

function refuse(cx: Context, index: Index, structure: Structure, name: string): void {
  const text = printExpr(index.value);
  const help =
    structure.kind === "tree"
      ? `a sum over no kids is 0; above the root it is \`${name}[parent(root)]\`; at the root write \`if n == root then … else …\``
      : `a sum over no predecessors is 0; ${neighbourHelp(structure)}`;
  cx.report(structures.nodeClause({ place: index.span, text: `${name}[${text}]`, help }));
}

/** A node is written where a declaration needs a variable: `h[root] = …`. */
export function refuseRoot(cx: Context, index: Index, name: string): boolean {
  const [structure] = cx.structures.values();
  if (!structure || index.value.kind !== "name" || index.value.name !== "root") return false;
  refuse(cx, index, structure, name);
  return true;
}

/** `k in kids(n)` without the node `n` before it. */
export function refuseBinder(cx: Context, index: Index, name: string): void {
  const { value, in: over } = index;
  const message = `\`${printExpr(value)}\` runs over the neighbours of a node, which has to stand before it`;
  const node = over?.kind === "call" ? over.args[0]?.value : undefined;
  const help = `write \`${name}[${node ? printExpr(node) : "n"}, ${printExpr(value)} in …]\`: a value of an edge has its two ends`;
  cx.report(structures.badNeighbours({ place: index.span, message, help }));
}

/** The scope of an equation of a value: inside, both ends of its edges have their names. */
export function leftScope(cx: Context, of: Quantity, t: Target, global: Scope): Scope | null {
  return edgesScope(cx, partsOfTarget(cx, of, t) ?? [], { ...global, slots: of.slots }, global);
}

/** A scope with the names of the ends of the edges among the parts. Null: one is wrong, which has been reported. */
export function edgesScope(cx: Context, parts: readonly Part[], scope: Scope, global: Scope): Scope | null {
  let inner = scope;
  for (const { slot, indices } of parts) {
    const [, binder] = indices;
    if (!isEdges(cx, slot.axis) || !binder?.in) continue;
    const range = rangeOf(cx, binder, global);
    if (!range) return null;
    inner = { ...edgeScope(range, slot, inner), slots: scope.slots };
  }
  return inner;
}

/** Is a quantity what another one is at the parent of the root? */
export const parentOfRoot = (cx: Context, q: Quantity): boolean =>
  cx.quantities.some((of) => [...of.above.values()].includes(q));

/** Reads of `d[parent(n)]` without a clause for the root, and clauses that nothing reads. */
export function checkAbove(cx: Context): void {
  for (const q of cx.quantities)
    for (const above of q.above.values()) {
      const [read] = above.reads;
      if (read && !above.definition)
        cx.report(
          structures.missingRoot({
            read,
            text: `${q.name}[parent(…)]`,
            clause: above.name,
            defined: q.definition?.span ?? q.span,
          }),
        );
      else if (!read && above.definition && !cx.reporter.failed)
        cx.report(domains.unusedClause({ place: above.definition.span, text: above.name }));
    }
}
