/**
 * Formals with axes: `e[s] : [E]`. Which variable of an argument stands for `s` is seen from how the argument is written:
 * `e` passes all of a value, `w[k]` the rest of its axes, and `e[t]`, `tanh(W @ e[t])` what they are at every `t`, where
 * `t` is no index of the left side. Where a result has the axis too, `y[t] = f(x[t])`, it is read at that variable.
 */
import * as domains from "../diagnostics/check-domains.js";
import * as names from "../diagnostics/check-names.js";
import type { Expr, Target } from "../syntax/ast.js";
import { printExpr } from "../syntax/print.js";
import type { Slot } from "../system/types.js";
import type { Wanted } from "./calls.js";
import { freshName, variablesOf } from "./cell-axes.js";
import type { Context, Scope } from "./context.js";
import { type Entity, type Instance, Names, slotsOf } from "./entities.js";
import { spoken } from "./indices.js";
import { isEdges } from "./structures/facts.js";
import type { Place } from "./types.js";

type CallExpr = Extract<Expr, { kind: "call" }>;

/** A variable of the text, and what it is where the call stands. */
interface Variable {
  readonly name: string;
  readonly slot: Slot;
}

/** An argument with axes: `expr`, read where `variables` run. */
interface Passed {
  readonly expr: Expr;
  readonly names: Names;
  readonly variables: readonly Variable[];
  /** Were they written, or does a name alone stand for all of a value? */
  readonly isWritten: boolean;
}

export interface CallAxes {
  /** By formal: the argument, and where to elaborate it. */
  readonly args: ReadonlyMap<Target, { readonly expr: Expr; readonly scope: Scope; readonly slots: readonly Slot[] }>;
  /** Variable of the cell → its slot in this call. */
  readonly slots: ReadonlyMap<string, Slot>;
  /** Variable of the cell → the variable outside at which results are read. */
  readonly outer: ReadonlyMap<string, Slot>;
  /** Names a variable that nothing else is called. */
  take(base: string): string;
}

/** Finds out what the variables of the formals are in a call. Null: an argument is wrong, which has been reported. */
export function callAxes(
  cx: Context,
  instance: Instance,
  e: CallExpr,
  scope: Scope,
  targets: readonly Wanted[],
  via: Place,
): CallAxes | null {
  const { def } = instance.cell;
  const resulting = new Set(def.results.flatMap(variablesOf));
  const passed = new Map<Target, Passed>();
  for (const [i, formal] of def.formals.entries()) {
    if (!formal.indices.length) continue;
    const variables = variablesOf(formal);
    if (variables.length !== formal.indices.length || new Set(variables).size !== variables.length) {
      const message = `the axes of the formal \`${formal.name}\` are written as bare names, each once`;
      cx.report(domains.badIndex({ place: formal.span, message, help: `write \`${formal.name}[s]\`` }), via);
      return null;
    }
    const { value } = e.args[i] as CallExpr["args"][number];
    const found = passedBy(
      cx,
      value,
      variables.length,
      variables.some((v) => resulting.has(v)),
      scope,
    );
    if (!found) {
      refuse(cx, formal, value, scope, def.nameSpan);
      return null;
    }
    passed.set(formal, found);
  }

  // which axis each variable of the cell runs over, and where results are read along it
  const first = new Map<string, Variable>();
  const outer = new Map<string, Slot>();
  for (const [formal, { variables, isWritten, expr }] of passed)
    for (const [k, v] of variablesOf(formal).entries()) {
      const is = variables[k] as Variable;
      const known = first.get(v);
      if (!known) first.set(v, is);
      else if (known.slot.axis !== is.slot.axis) {
        const needs = known.slot.axis;
        cx.report(
          domains.wrongAxis({
            place: expr.span,
            name: formal.name,
            written: spoken(is.slot.name),
            over: is.slot.axis,
            needs,
          }),
          scope.via,
        );
        return null;
      }
      if (isWritten && resulting.has(v) && isInUse(is, scope) && !outer.has(v)) outer.set(v, is.slot);
    }
  for (const [i, result] of def.results.entries()) {
    const variables = variablesOf(result);
    const left = targets[i]?.slots.slice(-variables.length) ?? [];
    for (const [k, v] of variables.entries()) {
      const slot = left[k];
      if (slot && !outer.has(v)) outer.set(v, slot);
    }
  }
  for (const [v, { slot }] of first) {
    const isWritten = [...passed.values()].some((p) => p.isWritten && p.variables.some((x) => x.slot === slot));
    if (isWritten && resulting.has(v) && !outer.has(v)) outer.set(v, slot);
  }

  const taken = new Set(scope.slots.map((s) => s.name));
  const take = (base: string): string => {
    const name = freshName(base, taken);
    taken.add(name);
    return name;
  };
  const slots = new Map<string, Slot>();
  for (const [v, { slot }] of first) {
    const within = [...first].find(([, x]) => x.slot.name === slot.of)?.[0];
    const of = within === undefined ? slot.of : (slots.get(within)?.name ?? slot.of);
    slots.set(v, { name: take(v), axis: slot.axis, ...(of === undefined ? {} : { of }) });
  }

  const args = new Map<Target, { expr: Expr; scope: Scope; slots: readonly Slot[] }>();
  for (const [formal, p] of passed) {
    const own = variablesOf(formal).map((v) => slots.get(v) as Slot);
    const vars = new Map([...scope.vars, ...p.variables.map((x, k) => [x.name, own[k] as Slot] as const)]);
    const inner = { ...scope, names: p.names, vars, slots: [...scope.slots, ...own] };
    args.set(formal, { expr: p.expr, scope: inner, slots: own });
  }
  return { args, slots, outer, take };
}

