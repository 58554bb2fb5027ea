/**
 * A recurrence over two axes, h[i,j] from h[i-1,j] and h[i,j-1], takes I·J steps as loops in loops. All cells of a diagonal
 * w = i + j (or w = i − j + J − 1, where rows run one way and columns the other) depend on earlier diagonals only:
 * I + J − 1 steps, each on whole diagonals. So the cells are laid out by (w, i). Where that grid is wider than the one of
 * (i, j), cells are computed that do not exist, from the nearest inputs that do, and nothing reads them.
 *
 * This happens before differentiation: the adjoint of a loop over diagonals is one.
 */
import { costOf, NotCausal, schedule } from "../schedule/schedule.js";
import type { Item, Loop } from "../schedule/types.js";
import { axisOf, type System } from "../system/types.js";
import { eliminate } from "./dce.js";
import { skewed } from "./skewing.js";
import type { Pass } from "./types.js";

/** Diagonals are worth their extra cells and selections where the loops cost this many times more. */
const GAIN = 3;

export const wavefront: Pass = {
  name: "wavefront",
  doc: "Run a recurrence over two axes along the diagonals, where that takes far fewer steps.",
  run(system, keep) {
    for (const item of schedule(system).items) {
      if (item.kind !== "loop") continue;
      for (const axis of innerAxes(item)) {
        const next = cheapest(system, item, axis);
        if (!next) continue;
        system = eliminate(next, keep);
        break;
      }
    }
    return system;
  },
};

const innerAxes = ({ axis, body }: Loop): string[] => [
  ...new Set(body.flatMap((item) => (item.kind === "loop" && item.axis !== axis ? [item.axis] : []))),
];

/** The System with one of the ways to run a loop and the loops over `inner` in it as one; null where none is far cheaper. */
function cheapest(system: System, loop: Loop, inner: string): System | null {
  const size = (axis: string): number => axisOf(system, axis).size ?? Number.POSITIVE_INFINITY;
  // the shorter axis becomes a dim: fewer cells that do not exist
  const [i, j] = size(inner) <= size(loop.axis) ? [inner, loop.axis] : [loop.axis, inner];
  for (const sign of [1, -1] as const) {
    const found = skewed(system, loop.members, i, j, sign);
    if (!found) continue;
    const cost = costAlong(found.system, found.axis);
    if (cost !== null && cost * GAIN <= costOf(system, loop)) return found.system;
  }
  return null;
}

/** What the loops over the diagonals cost; null where there are other loops inside. */
function costAlong(system: System, axis: string): number | null {
  let program: readonly Item[];
  try {
    program = schedule(system).items;
  } catch (e) {
    if (e instanceof NotCausal) return null; // along these diagonals
    throw e;
  }
  const loops = program.filter((item): item is Loop => item.kind === "loop" && item.axis === axis);
  if (!loops.length || loops.some((l) => l.body.some((item) => item.kind === "loop"))) return null;
  return loops.reduce((sum, l) => sum + costOf(system, l), 0);
}
