/** Which way along a structure a value reads others: for messages about order. */
import { partsOf } from "../shapes.js";
import type { Quantity, Term } from "../terms.js";
import { type ReadTerm, termsOf } from "../walk.js";

/** How the level at which a variable stands compares with that of the reader: below −1, the same 0, above 1; null: unknown. */
export type Levels = ReadonlyMap<string, number | null>;

const steps = { below: -1, same: 0, above: 1 } as const;

/** All reads of a quantity, with the levels of the variables at which they look. */
export function readsByLevel(q: Quantity): { readonly read: ReadTerm; readonly levels: Levels }[] {
  const out: { read: ReadTerm; levels: Levels }[] = [];
  const go = (t: Term, levels: Levels): void => {
    if (t.kind === "read") out.push({ read: t, levels });
    if (t.kind !== "mapped") {
      for (const part of partsOf(t)) go(part, levels);
      return;
    }
    const { over, at, arg, index } = t;
    const step = index.of.map?.step;
    const [p] = index.idx;
    const known = (name: string): number | null | undefined => levels.get(name);
    let level: number | null = null;
    if (step && at.name === over.name) {
      const base = p?.k === "var" ? known(p.v) : null;
      level = sum(base, steps[step]);
    } else if (step) level = sum(known(at.name), -steps[step]);
    go(arg, new Map([...levels, [over.name, level]]));
  };
  const own = new Map(q.slots.map((s) => [s.name, 0] as const));
  for (const t of termsOf(q)) go(t, own);
  return out;
}

/** Opposite steps say nothing. */
function sum(a: number | null | undefined, b: number): number | null {
  if (a === null || a === undefined || a * b < 0) return null;
  return Math.sign(a + b);
}
