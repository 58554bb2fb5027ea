/** What rewriting passes share: looking through a read at the equation behind it, and counting readers. */
import { envOf, substRead } from "../system/positions.js";
import type { Eq, Read, System, Value } from "../system/types.js";

type Values = ReadonlyMap<string, Value>;

/** How often each value is read. Clauses count twice: what they read must stay a value of its own. */
export function useCounts(system: System): Map<string, number> {
  const uses = new Map<string, number>();
  const count = (id: string, n: number): void => void uses.set(id, (uses.get(id) ?? 0) + n);
  for (const v of system.values.values()) {
    for (const r of v.eq?.args ?? []) count(r.v, 1);
    for (const c of v.clauses) count(c.read.v, 2);
  }
  return uses;
}

/** Does `r` certainly land inside the domain of `v`? Where a read outside is an error, it does. */
export const isInRange = (v: Value, r: Read): boolean =>
  r.idx.every((p) => p.k === "var" && p.shift === 0) || (!v.clauses.length && v.outside === "error");

export interface Seen {
  readonly value: Value;
  readonly eq: Eq;
  /** The arguments of its equation, in the reader's variables. */
  readonly args: readonly Read[];
}

/** The equation that an unguarded read stands for, if it can be written in its place. */
export function seeThrough(values: Values, r: Read): Seen | null {
  const value = values.get(r.v) as Value;
  const { eq } = value;
  if (!eq || eq.red || eq.along !== null || r.when.length || !isInRange(value, r)) return null;
  const env = envOf(value, r);
  return { value, eq, args: eq.args.map((a) => substRead(a, env)) };
}

export const sameRead = (a: Read, b: Read): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Groups in order of appearance; items with the key null are left out. */
export function groupBy<T>(items: Iterable<T>, key: (item: T) => string | null): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const k = key(item);
    if (k === null) continue;
    const group = groups.get(k);
    if (group) group.push(item);
    else groups.set(k, [item]);
  }
  return [...groups.values()];
}
