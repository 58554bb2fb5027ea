/**
 * Axes inside cells. Those of formals (`e[s]`) are what the arguments of a call bring; `axis s < S` names the length of one,
 * `axis u < S` is another variable on it. `axis i < K` with a size is an axis of the instance, as in a model.
 */
import * as domains from "../diagnostics/check-domains.js";
import * as names from "../diagnostics/check-names.js";
import { notSupported } from "../diagnostics/check-unsupported.js";
import type { CellDef, Statement, Target } from "../syntax/ast.js";
import { printExpr } from "../syntax/print.js";
import type { Slot } from "../system/types.js";
import { dimOf } from "./constants.js";
import type { Context } from "./context.js";
import * as dims from "./dims.js";
import type { Names } from "./entities.js";
import type { Place } from "./types.js";

type AxisStatement = Extract<Statement, { kind: "axis" }>;

const axesIn = (def: CellDef): AxisStatement[] => def.body.filter((s) => s.kind === "axis");

/** The variables of a formal, a result or a local, where all are bare names. */
export const variablesOf = (t: Target): string[] =>
  t.indices.flatMap((i) => (i.value.kind === "name" && !i.in ? [i.value.name] : []));

const ofFormals = (def: CellDef): Set<string> => new Set(def.formals.flatMap(variablesOf));

/** Does an axis statement state an axis of fixed size, and not something about an axis that a call brings? */
export function isFixed(def: CellDef, s: AxisStatement): boolean {
  const brought = ofFormals(def);
  if (brought.has(s.name)) return false;
  const lengths = axesIn(def).flatMap((x) => (brought.has(x.name) ? [printExpr(x.bound)] : []));
  return !lengths.includes(printExpr(s.bound));
}

/** A variable of the System that none of `taken` is. */
export function freshName(base: string, taken: ReadonlySet<string>): string {
  let name = base;
  while (taken.has(name)) name += "'";
  return name;
}

/** Declares the axes of fixed size. One that a result has is that of the model with the same size. */
export function declareCellAxes(
  cx: Context,
  def: CellDef,
  own: Names,
  prefix: string,
  around: readonly Slot[],
  via: Place,
): void {
  const resulting = new Set(def.results.flatMap(variablesOf));
  for (const s of axesIn(def)) {
    if (s.until)
      cx.report(
        notSupported({ place: s.until.span, construct: "`until` inside a cell", help: "write it in the model" }),
        via,
      );
    if (!isFixed(def, s)) continue;
    const first = own.own(s.name);
    if (first) cx.report(names.duplicateName({ place: s.nameSpan, name: s.name, first: first.place }), via);
    const size = dimOf(cx, s.bound, own);
    if (!size) {
      own.set(s.name, { kind: "wrong", place: s.nameSpan });
      continue;
    }
    const known = resulting.has(s.name)
      ? [...cx.axes.values()].find((a) => a.size && dims.same(a.size, size))
      : undefined;
    const bound = known?.bound ?? `${prefix}${printExpr(s.bound)}`;
    if (!known)
      cx.axes.set(bound, { bound, vars: [s.name], size, length: null, within: null, place: s.span, until: null });
    const slot: Slot = { name: freshName(s.name, new Set(around.map((x) => x.name))), axis: bound };
    own.set(s.name, { kind: "axis", slot, place: s.nameSpan });
  }
}

/** In a call: what axis statements say about axes that its arguments bring. `take`: a variable that nothing else is called. */
export function nameLengths(
  cx: Context,
  def: CellDef,
  body: Names,
  brought: ReadonlyMap<string, Slot>,
  take: (base: string) => string,
  via: Place,
): void {
  const lengths = new Map<string, Slot>();
  for (const s of axesIn(def)) {
    const slot = brought.get(s.name);
    if (!slot) continue;
    if (s.bound.kind !== "name") {
      const help = `write \`axis ${s.name} < ${s.name.toUpperCase()}\`, which names the length`;
      const message = `how long \`${s.name}\` is, the argument says`;
      cx.report(names.wrongCellUse({ place: s.bound.span, message, help, declared: def.nameSpan }), via);
      continue;
    }
    lengths.set(s.bound.name, slot);
    const size = body.find(s.bound.name);
    if (!size) body.set(s.bound.name, { kind: "bound", axis: slot.axis, place: s.bound.span });
    else if (size.kind === "dim") {
      const is = cx.axes.get(slot.axis)?.size ?? null;
      const wrong = (): void =>
        cx.report(
          domains.wrongAxis({
            place: s.span,
            name: def.name,
            written: s.name,
            over: slot.axis,
            needs: printExpr(s.bound),
          }),
          via,
        );
      if (is) cx.solver.equalDims(size.dim, is, wrong);
      else wrong();
    } else cx.report(names.duplicateName({ place: s.bound.span, name: s.bound.name, first: size.place }), via);
  }
  for (const s of axesIn(def)) {
    if (isFixed(def, s) || brought.has(s.name)) continue;
    const like = lengths.get(printExpr(s.bound));
    if (like) body.set(s.name, { kind: "axis", slot: { ...like, name: take(s.name) }, place: s.nameSpan });
  }
}
