/** `recurve check`: what the compiler found out about a spec. */
import { placeholders } from "../../compiler/check/index.js";
import type { Compiled } from "../../compiler/index.js";
import type { AxisInfo, FieldInfo, Model, ParamInfo } from "../../compiler/model.js";
import { type LoopInfo, loopSummary, orderOf } from "../../compiler/print/summary.js";
import { scoring } from "../../compiler/programs.js";
import { product } from "../../compiler/system/types.js";
import { Exit } from "../failure.js";
import { count, shape, table } from "../format.js";
import type { Session } from "../session.js";
import { compileSpec, type SpecOptions } from "../spec.js";

/** All of the specs are looked at, whatever is wrong with the first. */
export function check(paths: readonly string[], options: SpecOptions, session: Session): void {
  let failure: Exit | null = null;
  for (const path of paths)
    try {
      checkOne(path, options, session);
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      failure ??= error;
    }
  if (failure) throw failure;
}

function checkOne(path: string, options: SpecOptions, session: Session): void {
  const compiled = compileSpec(path, options, session);
  const models = options.model === undefined ? compiled.models : [compiled.model];
  for (const model of models) {
    session.phase = `looking for the loops of ${model.name}`;
    const loops = loopsOf(model);
    session.output.event(checkedEvent(compiled, model, loops));
    session.output.data(describe(model, loops));
  }
}

/** The event `checked`. Sizes that come from the data are null. */
export function checkedEvent(compiled: Compiled, model: Model, loops: readonly LoopInfo[] = loopsOf(model)) {
  const sized = model.unsized.length === 0;
  return {
    event: "checked",
    file: compiled.file,
    model: model.name,
    topology: model.topology,
    dims: model.dims,
    hyperparameters: model.hyperparameters,
    axes: model.axes.map(({ bound, kind, size, until }) => ({ bound, kind, size: size ?? null, until: until ?? null })),
    vocabularies: model.vocabs.map(({ name, tokens }) => ({ name, size: tokens?.length ?? null })),
    params: model.params.map(({ name, shape, labels, frozen }) => ({ name, shape: shape.map(known), labels, frozen })),
    parameters: sized ? parameters(model.params) : null,
    loops: loops.map(({ axis, direction, depth, equations }) => ({ axis, direction, depth, equations })),
    warnings: compiled.diagnostics.filter(({ severity }) => severity === "warning").length,
  };
}

/** The loops of the forward pass. Their number does not depend on the sizes of vocabularies. */
function loopsOf(model: Model): readonly LoopInfo[] {
  return loopSummary(scoring(model.unsized.length > 0 ? placeholders(model) : model).program).loops;
}

const known = (size: number): number | null => (Number.isFinite(size) ? size : null);

const parameters = (params: readonly ParamInfo[]): number => params.reduce((sum, { shape }) => sum + product(shape), 0);

function describe(model: Model, loops: readonly LoopInfo[]): string {
  const { dims, hyperparameters, unsized } = model;
  const settings = Object.entries({ ...dims, ...hyperparameters }).map(([name, value]) => `${name} = ${value}`);
  const total = unsized.length
    ? `their number depends on the data (${unsized.join(", ")})`
    : `${count(parameters(model.params))} numbers`;
  const sections: readonly (readonly [string, readonly (readonly string[])[]])[] = [
    [
      "axes",
      model.axes.flatMap((axis) => {
        if (axis.family === undefined) return [[axis.vars.map((v) => `${v} < ${axis.bound}`).join(", "), length(axis)]];
        const structure = model.structures.find(({ name }) => name === axis.bound);
        return structure ? [[structure.name, `the nodes of each sample's own ${structure.kind}`]] : [];
      }),
    ],
    [
      "vocabularies",
      model.vocabs.map((vocab) => [vocab.name, vocab.tokens ? count(vocab.tokens.length) : "from the data"]),
    ],
    [
      "data",
      model.fields.map((field) => {
        const isEdges = (axis: string) => model.structures.some(({ name }) => axis === `${name}.edges`);
        const axes = field.axes.map((axis) => (isEdges(axis) ? "edges" : axis));
        const over = axes.length ? `[${axes.join(", ")}]` : "";
        const type = typeOf(field);
        return [`${field.role} ${field.name}${over}`, `${type}${field.dist ? ` ~ ${field.dist}` : ""}`];
      }),
    ],
    [
      `parameters: ${total}`,
      model.params.map(({ name, shape: dims, labels, frozen }) => [
        name,
        `${shape(dims, labels)}${frozen ? " frozen" : ""}`,
      ]),
    ],
    [
      "loops",
      loops.map(({ axis, variable, direction, depth, equations, structure }) => [
        structure
          ? `${"  ".repeat(depth)}over ${variable}, ${orderOf(structure, direction)}`
          : `${"  ".repeat(depth)}over ${variable} < ${axis}, ${direction > 0 ? "forward" : "backward"}`,
        count(equations.length) + (equations.length === 1 ? " equation" : " equations"),
      ]),
    ],
  ];
  const head = `${model.name}: ${model.topology}${settings.length ? `, ${settings.join(", ")}` : ""}`;
  const body = sections.filter(([, rows]) => rows.length > 0).map(([title, rows]) => `\n${title}\n${table(rows)}`);
  return [head, ...body].join("\n");
}

function length({ kind, size, until }: AxisInfo): string {
  if (until) return `until ${until.random} is ${until.token}`;
  return kind === "static" ? `of length ${size}` : "of each sample's own length";
}

function typeOf({ type, shape: dims, labels }: FieldInfo): string {
  if (type.kind === "token") return type.vocab;
  return type.kind === "position" ? `position on ${type.axis}` : shape(dims, labels);
}
