import type { Clause, System, Value } from "../system/types.js";
import { shown } from "./positions.js";

/** What is known as another value at its boundary. */
export interface Boundary {
  readonly of: Value;
  readonly pins: Clause["pins"];
  /** Then the line of the clause is its line. */
  readonly isClause: boolean;
}

/**
 * The part that is the value of a boundary clause h[-1] = … is h at -1, and its adjoint is dh at -1, if dh is never
 * read there as the 0 that adjoints are outside their domain.
 */
export function boundaryValues(system: System, inline: ReadonlySet<string>): ReadonlyMap<string, Boundary> {
  const out = new Map<string, Boundary>();
  for (const owner of system.values.values()) {
    for (const { pins, read } of owner.clauses) {
      const free = owner.slots.filter((s) => shown(s) && !pins.some(({ slot }) => slot === s.name));
      const isWhole = (part: Value | undefined) =>
        part?.named === false &&
        part.eq !== null &&
        !inline.has(part.id) &&
        part.slots.filter(shown).length === free.length &&
        free.every(({ name: v }) => part.slots.some((s) => s.name === v));
      const part = system.values.get(read.v);
      const isPlain = read.when.length === 0 && read.idx.every((p) => p.k === "var" && p.shift === 0);
      if (part !== undefined && isWhole(part) && isPlain && !out.has(part.id)) {
        out.set(part.id, { of: owner, pins, isClause: true });
      }
      const [adjoint, of] = [system.values.get(`d${read.v}`), system.values.get(`d${owner.id}`)];
      if (of !== undefined && adjoint !== undefined && isWhole(adjoint) && part?.named === false) {
        out.set(adjoint.id, { of, pins, isClause: false });
      }
    }
  }
  return out;
}
