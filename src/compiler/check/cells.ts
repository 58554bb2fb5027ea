/** Calls of cells are inlined: the equations of the body become equations of the model, under the name of the instance. */
import * as domains from "../diagnostics/check-domains.js";
import * as names from "../diagnostics/check-names.js";
import * as shapes from "../diagnostics/check-shapes.js";
import type { CellDef, Expr, Target } from "../syntax/ast.js";
import { printExpr } from "../syntax/print.js";
import { at } from "../system/positions.js";
import type { Pos, Slot } from "../system/types.js";
import type { Wanted } from "./calls.js";
import { nameLengths, variablesOf } from "./cell-axes.js";
import { dimOf } from "./constants.js";
import type { Context, Scope } from "./context.js";
import type { Dim } from "./dims.js";
import * as dims from "./dims.js";
import { type Indexed, type Instance, Names } from "./entities.js";
import { elaborate, hoist, readOf, wrong } from "./expressions.js";
import { type CallAxes, callAxes } from "./formals.js";
import { freeSlots } from "./free.js";
import { position } from "./indices.js";
import { indexedAt, Locals, once } from "./locals.js";
import { valueMismatch } from "./mismatch.js";
import { defineShape, formalShape, openShape } from "./rules.js";
import { reasons } from "./shapes.js";
import type { Term } from "./terms.js";
import { float, knownOf, open, type Place, shapeOf, showType } from "./types.js";

type CallExpr = Extract<Expr, { kind: "call" }>;

/** The shape that a formal or result states, with the sizes of the instance; of an open one, `[H, ..]`, its known beginning. */
function statedShape(cx: Context, t: Target, instance: Instance): readonly Dim[] | null {
  if (t.type?.kind !== "shape") return null;
  const shape = t.type.dims.map((d) => dimOf(cx, d, instance.names));
  return shape.some((d) => d === null) ? null : (shape as Dim[]);
}

