/** Calls of cells are inlined: the equations of the body become equations of the model, under the name of the instance. */
import * as names from "../diagnostics/check-names.js";
import * as shapes from "../diagnostics/check-shapes.js";
import { notSupported } from "../diagnostics/check-unsupported.js";
import type { CellDef, Expr, Statement, Target } from "../syntax/ast.js";
import { callTerms, type Wanted } from "./calls.js";
import { dimOf } from "./constants.js";
import type { Context, Scope } from "./context.js";
import type { Dim } from "./dims.js";
import * as dims from "./dims.js";
import { type Instance, Names } from "./entities.js";
import { checkFree } from "./equations.js";
import { elaborate, hoist, readOf, wrong } from "./expressions.js";
import { freeSlots } from "./free.js";
import { constantEquation } from "./instances.js";
import { valueMismatch } from "./mismatch.js";
import { defineShape, formalShape, openShape } from "./rules.js";
import { reasons } from "./shapes.js";
import type { Quantity, Term } from "./terms.js";
import { float, open, type Place, showType } from "./types.js";

type CallExpr = Extract<Expr, { kind: "call" }>;
type Equation = Extract<Statement, { kind: "equation" }>;

/** The shape that a formal or result states, with the sizes of the instance; of an open one, `[H, ..]`, its known beginning. */
function statedShape(cx: Context, t: Target, instance: Instance): readonly Dim[] | null {
  if (t.type?.kind !== "shape") return null;
  const shape = t.type.dims.map((d) => dimOf(cx, d, instance.names));
  return shape.some((d) => d === null) ? null : (shape as Dim[]);
}

const isOpenShape = (t: Target): boolean => t.type?.kind === "shape" && t.type.open;

/** Inlines a call. A result that is the equation of a value becomes that equation, under the user's name. */
export function callCell(
  cx: Context,
  instance: Instance,
  e: CallExpr,
  scope: Scope,
  targets: readonly Wanted[],
): readonly Term[] {
  const { def } = instance.cell;
  const via: Place = scope.via ?? e.span;
  const refuse = (message: string, help?: string): readonly Term[] => {
    cx.report(names.wrongCellUse({ place: e.span, message, help, declared: def.nameSpan }), scope.via);
    for (const a of e.args) elaborate(cx, a.value, scope);
    return def.results.map(() => wrong(e.span));
  };
  const signature = `${e.callee}(${def.formals.map((f) => f.name).join(", ")})`;
  if (e.binders.length) return refuse("an instance of a cell takes no index here");
  if (e.args.some((a) => a.name))
    return refuse("a call of a cell gives its arguments in order, without names", `write \`${signature}\``);
  if (e.args.length !== def.formals.length)
    return refuse(
      `\`${e.callee}\` takes ${def.formals.length} arguments, not ${e.args.length}`,
      `write \`${signature}\``,
    );

  const body = new Names(instance.names);
  const rest = open(); // what `..` stands for in this call
  const fitOpen = (t: Target, term: Term, stated: readonly Dim[], at: Place): void =>
    openShape(cx.solver, term, stated, rest, (wanted) =>
      cx.report(
        shapes.shapeMismatch({
          what: `\`${e.callee}\``,
          left: { place: term.span, type: showType(term.type) },
          right: {
            place: t.span,
            type: `${dims.showShape(wanted)} of \`${t.name}\`: \`..\` is one shape in all of a call`,
          },
          why: reasons(term),
        }),
        at,
      ),
    );
  for (const [i, formal] of def.formals.entries()) {
    if (formal.indices.length) {
      cx.report(notSupported({ place: formal.span, construct: "a formal with an axis" }), via);
      return def.results.map(() => wrong(e.span));
    }
    const given = elaborate(cx, (e.args[i] as CallExpr["args"][number]).value, scope);
    const stated = statedShape(cx, formal, instance);
    const isOpen = isOpenShape(formal);
    const type = stated && !isOpen ? open() : given.type;
    if (stated && isOpen) fitOpen(formal, given, stated, scope.via ?? e.span);
    else if (stated)
      formalShape(cx.solver, given, stated, type, () =>
        cx.report(
          shapes.shapeMismatch({
            what: `\`${e.callee}\``,
            left: { place: given.span, type: showType(given.type) },
            right: { place: formal.span, type: `${dims.showShape(stated)} of \`${formal.name}\`` },
            why: reasons(given),
          }),
          scope.via,
        ),
      );
    const place: Place = formal.nameSpan;
    body.set(formal.name, {
      kind: "term",
      term: once(() => ({ ...argument(cx, given, formal, instance, scope), type })),
      place,
    });
  }
  const inner: Scope = { names: body, vars: scope.vars, slots: scope.slots, prefix: instance.prefix, via };
  const locals = new Map<string, () => Term>();
  const into = new Map(def.results.flatMap((r, i) => (targets[i]?.into ? [[r.name, targets[i]] as const] : [])));
  for (const item of def.body)
    if (item.kind === "equation" && !constantEquation(cx, item, instance.names))
      defineLocals(cx, item, inner, locals, into);
  checkBody(cx, def, locals, via);
  for (const make of locals.values()) make();
  const results = def.results.map((r) => {
    const make = locals.get(r.name);
    if (!make) {
      cx.report(
        names.wrongCellUse({
          place: r.span,
          message: `the cell \`${def.name}\` does not define its result \`${r.name}\``,
        }),
        via,
      );
      return wrong(e.span);
    }
    const term = make();
    const shape = statedShape(cx, r, instance);
    if (shape && isOpenShape(r)) fitOpen(r, term, shape, via);
    else if (shape) {
      const stated = float(shape);
      defineShape(cx.solver, stated, term, () => cx.report(valueMismatch(r.name, r.span, stated, term), via));
    }
    return { ...term, span: e.span };
  });
  cx.warnings.push(() => warnUnused(cx, def, body, instance.names, via));
  return results;
}

