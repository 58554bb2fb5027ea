/** What a model may have that no exported graph can do. */
import { defineDiagnostic } from "../../compiler/diagnostics/types.js";

export const exportStructure = defineDiagnostic<{ structure: string; kind: "tree" | "graph" }>({
  code: "export-structure",
  severity: "error",
  message: ({ structure, kind }) =>
    `a graph of tfjs has one shape for all records, and each ${kind} \`${structure}\` has levels of its own`,
  labels: () => [],
  help: () => "run the model with `recurve predict`, or in Node with `load`",
});

export const exportOp = defineDiagnostic<{ value: string; op: string }>({
  code: "export-op",
  severity: "error",
  message: ({ value, op }) => `\`${value}\` needs \`${op}\`, which tfjs has no op for`,
  labels: () => [],
  help: () => "leave it out of `--values`, or run the model with `recurve predict`",
});
