/** Equations, boundary clauses, draws and losses: from statements to the definitions of quantities. */
import * as domains from "../diagnostics/check-domains.js";
import * as names from "../diagnostics/check-names.js";
import type { Expr, Index, ModelDef, Statement, Target } from "../syntax/ast.js";
import { printExpr } from "../syntax/print.js";
import { at } from "../system/positions.js";
import type { Pos, Slot } from "../system/types.js";
import { callTerms, type Wanted } from "./calls.js";
import type { Context, Scope } from "./context.js";
import { describe, type Names } from "./entities.js";
import { elaborate, wrong } from "./expressions.js";
import { freeVariables } from "./free.js";
import { linear, position, spoken } from "./indices.js";
import { hyperparameterOf, isWhole } from "./left.js";
import { type Around, nestedEnd, variablesAround } from "./lengths.js";
import { valueMismatch } from "./mismatch.js";
import { elaborateDraw } from "./randoms.js";
import { clauseShape, defineShape } from "./rules.js";
import { spoil } from "./solve.js";
import { structureOf } from "./structures/facts.js";
import { edgesScope, leftScope, ownerOf, type Part, parentOfRoot, partsOfTarget, showLeft } from "./structures/left.js";
import type { ClauseDef, Quantity, Term } from "./terms.js";
import type { Place } from "./types.js";

type Equation = Extract<Statement, { kind: "equation" }>;

/** What stands on the left: a quantity over its domain, or a part of its boundary. */
export type Left =
  | { readonly kind: "whole"; readonly of: Quantity; readonly scope: Scope; readonly span: Place }
  | {
      readonly kind: "clause";
      readonly of: Quantity;
      readonly pins: ClauseDef["pins"];
      readonly vars: ClauseDef["vars"];
      readonly scope: Scope;
      readonly span: Place;
    };

export function elaborateModel(cx: Context, model: ModelDef, own: Names): void {
  const global: Scope = { names: own, vars: new Map(), slots: [], prefix: "" };
  // In a loss every variable may be free, so binders keep away from all of them.
  const everywhere: Scope = {
    ...global,
    isOpen: true,
    slots: [...cx.axes.values()].flatMap((a) =>
      a.vars.flatMap((name) => {
        const entity = own.own(name);
        return entity?.kind === "axis" ? [entity.slot] : [];
      }),
    ),
  };
  const metrics = new Map<string, Place>();
  for (const s of model.body) {
    if (s.kind === "equation" && hyperparameterOf(s) === null) elaborateEquation(cx, s, global);
    if (s.kind === "sample") elaborateDraw(cx, s, global);
    if (s.kind === "loss" || s.kind === "metric") {
      const name = s.kind === "metric" ? s.name : "";
      if (s.kind === "metric") {
        const first = own.own(name)?.place ?? metrics.get(name);
        if (first) cx.report(names.duplicateName({ place: s.nameSpan, name, first }));
        metrics.set(name, s.nameSpan);
      }
      cx.objectives.push({ kind: s.kind, name, term: elaborate(cx, s.value, everywhere), place: s.value.span });
    }
  }
}

function elaborateEquation(cx: Context, s: Equation, global: Scope): void {
  const lefts = s.targets.map((t) => leftOf(cx, t, global));
  const isFree = hasAxisResults(global.names, s.value);
  const first = isFree ? widest(lefts) : lefts[0];
  // without its ends, the names of an edge would be unknown on the right
  if (!first && s.targets[0]?.indices.some((i) => i.in)) return;
  const scope = first?.scope ?? global;
  const axesOf = (l: Left): string[] => l.scope.slots.map((x) => `${x.name}<${x.axis}`);
  for (const l of lefts) {
    if (!l || !first || l === first) continue;
    const [own, all] = [axesOf(l), axesOf(first)];
    const same = isFree ? own.every((x) => all.includes(x)) : own.join() === all.join();
    if (l.kind !== first.kind || !same)
      cx.report(
        domains.badIndex({
          place: l.span,
          message: "all values on the left of one equation have the same indices",
          help: "write an equation for each",
        }),
      );
  }
  const wanted = s.targets.map((t, i): Wanted => {
    const left = lefts[i];
    const into = left?.kind === "whole" && left.of.role === "eq" ? left.of : null;
    return { name: t.name, into, slots: left?.scope.slots ?? [], span: s.span };
  });
  const terms = rightOf(cx, s, scope, wanted);
  for (const [i, left] of lefts.entries()) {
    const term = terms[i] ?? wrong(s.value.span);
    if (left) define(cx, left, term, s.span);
    // a read has the type of what it reads, about which nothing is wrong
    else if (term.kind !== "read") spoil(term.type);
  }
}