/** A shape with the names that the cell gives to sizes which are not known yet. */
const shapeAsWritten = (t: Target, shape: readonly Dim[]): string =>
  t.type?.kind === "shape" && shape.some((d) => dims.unknownsOf(d).length)
    ? `[${t.type.dims.map(printExpr).join(", ")}]`
    : dims.showShape(shape);

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
  const axes = callAxes(cx, instance, e, scope, targets, via);
  const around = axes && instanceAt(cx, instance, e, scope);
  if (!axes || !around) {
    for (const [i, a] of e.args.entries()) if (!def.formals[i]?.indices.length) elaborate(cx, a.value, scope);
    return def.results.map(() => wrong(e.span));
  }
  for (const [name, slot] of axes.slots) body.set(name, { kind: "axis", slot, place: def.nameSpan });
  for (const [name, entity] of instance.names.entries())
    if (entity.kind === "axis") body.set(name, { ...entity, slot: { ...entity.slot, name: axes.take(name) } });
  nameLengths(cx, def, body, axes.slots, axes.take, via);

  const given = def.formals.map((formal, i): Given => {
    const along = axes.args.get(formal);
    const term = along
      ? elaborate(cx, along.expr, along.scope)
      : filled(cx, elaborate(cx, (e.args[i] as CallExpr["args"][number]).value, scope), formal, instance, scope);
    return { formal, term, slots: along?.slots ?? [] };
  });
  const outer = outerSlots(given, [...around.values()], scope.slots);
  const vars = new Map([...scope.vars].filter(([name]) => body.own(name)?.kind !== "axis"));
  const inner: Scope = { names: body, vars, slots: scope.slots, around, prefix: instance.prefix, via };
  const locals = new Locals(cx, def, instance.names, inner, outer, targets);
  for (const { formal, term, slots } of given) {
    const stated = statedShape(cx, formal, instance);
    const isOpen = isOpenShape(formal);
    const type = stated && !isOpen ? open() : term.type;
    if (stated && isOpen) fitOpen(formal, term, stated, scope.via ?? e.span);
    else if (stated)
      formalShape(cx.solver, term, stated, type, () =>
        cx.report(
          shapes.shapeMismatch({
            what: `\`${e.callee}\``,
            left: { place: term.span, type: showType(term.type) },
            right: { place: formal.span, type: `${shapeAsWritten(formal, stated)} of \`${formal.name}\`` },
            why: reasons(term),
            help: scalarHelp(term, stated),
          }),
          scope.via,
        ),
      );
    const place: Place = formal.nameSpan;
    if (!slots.length) {
      const value = once(() => ({ ...argument(cx, term, formal, inner), type }));
      body.set(formal.name, { kind: "term", term: value, place });
      continue;
    }
    const isKept = !locals.hasClauses(formal.name);
    const indexed = once((): Indexed | null => {
      if (term.kind === "wrong") return null;
      return { ...((isKept && viewOf(term, slots)) || along(cx, term, formal, slots, outer, inner, isKept)), type };
    });
    body.set(formal.name, { kind: "indexed", indexed, place });
  }
  locals.define();
  const results = def.results.map((r) => {
    const term = resultOf(cx, r, locals, axes, e, inner);
    if (!term) return wrong(e.span);
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

interface Given {
  readonly formal: Target;
  readonly term: Term;
  /** What it is passed along. */
  readonly slots: readonly Slot[];
}

const isScalar = (t: Term): boolean => knownOf(t.type)?.kind === "float" && shapeOf(t.type)?.length === 0;

/** A number where a formal states a shape of known sizes: each entry is that number (R4). */
function filled(cx: Context, term: Term, formal: Target, instance: Instance, scope: Scope): Term {
  const stated = isScalar(term) && !isOpenShape(formal) ? statedShape(cx, formal, instance) : null;
  if (!stated?.length || stated.some((d) => dims.unknownsOf(d).length)) return term;
  const q = cx.quantity({
    id: `${instance.prefix}${formal.name}`,
    name: formal.name,
    role: "eq",
    slots: freeSlots(term, scope.slots),
    span: term.span,
    type: float(stated),
    named: false,
    definition: { term, span: term.span },
  });
  return readOf(q, term.span);
}

/** A number does not say how long a vector is. */
const scalarHelp = (term: Term, stated: readonly Dim[]): string | undefined =>
  isScalar(term) && stated.length === 1 ? "a vector of one number is written `[x]`" : undefined;

/** What stands around a call that its values may depend on, outermost first. */
function outerSlots(given: readonly Given[], around: readonly Pos[], scope: readonly Slot[]): Slot[] {
  const names = new Set(around.flatMap((p) => (p.k === "var" ? [p.v] : [])));
  const others: Slot[] = [];
  for (const { term, slots } of given)
    for (const s of freeSlots(term, [...scope, ...slots])) {
      if (slots.some((own) => own.name === s.name)) continue;
      if (!names.has(s.name) && !scope.some((x) => x.name === s.name)) others.push(s);
      names.add(s.name);
    }
  return [...scope.filter((s) => names.has(s.name)), ...others];
}

/** For which index of `cell F[l]` a call is: `F[k](…)`, `F[0](…)`, or, unsaid, the `l` in scope. Null: wrong, reported. */
function instanceAt(cx: Context, instance: Instance, e: CallExpr, scope: Scope): Map<string, Pos> | null {
  const around = new Map(scope.around);
  const { each } = instance;
  if (e.binders.length && e.binders.length !== each.length) {
    const text = each.map((x) => x.variable).join(", ");
    const message = each.length
      ? `\`${e.callee}\` is one cell for each \`${text}\``
      : `\`${e.callee}\` is one cell, and takes no index`;
    const help = each.length ? `write \`${e.callee}[${text}](…)\`` : `write \`${e.callee}(…)\``;
    cx.report(names.wrongCellUse({ place: e.span, message, help }), scope.via);
    return null;
  }
  for (const [i, { variable, slot }] of each.entries()) {
    const index = e.binders[i];
    if (!index) {
      const name = scope.vars.get(variable)?.name ?? slot.name;
      if (!scope.slots.some((x) => x.name === name)) {
        const message = `\`${e.callee}\` is one cell for each \`${variable}\`, and here stands no \`${variable}\``;
        const help = `say which one, \`${e.callee}[0](…)\`, or give the left side the axis \`${variable}\``;
        cx.report(names.wrongCellUse({ place: e.span, message, help }), scope.via);
        return null;
      }
      around.set(slot.name, at(name));
      continue;
    }
    const p = index.in ? "gather" : position(cx, index.value, slot.axis, e.callee, scope);
    if (p === null) return null;
    const isInside = p !== "gather" && (p.k === "var" ? p.shift === 0 : p.k === "start" ? p.off >= 0 : p.off < 0);
    if (!isInside) {
      const message = `\`${printExpr(index.value)}\` chooses no cell among those of \`${e.callee}\``;
      const help = `write a variable of its axis, \`${e.callee}[${variable}](…)\`, or a number`;
      cx.report(domains.badIndex({ place: index.span, message, help }), scope.via);
      return null;
    }
    around.set(slot.name, p);
  }
  return around;
}

/** A read that has each of `slots` as it is can stand for itself; null where an argument needs a value of its own. */
function viewOf(term: Term, slots: readonly Slot[]): Omit<Indexed, "type"> | null {
  if (term.kind !== "read" || term.picks.length) return null;
  const own = (p: Pos): Slot | undefined => slots.find((s) => p.k === "var" && s.name === p.v);
  const found = term.idx.flatMap((p) => own(p) ?? []);
  const isWhole = found.length === slots.length && found.every((s, i) => s === slots[i]);
  if (!isWhole || term.idx.some((p) => own(p) && p.k === "var" && p.shift !== 0)) return null;
  return { of: term.of, fixed: term.idx.map((p) => (own(p) ? null : p)) };
}

/** An argument with axes as a value of its own. */
function along(
  cx: Context,
  term: Term,
  formal: Target,
  slots: readonly Slot[],
  outer: readonly Slot[],
  scope: Scope,
  isExact: boolean,
): Omit<Indexed, "type"> {
  const free = isExact
    ? freeSlots(term, [...outer, ...slots]).filter((s) => !slots.some((own) => own.name === s.name))
    : outer;
  const of = cx.quantity({
    id: `${scope.prefix}${formal.name}`,
    name: formal.name,
    role: "eq",
    slots: [...free, ...slots],
    around: free.length,
    span: term.span,
    type: term.type,
    named: false,
    definition: { term, span: term.span },
  });
  return indexedAt(of, slots);
}

/** A result as a term where the call stands. */
function resultOf(
  cx: Context,
  r: Target,
  locals: Locals,
  axes: CallAxes,
  e: CallExpr,
  { via, names: body }: Scope,
): Term | null {
  const local = locals.find(r.name);
  if (!local) {
    const message = `the cell \`${e.callee}\` does not define its result \`${r.name}\``;
    cx.report(names.wrongCellUse({ place: r.span, message }), via);
    return null;
  }
  const variables = variablesOf(r);
  const own = local.slots;
  const is = (v: string): Slot | undefined => {
    const entity = body.own(v);
    return entity?.kind === "axis" ? entity.slot : undefined;
  };
  if (
    variables.length !== r.indices.length ||
    variables.map((v) => is(v)?.name).join() !== own.map((s) => s.name).join()
  ) {
    const message = `the result \`${r.name}\` has other axes than the equation that defines it`;
    cx.report(names.wrongCellUse({ place: r.span, message, help: "write the same variables in both" }), via);
    return null;
  }
  const of = local.quantity();
  if (!of) return null;
  if (!own.length) return readOf(of, e.span);
  const idx = new Map<string, Pos>();
  for (const [k, v] of variables.entries()) {
    const out = axes.outer.get(v);
    if (!out) {
      const message = `\`${e.callee}\` gives \`${r.name}[${variables.join(", ")}]\`, a value along an axis, and nothing says at which index it is read`;
      const help = `pass the argument at a variable, \`${e.callee}(x[t])\`, or name the result first: \`y[t] = ${e.callee}(…)\``;
      cx.report(names.wrongCellUse({ place: e.span, message, help }), via);
      return null;
    }
    const slot = own[k] as Slot;
    if (out.axis !== slot.axis) {
      cx.report(
        domains.wrongAxis({ place: e.span, name: e.callee, written: out.name, over: out.axis, needs: slot.axis }),
        via,
      );
      return null;
    }
    idx.set(slot.name, at(out.name));
  }
  of.reads.push(e.span);
  const places = of.slots.map((s) => idx.get(s.name) ?? at(s.name));
  return { kind: "read", of, idx: places, picks: [], span: e.span, type: of.type };
}

/** What a formal stands for: a simple read as it is, anything else gets a value of its own. */
function argument(cx: Context, given: Term, formal: Target, scope: Scope): Term {
  if (
    (given.kind === "read" && !given.picks.length) ||
    given.kind === "number" ||
    given.kind === "size" ||
    given.kind === "wrong"
  )
    return given;
  return readOf(hoist(cx, given, formal.name, scope), given.span);
}

/** A gate that is computed and never used is a mistake in the cell. */
function warnUnused(cx: Context, def: CellDef, body: Names, owned: Names, via: Place): void {
  for (const [name, entity] of body.entries()) {
    if (entity.kind === "axis" || entity.kind === "bound") continue;
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
