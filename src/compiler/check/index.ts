/**
 * The checker: syntax tree → Model. Phases, in order: names, equations, shapes, domains, randoms, causality.
 * Mistakes are collected; a phase that needs what an earlier one could not find out is left out.
 */
import { validateBlocks } from "../blocks/index.js";
import { blockSpans } from "../blocks/spans.js";
import type { Diagnostic } from "../diagnostics/types.js";
import { readSpec } from "../json/read.js";
import type { BlockValue, Checked, Init, Model } from "../model.js";
import type { ModelDef } from "../syntax/ast.js";
import type { System } from "../system/types.js";
import { verify } from "../system/verify.js";
import { readBlocks } from "./blocks.js";
import { resolveBoundaries } from "./boundaries.js";
import { buildSystem } from "./build.js";
import { checkCarried } from "./carried.js";
import { checkCausality } from "./causality.js";
import { Context } from "./context.js";
import { declareModel } from "./declare.js";
import type { Dim } from "./dims.js";
import { Names } from "./entities.js";
import { elaborateModel } from "./equations.js";
import {
  checkAxes,
  checkEnds,
  checkLiterals,
  checkRandoms,
  checkShapes,
  checkSizes,
  checkUnused,
  leaveOutUncalled,
} from "./finish.js";
import { defineCell, Libraries, type Read, standardText } from "./imports.js";
import { foldInterior } from "./interior.js";
import { lint } from "./lints.js";
import { makeModel, placeholders } from "./model.js";
import { checkOpenLengths } from "./open-length.js";
import { checkOptimizer, optimizersOf } from "./optimizers.js";
import { Overrides } from "./overrides.js";
import { noteUses, startOf } from "./params.js";
import { Reporter } from "./report.js";
import { checkSampled } from "./sampled.js";
import { checkStill } from "./still.js";
import { checkAbove } from "./structures/left.js";
import { isField, type Quantity } from "./terms.js";
import { checkTopology } from "./topology.js";
import { allTerms } from "./walk.js";

export { placeholders } from "./model.js";

export interface CheckOptions {
  /** Name of the spec, for messages; one that ends in `.json` says that the source is its JSON form. */
  readonly file?: string;
  /** What is set from outside: `{ H: 256, "train.lr": 1e-3 }`. */
  readonly set?: Readonly<Record<string, BlockValue>>;
  /** The text of an imported file, or null where there is none. */
  readonly read?: Read;
}

/** Never throws for a user's mistake. */
export function check(source: string, options: CheckOptions = {}): Checked {
  const reporter = new Reporter();
  const { file, diagnostics } = readSpec(source, options.file);
  // what the file as a whole says: its text, its imports, its cells
  const reading = new Reporter();
  for (const d of diagnostics) reading.add(d);
  const unread = reading.failed;
  const libraries = new Libraries(reading, options.read ?? (() => null));
  const home = new Names();
  for (const item of file.items) {
    if (item.kind === "use") libraries.use(item, home);
    if (item.kind === "cell") defineCell(item, home, libraries);
  }
  const models = file.items.flatMap((item) => {
    const model = item.kind === "model" ? checkModel(item, home, libraries, reporter, options, source, unread) : null;
    return model ? [model] : [];
  });
  for (const d of reading.diagnostics) reporter.add(d);
  const sources = new Map(libraries.sources);
  for (const { file } of reporter.diagnostics.flatMap((d) => d.labels)) {
    const text = file === undefined || sources.has(file) ? undefined : standardText(file);
    if (file !== undefined && text !== undefined) sources.set(file, text);
  }
  return { diagnostics: inOrder(reporter.diagnostics), models: reporter.failed ? [] : models, sources };
}

