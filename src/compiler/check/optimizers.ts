/** Cells as optimisers: which cell a name means, whether it fits the convention, and its equations for a shape. */
import type { OptimizerConfig } from "../blocks/types.js";
import { notAnOptimizer } from "../diagnostics/optimizers.js";
import type { Diagnostic } from "../diagnostics/types.js";
import type {
  Condition,
  FoundOptimizer,
  Numbers,
  OptimizerCell,
  Optimizers,
  State,
  StepEquations,
} from "../optimizer/types.js";
import type { CellDef, Expr, Span, Statement, Target } from "../syntax/ast.js";
import { printExpr } from "../syntax/print.js";
import { buildEquations } from "./build.js";
import { callCell } from "./cells.js";
import { numberOf } from "./constants.js";
import { Context, type Scope } from "./context.js";
import type { Dim } from "./dims.js";
import * as dims from "./dims.js";
import { type Cell, Names } from "./entities.js";
import { checkShapes, checkSizes } from "./finish.js";
import { standardLibrary } from "./imports.js";
import { constantEquation, instantiate } from "./instances.js";
import { Reporter } from "./report.js";
import { compared, namesIn } from "./sizes.js";
import type { Quantity } from "./terms.js";
import { float, type Place, scalar, shapeOf } from "./types.js";

/** Where the optimisers are that need no import. */
const LIBRARY = "optimisers";

