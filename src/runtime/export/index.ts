/** Exports a trained model for the web: graphs that `tf.loadGraphModel` loads, without anything of Recurve. */
import { readdir } from "node:fs/promises";
import type { Model } from "../../compiler/model.js";
import { axisOf, type System } from "../../compiler/system/types.js";
import { UsageError } from "../errors.js";
import type { Network } from "../model.js";
import { unknownName } from "../requests.js";
import { type About, about, type Facts } from "./about.js";
import { exportStructure } from "./diagnostics.js";
import { ExportError } from "./errors.js";
import { writeFiles } from "./folder.js";
import { type ExportFormat, exportFormats } from "./formats.js";
import { graphOf, type TfjsGraph } from "./graph.js";
import { modelJson } from "./model-json.js";
import { type Exportable, modelPlan, type Source } from "./plans.js";
import { stepPlans } from "./step.js";
import { described } from "./systems.js";
import { packWeights } from "./weights.js";

export { ExportError } from "./errors.js";
export { type ExportFormat, exportFormats } from "./formats.js";

/** Of what stands in the metadata. */
const VERSION = 1;

export interface ExportOptions {
  readonly format?: ExportFormat;
  /** The length to unroll to, of every axis whose length comes with the data; `lengths`: of some of them, by bound. */
  readonly length?: number;
  readonly lengths?: Readonly<Record<string, number>>;
  /** Records of one call. Default 1. */
  readonly batch?: number;
  /** Further values to compute, beside the parameters of each random's distribution. */
  readonly values?: readonly string[];
}

export interface ExportedGraph {
  readonly file: string;
  readonly nodes: number;
  readonly about: About;
}

export interface Exported {
  readonly dir: string;
  readonly files: readonly string[];
  readonly graphs: readonly ExportedGraph[];
  /** By axis of a random: why there is no step along it. */
  readonly stepless: Readonly<Record<string, string>>;
}

interface Part {
  readonly file: string;
  readonly graph: TfjsGraph;
  readonly about: About;
}

/**
 * Writes `model.json`, all of the model at the given length, and where the equations allow it `step.json`, one step of its
 * sequences, with `start.json`, what comes before the first step, where that depends on inputs. (Of several axes `step-T.json`.)
 * Throws `UsageError`, `ExportError`.
 */
export async function exportGraphs(network: Network, dir: string, options: ExportOptions = {}): Promise<Exported> {
  const { format = "tfjs-graph", batch = 1, values = [] } = options;
  if (!exportFormats.includes(format))
    throw new UsageError(`there is no format \`${format}\`: there is ${exportFormats.join(", ")}`);
  if (!(Number.isInteger(batch) && batch >= 1)) throw new UsageError(`a batch has at least 1 record, not ${batch}`);
  // the vocabularies are known once the parameters are there
  const params = Object.entries(network.params());
  const { model, device } = network;
  const [structure] = model.structures;
  if (structure) throw new ExportError(exportStructure({ structure: structure.name, kind: structure.kind }));
  const own = described(model);
  const lengths = lengthsOf(model, own.system, options);
  const source: Source = { model, device, parameters: new Map(params), described: own, batch, lengths };
  const { parameters } = source.described;
  const columns = network.config.data?.columns ?? {};
  const facts: Facts = { version: VERSION, model, columns, batch, lengths, parameters };
  const steps = stepAxes(model).map((axis) => stepPlans(source, axis));
  const parts: Part[] = [];
  const add = (
    file: string,
    kind: About["graph"],
    exportable: Exportable,
    stepping: Parameters<typeof about>[4] = null,
  ): void => {
    const graph = graphOf(exportable.plan, exportable.constants, exportable.defaults);
    parts.push({ file, graph, about: about(facts, kind, exportable, graph, stepping) });
  };
  add("model.json", "model", modelPlan(source, outputsOf(source, values)));
  const found = steps.flatMap((s) => ("reason" in s ? [] : [s]));
  for (const plans of found) {
    const suffix = found.length > 1 ? `-${plans.axis.replace(/\W+/g, "_")}` : "";
    const start = plans.start && `start${suffix}.json`;
    if (plans.start && start) add(start, "start", plans.start);
    add(`step${suffix}.json`, "step", plans.step, { plans, start });
  }
  const files = await write(dir, parts);
  return {
    dir,
    files,
    graphs: parts.map((p) => ({ file: p.file, nodes: p.graph.nodes.length, about: p.about })),
    stepless: Object.fromEntries(steps.flatMap((s) => ("reason" in s ? [[s.axis, s.reason]] : []))),
  };
}

async function write(dir: string, parts: readonly Part[]): Promise<string[]> {
  const { files, manifests } = packWeights(parts.map((p) => p.graph));
  const jsons = parts.map(({ file, graph, about }, k) => {
    const given = graph.outputs.filter((o) => !about.outputs[o.name]?.after);
    const json = modelJson(graph, given, manifests[k] ?? [], { generatedBy: "Recurve", about });
    return [file, JSON.stringify(json)] as const;
  });
  const all = new Map<string, string | Uint8Array>([...files, ...jsons]);
  const there = await readdir(dir).catch(() => []);
  const old = there.filter((name) => /^(group\d+-shard\d+of\d+\.bin|(step|start)(-\w+)?\.json)$/.test(name));
  await writeFiles(dir, all, old);
  return [...jsons.map(([file]) => file), ...files.keys()];
}

/** Axes of randoms along which there may be a step. */
function stepAxes({ axes, fields }: Model): string[] {
  const own = new Set(fields.filter((f) => f.role === "random" && f.dist !== "ctc").flatMap((f) => f.axes));
  return axes
    .filter((a) => own.has(a.bound) && a.kind === "ragged" && a.within === undefined && a.length === undefined)
    .map((a) => a.bound);
}

/** Throws `UsageError` where an axis has no length, or one has a length that does not take one. */
function lengthsOf(
  { axes, name }: Model,
  system: System,
  { length, lengths = {} }: ExportOptions,
): Record<string, number> {
  const open = axes.filter((a) => a.kind === "ragged" && a.length === undefined).map((a) => a.bound);
  const strange = Object.keys(lengths).find((axis) => !open.includes(axis));
  if (strange !== undefined) throw unknownName("axis with a length of its own", strange, open);
  return Object.fromEntries(
    open.map((axis) => {
      const n = lengths[axis] ?? length;
      if (n === undefined) throw new UsageError(`${name} is unrolled at a length: give one for ${axis}`);
      const least = Math.max(1, axisOf(system, axis).min);
      if (!(Number.isInteger(n) && n >= least))
        throw new UsageError(`a length along ${axis} is a whole number from ${least} on, not ${n}`);
      return [axis, n];
    }),
  );
}

/** The parameters of all distributions and the values asked for; of a model without randoms, all of its values. */
function outputsOf({ described: { system, parameters } }: Source, values: readonly string[]): string[] {
  const named = [...system.values.values()].filter((v) => v.named && v.role === "eq").map((v) => v.id);
  for (const name of values) if (!system.values.has(name)) throw unknownName("value", name, named);
  const asked = [...new Set([...parameters.map((p) => p.id), ...values])];
  return asked.length ? asked : named.filter((id) => !id.includes(".") && id !== "loss");
}
