/** Parameters: their declarations, and how they start (R6). */
import * as shapes from "../diagnostics/check-shapes.js";
import { notSupported } from "../diagnostics/check-unsupported.js";
import { nearest } from "../diagnostics/nearest.js";
import type { Init } from "../model.js";
import type { Arg, Expr, Statement, TypeExpr } from "../syntax/ast.js";
import type { Slot } from "../system/types.js";
import { conditionsOf } from "./conditions.js";
import { constantOf, dimOf, numberOf } from "./constants.js";
import type { Context } from "./context.js";
import type { Dim } from "./dims.js";
import * as dims from "./dims.js";
import { eachOf } from "./each.js";
import { type Cell, Names } from "./entities.js";
import { constantsOf } from "./named.js";
import { partsOf } from "./shapes.js";
import { fits, misfit, resultOf, startCells, startEquations, usesFans } from "./starts.js";
import type { Quantity, Term } from "./terms.js";
import { float, open, type Place, poison, shapeOf, showType, type Type } from "./types.js";

type ParamStatement = Extract<Statement, { kind: "param" }>;

/** A stated shape. Null: none is stated; a wrong one is poison. */
export function statedType(
  cx: Context,
  type: TypeExpr | undefined,
  scope: Names,
  openDim?: (name: string) => Dim,
): Type | null {
  if (type?.kind !== "shape") return null;
  if (type.open) {
    cx.report(notSupported({ place: type.span, construct: "an open shape `[..]`" }));
    return poison();
  }
  const shape = type.dims.map((d) => dimOf(cx, d, scope, openDim));
  return shape.some((d) => d === null) ? poison() : float(shape as Dim[]);
}

export function declareParams(
  cx: Context,
  s: ParamStatement,
  scope: Names,
  prefix: string,
  openDim?: (name: string) => Dim,
  via?: Place,
  around: readonly Slot[] = [],
): Quantity[] {
  return s.items.map((item) => {
    const stated = statedType(cx, item.type, scope, openDim);
    let type = stated ?? open();
    if (item.type?.kind === "named") {
      cx.report(
        shapes.badStart({
          place: item.type.span,
          message: `a parameter is a tensor: write \`${item.name} : [${item.type.name}]\``,
        }),
        via,
      );
      type = poison();
    }
    const each = eachOf(cx, item, scope, via);
    if (!each) type = poison();
    const expr = item.init ?? item.value;
    return cx.quantity({
      id: `${prefix}${item.name}`,
      name: item.name,
      role: s.frozen ? "frozen" : "param",
      slots: [...around, ...(each ?? [])],
      around: around.length,
      type,
      declared: stated !== null,
      span: item.nameSpan,
      start: expr ? { expr, form: item.init ? "init" : "value", scope } : null,
    });
  });
}

/** Notes how parameters are used: whether they are only added, and which are blocks of packed gates. */
export function noteUses(terms: readonly Term[]): void {
  const used = (t: Term, how: "added" | "contracted" | "scaled"): void => {
    if (t.kind === "read" && (t.of.role === "param" || t.of.role === "frozen") && !t.picks.length) t.of.uses[how]++;
  };
  const go = (t: Term, added: boolean): void => {
    const sum = t.kind === "binary" && (t.op === "+" || t.op === "-");
    const product =
      t.kind === "contract" || (t.kind === "call" && (t.fn.name === "dot" || t.fn.name.startsWith("conv")));
    if (t.kind === "read" && t.picks.length && (t.of.role === "param" || t.of.role === "frozen"))
      t.of.uses[added ? "added" : "contracted"]++;
    for (const part of partsOf(t)) {
      used(part, sum ? "added" : product ? "contracted" : "scaled");
      go(part, sum);
    }
    if (t.kind === "split") packed(t.arg, t.parts);
  };
  for (const t of terms) {
    used(t, "added");
    go(t, true);
  }
}

