/**
 * The compiler: the text of a spec to checked models, and every stage of a model as text. Pure: it runs in Node and in a
 * browser. A user's mistake is a diagnostic, never an exception.
 */
import { type CheckOptions, check, placeholders } from "./check/index.js";
import { noModel, unknownModel } from "./diagnostics/compile.js";
import { nearest } from "./diagnostics/nearest.js";
import type { Diagnostic } from "./diagnostics/types.js";
import { listed } from "./diagnostics/words.js";
import { withPaths } from "./json/paths.js";
import { readSpec } from "./json/read.js";
import { specToJson } from "./json/write.js";
import type { Model, ParamInfo } from "./model.js";
import { bptt } from "./print/bptt.js";
import { equations } from "./print/equations.js";
import { program } from "./print/program.js";
import { training } from "./programs.js";
import { printFile } from "./syntax/print.js";
import type { System } from "./system/types.js";

export type { Diagnostic, Label, Severity } from "./diagnostics/types.js";
export type { Model, ParamInfo, Vocabularies } from "./model.js";

export interface CompileOptions extends CheckOptions {
  /** Which model of a file with several; else the first. */
  readonly model?: string;
}

/** What `print` can show; besides these `after:PASS`, the System after a pass of the optimiser. */
export const stages = ["ast", "system", "bptt", "equations", "program", "json", "model"] as const;
export type StageName = (typeof stages)[number] | `after:${string}`;

export interface Compiled {
  readonly ok: boolean;
  readonly diagnostics: readonly Diagnostic[];
  /** Texts of imported files, by the `file` of labels. */
  readonly sources: ReadonlyMap<string, string>;
  readonly source: string;
  readonly file: string;
  /** What was set from outside. */
  readonly set: NonNullable<CompileOptions["set"]>;
  readonly models: readonly Model[];
  /** The chosen model; throws where the spec has errors. */
  readonly model: Model;
  readonly topology: string;
  readonly params: readonly ParamInfo[];
  /**
   * A stage as text. `ast`: the spec as it was read. `equations`: the model's own. `system`: all equations before the
   * optimiser. `bptt`: with the derived adjoints, as mathematics. `program`: the schedule of a training step. `json`: the spec
   * in its JSON form. `model`: the facts about the model, as JSON. A vocabulary that comes from the data stands in with a few tokens. Throws where the spec has errors, and for a name that is no stage.
   */
  print(stage: StageName): string;
}

/** A text whose `file` ends in `.json` is a spec in its JSON form. */
export function compile(source: string, options: CompileOptions = {}): Compiled {
  const { diagnostics: found, models, sources } = check(source, options);
  const errors = found.some((d) => d.severity === "error");
  const chosen = options.model === undefined ? models[0] : models.find((m) => m.name === options.model);
  const missing = !errors && !chosen ? [notFound(source, models, options.model)] : [];
  const diagnostics = withPaths([...found, ...missing], { file: options.file ?? "", text: source }, sources);
  const need = (): Model => {
    if (chosen) return chosen;
    throw new Error(`the spec has errors: ${diagnostics.find((d) => d.severity === "error")?.message}`);
  };
  return {
    ok: chosen !== undefined && !errors,
    diagnostics,
    sources,
    source,
    file: options.file ?? "spec.rcv",
    set: options.set ?? {},
    models,
    get model() {
      return need();
    },
    get topology() {
      return need().topology;
    },
    get params() {
      return need().params;
    },
    print(stage) {
      if (stage === "ast") return printFile(readSpec(source, options.file).file);
      return stage === "json" ? jsonText(specToJson(readSpec(source, options.file).file)) : print(need(), stage);
    },
  };
}

function notFound(source: string, models: readonly Model[], name: string | undefined): Diagnostic {
  const known = models.map((m) => m.name);
  if (name === undefined || !known.length) return noModel({ end: source.length });
  return unknownModel({
    name,
    known: listed(known),
    near: nearest(name, known),
    end: source.length,
  });
}

const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function print(model: Model, stage: Exclude<StageName, "ast" | "json">): string {
  if (stage === "model") return jsonText(factsOf(model));
  const sized = model.unsized.length ? placeholders(model) : model;
  const plain = (): System => sized.system({ training: true, drawn: [] });
  switch (stage) {
    case "equations": {
      // with the randoms drawn, their distributions are equations too
      const drawn = sized.fields.filter((f) => f.role === "random").map((f) => f.name);
      const system = sized.system({ training: true, drawn });
      return equations(system, { only: ownValues(system) });
    }
    case "system":
      return equations(plain());
    case "bptt": {
      const { forward, backward } = bptt(plain());
      return `${forward}\n${backward}`;
    }
    case "program":
      return program(training(sized).program);
    default:
      return afterPass(sized, stage);
  }
}

/** What the user wrote: with all randoms drawn, everything but the objective and the metrics. */
function ownValues(system: System): string[] {
  const objective = ["loss", "loss.total", "loss.count"];
  return [...system.values.values()]
    .filter((v) => v.named && !objective.includes(v.id) && !v.id.startsWith("metric."))
    .map((v) => v.id);
}

function afterPass(model: Model, stage: string): string {
  const name = stage.startsWith("after:") ? stage.slice("after:".length) : null;
  const passes: string[] = [];
  let last: System | null = null;
  training(model, {
    observe: ({ pass, system }) => {
      passes.push(pass.name);
      if (pass.name === name) last = system;
    },
  });
  if (last) return equations(last);
  const known = [...stages, ...new Set(passes.map((p) => `after:${p}`))];
  throw new Error(`there is no stage \`${stage}\`; the stages are ${known.join(", ")}`);
}

/** The model as plain data; a size that is not known yet is null. */
function factsOf(model: Model): object {
  const { name, topology, axes, vocabs, fields, params, metrics, hyperparameters, dims, blocks } = model;
  return { name, topology, axes, vocabs, fields, params, metrics, hyperparameters, dims, blocks };
}
