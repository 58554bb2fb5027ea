/** Which quantities are computed from each other, whatever their indices: there a guard decides whether it is causal. */
import type { Quantity } from "./terms.js";
import { readsIn, termsOf } from "./walk.js";

/** Of each quantity in a cycle, those in the same one. An observed random is given, a drawn one depends on its distribution. */
export function cyclesOf(
  quantities: readonly Quantity[],
  isGiven: (q: Quantity) => boolean,
): ReadonlyMap<Quantity, ReadonlySet<Quantity>> {
  const reads = new Map(
    quantities.map(
      (q) =>
        [
          q,
          isGiven(q)
            ? []
            : [
                ...new Set(
                  termsOf(q)
                    .flatMap(readsIn)
                    .map((r) => r.of),
                ),
              ],
        ] as const,
    ),
  );
  const reach = (from: Quantity): Set<Quantity> => {
    const seen = new Set<Quantity>();
    const queue = [...(reads.get(from) ?? [])];
    for (let q = queue.pop(); q; q = queue.pop()) {
      if (seen.has(q)) continue;
      seen.add(q);
      queue.push(...(reads.get(q) ?? []));
    }
    return seen;
  };
  const all = new Map(quantities.map((q) => [q, reach(q)]));
  const out = new Map<Quantity, ReadonlySet<Quantity>>();
  for (const [q, seen] of all)
    if (seen.has(q)) out.set(q, new Set([...seen].filter((other) => all.get(other)?.has(q))));
  return out;
}