/** The matrices whose products a `split` takes apart consist of as many blocks. */
function packed(t: Term, parts: number): void {
  if (t.kind === "read" && t.of.role === "eq" && !t.of.named && t.of.definition)
    return packed(t.of.definition.term, parts);
  if (t.kind === "binary" && (t.op === "+" || t.op === "-")) {
    packed(t.left, parts);
    packed(t.right, parts);
  }
  const param = t.kind === "contract" && !t.leftTransposed ? t.left : t;
  if (param.kind !== "read" || (param.of.role !== "param" && param.of.role !== "frozen")) return;
  const { uses } = param.of;
  uses.blocks = uses.blocks === null || uses.blocks === parts ? parts : 1;
}

/** The starts that are no cells. */
const builtIn: ReadonlySet<string> = new Set(["zeros", "constant", "orthogonal", "identity", "gates", "file"]);

/** Is it a size, or does it become one? One that is not was reported where the shape belongs. */
function isUsable(cx: Context, d: Dim): boolean {
  const n = cx.sizeOf(d);
  return dims.unknownsOf(d).length === 0 && (n === null || (Number.isInteger(n) && n > 0));
}

/** How a parameter starts, once its shape is known. Null: an error was reported. `size`: the number a dim is. */
export function startOf(cx: Context, q: Quantity): ((size: (d: Dim) => number) => Init) | null {
  const shape = shapeOf(q.type);
  if (!shape?.every((d) => isUsable(cx, d))) return null;
  const blocks = q.uses.blocks !== null && shape.length >= 1 ? q.uses.blocks : 1;
  if (!q.start) return defaultStart(cx, q, shape, blocks);
  const { expr, form, scope } = q.start;
  const bad = (place: Place, message: string, near?: string): null => {
    cx.report(shapes.badStart({ place, message, near }));
    return null;
  };
  const number = numberOf(cx, expr, scope);
  if (number !== null) {
    if (form === "init") return bad(expr.span, "after `~` stands a distribution; a number follows `=`", `= ${number}`);
    return () => (number === 0 ? { kind: "zeros" } : { kind: "constant", value: number });
  }
  const { name, args } =
    expr.kind === "call"
      ? { name: expr.callee, args: expr.args }
      : { name: expr.kind === "name" ? expr.name : "", args: [] };
  if (name === "file") return fileStart(args, expr, bad);
  const cells = startCells(scope);
  const cell = cells.find(name);
  if (!cell && !builtIn.has(name)) {
    const near = nearest(name, [
      ...builtIn,
      ...cells.names.filter((n) => misfit((cells.find(n) as Cell).def) === null),
    ]);
    return bad(expr.span, name ? `there is no start \`${name}\`` : "this is no start", near);
  }
  if (form === "value") return bad(expr.span, `a start that is computed follows \`~\``, `~ ${name}`);
  if (cell) return cellStart(cx, q, cell, { args, shape, blocks, scope, expr, bad });
  const values: number[] = [];
  for (const a of args) {
    const v = constantOf(cx, a.value, scope, `an argument of \`${name}\``);
    if (v === null) return null;
    values.push(v);
  }
  const [a] = values;
  const takes = (least: number, most: number): boolean => values.length >= least && values.length <= most;
  switch (name) {
    case "zeros":
      return takes(0, 0) ? () => ({ kind: "zeros" }) : bad(expr.span, "`zeros` takes no argument");
    case "constant":
      return a !== undefined && takes(1, 1)
        ? () => ({ kind: "constant", value: a })
        : bad(expr.span, "`constant` takes one number");
    case "orthogonal":
    case "identity":
      if (shape.length !== 2)
        return bad(expr.span, `\`${name}\` is for matrices; \`${q.name}\` is ${showType(q.type)}`);
      if (!takes(0, 1)) return bad(expr.span, `\`${name}\` takes at most a gain`);
      return () =>
        name === "identity" ? { kind: "identity", gain: a ?? 1 } : { kind: "orthogonal", gain: a ?? 1, blocks };
    default: {
      const rows = cx.sizeOf(shape[0] ?? dims.number(1));
      if (!values.length || (rows !== null && rows % values.length !== 0))
        return bad(expr.span, `\`gates\` takes a number for each of the equal blocks of \`${q.name}\``);
      return () => ({ kind: "gates", values });
    }
  }
}

