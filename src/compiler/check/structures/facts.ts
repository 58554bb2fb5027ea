/** `tree n`, `graph n`: an axis of nodes, an axis of edges, and the maps between them, which the data give. */
import type { Statement } from "../../syntax/ast.js";
import { mapsOf } from "../../system/axes.js";
import type { Slot, Step } from "../../system/types.js";
import type { Context } from "../context.js";
import type { Quantity } from "../terms.js";
import { scalar } from "../types.js";

/** From the nodes or edges of a structure to its nodes. */
export type MapName = "child" | "parent" | "up" | "root" | "pos";

export interface Structure {
  /** The id of its axis of nodes. */
  readonly name: string;
  readonly kind: "tree" | "graph";
  readonly edges: string;
  readonly maps: ReadonlyMap<MapName, Quantity>;
}

/** What runs over the neighbours of a node, and at which ends of the edges it and they stand. */
export const neighbours = {
  kids: { kind: "tree", node: "parent", other: "child" },
  preds: { kind: "graph", node: "parent", other: "child" },
  succs: { kind: "graph", node: "child", other: "parent" },
} as const;
export type Neighbours = keyof typeof neighbours;
export const isNeighbours = (name: string): name is Neighbours => Object.hasOwn(neighbours, name);

export function declareStructure(cx: Context, s: Extract<Statement, { kind: "nodes" }>): Slot {
  const { name, structure: kind, nameSpan: place } = s;
  const ids = mapsOf(name);
  for (const bound of [name, ids.edges])
    cx.axes.set(bound, {
      length: null,
      within: null,
      bound,
      vars: bound === name ? [name] : [],
      size: null,
      place: s.span,
      until: null,
      family: name,
    });
  const map = (id: string, slots: readonly Slot[], step?: Step): Quantity =>
    cx.quantity({
      id,
      name: id,
      role: "input",
      slots,
      type: scalar(),
      declared: true,
      named: false,
      span: place,
      map: step ? { step } : {},
    });
  const [nodes, edges] = [[{ name, axis: name }], [{ name: "e", axis: ids.edges }]];
  const maps = new Map<MapName, Quantity>([
    ["child", map(ids.child, edges, "below")],
    ["parent", map(ids.parent, edges, "same")],
    ["pos", map(ids.pos, edges)],
  ]);
  if (kind === "tree") maps.set("up", map(ids.up, nodes, "above")).set("root", map(ids.root, []));
  cx.structures.set(name, { name, kind, edges: ids.edges, maps });
  return { name, axis: name };
}

/** The structure whose nodes or edges an axis is over. */
export const structureOf = (cx: Context, axis: string): Structure | null =>
  cx.structures.get(cx.axes.get(axis)?.family ?? "") ?? null;

export const isNodes = (cx: Context, axis: string): boolean => cx.structures.has(axis);
export const isEdges = (cx: Context, axis: string): boolean => {
  const structure = structureOf(cx, axis);
  return structure !== null && axis === structure.edges;
};

export function mapOf(structure: Structure, name: MapName): Quantity {
  const map = structure.maps.get(name);
  if (!map) throw new Error(`the ${structure.kind} ${structure.name} has no map ${name}`);
  return map;
}

/** How many indices of the text a slot takes: an edge is written as its two ends. */
export const indicesOf = (cx: Context, slot: Slot): number => (isEdges(cx, slot.axis) ? 2 : 1);
