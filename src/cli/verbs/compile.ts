/** `recurve compile`: a stage of the compiler as text. */
import { type StageName, stages } from "../../compiler/index.js";
import { pipeline, preparation } from "../../compiler/passes/pipeline.js";
import { UsageError } from "../../runtime/errors.js";
import type { Session } from "../session.js";
import { compileSpec, onlyModel, type SpecOptions } from "../spec.js";

export interface CompileOptions extends SpecOptions {
  readonly emit: string;
}

/** Everything that `--emit` takes. */
function stageNames(): string[] {
  const passes = new Set([...preparation, ...pipeline].map(({ name }) => name));
  return [...stages, ...[...passes].map((name) => `after:${name}`)];
}

export function compileStage(path: string, options: CompileOptions, session: Session): void {
  if (!stageNames().includes(options.emit)) {
    throw new UsageError(`there is no stage \`${options.emit}\`; the stages are ${stageNames().join(", ")}`);
  }
  const compiled = compileSpec(path, options, session);
  const { name } = onlyModel(compiled, options);
  session.phase = `printing the stage ${options.emit} of ${name}`;
  const text = compiled.print(options.emit as StageName);
  session.output.event({ event: "compiled", file: compiled.file, model: name, stage: options.emit, text });
  session.output.data(text);
}
