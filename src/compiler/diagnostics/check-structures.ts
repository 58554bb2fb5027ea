import { label } from "../check/report.js";
import type { Place } from "../check/types.js";
import { defineDiagnostic } from "./types.js";

/** Diagnostics of trees and graphs. */

export const notANode = defineDiagnostic<{ place: Place; name: string; message: string; help?: string | undefined }>({
  code: "not-a-node",
  severity: "error",
  message: ({ message }) => message,
  labels: ({ place, name }) => [label(place, `\`${name}\` needs a node here`)],
  help: ({ help }) =>
    help ?? "a node is a variable (`n`, or `k` of a sum over `k in kids(n)`), `root`, or `parent(n)` of another",
});

export const notANumber = defineDiagnostic<{ place: Place; text: string; help: string }>({
  code: "node-as-number",
  severity: "error",
  message: ({ text }) => `\`${text}\` is a node, not a number`,
  labels: ({ place }) => [label(place, "nodes have no order")],
  help: ({ help }) => help,
});

export const badNeighbours = defineDiagnostic<{ place: Place; message: string; help: string }>({
  code: "bad-neighbours",
  severity: "error",
  message: ({ message }) => message,
  labels: ({ place }) => [label(place, "what runs over the neighbours of a node")],
  help: ({ help }) => help,
});

export const nodeClause = defineDiagnostic<{ place: Place; text: string; help: string }>({
  code: "node-clause",
  severity: "error",
  message: ({ text }) => `\`${text}\` is no place outside of a tree or graph that a clause could define`,
  labels: ({ place }) => [label(place, "this index")],
  help: ({ help }) => help,
});

export const missingRoot = defineDiagnostic<{ read: Place; text: string; clause: string; defined: Place }>({
  code: "missing-boundary",
  severity: "error",
  message: ({ text, clause }) => `\`${text}\` reads ${clause} at the root, and nothing says what that is`,
  labels: ({ read, defined }) => [label(read, "the root has no parent"), label(defined, "defined at nodes only")],
  help: ({ clause }) => `write a clause, for instance \`${clause} = 0\``,
});