function checkModel(
  model: ModelDef,
  home: Names,
  libraries: Libraries,
  all: Reporter,
  options: CheckOptions,
  source: string,
  unread: boolean,
): Model | null {
  const reporter = new Reporter();
  const cx = new Context(reporter, unread ? source : null);
  const overrides = new Overrides(cx, options.set ?? {});
  const done = (): null => {
    for (const d of reporter.diagnostics) all.add(d);
    return null;
  };

  const line = (offset: number, file?: string): number =>
    lineOf(file ? (libraries.sources.get(file) ?? "") : source, offset);
  /** Something is wrong; the order of equations can be looked at nevertheless. */
  const unfinished = (): null => {
    checkStill(cx, line);
    return done();
  };

  // names
  const own = declareModel(cx, model, home, libraries, overrides);
  // equations: from the tree to terms, every one with its shape rule
  elaborateModel(cx, model, own);
  leaveOutUncalled(cx, own);
  const optimizers = optimizersOf(own);
  const blocks = readBlocks(cx, model, own, overrides, optimizers);
  overrides.reportUnknown(model.nameSpan);

  // shapes
  cx.solver.run();
  checkLiterals(cx);
  // What a statement that could not be read would have said is missing everywhere below.
  if (unread) return unfinished();
  checkShapes(cx);
  checkSizes(cx);
  const fields = cx.quantities.filter(isField);
  const spans = blockSpans(model);
  const { train, diagnostics: inBlocks } = validateBlocks(
    { blocks, fields, structures: [...cx.structures.values()], optimizers },
    spans,
  );
  for (const d of inBlocks) cx.report(d);
  if (train && !reporter.failed)
    checkOptimizer(cx, own, train.optimizer, spans("train", ["optimizer"]) ?? model.nameSpan);

  // domains, randoms
  checkAxes(cx);
  foldInterior(cx);
  const boundaries = resolveBoundaries(cx);
  checkAbove(cx);
  checkRandoms(cx, model, own);
  const topology = checkTopology(cx, model);
  // a statement that is wrong uses nothing
  if (!reporter.failed && !libraries.reporter.failed) {
    for (const warn of cx.warnings) warn();
    checkUnused(cx, own);
    checkEnds(cx, blocks);
  }

  // how parameters start
  noteUses(allTerms(cx));
  const starts = new Map<Quantity, (size: (d: Dim) => number) => Init>();
  for (const q of cx.quantities) {
    const start = q.role === "param" || q.role === "frozen" ? startOf(cx, q) : null;
    if (start) starts.set(q, start);
  }
  if (reporter.failed || libraries.reporter.failed) return unfinished();
  lint(cx, model, own);

  // causality: the scheduler looks at the Systems themselves
  const hyperparameters = numbersOf(own);
  const checked = makeModel({
    name: model.name,
    topology,
    cx,
    boundaries,
    starts,
    blocks,
    hyperparameters,
    optimizers,
  });
  const sized = placeholders(checked);
  const build = (drawn: readonly string[]): System => {
    const system = buildSystem({ cx, boundaries, vocabularies: sized.vocabularies }, { training: true, drawn });
    verify(system, "check");
    return system;
  };
  checkCausality(cx, { build, lineOf: line });
  if (!reporter.failed) checkOpenLengths(cx);
  if (train && !reporter.failed) checkCarried(cx, sized, train, spans("train", ["truncate"]));
  if (train?.scheduled_sampling && !reporter.failed) checkSampled(cx, sized, spans("train", ["scheduled_sampling"]));
  done();
  return reporter.failed ? null : checked;
}

/** Errors first, each severity in the order of the text. */
function inOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const rank = { error: 0, warning: 1, note: 2 } as const;
  const start = (d: Diagnostic): number => d.labels.find((l) => l.file === undefined)?.span.start ?? 0;
  return [...diagnostics].sort((a, b) => rank[a.severity] - rank[b.severity] || start(a) - start(b));
}

const lineOf = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;

function numbersOf(own: Names): Record<string, number> {
  const out: Record<string, number> = {};
  for (const [name, e] of own.entries()) if (e.kind === "number") out[name] = e.value;
  return out;
}