function once<T>(make: () => T): () => T {
  let value: { made: T } | null = null;
  return () => (value ??= { made: make() }).made;
}

/** What a formal stands for: a simple read as it is, anything else gets a value of its own. */
function argument(cx: Context, given: Term, formal: Target, instance: Instance, scope: Scope): Term {
  if (
    (given.kind === "read" && !given.picks.length) ||
    given.kind === "number" ||
    given.kind === "size" ||
    given.kind === "wrong"
  )
    return given;
  return readOf(hoist(cx, given, formal.name, { ...scope, prefix: instance.prefix }), given.span);
}

/** The equations of a body, each elaborated when it is first needed: they stand in any order. */
function defineLocals(
  cx: Context,
  eq: Equation,
  scope: Scope,
  locals: Map<string, () => Term>,
  into: ReadonlyMap<string, Wanted>,
): void {
  const busy: { now: boolean } = { now: false };
  const right = once((): readonly Term[] => {
    busy.now = true;
    const terms =
      eq.targets.length === 1
        ? [elaborate(cx, eq.value, scope)]
        : eq.value.kind === "call"
          ? callTerms(
              cx,
              eq.value,
              scope,
              eq.targets.map((t) => ({ name: t.name, into: null, span: eq.span })),
            )
          : [];
    busy.now = false;
    return terms;
  });
  for (const [i, target] of eq.targets.entries()) {
    const make = once((): Term => {
      if (busy.now) {
        cx.report(
          names.wrongCellUse({
            place: target.span,
            message: `\`${target.name}\` is needed for itself inside the cell`,
            help: "a cell has no memory of its own: pass the value before as an argument",
          }),
          scope.via,
        );
        return wrong(target.span);
      }
      const terms = right();
      const term = terms[i];
      if (!term || terms.length !== eq.targets.length) {
        const message = `${eq.targets.length} names on the left, ${terms.length} values on the right`;
        cx.report(names.wrongCellUse({ place: eq.span, message }), scope.via);
        return wrong(eq.span);
      }
      const q = local(cx, term, target, eq, scope, into.get(target.name));
      if (target.type?.kind === "shape" && !target.type.open) {
        const shape = target.type.dims.map((d) => dimOf(cx, d, scope.names));
        if (!shape.some((d) => d === null)) cx.solver.equalTypes(q.type, float(shape as Dim[]), () => undefined);
      }
      defineShape(cx.solver, q.type, term, () =>
        cx.report(valueMismatch(target.name, target.span, q.type, term), scope.via),
      );
      return readOf(q, target.span);
    });
    if (target.indices.length)
      cx.report(notSupported({ place: target.span, construct: "an equation over an axis inside a cell" }), scope.via);
    const known = scope.names.own(target.name);
    if (known)
      cx.report(names.duplicateName({ place: target.nameSpan, name: target.name, first: known.place }), scope.via);
    scope.names.set(target.name, { kind: "term", term: make, place: target.nameSpan });
    locals.set(target.name, make);
  }
}

/** The value of a local: one of its own, or the user's where it is a result that he names. */
function local(
  cx: Context,
  term: Term,
  target: Target,
  eq: Equation,
  scope: Scope,
  wanted: Wanted | undefined,
): Quantity {
  if (wanted?.into) {
    const q = wanted.into;
    checkFree(cx, term, q.slots, q, q.span);
    cx.define(q, { term, span: wanted.span });
    return q;
  }
  return cx.quantity({
    id: `${scope.prefix}${target.name}`,
    name: target.name,
    role: "eq",
    slots: freeSlots(term, scope.slots),
    span: target.span,
    definition: { term, span: eq.span },
  });
}

function checkBody(cx: Context, def: CellDef, locals: ReadonlyMap<string, unknown>, via: Place): void {
  for (const r of def.results)
    if (!locals.has(r.name) && def.formals.some((f) => f.name === r.name))
      cx.report(names.duplicateName({ place: r.nameSpan, name: r.name, first: def.nameSpan }), via);
}

/** A gate that is computed and never used is a mistake in the cell. */
function warnUnused(cx: Context, def: CellDef, body: Names, owned: Names, via: Place): void {
  for (const [name, entity] of body.entries()) {
    if (body.used.has(name) || def.results.some((r) => r.name === name)) continue;
    const is = def.formals.some((f) => f.name === name) ? "the argument" : "the value";
    cx.report(names.unusedName({ place: entity.place, what: `${is} \`${name}\` of the cell \`${def.name}\`` }), via);
  }
  for (const [name, entity] of owned.entries())
    if (entity.kind === "quantity" && !owned.used.has(name))
      cx.report(
        names.unusedName({ place: entity.place, what: `the parameter \`${name}\` of the cell \`${def.name}\`` }),
        via,
      );
}
