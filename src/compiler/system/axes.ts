/** Axes: lengths that follow from others, and the levels of trees and graphs. */
import { axisOf, type Length, type System } from "./types.js";

/** A derived length, from the extents of one sample; never below 0. `div` and `mod` are floored (R8). */
export function evaluateLength(length: Length, extent: (axis: string) => number): number {
  const value = (l: Length): number => {
    if (typeof l === "number") return l;
    if ("extent" in l) return extent(l.extent);
    const [a, b] = [value(l.a), value(l.b)];
    switch (l.op) {
      case "+":
        return a + b;
      case "-":
        return a - b;
      case "*":
        return a * b;
      case "div":
        return Math.floor(a / b);
      case "mod":
        return a - b * Math.floor(a / b);
      case "min":
        return Math.min(a, b);
      case "max":
        return Math.max(a, b);
    }
  };
  return Math.max(0, value(length));
}

/** The greatest value that a derived length can have where its base extents are at most `padded`: what it is padded to. */
export function paddedLength(length: Length, padded: (axis: string) => number): number {
  const range = (l: Length): readonly [number, number] => {
    if (typeof l === "number") return [l, l];
    if ("extent" in l) return [0, padded(l.extent)];
    const [[a, A], [b, B]] = [range(l.a), range(l.b)];
    const corners = (f: (x: number, y: number) => number): readonly [number, number] => {
      const all = [f(a, b), f(a, B), f(A, b), f(A, B)];
      return [Math.min(...all), Math.max(...all)];
    };
    switch (l.op) {
      case "+":
        return [a + b, A + B];
      case "-":
        return [a - B, A - b];
      case "*":
        return corners((x, y) => x * y);
      case "div":
        // by lengths that may be 0: at least by 1
        return b >= 0
          ? [Math.floor(a / Math.max(b, 1)), Math.floor(A / Math.max(b, 1))]
          : corners((x, y) => Math.floor(x / y));
      case "mod":
        return [0, B > 0 ? (a >= 0 ? Math.min(A, B - 1) : B - 1) : 0];
      case "min":
        return [Math.min(a, b), Math.min(A, B)];
      case "max":
        return [Math.max(a, b), Math.max(A, B)];
    }
  };
  return Math.max(0, range(length)[1]);
}

/** The axes around one, the nearest first. */
export function outerAxes(system: System, axis: string): string[] {
  const { within } = axisOf(system, axis);
  return within === undefined ? [] : [within, ...outerAxes(system, within)];
}

/** What a loop runs over: nodes and edges of one structure run together. */
export const familyOf = (system: System, axis: string): string => axisOf(system, axis).family ?? axis;

/** The maps of a structure: NAME.child and NAME.parent over its edges, NAME.up over the nodes of a tree. */
export const mapsOf = (family: string) =>
  ({
    edges: `${family}.edges`,
    child: `${family}.child`,
    parent: `${family}.parent`,
    up: `${family}.up`,
    root: `${family}.root`,
    pos: `${family}.pos`,
  }) as const;

/**
 * Levels of the nodes or edges of one sample: a node without children (predecessors) has 0, any other one more than the
 * highest of them; an edge stands at the level of its upper end. `at`: an entry of a map of this sample.
 */
export function levelsOf(
  system: System,
  axis: string,
  at: (map: string, index: number) => number,
  extent: (axis: string) => number,
): number[] {
  const family = familyOf(system, axis);
  const maps = mapsOf(family);
  const edges = Array.from({ length: extent(maps.edges) }, (_, e) => ({
    child: at(maps.child, e),
    parent: at(maps.parent, e),
  }));
  const nodes = nodeLevels(extent(family), edges);
  return axis === family ? nodes : edges.map((e) => nodes[e.parent] as number);
}

/** Levels of nodes by the edges from children to parents; throws where these form a cycle. */
export function nodeLevels(
  count: number,
  edges: readonly { readonly child: number; readonly parent: number }[],
): number[] {
  const levels = new Array<number>(count).fill(0);
  const open = new Array<number>(count).fill(0);
  const above: number[][] = Array.from({ length: count }, () => []);
  for (const e of edges) {
    above[e.child]?.push(e.parent);
    open[e.parent] = (open[e.parent] as number) + 1;
  }
  const ready = open.flatMap((n, i) => (n === 0 ? [i] : []));
  let done = 0;
  for (let n = ready.pop(); n !== undefined; n = ready.pop()) {
    done++;
    for (const p of above[n] as number[]) {
      levels[p] = Math.max(levels[p] as number, (levels[n] as number) + 1);
      open[p] = (open[p] as number) - 1;
      if (open[p] === 0) ready.push(p);
    }
  }
  if (done < count) throw new Error("the structure has a cycle");
  return levels;
}
