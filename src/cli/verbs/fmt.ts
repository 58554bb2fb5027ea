/** `recurve fmt`: specs in the regular layout. */
import { writeFileSync } from "node:fs";
import { render, summary } from "../../compiler/diagnostics/render.js";
import { withPaths } from "../../compiler/json/paths.js";
import { readSpec as readTree } from "../../compiler/json/read.js";
import { format } from "../../compiler/syntax/format.js";
import { EXIT } from "../exit-codes.js";
import { Exit } from "../failure.js";
import type { Session } from "../session.js";
import { readSpec } from "../spec.js";

export interface FmtOptions {
  /** Change nothing; fail where something would be changed. */
  readonly check?: boolean;
}

export function fmt(paths: readonly string[], options: FmtOptions, session: Session): void {
  const { output } = session;
  let failed = false;
  for (const path of paths) {
    session.phase = `formatting ${path}`;
    const source = readSpec(path);
    const diagnostics = withPaths(readTree(source, path).diagnostics, { file: path, text: source }, new Map());
    if (diagnostics.some(({ severity }) => severity === "error")) {
      output.problem(render(diagnostics, { main: { file: path, text: source } }, { color: output.color.messages }));
      output.problem(`${path}: ${summary(diagnostics)}, left as it is`);
      failed = true;
      continue;
    }
    const formatted = path.endsWith(".json") ? `${JSON.stringify(JSON.parse(source), null, 2)}\n` : format(source);
    const changed = formatted !== source;
    output.event({ event: "formatted", file: path, changed });
    if (!changed) continue;
    if (options.check) failed = true;
    else writeFileSync(path, formatted);
    output.data(path);
  }
  if (failed) throw new Exit(EXIT.spec);
}