/** The optimisers that can be named where `scope` holds. */
export function optimizersOf(scope: Names): Optimizers {
  const library = standardLibrary(LIBRARY);
  const standard = (name: string): Cell | null => {
    const entity = library.own(name);
    return entity?.kind === "cell" ? entity.cell : null;
  };
  const cellOf = (name: string): Cell | null => {
    // looking is no use of a name, so this is not `find`
    for (let names: Names | null = scope; names; names = names.outer) {
      const entity = names.own(name);
      if (entity) return entity.kind === "cell" ? entity.cell : standard(name);
    }
    return standard(name);
  };
  return {
    get names() {
      const all = new Set([...scope.all(), ...library.all()]);
      return [...all].filter((name) => {
        const cell = cellOf(name);
        return cell !== null && misfit(cell.def) === null;
      });
    },
    find(name) {
      const cell = cellOf(name);
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
    numbers: numbersOf(def),
    conditions: def.body.flatMap((s) =>
      s.kind === "require" ? conditionsOf(s.value, Object.keys(numbersOf(def))) : [],
    ),
    step: (numbers, shape) => equationsOf(cell, numbers, shape.map(dims.number)).equations,
  };
  return { kind: "optimizer", cell: found };
}

/** Reports the mistakes in the body of an optimiser, for the shapes of the model's parameters; `at`: where it is named. */
export function checkOptimizer(cx: Context, scope: Names, { kind, lr, options }: OptimizerConfig, at: Place): void {
  const entity = scope.find(kind);
  if (entity?.kind !== "cell") return; // the library has none
  const shapes = cx.quantities.flatMap((q) => (q.role === "param" ? [shapeOf(q.type) ?? []] : []));
  const ranks = new Map(shapes.map((shape) => [shape.length, shape]));
  for (const shape of ranks.values())
    for (const d of equationsOf(entity.cell, { ...options, lr }, shape, cx.sizes, at).mistakes) cx.report(d);
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
  if (!Object.hasOwn(numbersOf(def), "lr"))
    return at({ span: def.nameSpan }, "it has no learning rate: an equation such as `lr = 0.1`");
  return null;
}

function numbersOf(def: CellDef): Numbers {
  const cx = new Context(new Reporter());
  const none = new Names();
  const found = def.body.flatMap((item) => {
    const number = constantEquation(cx, item, none);
    return number ? [[number.name, number.value] as const] : [];
  });
  return Object.fromEntries(found);
}

const mirrored = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;
const isOrder = (op: string): op is keyof typeof mirrored => Object.hasOwn(mirrored, op);

/** `a and b` are two conditions. */
function conditionsOf(e: Expr, known: readonly string[]): Condition[] {
  if (e.kind !== "binary") return [];
  if (e.op === "and") return [...conditionsOf(e.left, known), ...conditionsOf(e.right, known)];
  const bound = (name: Expr, limit: Expr, op: keyof typeof mirrored): Condition["bound"] =>
    name.kind === "name" && known.includes(name.name) && limit.kind === "number"
      ? { name: name.name, op, limit: limit.value }
      : null;
  return [
    {
      text: printExpr(e),
      names: namesIn(e).filter((n) => known.includes(n)),
      bound: isOrder(e.op) ? (bound(e.left, e.right, e.op) ?? bound(e.right, e.left, mirrored[e.op])) : null,
      holds: (numbers) => {
        const scope = new Names();
        for (const [name, value] of Object.entries(numbers)) scope.set(name, { kind: "number", value, place: e.span });
        const [a, b] = [e.left, e.right].map((x) => numberOf(new Context(new Reporter()), x, scope));
        return typeof a !== "number" || typeof b !== "number" || compared(e.op, a, b) !== false;
      },
    },
  ];
}

/** The equations for a parameter of a shape, or what is wrong with them. */
function equationsOf(
  cell: Cell,
  numbers: Numbers,
  shape: readonly Dim[],
  sizes: ReadonlyMap<string, number> = new Map(),
  at: Place = cell.def.nameSpan,
): { readonly equations: StepEquations | null; readonly mistakes: readonly Diagnostic[] } {
  const { def } = cell;
  const reporter = new Reporter();
  const cx = new Context(reporter);
  for (const [name, n] of sizes) cx.sizes.set(name, n);
  const names = new Names();
  const { lr: _, ...constants } = numbers;
  const instance = instantiate(cx, instanceOf(def, constants, at), cell, names, "", at);
  if (!instance) return { equations: null, mistakes: reporter.diagnostics };
  const given = (name: string, type: Quantity["type"], span: Place): Quantity =>
    cx.quantity({ name, role: "frozen", slots: [], type, declared: true, span });
  const rate = given("lr", scalar(), def.nameSpan);
  instance.names.set("lr", { kind: "quantity", quantity: rate, place: at });
  const formals = def.formals.map((f) => {
    const quantity = given(f.name, isOpen(f) ? float(shape) : scalar(), f.nameSpan);
    names.set(f.name, { kind: "quantity", quantity, place: at });
    return quantity;
  });
  const scope: Scope = { names, vars: new Map(), slots: [], prefix: "", via: at };
  const results = callCell(cx, instance, callOf(def, at), scope, []);
  cx.solver.run();
  if (!reporter.failed) checkShapes(cx);
  if (!reporter.failed) checkSizes(cx);
  if (reporter.failed) return { equations: null, mistakes: reporter.diagnostics };
  for (const warn of cx.warnings) warn();
  const ids = results.map((r) => {
    if (r.kind !== "read") throw new Error(`a result of ${def.name} is no value`);
    return r.of.id;
  });
  const [parameter, gradient, ...before] = formals.map((q) => q.id) as [string, string, ...string[]];
  const [next, ...after] = ids as [string, ...string[]];
  const states = def.formals
    .slice(2)
    .map(
      (f, i): State => ({ name: f.name, scalar: isNumber(f), before: before[i] as string, after: after[i] as string }),
    );
  const equations = { system: buildEquations(cx), parameter, gradient, rate: rate.id, next, states };
  return { equations, mistakes: reporter.diagnostics };
}

const INSTANCE = "step";

function instanceOf(def: CellDef, constants: Numbers, span: Place): Extract<Statement, { kind: "instance" }> {
  const args = Object.entries(constants).map(([name, value]) => ({
    name,
    value: { kind: "number", value, span } as const,
    span,
  }));
  const target = { name: INSTANCE, nameSpan: span, indices: [], span };
  return { kind: "instance", target, cell: def.name, cellSpan: span, args, span };
}

function callOf(def: CellDef, span: Place): Extract<Expr, { kind: "call" }> {
  const args = def.formals.map((f) => ({ value: { kind: "name", name: f.name, span } as const, span }));
  return { kind: "call", callee: INSTANCE, calleeSpan: span, binders: [], args, span };
}