/** What an argument passes to a formal of `k` axes. Null: nothing that fits. */
function passedBy(cx: Context, e: Expr, k: number, isResult: boolean, scope: Scope): Passed | null {
  const rest = restOf(cx, e, k, scope);
  if (rest) return rest;
  const passed = (variables: readonly Variable[]): Passed => ({
    expr: e,
    names: scope.names,
    variables,
    isWritten: true,
  });
  const all = [...mentionedIn(cx, e, scope)].map(([name, slot]): Variable => ({ name, slot }));
  const own = all.filter((v) => !isInUse(v, scope));
  if (own.length === k) return passed(own);
  const last = e.kind === "index" ? e.indices.slice(-k) : [];
  const trailing = last.flatMap(({ value }) => all.filter((v) => value.kind === "name" && value.name === v.name));
  const isDistinct = trailing.length === k && new Set(trailing).size === k;
  if (isDistinct && (isResult || trailing.every((v) => own.includes(v)))) return passed(trailing);
  if (!isResult) return null;
  if (all.length === k) return passed(all);
  // `layernorm(x[l-1, t])`: what the values in it are indexed by last, if that is one and the same
  const lasts = new Set(lastIndices(e, k));
  const [only] = lasts.size === 1 ? lasts : [];
  const same = only?.split(",").flatMap((name) => all.filter((v) => v.name === name)) ?? [];
  return same.length === k ? passed(same) : null;
}

/** The last `k` indices of the values in an expression that have so many, where they are bare names. */
function lastIndices(e: Expr, k: number): string[] {
  switch (e.kind) {
    case "index": {
      const last = e.indices.slice(-k).map(({ value }) => (value.kind === "name" ? value.name : ""));
      return last.length === k ? [last.join(",")] : [];
    }
    case "unary":
    case "transpose":
      return lastIndices(e.arg, k);
    case "binary":
      return [e.left, e.right].flatMap((x) => lastIndices(x, k));
    case "if":
      return [e.cond, e.then, e.else].flatMap((x) => lastIndices(x, k));
    case "concat":
      return e.parts.flatMap((x) => lastIndices(x, k));
    case "list":
      return e.items.flatMap((x) => lastIndices(x, k));
    case "call":
      return e.args.flatMap((a) => lastIndices(a.value, k));
    case "name":
    case "number":
    case "string":
      return [];
  }
}

const isInUse = ({ name, slot }: Variable, scope: Scope): boolean =>
  scope.isOpen ? scope.vars.has(name) : scope.slots.some((s) => s.name === slot.name);

/** `e`, `w[k]`: a value of which the last `k` indices are left out. They get names that no text can have. */
function restOf(cx: Context, e: Expr, k: number, scope: Scope): Passed | null {
  if (e.kind !== "name" && e.kind !== "index") return null;
  const slots = indexedBy(scope.names.find(e.name));
  const indices = e.kind === "index" ? e.indices : [];
  if (slots.length - indices.length !== k || slots.some((s) => isEdges(cx, s.axis))) return null;
  const own = new Names(scope.names);
  const variables = slots.slice(-k).map((s): Variable => {
    const at = indices[slots.findIndex((x) => x.name === s.of)]?.value;
    const outside = at?.kind === "name" ? scope.names.find(at.name) : undefined;
    const of = at?.kind === "name" && outside?.kind === "axis" ? slotIn(scope, at.name, outside.slot).name : s.of;
    const slot: Slot = { name: s.name, axis: s.axis, ...(of === undefined ? {} : { of }) };
    own.set(`${s.name}'`, { kind: "axis", slot, place: e.span });
    return { name: `${s.name}'`, slot };
  });
  const written = variables.map((v) => ({
    value: { kind: "name", name: v.name, span: e.span } as const,
    span: e.span,
  }));
  const nameSpan = e.kind === "index" ? e.nameSpan : e.span;
  const expr: Expr = { kind: "index", name: e.name, nameSpan, indices: [...indices, ...written], span: e.span };
  return { expr, names: own, variables, isWritten: false };
}

