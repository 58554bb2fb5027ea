import { label } from "../check/report.js";
import type { Place } from "../check/types.js";
import { defineDiagnostic } from "./types.js";

/** Diagnostics of axes and boundaries. */

export const missingBoundary = defineDiagnostic<{
  read: Place;
  text: string;
  index: string;
  domain: string;
  clause: string;
  /** A clause for more such places. */
  range?: string;
  /** The length of an axis, which has no clauses. */
  isLength?: boolean;
  defined: Place;
}>({
  code: "missing-boundary",
  severity: "error",
  message: ({ text, index, clause }) => `\`${text}\` reads ${clause} at ${index}, and nothing says what that is`,
  labels: ({ read, domain, defined }) => [
    label(read, `leaves the domain ${domain}`),
    label(defined, "defined inside the domain only"),
  ],
  help: ({ clause, range, isLength, text, index }) =>
    isLength
      ? `a length has no clauses: say where it is meant, \`if ${index.replace(" = ", " == ")} then … else ${text}\``
      : range === undefined
        ? `write a clause, for instance \`${clause} = 0\``
        : `write a clause for all such places, for instance \`${range} = 0\``,
});

export const farIndex = defineDiagnostic<{ place: Place; text: string; count: number; most: number }>({
  code: "far-index",
  severity: "error",
  message: ({ text, count, most }) =>
    `\`${text}\` reaches ${count} places outside of its domain; at most ${most} can be`,
  labels: ({ place }) => [label(place, "too far")],
  help: () => "what is so far away is data of its own: another input, shifted where the records are made",
});

export const overlappingClauses = defineDiagnostic<{ first: Place; second: Place; name: string }>({
  code: "overlapping-clauses",
  severity: "error",
  message: ({ name }) => `two clauses of \`${name}\` define the same value`,
  labels: ({ first, second }) => [label(second, "this one too"), label(first, "defined here")],
  help: () => "write a clause for the place where they meet, or remove one",
});

export const unusedClause = defineDiagnostic<{ place: Place; text: string }>({
  code: "unused-clause",
  severity: "warning",
  message: ({ text }) => `the clause \`${text}\` is never read`,
  labels: ({ place }) => [label(place, "no read lands here")],
});

export const interiorClause = defineDiagnostic<{ place: Place; text: string; instead: string }>({
  code: "interior-clause",
  severity: "warning",
  message: ({ text }) =>
    `\`${text}\` replaces the equation inside the domain: what the equation reads there is left out`,
  labels: ({ place }) => [label(place, "index 0 is the first element, not the one before it")],
  help: ({ instead }) => `the value before the first element is \`${instead}\``,
});

export const clauseWithoutEquation = defineDiagnostic<{ place: Place; name: string }>({
  code: "clause-without-equation",
  severity: "error",
  message: ({ name }) => `\`${name}\` has a boundary clause but no equation`,
  labels: ({ place }) => [label(place, "only the boundary is defined")],
  help: ({ name }) => `write the equation of \`${name}\` inside its domain, with its axes as bare names on the left`,
});

export const freeAxis = defineDiagnostic<{ place: Place; axis: string; target: string; left: Place }>({
  code: "free-axis",
  severity: "error",
  message: ({ axis, target }) => `\`${axis}\` is free on the right, but \`${target}\` does not have it`,
  labels: ({ place, left, axis }) => [label(place, `depends on ${axis}`), label(left, `no \`${axis}\` here`)],
  help: ({ axis, target }) =>
    `reduce it, for instance with \`sum[${axis}](…)\`, fix it at an index, or give \`${target}\` the axis \`${axis}\``,
});

export const missingIndex = defineDiagnostic<{
  place: Place;
  name: string;
  needs: string;
  declared: Place;
  /** The read with all of its indices. */
  whole?: string;
}>({
  code: "missing-index",
  severity: "error",
  message: ({ name, needs }) => `\`${name}\` needs an index: it is one value for each ${needs}`,
  labels: ({ place, declared, needs }) => [label(place, "which one?"), label(declared, `has the axis \`${needs}\``)],
  help: ({ name, needs, whole }) => `write \`${whole ?? `${name}[${needs}]`}\``,
});

export const wrongAxis = defineDiagnostic<{
  place: Place;
  name: string;
  written: string;
  over: string;
  needs: string;
}>({
  code: "wrong-axis",
  severity: "error",
  message: ({ name, written, over, needs }) =>
    `\`${written}\` runs over \`${over}\`, and this index of \`${name}\` over \`${needs}\``,
  labels: ({ place }) => [label(place, "another axis")],
  help: ({ needs }) => `axes are the same if they have the same bound: \`axis … < ${needs}\``,
});

export const badIndex = defineDiagnostic<{ place: Place; message: string; help?: string | undefined }>({
  code: "bad-index",
  severity: "error",
  message: ({ message }) => message,
  labels: ({ place }) => [label(place, "this index")],
  help: ({ help }) =>
    help ?? "an index is an axis variable with a shift (`t-1`), a constant (`0`, `-1`), or from the end (`T-1`)",
});

export const unboundAxis = defineDiagnostic<{ place: Place; bound: string; axis: string }>({
  code: "unbound-axis",
  severity: "error",
  message: ({ bound, axis }) => `nothing says how long \`${bound}\` is: no input or random has the axis \`${axis}\``,
  labels: ({ place }) => [label(place, "its length is unknown")],
  help: ({ bound }) => `declare \`dim ${bound} = …\`, or give an input or a random this axis`,
});

export const emptyVocab = defineDiagnostic<{ place: Place; name: string }>({
  code: "empty-vocab",
  severity: "error",
  message: ({ name }) => `nothing says which tokens \`${name}\` has: no input or random is a token of it`,
  labels: ({ place }) => [label(place, "its tokens are unknown")],
  help: ({ name }) => `list them, \`vocab ${name} = ["a", "b"]\`, or declare an input or a random \`: ${name}\``,
});

export const openEnd = defineDiagnostic<{ place: Place; axis: string; random: string; at: string; discrete: boolean }>({
  code: "open-end",
  severity: "warning",
  message: ({ random }) => `nothing says how long \`${random}\` gets when it is decoded`,
  labels: ({ place }) => [label(place, "an open axis")],
  help: ({ axis, random, at, discrete }) =>
    discrete
      ? `write \`axis ${axis} until ${random}[${at}] == EOS\`, or \`decode { max = … }\``
      : "write `decode { max = … }`",
});
