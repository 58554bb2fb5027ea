/** Trees and graphs of records: from parents or edges to the maps between nodes and edges, each node at its level. */
import type { StructureInfo } from "../../compiler/model.js";
import { mapsOf, nodeLevels } from "../../compiler/system/axes.js";
import type { Levelled, Sample } from "../types.js";
import { DataError } from "./errors.js";
import type { Where } from "./types.js";

/** A tree or graph of one sample. */
export interface Structured {
  /** Of the axes of nodes and edges: the level of each of their indices. */
  readonly levels: Levelled;
  /** The maps, by id. */
  readonly maps: Readonly<Record<string, Int32Array>>;
}

interface Edge {
  readonly child: number;
  readonly parent: number;
}

/** `nodes`: how many the fields over them have, where there are any. Throws `DataError`. */
export function readStructure(
  info: StructureInfo,
  value: unknown,
  nodes: number | undefined,
  where: Where | null,
): Structured {
  const fail = (reason: string, help: string | null = null): never => {
    throw new DataError(`\`${info.name}\` ${reason}`, where, help);
  };
  const own = info.kind === "tree" ? readTree(value, fail) : readGraph(value, nodes, fail);
  if (nodes !== undefined && nodes !== own.count) fail(`has ${own.count} nodes, but the fields over it have ${nodes}`);
  return structured(info, own, fail);
}

/** A tree or graph as a record has it: what it gives is read as the same. Null where the sample does not have it. */
export function writeStructure(info: StructureInfo, { fields, lengths }: Pick<Sample, "fields" | "lengths">): unknown {
  const ids = mapsOf(info.name);
  const [child, parent, up] = [fields[ids.child], fields[ids.parent], fields[ids.up]];
  if (info.kind === "tree") return up ? [...up] : null;
  if (!child || !parent) return null;
  return { nodes: lengths[info.name], edges: Array.from(child, (from, e) => [from, parent[e]]) };
}

type Fail = (reason: string, help?: string | null) => never;

function readTree(value: unknown, fail: Fail): { count: number; edges: Edge[]; up: Int32Array } {
  const up = Int32Array.from(value as ArrayLike<number>);
  const count = up.length;
  if (!count) fail("has no nodes");
  const roots = [...up.keys()].filter((n) => (up[n] as number) === -1);
  for (const [n, p] of up.entries()) {
    if (p < -1 || p >= count)
      fail(`says that the parent of node ${n} is ${p}, and there are the nodes 0 to ${count - 1}`);
    if (p === n) fail(`says that node ${n} is its own parent`);
  }
  if (!roots.length) fail("has no root", "the parent of the root is −1");
  if (roots.length > 1) fail(`has ${roots.length} roots: the nodes ${roots.join(", ")}`, "exactly one parent is −1");
  const edges = [...up].flatMap((parent, child) => (parent < 0 ? [] : [{ child, parent }]));
  return { count, edges, up };
}

function readGraph(value: unknown, nodes: number | undefined, fail: Fail): { count: number; edges: Edge[] } {
  const listed = !Array.isArray(value);
  const { nodes: stated, edges: pairs } = listed
    ? (value as { nodes?: number; edges: readonly (readonly number[])[] })
    : { nodes: undefined, edges: value as readonly (readonly number[])[] };
  const count = stated ?? nodes;
  if (count === undefined)
    return fail("does not say how many nodes there are", `write { "nodes": 3, "edges": [[0, 2]] }`);
  if (count < 1) fail("has no nodes");
  const seen = new Set<string>();
  const edges = pairs.map((pair, i): Edge => {
    const [child, parent] = pair as [number, number];
    const text = `[${pair.join(", ")}]`;
    if (pair.length !== 2) fail(`has ${text} as its edge ${i}: an edge is [from, to]`);
    for (const n of pair)
      if (n < 0 || n >= count) fail(`has the edge ${text}, and there are the nodes 0 to ${count - 1}`);
    if (child === parent) fail(`has an edge from node ${child} to itself`);
    if (seen.has(text)) fail(`has the edge ${text} twice`);
    seen.add(text);
    return { child, parent };
  });
  return { count, edges };
}

function structured(
  info: StructureInfo,
  { count, edges, up }: { count: number; edges: readonly Edge[]; up?: Int32Array },
  fail: Fail,
): Structured {
  const cycle = findCycle(count, edges);
  if (cycle) fail(`has a cycle: ${cycle.join(" → ")}`);
  const levels = Int32Array.from(nodeLevels(count, edges));
  const ids = mapsOf(info.name);
  const before = new Map<number, number[]>();
  for (const e of edges) before.set(e.parent, [...(before.get(e.parent) ?? []), e.child]);
  for (const list of before.values()) list.sort((a, b) => a - b);
  const maps: Record<string, Int32Array> = {
    [ids.child]: Int32Array.from(edges, (e) => e.child),
    [ids.parent]: Int32Array.from(edges, (e) => e.parent),
    [ids.pos]: Int32Array.from(edges, (e) => (before.get(e.parent) as number[]).indexOf(e.child)),
  };
  if (up) Object.assign(maps, { [ids.up]: up, [ids.root]: Int32Array.of(up.indexOf(-1)) });
  return {
    maps,
    levels: { [info.name]: levels, [ids.edges]: Int32Array.from(edges, (e) => levels[e.parent] as number) },
  };
}

/** Nodes along a cycle, the first again at the end; null where there is none. */
function findCycle(count: number, edges: readonly Edge[]): number[] | null {
  const next: number[][] = Array.from({ length: count }, () => []);
  for (const e of edges) next[e.child]?.push(e.parent);
  const left = next.map(() => 0);
  for (const e of edges) left[e.parent] = (left[e.parent] as number) + 1;
  const ready = left.flatMap((n, i) => (n === 0 ? [i] : []));
  const open = new Set(left.keys());
  for (let n = ready.pop(); n !== undefined; n = ready.pop()) {
    open.delete(n);
    for (const p of next[n] as number[]) {
      left[p] = (left[p] as number) - 1;
      if (left[p] === 0) ready.push(p);
    }
  }
  // every open node has an open one before it, so going back runs into a cycle
  const [start] = open;
  if (start === undefined) return null;
  const path = [start];
  for (;;) {
    const here = path[0] as number;
    const back = [...open].find((n) => next[n]?.includes(here)) as number;
    const at = path.indexOf(back);
    if (at >= 0) return [back, ...path.slice(0, at + 1)];
    path.unshift(back);
  }
}