/** The slots of which a read by name writes an index. */
function indexedBy(entity: Entity | undefined): readonly Slot[] {
  if (entity?.kind === "quantity") return entity.quantity.slots.slice(entity.quantity.around);
  const indexed = entity?.kind === "indexed" ? entity.indexed() : null;
  return indexed ? slotsOf(indexed) : [];
}

/** What the variable of an axis is in a scope. */
function slotIn(scope: Scope, name: string, { name: declared, axis, of }: Slot): Slot {
  const outer = of === undefined ? undefined : (scope.vars.get(of)?.name ?? of);
  return scope.vars.get(name) ?? { name: declared, axis, ...(outer === undefined ? {} : { of: outer }) };
}

/** The variables of axes that an expression depends on, as it is written, in order. */
function mentionedIn(cx: Context, e: Expr, scope: Scope): Map<string, Slot> {
  const out = new Map<string, Slot>();
  const note = (name: string, bound: ReadonlySet<string>): void => {
    const entity = bound.has(name) ? undefined : scope.names.find(name);
    if (entity?.kind === "axis") out.set(name, slotIn(scope, name, entity.slot));
  };
  const go = (x: Expr, bound: ReadonlySet<string>): void => {
    switch (x.kind) {
      case "name":
        return note(x.name, bound);
      case "index":
        for (const i of x.indices) go(i.value, bound);
        return;
      case "unary":
      case "transpose":
        return go(x.arg, bound);
      case "binary":
        go(x.left, bound);
        return go(x.right, bound);
      case "if":
        for (const part of [x.cond, x.then, x.else]) go(part, bound);
        return;
      case "concat":
        for (const part of x.parts) go(part, bound);
        return;
      case "list":
        for (const item of x.items) go(item, bound);
        return;
      case "call": {
        const entity = scope.names.find(x.callee);
        if (entity?.kind === "instance") {
          for (const b of x.binders) go(b.value, bound);
          return inCall(x, entity.instance, bound);
        }
        const names = x.binders.flatMap((b) => (b.value.kind === "name" ? [b.value.name] : []));
        for (const b of x.binders) if (b.in) go(b.in, bound);
        // softmax leaves its variable free
        const inner = x.callee === "softmax" ? bound : new Set([...bound, ...names]);
        for (const a of x.args) go(a.value, inner);
        return;
      }
      case "number":
      case "string":
        return;
    }
  };
  /** A cell inside binds what it is passed along an axis, unless its results have that axis. */
  const inCall = (x: CallExpr, { cell }: Instance, bound: ReadonlySet<string>): void => {
    const resulting = new Set(cell.def.results.flatMap(variablesOf));
    for (const [i, a] of x.args.entries()) {
      const formal = cell.def.formals[i];
      const variables = formal ? variablesOf(formal) : [];
      if (!variables.length || variables.some((v) => resulting.has(v))) go(a.value, bound);
      else {
        const passed = passedBy(cx, a.value, variables.length, false, scope);
        go(a.value, new Set([...bound, ...(passed?.isWritten ? passed.variables.map((v) => v.name) : [])]));
      }
    }
  };
  go(e, new Set());
  return out;
}

function refuse(cx: Context, formal: Target, value: Expr, scope: Scope, declared: Place): void {
  const text = printExpr(value);
  const name = value.kind === "index" || value.kind === "name" ? value.name : null;
  const shape = `${formal.name}[${variablesOf(formal).join(", ")}]`;
  const isOfEdges = indexedBy(name === null ? undefined : scope.names.find(name)).some((s) => isEdges(cx, s.axis));
  if (isOfEdges) {
    const message = `\`${name}\` is one value for each edge, and a cell takes none along edges`;
    cx.report(
      names.wrongCellUse({
        place: value.span,
        message,
        help: "reduce it over the neighbours of a node first",
        declared,
      }),
      scope.via,
    );
    return;
  }
  const message = `the formal \`${shape}\` takes a value along ${formal.indices.length === 1 ? "an axis" : `${formal.indices.length} axes`}, and \`${text}\` is one value here`;
  const help =
    name !== null && value.kind === "index"
      ? `write \`${name}\` for all of it, or an index that is no index of the left side`
      : "pass a value that has the axis, by its name or at a variable that is no index of the left side";
  cx.report(names.wrongCellUse({ place: value.span, message, help, declared }), scope.via);
}
