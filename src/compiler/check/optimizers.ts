/** Cells as optimisers: which cell a name means, whether it fits the convention, and its equations for a shape. */
import type { OptimizerConfig } from "../blocks/types.js";
import { notAnOptimizer } from "../diagnostics/optimizers.js";
import type { Diagnostic } from "../diagnostics/types.js";
import type { FoundOptimizer, Numbers, OptimizerCell, Optimizers, State, StepEquations } from "../optimizer/types.js";
import type { CellDef, Span, Target } from "../syntax/ast.js";
import { alone } from "./alone.js";
import { buildEquations } from "./build.js";
import { conditionsOf } from "./conditions.js";
import type { Context } from "./context.js";
import type { Dim } from "./dims.js";
import * as dims from "./dims.js";
import { type Cell, type Entity, Names } from "./entities.js";
import { constantsOf, namedCells } from "./named.js";
import type { Quantity } from "./terms.js";
import { float, type Place, scalar, shapeOf } from "./types.js";

/** Where the optimisers are that need no import. */
const LIBRARY = "optimisers";

/** The optimisers that can be named where `scope` holds. */
export function optimizersOf(scope: Names): Optimizers {
  const cells = namedCells(scope, LIBRARY);
  return {
    get names() {
      return cells.names.filter((name) => misfit((cells.find(name) as Cell).def) === null);
    },
    find(name) {
      const cell = cells.find(name);
      return cell && asOptimizer(cell);
    },
  };
}

/** Of a model without cells of its own. */
export const standardOptimizers = (): Optimizers => optimizersOf(new Names());

function asOptimizer(cell: Cell): FoundOptimizer {
  const { def } = cell;
  const wrong = misfit(def);
  if (wrong) return { kind: "unfit", refuse: (at) => notAnOptimizer({ at, name: def.name, ...wrong }) };
  const found: OptimizerCell = {
    name: def.name,
    numbers: constantsOf(def),
    conditions: conditionsOf(def),
    step: (numbers, shape) => equationsOf(cell, numbers, shape.map(dims.number)).equations,
  };
  return { kind: "optimizer", cell: found };
}

/** Reports the mistakes in the body of an optimiser, for the shapes of the model's parameters; `at`: where it is named. */
export function checkOptimizer(cx: Context, scope: Names, { kind, lr, options }: OptimizerConfig, at: Place): void {
  const cells = namedCells(scope, LIBRARY);
  const cell = cells.find(kind);
  if (!cell || cells.isStandard(cell)) return; // those have none
  const shapes = cx.quantities.flatMap((q) => (q.role === "param" ? [shapeOf(q.type) ?? []] : []));
  const ranks = new Map(shapes.map((shape) => [shape.length, shape]));
  for (const shape of ranks.values())
    for (const d of equationsOf(cell, { ...options, lr }, shape, cx.sizes, at).mistakes) cx.report(d);
}

const isOpen = (t: Target): boolean => t.type?.kind === "shape" && t.type.open && t.type.dims.length === 0;
const isNumber = (t: Target): boolean => t.type === undefined;

/** Why a cell is no optimiser, and where that stands. */
function misfit(def: CellDef): { readonly reason: string; readonly place: Place } | null {
  const at = (t: { readonly span: Span }, reason: string) => ({ reason, place: t.span });
  const [w, g, ...states] = def.formals;
  if (!w || !g) return at({ span: def.nameSpan }, "it takes a parameter and its gradient first");
  for (const t of [...def.formals, ...def.results])
    if (t.indices.length || !(isOpen(t) || isNumber(t)))
      return at(t, `\`${t.name}\` has the shape of the parameter, \`[..]\`, or none: then it is a number`);
  for (const t of [w, g]) if (!isOpen(t)) return at(t, `\`${t.name}\` has the shape of the parameter, \`[..]\``);
  const wanted = [w, ...states];
  for (const [i, t] of wanted.entries()) {
    const result = def.results[i];
    const is = i === 0 ? "the new parameter" : `the new \`${t.name}\``;
    if (!result)
      return at({ span: def.nameSpan }, `its results are the new parameter and the new states: ${is} is missing`);
    if (isOpen(result) !== isOpen(t)) return at(result, `\`${result.name}\` is ${is}, and has its shape`);
  }
  const more = def.results[wanted.length];
  if (more) return at(more, `\`${more.name}\` is the new value of no state`);
  for (const s of def.body)
    if (!["equation", "require"].includes(s.kind)) return at(s, "it has equations and hyperparameters only");
  if (!Object.hasOwn(constantsOf(def), "lr"))
    return at({ span: def.nameSpan }, "it has no learning rate: an equation such as `lr = 0.1`");
  return null;
}

/** The equations for a parameter of a shape, or what is wrong with them. */
function equationsOf(
  cell: Cell,
  { lr: _, ...numbers }: Numbers,
  shape: readonly Dim[],
  sizes: ReadonlyMap<string, number> = new Map(),
  at: Place = cell.def.nameSpan,
): { readonly equations: StepEquations | null; readonly mistakes: readonly Diagnostic[] } {
  const { def } = cell;
  const given = new Map<string, string>();
  const value = (cx: Context, name: string, type: Quantity["type"], place: Place): Entity => {
    const quantity = cx.quantity({ name, role: "frozen", slots: [], type, declared: true, span: place });
    given.set(name, quantity.id);
    return { kind: "quantity", quantity, place };
  };
  let rate = "";
  const { cx, results } = alone(cell, {
    numbers,
    sizes,
    at,
    formal: (own, f) => value(own, f.name, isOpen(f) ? float(shape) : scalar(), f.nameSpan),
    prepare(own, instance) {
      instance.names.set("lr", value(own, "lr", scalar(), def.nameSpan));
      rate = given.get("lr") as string;
    },
  });
  const mistakes = cx.reporter.diagnostics;
  if (!results) return { equations: null, mistakes };
  const [parameter, gradient, ...before] = def.formals.map((f) => given.get(f.name)) as [string, string, ...string[]];
  const [next, ...after] = results.map((q) => q.id) as [string, ...string[]];
  const states = def.formals
    .slice(2)
    .map(
      (f, i): State => ({ name: f.name, scalar: isNumber(f), before: before[i] as string, after: after[i] as string }),
    );
  return { equations: { system: buildEquations(cx), parameter, gradient, rate, next, states }, mistakes };
}