function rightOf(cx: Context, s: Equation, scope: Scope, wanted: readonly Wanted[]): readonly Term[] {
  const isCall = s.value.kind === "call" && (s.targets.length > 1 || isInstance(scope.names, s.value.callee));
  const terms =
    s.value.kind === "call" && isCall ? callTerms(cx, s.value, scope, wanted) : [elaborate(cx, s.value, scope)];
  if (terms.length === s.targets.length) return terms;
  if (!terms.every((t) => t.kind === "wrong")) {
    const count = (n: number, what: string): string => (n === 1 ? `one ${what}` : `${n} ${what}s`);
    const message = `the right side gives ${count(terms.length, "value")}, on the left ${s.targets.length === 1 ? "is" : "are"} ${count(s.targets.length, "name")}`;
    const letters = terms.map((_, i) => "abcdefgh"[i] ?? "…").join(", ");
    const help = terms.length === 1 ? "write one name" : `write a name for each: \`(${letters}) = …\``;
    cx.report(names.wrongCellUse({ place: s.value.span, message, help }));
  }
  return s.targets.map(() => wrong(s.value.span));
}

/** The left side with the most axes. */
const widest = (lefts: readonly (Left | null)[]): Left | null =>
  lefts.reduce((a, b) => ((b?.scope.slots.length ?? -1) > (a?.scope.slots.length ?? -1) ? b : a), lefts[0] ?? null);

/** Is it the call of a cell that has a result with an axis? Then the names on the left need not have the same axes. */
export function hasAxisResults(scope: Names, e: Expr): boolean {
  const entity = e.kind === "call" ? scope.find(e.callee) : undefined;
  return entity?.kind === "instance" && entity.instance.cell.def.results.some((r) => r.indices.length > 0);
}

const isInstance = (scope: Names, name: string): boolean => scope.find(name)?.kind === "instance";

/** Looks up a left side. Null: it is wrong, which has been reported. */
export function leftOf(cx: Context, t: Target, global: Scope): Left | null {
  const entity = global.names.own(t.name);
  if (!entity) return null; // a clause of nothing, reported where names were declared
  if (entity.kind !== "quantity") {
    if (entity.kind !== "wrong" && !isWhole(global.names, t))
      cx.report(names.notDefinable({ place: t.span, name: t.name, is: describe(entity), declared: entity.place }));
    return null;
  }
  const of = entity.quantity;
  const parts = partsOfTarget(cx, of, t);
  if (!parts) {
    cx.unreadClauses.add(of);
    const axes = showLeft(cx, of);
    const message = `\`${t.name}\` has ${of.slots.length ? `the axes \`${axes}\`` : "no axes"}; ${t.indices.length} ${t.indices.length === 1 ? "index stands" : "indices stand"} here`;
    if (!(isWhole(global.names, t) && of.span === t.span))
      cx.report(
        domains.badIndex({
          place: t.span,
          message,
          help: of.slots.length ? `write \`${t.name}[${axes}]\`` : `write \`${t.name}\``,
        }),
      );
    return null;
  }
  if (isWhole(global.names, t) && of.role === "eq") {
    if (of.span !== t.span) return null; // a second equation, reported where names were declared
    const scope = leftScope(cx, of, t, global);
    return scope && { kind: "whole", of, span: t.span, scope };
  }
  const owner = ownerOf(cx, of, parts);
  return owner && clauseLeft(cx, t, owner.of, owner.parts, global);
}

/** Indices of a clause: constants and ranges pin a slot, bare variables stay free under the name of the slot. */
function clauseLeft(cx: Context, t: Target, of: Quantity, parts: readonly Part[], global: Scope): Left | null {
  const pins: { slot: string; at: Pos | "below" | "beyond" }[] = [];
  const free = new Map<string, Slot>();
  const vars = new Map<string, Slot>();
  for (const { slot, indices } of parts) {
    const index = indices[0] as Index;
    if (structureOf(cx, slot.axis)) {
      free.set(slot.name, slot);
      if (indices.length === 1 && index.value.kind === "name") vars.set(index.value.name, slot);
      continue;
    }
    const p = clauseIndex(cx, index, slot, of.name, global);
    if (p === null) {
      cx.unreadClauses.add(of);
      return null;
    }
    if (p === "free") {
      free.set(slot.name, slot);
      if (index.value.kind === "name") vars.set(index.value.name, slot);
    } else pins.push({ slot: slot.name, at: p });
  }
  const slots = of.slots.filter((s) => free.has(s.name));
  const scope = edgesScope(cx, parts, { ...global, vars, slots }, global);
  if (!scope) return null;
  return pins.length
    ? { kind: "clause", of, pins, vars: free, scope, span: t.span }
    : { kind: "whole", of, scope, span: t.span };
}

