/** Diagnostics of specs that are given as JSON: places are paths in it. */
import { defineDiagnostic } from "./types.js";
import { quote } from "./words.js";

export const jsonSyntax = defineDiagnostic<{ reason: string }>({
  code: "json-syntax",
  severity: "error",
  message: ({ reason }) => `this is no JSON: ${reason}`,
  labels: () => [],
  help: () => "a spec in the language has a name that ends in `.rcv`",
});

export const jsonShape = defineDiagnostic<{ path: string; reason: string; near?: string | undefined }>({
  code: "json-shape",
  severity: "error",
  message: ({ path, reason }) => `${quote(path)} ${reason}`,
  labels: () => [],
  help: ({ near }) =>
    near ? `did you mean ${quote(near)}?` : "the form is described by `specs/schema/spec.schema.json`",
});

export const jsonExpression = defineDiagnostic<{ path: string; text: string; reason: string }>({
  code: "json-expression",
  severity: "error",
  message: ({ path, text, reason }) => `the expression ${quote(text)} at ${quote(path)} cannot be read: ${reason}`,
  labels: () => [],
});
