import { label } from "../check/report.js";
import { defineDiagnostic } from "./types.js";

/** Diagnostics of choosing what to compile in a file. */

export const noModel = defineDiagnostic<{ end: number }>({
  code: "no-model",
  severity: "error",
  message: () => "there is no model in this file",
  labels: ({ end }) => [label({ start: 0, end: Math.min(1, end) }, "nothing to compile")],
  help: () => "write `model name { … }`",
});

export const unknownModel = defineDiagnostic<{ name: string; known: string; near?: string | undefined; end: number }>({
  code: "unknown-name",
  severity: "error",
  message: ({ name }) => `there is no model \`${name}\` in this file`,
  labels: ({ end }) => [label({ start: 0, end: Math.min(1, end) }, "in this file")],
  help: ({ near, known }) => (near ? `did you mean \`${near}\`?` : `its models are ${known}`),
});