export function clauseIndex(
  cx: Context,
  index: Index,
  slot: Slot,
  of: string,
  scope: Scope,
): Pos | "below" | "beyond" | "free" | null {
  const { value } = index;
  const bad = (message: string, help?: string): null => {
    cx.report(domains.badIndex({ place: index.span, message, help }), scope.via);
    return null;
  };
  if (index.in) return bad("a clause has no binder");
  const around = variablesAround(cx, slot.axis, scope.names);
  const endOf = (e: Expr): Pos | null =>
    nestedEnd(
      e,
      slot,
      around.map((s): Around => ({ at: at(s.name), expr: null })),
      (x, depth) => {
        const s = around[depth] as Slot;
        const own = linear(cx, x, s.axis, scope);
        return own?.slot?.axis === s.axis && own.off === 0 ? at(s.name) : null;
      },
    );
  if (value.kind === "binary" && ["<", "<=", ">", ">=", "=="].includes(value.op)) {
    const x = linear(cx, value.left, slot.axis, scope);
    if (!x?.slot || x.off !== 0) return bad("a range is about the variable of an axis", `write \`${slot.name} < 0\``);
    if (x.slot.axis !== slot.axis) {
      cx.report(
        domains.wrongAxis({
          place: value.left.span,
          name: of,
          written: x.slot.name,
          over: x.slot.axis,
          needs: slot.axis,
        }),
        scope.via,
      );
      return null;
    }
    const p = endOf(value.right) ?? position(cx, value.right, slot.axis, of, scope);
    if (p === null) return null;
    if (p === "gather" || p.k === "var") return bad("the end of a range is a constant");
    if (value.op === "==") return p;
    if (p.k === "start" && (value.op === "<" ? p.off === 0 : value.op === "<=" && p.off === -1)) return "below";
    if (p.k === "end" && (value.op === ">=" ? p.off === 0 : value.op === ">" && p.off === -1)) return "beyond";
    return bad(
      `the range \`${printExpr(value)}\` is not the whole outside`,
      `write \`${slot.name} < 0\` or \`${slot.name} >= ${slot.axis}\``,
    );
  }
  const end = endOf(value);
  if (end) return end;
  const p = position(cx, value, slot.axis, of, scope);
  if (p === null) return null;
  if (p === "gather")
    return bad(
      `\`${printExpr(value)}\` is no index of a clause`,
      `a clause stands at a constant: \`${of}[-1]\`, \`${of}[${slot.axis}]\``,
    );
  if (p.k !== "var") return p;
  if (p.shift === 0) return "free";
  return bad(
    `an equation defines \`${of}[${slot.name}]\`, not a shifted index`,
    `shift the right side instead, or write a clause at a constant such as \`${of}[-1] = …\``,
  );
}

/** As written, for messages. */
export const clauseText = (of: Quantity, pins: ClauseDef["pins"]): string => {
  const at = (s: Slot): string => {
    const p = pins.find((x) => x.slot === s.name)?.at;
    if (p === undefined) return s.name;
    if (p === "below") return `${s.name} < 0`;
    if (p === "beyond") return `${s.name} >= ${s.axis}`;
    if (p.k === "end") return p.off === 0 ? s.axis : `${s.axis}${p.off < 0 ? "" : "+"}${p.off}`;
    return p.k === "start" ? String(p.off) : p.v;
  };
  return `${of.name}[${of.slots.map(at).join(", ")}]`;
};

function define(cx: Context, left: Left, term: Term, span: Place): void {
  const { of } = left;
  const help = left.kind === "clause" ? differentLayers(cx, left) : undefined;
  const mismatch = (): void => cx.report(valueMismatch(of.name, of.span, of.type, term, help));
  checkFree(cx, term, left.scope.slots, of, left.span);
  if (left.kind === "whole") {
    if (of.role !== "eq") {
      cx.report(
        names.notDefinable({
          place: left.span,
          name: of.name,
          is: describe({ kind: "quantity", quantity: of, place: of.span }),
          declared: of.span,
        }),
      );
      return;
    }
    if (parentOfRoot(cx, of)) {
      if (of.definition)
        cx.report(domains.overlappingClauses({ first: of.definition.span, second: span, name: of.name }));
      cx.define(of, { term, span });
      clauseShape(cx.solver, of.type, term, mismatch);
      return;
    }
    // a result of a cell is its equation already
    if (of.definition && term.kind === "read" && term.of === of) return;
    cx.define(of, { term, span });
    defineShape(cx.solver, of.type, term, mismatch);
    return;
  }
  of.clauses.push({ pins: left.pins, vars: left.vars, term, span: left.span, text: clauseText(of, left.pins) });
  clauseShape(cx.solver, of.type, term, mismatch);
}

/** What goes into the first of several layers has another size than what they make. */
function differentLayers(cx: Context, { of, pins }: Extract<Left, { kind: "clause" }>): string | undefined {
  const pin = pins.find(({ slot }) => cx.axes.get(of.slots.find((s) => s.name === slot)?.axis ?? "")?.size);
  if (!pin) return undefined;
  const at = clauseText(of, pins);
  return `\`${of.name}\` has one shape for all \`${pin.slot}\`, also outside: map what goes in to it first, \`${at} = P @ …\` with \`param P\``;
}

/** Every axis free on the right must be on the left (R4). */
export function checkFree(cx: Context, term: Term, slots: readonly Slot[], of: Quantity, left: Place): void {
  for (const { slot, term: where } of freeVariables(term).values())
    if (!slots.some((s) => s.name === slot.name))
      cx.report(domains.freeAxis({ place: where.span, axis: spoken(slot.name), target: of.name, left }));
}
