/**
 * Where nodes and edges of trees and graphs lie in a batch: level after level, each level at the same places for all
 * samples, as wide as that of the widest. So a level is a slice of a tensor, and a loop over levels computes all nodes of a
 * level, of all samples, at once.
 */
import type { StructureInfo } from "../../compiler/model.js";
import { mapsOf } from "../../compiler/system/axes.js";
import type { Sample } from "../types.js";

/** By axis of nodes or edges: how many places each level has. */
export type Widths = Readonly<Record<string, readonly number[]>>;

export interface Layout {
  readonly widths: Widths;
  /** By axis, for each sample: the place of each of its indices. */
  readonly places: Readonly<Record<string, readonly Int32Array[]>>;
  /** The maps in places instead of the samples' own indices: [places, batch], −1 on padding. */
  readonly maps: Readonly<Record<string, Int32Array>>;
}

/** How many indices of an axis each level of a sample has. */
export function widthsOf(levels: Int32Array): number[] {
  const widths: number[] = [];
  for (const level of levels) {
    while (widths.length <= level) widths.push(0);
    widths[level] = (widths[level] as number) + 1;
  }
  return widths;
}

/** Level by level, the larger. */
export const widest = (a: readonly number[], b: readonly number[]): number[] =>
  Array.from({ length: Math.max(a.length, b.length) }, (_, l) => Math.max(a[l] ?? 0, b[l] ?? 0));

const total = (widths: readonly number[]): number => widths.reduce((a, b) => a + b, 0);

/** `least`: what each level is padded to at least. */
export function layOut(structures: readonly StructureInfo[], samples: readonly Sample[], least: Widths = {}): Layout {
  const widths: Record<string, readonly number[]> = {};
  const places: Record<string, readonly Int32Array[]> = {};
  const maps: Record<string, Int32Array> = {};
  for (const { name, kind } of structures) {
    const ids = mapsOf(name);
    // edges stand at levels of nodes: both axes have as many levels
    const nodes = samples.map((s) => widthsOf(levelsIn(s, name))).reduce(widest, least[name] ?? []);
    const edges = samples.map((s) => widthsOf(levelsIn(s, ids.edges))).reduce(widest, least[ids.edges] ?? []);
    widths[name] = nodes;
    widths[ids.edges] = nodes.map((_, l) => edges[l] ?? 0);
    for (const axis of [name, ids.edges])
      places[axis] = samples.map((s) => placesOf(levelsIn(s, axis), widths[axis] as readonly number[]));
    const own = places[name] as readonly Int32Array[];
    const move = (id: string, over: string, to: boolean): void => {
      maps[id] = translated(
        samples,
        id,
        total(widths[over] as readonly number[]),
        places[over] as Int32Array[],
        to ? own : null,
      );
    };
    move(ids.child, ids.edges, true);
    move(ids.parent, ids.edges, true);
    move(ids.pos, ids.edges, false);
    if (kind === "tree") {
      move(ids.up, name, true);
      maps[ids.root] = Int32Array.from(samples, (s, b) => own[b]?.[s.fields[ids.root]?.[0] as number] as number);
    }
  }
  return { widths, places, maps };
}

function levelsIn(sample: Sample, axis: string): Int32Array {
  const levels = sample.levels?.[axis];
  if (!levels) throw new Error(`data: the sample has no levels along ${axis}`);
  return levels;
}

/** The indices of one level keep their order. */
function placesOf(levels: Int32Array, widths: readonly number[]): Int32Array {
  let start = 0;
  const next = widths.map((w) => {
    start += w;
    return start - w;
  });
  return levels.map((level) => {
    const place = next[level] as number;
    next[level] = place + 1;
    return place;
  });
}

function translated(
  samples: readonly Sample[],
  id: string,
  extent: number,
  from: readonly Int32Array[],
  to: readonly Int32Array[] | null,
): Int32Array {
  const size = samples.length;
  const out = new Int32Array(extent * size).fill(-1);
  for (const [b, sample] of samples.entries()) {
    const map = sample.fields[id];
    if (!map) throw new Error(`data: the sample has no map ${id}`);
    for (const [i, place] of (from[b] as Int32Array).entries()) {
      const target = map[i] as number;
      out[place * size + b] = to === null || target < 0 ? target : (to[b]?.[target] as number);
    }
  }
  return out;
}
