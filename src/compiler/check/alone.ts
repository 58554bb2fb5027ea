/** A cell by itself, outside any model: its equations for arguments that are given. Optimisers and initialisers are such. */
import type { Numbers } from "../optimizer/types.js";
import type { CellDef, Expr, Statement, Target } from "../syntax/ast.js";
import { callCell } from "./cells.js";
import { Context, type Scope } from "./context.js";
import { type Cell, type Entity, type Instance, Names } from "./entities.js";
import { checkShapes, checkSizes } from "./finish.js";
import { instantiate, type NoiseInside } from "./instances.js";
import { Reporter } from "./report.js";
import type { Quantity } from "./terms.js";
import type { Place } from "./types.js";

export interface Given {
  readonly numbers: Numbers;
  readonly sizes: ReadonlyMap<string, number>;
  /** Where the cell is named. */
  readonly at: Place;
  /** What a formal stands for. */
  formal(cx: Context, formal: Target): Entity;
  /** Puts in what the instance has beside its own constants; ties its sizes. */
  prepare?(cx: Context, instance: Instance): void;
  readonly noise?: NoiseInside;
}

export interface Alone {
  readonly cx: Context;
  /** The values of the results; null where a mistake was reported. */
  readonly results: readonly Quantity[] | null;
}

export function alone(cell: Cell, { numbers, sizes, at, formal, prepare, noise }: Given): Alone {
  const { def } = cell;
  const cx = new Context(new Reporter());
  for (const [name, n] of sizes) cx.sizes.set(name, n);
  const names = new Names();
  const instance = instantiate(cx, instanceOf(def, numbers, at), cell, names, "", at, noise);
  if (!instance) return { cx, results: null };
  prepare?.(cx, instance);
  for (const f of def.formals) names.set(f.name, formal(cx, f));
  const scope: Scope = { names, vars: new Map(), slots: [], prefix: "", via: at };
  const results = callCell(cx, instance, callOf(def, at), scope, []);
  cx.solver.run();
  if (!cx.reporter.failed) checkShapes(cx);
  if (!cx.reporter.failed) checkSizes(cx);
  if (cx.reporter.failed) return { cx, results: null };
  for (const warn of cx.warnings) warn();
  const values = results.map((r) => {
    if (r.kind !== "read") throw new Error(`a result of ${def.name} is no value`);
    return r.of;
  });
  return { cx, results: values };
}

const INSTANCE = "step";

function instanceOf(def: CellDef, numbers: Numbers, span: Place): Extract<Statement, { kind: "instance" }> {
  const args = Object.entries(numbers).map(([name, value]) => ({
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
