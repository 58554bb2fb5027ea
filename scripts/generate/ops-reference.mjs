/** `specs/ops.md`, from the op table. */

const cell = (text) => text.replaceAll("|", "\\|");

/** Whether an op has a derivative; where not, why not. */
function derivative({ vjp }) {
  if (typeof vjp === "function") return "yes";
  return "none" in vjp ? `zero: ${vjp.none}` : vjp.open;
}

function row(def) {
  const notes = [def.multilinear ? "Linear in each argument." : "", def.dtype === "int" ? "An integer." : ""];
  const doc = [def.doc, ...notes].filter(Boolean).join(" ");
  return `| \`${def.name}(${def.params.join(", ")})\` | ${cell(doc)} | ${cell(derivative(def))} |`;
}

const section = ({ name, doc, ops }) =>
  [`## ${name}`, "", doc, "", "| op | meaning | derivative |", "| --- | --- | --- |", ...ops.map(row)].join("\n");

export const opsReference = (
  families,
) => `<!-- Generated from src/compiler/ops by scripts/generate/ops.mjs: do not edit. -->
# Ops

The equations of a System are made of these. An op acts on the features of one element; axes and the batch are around it.
The functions and operators of the language become ops; \`recurve compile SPEC --emit system\` shows which.
Each op is tested against its own entry: its shape, its first and second derivative against central differences in double
precision, its linearity, and every backend against its reference evaluation.

${families.map(section).join("\n\n")}
`;
