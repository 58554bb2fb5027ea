/** From the path of a spec to its model, with everything that there is to complain about printed. */
import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { render, summary, toJson } from "../compiler/diagnostics/render.js";
import { type Compiled, compile } from "../compiler/index.js";
import type { Model } from "../compiler/model.js";
import { UsageError } from "../runtime/errors.js";
import { EXIT } from "./exit-codes.js";
import { Exit } from "./failure.js";
import type { Session } from "./session.js";
import type { Setting } from "./values.js";

export interface SpecOptions {
  /** `-p`, all of them. */
  readonly set?: Readonly<Record<string, Setting>>;
  readonly model?: string;
}

/** Reads and compiles. Diagnostics are printed, as events too; where one is an error, the verb ends here. */
export function compileSpec(path: string, { set = {}, model }: SpecOptions, session: Session): Compiled {
  session.phase = `checking ${basename(path)}`;
  const compiled = compile(readSpec(path), {
    file: path,
    set,
    read: (name) => readBeside(path, name),
    ...(model === undefined ? {} : { model }),
  });
  printDiagnostics(compiled, session);
  if (!compiled.ok) throw new Exit(EXIT.spec);
  return compiled;
}

function printDiagnostics({ diagnostics, source, sources, file }: Compiled, { output }: Session): void {
  const texts = { main: { file, text: source }, others: sources };
  for (const diagnostic of toJson(diagnostics, texts)) output.event({ event: "diagnostic", ...diagnostic });
  if (output.json) return;
  const shown = output.quiet ? diagnostics.filter(({ severity }) => severity === "error") : diagnostics;
  if (shown.length === 0) return;
  output.problem(render(shown, texts, { color: output.color.messages }));
  output.problem(`${file}: ${summary(shown)}`);
}

/** The model that a verb works on. Throws `UsageError` where it is not clear which. */
export function onlyModel({ model, models, file }: Compiled, options: SpecOptions): Model {
  if (options.model === undefined && models.length > 1) {
    const names = models.map(({ name }) => name).join(", ");
    throw new UsageError(`${file} has several models: choose one of ${names} with --model`);
  }
  return model;
}

/** Throws `UsageError` where there is no such file. */
export function readSpec(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(code === "ENOENT" ? `there is no file ${path}` : `${path} cannot be read: ${code}`);
  }
}

function readBeside(spec: string, name: string): string | null {
  try {
    return readFileSync(resolve(dirname(spec), name), "utf8");
  } catch {
    return null;
  }
}
