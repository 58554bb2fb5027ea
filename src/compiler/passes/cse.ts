import type { System, Value } from "../system/types.js";
import { mapReads } from "./copyprop.js";
import { eliminate } from "./dce.js";
import type { Pass } from "./types.js";

const COMMUTATIVE = new Set(["add", "mul", "dot", "equal"]);

function keyOf(v: Value): string {
  const eq = v.eq as NonNullable<Value["eq"]>;
  const args = eq.args.map((a) => JSON.stringify(a));
  if (COMMUTATIVE.has(eq.op)) args.sort();
  return JSON.stringify(
    [v.slots, v.shape, v.dtype, v.slots.length ? v.outside : "", eq.op, eq.attrs, eq.along, eq.red, args],
    exactly,
  );
}

/** ∞ and −∞ are different constants, which JSON does not know. */
const exactly = (_: string, x: unknown): unknown => (typeof x === "number" && !Number.isFinite(x) ? String(x) : x);

export const cse: Pass = {
  name: "cse",
  doc: "Share equal pure equations.",
  run(system, keep) {
    for (let next: System = system; ; system = next) {
      const seen = new Map<string, string>();
      const same = new Map<string, string>();
      for (const v of system.values.values()) {
        if (!v.eq || v.clauses.length || v.eq.op === "draw") continue;
        const key = keyOf(v);
        const first = seen.get(key);
        if (first === undefined) seen.set(key, v.id);
        else if (!keep.has(v.id)) same.set(v.id, first);
      }
      if (!same.size) return system;
      next = eliminate(
        mapReads(system, (r) => ({ ...r, v: same.get(r.v) ?? r.v })),
        keep,
      );
    }
  },
};
