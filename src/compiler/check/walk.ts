/** Walks over everything that a model says. */
import type { Context } from "./context.js";
import { termsOfSampling } from "./distributions/index.js";
import { partsOf } from "./shapes.js";
import type { Quantity, Term } from "./terms.js";

export type ReadTerm = Extract<Term, { kind: "read" }>;

/** The terms that a quantity is made of: its equation, its clauses, its distribution. */
export function termsOf(q: Quantity): Term[] {
  return [
    ...(q.definition ? [q.definition.term] : []),
    ...q.clauses.map((c) => c.term),
    ...(q.sampling ? termsOfSampling(q.sampling) : []),
  ];
}

export const allTerms = (cx: Context): Term[] => [
  ...cx.quantities.flatMap(termsOf),
  ...cx.objectives.map((o) => o.term),
];

/** Visits a term and all of its parts. */
export function visit(t: Term, f: (t: Term) => void): void {
  f(t);
  for (const part of partsOf(t)) visit(part, f);
}

export function readsIn(t: Term): ReadTerm[] {
  const out: ReadTerm[] = [];
  visit(t, (x) => {
    if (x.kind === "read") out.push(x);
  });
  return out;
}
