/** `recurve explain`: a model as mathematics, and what became of it. */
import { placeholders } from "../../compiler/check/index.js";
import type { Model } from "../../compiler/model.js";
import { latex } from "../../compiler/print/latex.js";
import { picture } from "../../compiler/print/picture.js";
import { type LoopSummary, loopSummary, orderOf } from "../../compiler/print/summary.js";
import { scoring, training } from "../../compiler/programs.js";
import { table } from "../format.js";
import type { Session } from "../session.js";
import { compileSpec, onlyModel, type SpecOptions } from "../spec.js";

export interface ExplainOptions extends SpecOptions {
  readonly bptt?: boolean;
  /** The equations as LaTeX, and nothing else. */
  readonly latex?: boolean;
}

export function explain(path: string, options: ExplainOptions, session: Session): void {
  const compiled = compileSpec(path, options, session);
  const model = onlyModel(compiled, options);
  session.phase = `explaining ${model.name}`;
  const equations = compiled.print(options.bptt ? "bptt" : "equations");
  if (options.latex) {
    const text = latex(equations);
    session.output.event({ event: "explained", file: compiled.file, model: model.name, latex: text });
    session.output.data(text.trimEnd());
    return;
  }
  const summary = options.bptt ? trainingSummary(model) : null;
  const drawing = drawn(model, options.bptt === true);
  session.output.event({
    event: "explained",
    file: compiled.file,
    model: model.name,
    equations,
    picture: drawing,
    ...summary,
  });
  session.output.data(
    summary
      ? `${equations.trimEnd()}\n\n${compiled.print("program").trimEnd()}\n\n${describe(summary)}\n\n${commented(drawing)}`
      : `${equations.trimEnd()}\n\n${commented(drawing)}`,
  );
}

/** The loops as a picture, as wide as there is room. */
function drawn(model: Model, bptt: boolean): string {
  const sized = model.unsized.length > 0 ? placeholders(model) : model;
  const width = Math.min(Math.max(process.stdout.columns || 100, 32), 120) - MARGIN.length;
  return picture((bptt ? training(sized) : scoring(sized)).program, { width });
}

const MARGIN = "# ";
/** What `explain` prints can be read as equations: all else is a comment. */
const commented = (text: string): string => text.trimEnd().replace(/^/gm, MARGIN);

function trainingSummary(model: Model): LoopSummary {
  const compute = training(model.unsized.length > 0 ? placeholders(model) : model);
  return loopSummary(compute.program, compute.gradients);
}

function describe({ loops, gradients }: LoopSummary): string {
  const inside = gradients.filter(({ afterLoops }) => !afterLoops).map(({ param }) => param);
  const after = gradients.filter(({ afterLoops }) => afterLoops).map(({ param }) => param);
  const rows = loops.map(({ axis, variable, direction, depth, matmuls, backward, structure, diagonal }) => [
    `${"  ".repeat(depth)}over ${diagonal ? `the diagonals of ${diagonal.join(" × ")}` : structure ? variable : `${variable} < ${axis}`}`,
    structure ? orderOf(structure, direction) : direction > 0 ? "from 0 up" : "from the end down",
    `${matmuls} matrix product${matmuls === 1 ? "" : "s"} per step`,
    backward ? "backward" : "forward",
  ]);
  return [
    "# Loops, in the order in which they run:",
    rows.length ? table(rows, "#   ") : "#   none",
    ...(after.length
      ? ["# Gradients made after the loops, one product for all steps each:", `#   ${after.join(", ")}`]
      : []),
    ...(inside.length ? ["# Gradients added up inside a loop:", `#   ${inside.join(", ")}`] : []),
  ].join("\n");
}
