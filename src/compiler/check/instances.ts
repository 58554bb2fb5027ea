/** Instances of cells: each owns parameters, sizes and inner instances. */
import * as names from "../diagnostics/check-names.js";
import { notSupported } from "../diagnostics/check-unsupported.js";
import { nearest } from "../diagnostics/nearest.js";
import type { Index, Statement, Target } from "../syntax/ast.js";
import type { Slot } from "../system/types.js";
import { declareCellAxes, isFixed } from "./cell-axes.js";
import { dimOf, numberOf } from "./constants.js";
import type { Context } from "./context.js";
import type { Dim } from "./dims.js";
import { eachOf } from "./each.js";
import { type Cell, type Instance, Names } from "./entities.js";
import { declareParams } from "./params.js";
import { checkRequire, namesIn } from "./sizes.js";
import type { Place } from "./types.js";

/** What noise in the body of a cell means, where it means something. */
export type NoiseInside = (cx: Context, s: Extract<Statement, { kind: "noise" }>, instance: Instance) => void;

type InstanceStatement = Extract<Statement, { kind: "instance" }>;

/** Cells inside cells, so deep that it must be a circle. */
const maxDepth = 20;

/** `cell enc = LSTM(H = 256)`; `outer`: the names in which its arguments stand. */
export function instantiate(
  cx: Context,
  s: InstanceStatement,
  cell: Cell,
  outer: Names,
  prefix: string,
  via?: Place,
  noise?: NoiseInside,
  around: readonly Slot[] = [],
): Instance | null {
  const { def } = cell;
  const path = `${prefix}${s.target.name}.`;
  if (path.split(".").length > maxDepth) {
    cx.report(
      names.wrongCellUse({
        place: s.cellSpan,
        message: `the cell \`${def.name}\` contains itself`,
        declared: def.nameSpan,
      }),
      via,
    );
    return null;
  }
  const each = eachOf(cx, s.target, outer, via);
  if (!each) return null;
  const own = new Names(cell.home);
  const sizes = new Map<string, Dim>();
  const open = (name: string): Dim => {
    const known = sizes.get(name);
    if (known) return known;
    const dim = cx.solver.unknown();
    sizes.set(name, dim);
    own.set(name, { kind: "dim", dim, place: def.nameSpan });
    return dim;
  };
  for (const t of [...def.formals, ...def.results])
    if (t.type?.kind === "shape") for (const d of t.type.dims) dimOf(cx, d, own, open);
  for (const item of def.body)
    if (item.kind === "dim") {
      const dim = dimOf(cx, item.value, own, open);
      if (dim) own.set(item.name, { kind: "dim", dim, place: item.nameSpan });
    }
  const numbers = new Map<string, number>();
  for (const item of def.body) {
    const value = constantEquation(cx, item, own);
    if (value) numbers.set(value.name, value.value);
  }
  // a size that only a parameter or an axis names can be given too
  const named = def.body.flatMap((item) => {
    if (item.kind === "param") return item.items.flatMap((p) => (p.type?.kind === "shape" ? p.type.dims : []));
    return item.kind === "axis" && isFixed(def, item) ? [item.bound] : [];
  });
  for (const name of named.flatMap(namesIn)) if (!numbers.has(name) && !own.find(name)) open(name);
  for (const a of s.args) {
    const name = a.name ?? (a.value.kind === "name" ? a.value.name : null);
    const place: Place = a.nameSpan ?? a.span;
    const size = name === null ? undefined : sizes.get(name);
    if (name !== null && size) {
      const value = dimOf(cx, a.value, outer);
      if (value) cx.solver.equalDims(size, value, () => undefined);
    } else if (name !== null && numbers.has(name)) {
      const value = numberOf(cx, a.value, outer);
      if (value === null) cx.report(names.notConstant({ place: a.span, what: `\`${name}\` of \`${def.name}\`` }), via);
      else numbers.set(name, value);
    } else {
      const near = name === null ? undefined : nearest(name, [...sizes.keys(), ...numbers.keys()]);
      const message =
        name === null
          ? `\`${def.name}\` takes named sizes: \`H = …\``
          : `the cell \`${def.name}\` has no size \`${name}\``;
      const all = [...sizes.keys(), ...numbers.keys()].join(", ");
      const help = near ? `did you mean \`${near}\`?` : `it has ${all || "none"}`;
      cx.report(names.wrongCellUse({ place, message, help, declared: def.nameSpan }), via);
    }
  }
  for (const [name, value] of numbers) own.set(name, { kind: "number", value, place: def.nameSpan });
  declareCellAxes(cx, def, own, path, [...around, ...each], via ?? s.span);
  for (const item of def.body) if (item.kind === "require") checkRequire(cx, own, item);
  const instance: Instance = {
    cell,
    slots: [...around, ...each],
    each: each.map((slot, i) => ({ variable: variableOf(s.target.indices[i]), slot })),
    prefix: path,
    names: own,
  };
  for (const item of def.body)
    if (item.kind === "noise" && noise) noise(cx, item, instance);
    else declareInside(cx, item, instance, open, via ?? s.span);
  return instance;
}

const variableOf = (index: Index | undefined): string => (index?.value.kind === "name" ? index.value.name : "");

/** A literal equation of a cell is a number that an instance may set. */
export function constantEquation(cx: Context, item: Statement, scope: Names): { name: string; value: number } | null {
  if (item.kind !== "equation" || item.targets.length !== 1) return null;
  const [target] = item.targets as [Target];
  const literal = item.value.kind === "number" || (item.value.kind === "unary" && item.value.arg.kind === "number");
  const value = literal && !target.indices.length && !target.type ? numberOf(cx, item.value, scope) : null;
  return value === null ? null : { name: target.name, value };
}

function declareInside(
  cx: Context,
  item: Statement,
  instance: Instance,
  open: (name: string) => Dim,
  via: Place,
): void {
  const { names: own, prefix, cell } = instance;
  switch (item.kind) {
    case "param":
      for (const q of declareParams(cx, item, own, prefix, open, via, instance.slots)) {
        clash(cx, own, q.name, q.span, via);
        own.set(q.name, { kind: "quantity", quantity: q, place: q.span });
      }
      return;
    case "instance": {
      const entity = cell.home.find(item.cell);
      const inner =
        entity?.kind === "cell"
          ? instantiate(cx, item, entity.cell, own, prefix, via, undefined, instance.slots)
          : null;
      if (!entity)
        cx.reportUnknown(
          {
            place: item.cellSpan,
            name: item.cell,
            what: "cell",
            near: nearest(item.cell, cell.home.all()),
          },
          via,
        );
      own.set(
        item.target.name,
        inner
          ? { kind: "instance", instance: inner, place: item.target.span }
          : { kind: "wrong", place: item.target.span },
      );
      return;
    }
    case "axis":
    case "dim":
    case "equation":
    case "require":
    case "use":
    case "cell":
      return;
    default:
      cx.report(
        notSupported({
          place: item.span,
          construct: `\`${item.kind === "nodes" ? item.structure : item.kind}\` inside a cell`,
          help: "a cell has `param`, `cell`, `dim`, `axis` and equations",
        }),
        via,
      );
  }
}

function clash(cx: Context, own: Names, name: string, place: Place, via: Place): void {
  const first = own.own(name);
  if (first) cx.report(names.duplicateName({ place, name, first: first.place }), via);
}
