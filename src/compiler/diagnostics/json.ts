/** Diagnostics of specs that are given as JSON. Labels lie in the JSON text, and their paths are told beside them. */
import type { Span } from "../syntax/ast.js";
import { defineDiagnostic } from "./types.js";
import { quote } from "./words.js";

export const jsonSyntax = defineDiagnostic<{ span: Span; reason: string }>({
  code: "json-syntax",
  severity: "error",
  message: ({ reason }) => `this is no JSON: ${reason}`,
  labels: ({ span }) => [{ span, text: "the JSON breaks off here" }],
  help: () => "a spec in the language has a name that ends in `.rcv`",
});

export const jsonShape = defineDiagnostic<{ span: Span; message: string; label: string; near?: string | undefined }>({
  code: "json-shape",
  severity: "error",
  message: ({ message }) => message,
  labels: ({ span, label }) => [{ span, text: label }],
  help: ({ near }) =>
    near ? `did you mean ${quote(near)}?` : "the form is described by `specs/schema/spec.schema.json`",
});
