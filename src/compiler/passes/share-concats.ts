import { identity } from "../system/positions.js";
import type { Eq, Read, Value } from "../system/types.js";
import { eliminate } from "./dce.js";
import { sameRead } from "./rewrite.js";
import type { Pass } from "./types.js";

export const shareConcats: Pass = {
  name: "share-concats",
  doc: "[a; b; c] where [a; b] exists already is [[a; b]; c]: then nobody else needs a and b by themselves.",
  run(system, keep) {
    const values = new Map(system.values);
    const concats = [...system.values.values()].filter(
      (v): v is Value & { eq: Eq } => v.eq?.op === "concat" && !v.eq.red && !v.clauses.length,
    );
    // the shortest first, so that no two become parts of each other
    for (const part of [...concats].sort((a, b) => a.eq.args.length - b.eq.args.length))
      for (const whole of concats) {
        const { eq, ...v } = values.get(whole.id) as Value & { eq: Eq };
        const sameSlots = part.slots.map((s) => s.name).join() === v.slots.map((s) => s.name).join();
        const at = whole.id === part.id || !sameSlots ? -1 : indexOfRun(eq.args, part.eq.args);
        if (at < 0 || part.eq.args.length >= eq.args.length) continue;
        const args = eq.args.toSpliced(at, part.eq.args.length, identity(part));
        values.set(v.id, { ...v, eq: { ...eq, args } });
      }
    return eliminate({ axes: system.axes, values }, keep);
  },
};

/** Where `run` stands in `list`; −1 if it does not. */
function indexOfRun(list: readonly Read[], run: readonly Read[]): number {
  for (let at = 0; at + run.length <= list.length; at++)
    if (run.every((r, i) => sameRead(r, list[at + i] as Read))) return at;
  return -1;
}