/** A start that is a cell: its arguments by name, or in the order of its constants. */
function cellStart(
  cx: Context,
  q: Quantity,
  cell: Cell,
  given: {
    readonly args: readonly Arg[];
    readonly shape: readonly Dim[];
    readonly blocks: number;
    readonly scope: Names;
    readonly expr: Expr;
    bad(place: Place, message: string, near?: string): null;
  },
): ((size: (d: Dim) => number) => Init) | null {
  const { args, shape, blocks, scope, expr, bad } = given;
  const { def } = cell;
  const unfit = misfit(def);
  if (unfit) return bad(expr.span, `the cell \`${def.name}\` is no start: ${unfit}`);
  const is = `\`${q.name}\` is ${showType(q.type)}`;
  if (usesFans(def) && shape.length < 2) return bad(expr.span, `\`${def.name}\` is for matrices; ${is}`);
  if (!fits(def, shape.length)) return bad(expr.span, `\`${def.name}\` makes ${resultOf(def)}; ${is}`);
  const numbers: Record<string, number> = { ...constantsOf(def) };
  const known = Object.keys(numbers);
  const set = new Set<string>();
  for (const [i, a] of args.entries()) {
    const name = a.name ?? known[i];
    if (name === undefined || !known.includes(name))
      return bad(
        a.span,
        name === undefined
          ? `\`${def.name}\` takes ${known.length ? known.map((k) => `\`${k}\``).join(", ") : "no argument"}`
          : `\`${def.name}\` has no \`${name}\``,
        nearest(name ?? "", known),
      );
    if (set.has(name)) return bad(a.span, `\`${name}\` is given twice`);
    set.add(name);
    const value = constantOf(cx, a.value, scope, `\`${name}\` of \`${def.name}\``);
    if (value === null) return null;
    numbers[name] = value;
  }
  const broken = conditionsOf(def).find((c) => !c.holds(numbers));
  if (broken) return bad(expr.span, `\`${def.name}\` requires \`${broken.text}\``);
  const block = shape.map((d, i) => (i === 0 ? dims.scaled(1 / blocks, d) : d));
  const { mistakes } = startEquations(cell, numbers, block, cx.sizes, expr.span);
  for (const d of mistakes) cx.report(d);
  return mistakes.some((d) => d.severity === "error") ? null : () => cellInit(cell, numbers, blocks);
}

const cellInit = (cell: Cell, numbers: Readonly<Record<string, number>>, blocks: number): Init => ({
  kind: "cell",
  cell: cell.def.name,
  numbers,
  blocks,
  equations(shape) {
    const { equations, mistakes } = startEquations(cell, numbers, shape.map(dims.number));
    if (!equations) throw new Error(`${cell.def.name} of [${shape}]: ${mistakes[0]?.message}`);
    return equations;
  },
});

/** A start of the library. */
export function standardInit(name: string, numbers: Readonly<Record<string, number>> = {}, blocks = 1): Init {
  const cell = startCells(new Names()).find(name);
  if (!cell) throw new Error(`the library has no start ${name}`);
  return cellInit(cell, { ...constantsOf(cell.def), ...numbers }, blocks);
}

function fileStart(
  args: readonly Arg[],
  expr: Expr,
  bad: (place: Place, message: string) => null,
): (() => Init) | null {
  const [path, key] = args.map((a) => (a.value.kind === "string" ? a.value.value : null));
  if (!path || !key)
    return bad(expr.span, '`file` takes a path and the name of a tensor in it: `file("glove.safetensors", "E")`');
  return () => ({ kind: "file", path, key });
}

function defaultStart(
  cx: Context,
  q: Quantity,
  shape: readonly Dim[],
  blocks: number,
): ((size: (d: Dim) => number) => Init) | null {
  if (shape.length >= 2) return () => standardInit("glorot", {}, blocks);
  if (q.uses.scaled === 0 && q.uses.contracted === 0) return () => ({ kind: "zeros" });
  // A vector that is only contracted is a matrix of one row, and starts as one.
  if (shape.length === 1 && q.uses.scaled === 0)
    return (size) => {
      const limit = Math.sqrt(6 / (size(shape[0] as Dim) + 1));
      return standardInit("uniform", { low: -limit, high: limit });
    };
  cx.report(shapes.missingStart({ name: q.name, type: showType(q.type), place: q.span, read: q.reads[0] ?? null }));
  return null;
}
