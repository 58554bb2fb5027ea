/** What a read can touch: the value itself and every boundary clause that it can land on. */
import { envOf, hits, substRead } from "./positions.js";
import { getValue, type Read, type System, type Value } from "./types.js";

export function touches(system: System, r: Read): Read[] {
  const out: Read[] = [r];
  const v = getValue(system, r.v);
  if (!v.clauses.length) return out;
  const env = envOf(v, r);
  for (const c of v.clauses)
    if (hits(v, r.idx, c)) {
      const inner = substRead(c.read, env);
      out.push(...touches(system, { ...inner, when: [...inner.when, ...r.when] }));
    }
  return out;
}

/** Do the clauses of `from`, and theirs, read `to`? */
export function leadsTo(values: ReadonlyMap<string, Value>, from: string, to: string): boolean {
  const clauses = (id: string): string[] => values.get(id)?.clauses.map((c) => c.read.v) ?? [];
  return reach([from], clauses).has(to);
}

/** Does a read certainly land outside the domain, so that a clause says what it is? */
export const isOutside = (r: Read): boolean =>
  r.idx.some((p) => (p.k === "start" && p.off < 0) || (p.k === "end" && p.off >= 0));

/** Ids of the values that the equation of `id` can read, through clauses too. */
export function dependencies(system: System, id: string): string[] {
  return [...new Set((getValue(system, id).eq?.args ?? []).flatMap((a) => touches(system, a).map((t) => t.v)))];
}

/** The closure of `from` under `next`. */
export function reach(from: Iterable<string>, next: (id: string) => readonly string[]): Set<string> {
  const seen = new Set(from);
  const queue = [...seen];
  for (let id = queue.pop(); id !== undefined; id = queue.pop())
    for (const n of next(id))
      if (!seen.has(n)) {
        seen.add(n);
        queue.push(n);
      }
  return seen;
}
