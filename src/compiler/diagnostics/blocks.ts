import type { Span } from "../syntax/ast.js";
import { defineDiagnostic, type Label } from "./types.js";
import { listed, quote } from "./words.js";

/** Diagnostics of the blocks `data`, `train` and `decode`. A span is missing where a value came from outside the spec. */

const label = (span: Span | undefined, text: string): Label[] => (span ? [{ span, text }] : []);

interface Place {
  readonly span: Span | undefined;
  /** What is spoken of: `train.batch`, `the lr of adam`. */
  readonly what: string;
}

export const blockUnknownKey = defineDiagnostic<{
  span: Span | undefined;
  where: string;
  key: string;
  known: readonly string[];
  nearest: string | undefined;
}>({
  code: "block-unknown-key",
  severity: "error",
  message: ({ where, key }) => `${where} has no ${quote(key)}`,
  labels: ({ span }) => label(span, "not known here"),
  help: ({ nearest, known }) =>
    nearest === undefined ? `there are ${listed(known)}` : `did you mean ${quote(nearest)}? There are ${listed(known)}`,
});

export const blockUnknownValue = defineDiagnostic<
  Place & { found: string; known: readonly string[]; nearest: string | undefined }
>({
  code: "block-unknown-value",
  severity: "error",
  message: ({ what, found }) => `${what} cannot be ${found}`,
  labels: ({ span }) => label(span, "not known here"),
  help: ({ nearest, known }) =>
    nearest === undefined ? `it can be ${listed(known)}` : `did you mean ${quote(nearest)}? It can be ${listed(known)}`,
});

export const blockWrongType = defineDiagnostic<Place & { expected: string; found: string; help?: string | undefined }>({
  code: "block-wrong-type",
  severity: "error",
  message: ({ what, expected, found }) => `${what} is ${expected}, not ${found}`,
  labels: ({ span, expected }) => label(span, `should be ${expected}`),
  help: ({ help }) => help,
});

export const blockOutOfRange = defineDiagnostic<Place & { limit: string; found: string }>({
  code: "block-out-of-range",
  severity: "error",
  message: ({ what, limit, found }) => `${what} must be ${limit}, but is ${found}`,
  labels: ({ span, limit }) => label(span, `must be ${limit}`),
});

export const blockMissing = defineDiagnostic<Place & { help?: string | undefined }>({
  code: "block-missing",
  severity: "error",
  message: ({ what }) => `${what} is missing`,
  labels: ({ span }) => label(span, "it should be given here"),
  help: ({ help }) => help,
});

export const blockArguments = defineDiagnostic<Place & { reason: string; help?: string | undefined }>({
  code: "block-arguments",
  severity: "error",
  message: ({ what, reason }) => `${what} ${reason}`,
  labels: ({ span }) => label(span, "written here"),
  help: ({ help }) => help,
});

export const blockConflict = defineDiagnostic<Place & { other: string; otherSpan: Span | undefined }>({
  code: "block-conflict",
  severity: "error",
  message: ({ what, other }) => `${quote(what)} and ${quote(other)} exclude each other`,
  labels: ({ span, otherSpan }) => [...label(span, "this one"), ...label(otherSpan, "and this one")],
  help: () => "keep one of them",
});

export const blockBadPath = defineDiagnostic<Place & { path: string; reason: string }>({
  code: "block-bad-path",
  severity: "error",
  message: ({ what, path, reason }) => `the path ${quote(path)} of ${what} ${reason}`,
  labels: ({ span }) => label(span, "this path"),
  help: () =>
    'write a path beside the spec, `"moby.txt"`, or one inside an installed package, `npm("package/file.txt")`',
});
