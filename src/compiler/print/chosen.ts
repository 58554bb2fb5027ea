/** The op `only` as it was written: summed over what it chooses from it is an index, over the edges of a node a sum over kids. */

import type { Expr } from "../syntax/ast.js";
import { mapsOf } from "../system/axes.js";
import { BATCH, type Eq, type Read, type System } from "../system/types.js";
import { call, name, namesIn, replaced } from "./tree.js";

/** An entry of a map of a structure in the words of the language: `child(k)`, `parent(n)`, `root`. */
export function mapEntry(system: System, id: string, indices: readonly Expr[]): Expr | null {
  for (const { id: family } of [...system.axes.values()].filter((a) => a.family === a.id)) {
    const { child, parent, up, root, pos } = mapsOf(family);
    if (id === root) return name("root");
    if (id === up) return call("parent", indices);
    if (id === pos) return call("pos", indices);
    if (id === child || id === parent) return call(id === child ? "child" : "parent", indices);
  }
  return null;
}

/** `x[i]` for `sum[s](only(x[s], s == i))`; null where the sum is no index. `variable`: what `s` is called here. */
export function asIndex(eq: Eq, x: Expr, index: Expr, variable: string): Expr | null {
  const vars = eq.red?.vars ?? [];
  if (eq.op !== "only" || eq.red?.kind !== "sum" || vars.length !== 1 || vars[0]?.name !== eq.attrs["slot"])
    return null;
  return namesIn(x).has(variable) ? replaced(x, variable, index) : null;
}

/** `k in kids(n)` for a sum over the edges whose upper end is n; null where the sum is over something else. */
export function asNeighbours(system: System, eq: Eq, edge: string, node: Expr): string | null {
  const vars = (eq.red?.vars ?? []).filter((s) => s.axis !== BATCH.axis);
  const family = [...system.axes.values()].find((a) => a.id === vars[0]?.axis)?.family;
  if (eq.op !== "only" || vars.length !== 1 || family === undefined || node.kind !== "name") return null;
  if (vars[0]?.axis === family) return null;
  const maps = mapsOf(family);
  const index = (eq.args[1] as Read).v;
  if (index === maps.parent) return `${edge} in ${system.values.has(maps.up) ? "kids" : "preds"}(${node.name})`;
  return index === maps.child ? `${edge}: child(${edge}) == ${node.name}` : null;
}
