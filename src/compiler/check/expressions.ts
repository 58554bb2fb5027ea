/** From the syntax tree to terms: names are looked up, indices become positions, and every node gets its type rule. */
import * as domains from "../diagnostics/check-domains.js";
import * as names from "../diagnostics/check-names.js";
import * as shapes from "../diagnostics/check-shapes.js";
import { notSupported } from "../diagnostics/check-unsupported.js";
import { nearest } from "../diagnostics/nearest.js";
import type { Expr, Index } from "../syntax/ast.js";
import { printExpr, printIndexValue } from "../syntax/print.js";
import { at, posVar } from "../system/positions.js";
import type { Pos, Slot } from "../system/types.js";
import { callTerm } from "./calls.js";
import type { Context, Scope } from "./context.js";
import * as dims from "./dims.js";
import { describe, type Indexed, slotsOf } from "./entities.js";
import { freeSlots } from "./free.js";
import { gathered } from "./gather.js";
import { linear, position } from "./indices.js";
import { aroundSlot, extentAt, lengthOfAxis, nestedEnd, plainVariables } from "./lengths.js";
import { branchShape, compareShape, concatShape, pickShape, transposeShape } from "./rules.js";
import { broadcastShape, contractShape, type Mismatch, reasons, unaryShape } from "./shapes.js";
import { spoil } from "./solve.js";
import { indicesOf } from "./structures/facts.js";
import { isNode } from "./structures/nodes.js";
import { comparedNode, hasStructure, nodeAsNumber, nodeAsValue, readStructured } from "./structures/reads.js";
import type { Gathered, Quantity, Term } from "./terms.js";
import { isToken, open, type Place, poison, scalar, showType } from "./types.js";

export const wrong = (span: Place): Term => ({ kind: "wrong", span, type: poison() });

/** The tokens that every vocabulary can have. */
export const specials: ReadonlySet<string> = new Set(["BOS", "EOS", "UNK"]);

const orders: ReadonlySet<string> = new Set(["<", "<=", ">", ">="]);

/** How a mismatch between two terms is told. */
function mismatchOf(cx: Context, scope: Scope): Mismatch {
  return (what, left, right, help) =>
    cx.report(
      shapes.shapeMismatch({
        what,
        left: { place: left.span, type: showType(left.type) },
        right: { place: right.span, type: showType(right.type) },
        why: reasons(left, right),
        help,
      }),
      scope.via,
    );
}

export function elaborate(cx: Context, e: Expr, scope: Scope): Term {
  const term = elaborateNew(cx, e, scope);
  cx.notePlace(term.type, term.span, scope.via);
  return term;
}

function elaborateNew(cx: Context, e: Expr, scope: Scope): Term {
  const span: Place = e.span;
  const mismatch = mismatchOf(cx, scope);
  const row = (help: string): void => cx.report(shapes.rowValue({ place: span, help }), scope.via);
  switch (e.kind) {
    case "number":
      return { kind: "number", value: e.value, span, type: scalar() };
    case "string":
      return literal(cx, e.value, span, scope);
    case "name":
      return nameTerm(cx, e.name, [], span, span, scope);
    case "index":
      return nameTerm(cx, e.name, e.indices, e.nameSpan, span, scope);
    case "call":
      return callTerm(cx, e, scope);
    case "unary": {
      const arg = elaborate(cx, e.arg, scope);
      const t: Term = { kind: "unary", op: e.op, arg, span, type: open() };
      unaryShape(cx.solver, arg, t.type);
      return t;
    }
    case "transpose": {
      const arg = elaborate(cx, e.arg, scope);
      const t: Term = { kind: "transpose", arg, span, type: open() };
      transposeShape(cx.solver, t, row, mismatch);
      return t;
    }
    case "binary": {
      if (e.op === "@") {
        const side = (x: Expr): [Term, boolean] =>
          x.kind === "transpose" ? [elaborate(cx, x.arg, scope), true] : [elaborate(cx, x, scope), false];
        const [[left, leftTransposed], [right, rightTransposed]] = [side(e.left), side(e.right)];
        const t: Term = { kind: "contract", left, right, leftTransposed, rightTransposed, span, type: open() };
        contractShape(cx.solver, t, mismatch, row);
        return t;
      }
      const nodes = (e.op === "==" || e.op === "!=") && isNode(cx, e.left, scope) && isNode(cx, e.right, scope);
      const [left, right] = nodes
        ? [comparedNode(cx, e.left, e.right, scope), comparedNode(cx, e.right, e.left, scope)]
        : [elaborate(cx, e.left, scope), elaborate(cx, e.right, scope)];
      const t: Term = { kind: "binary", op: e.op, left, right, span, type: open() };
      if (e.op === "==" || e.op === "!=") compareShape(cx.solver, `\`${e.op}\``, left, right, t.type, mismatch);
      else if (orders.has(e.op) && [left, right].some((x) => x.kind === "literal" || isToken(x.type))) {
        cx.report(shapes.unorderedTokens({ place: span, op: e.op }), scope.via);
        spoil(left.type, right.type, t.type);
      } else broadcastShape(cx.solver, `\`${e.op}\``, left, right, t.type, mismatch);
      return t;
    }
    case "if": {
      const cond = elaborate(cx, e.cond, scope);
      const branch = (x: Expr, holds: boolean): Term =>
        elaborate(cx, x, { ...scope, facts: [...(scope.facts ?? []), { cond, holds }] });
      const [yes, no] = [branch(e.then, true), branch(e.else, false)];
      const t: Term = { kind: "if", cond, then: yes, else: no, span, type: open() };
      branchShape(cx.solver, t, mismatch);
      return t;
    }
    case "concat":
      return concat(cx, e.parts, span, scope);
    case "list": {
      if (e.items.length === 1) return concat(cx, e.items, span, scope);
      cx.report(
        shapes.badArguments({
          place: span,
          fn: "[…]",
          message: "a list is no value; vectors are joined with `;`",
          usage: `[${e.items.map(printExpr).join("; ")}]`,
        }),
        scope.via,
      );
      return wrong(span);
    }
  }
}

function concat(cx: Context, parts: readonly Expr[], span: Place, scope: Scope): Term {
  const t: Term = { kind: "concat", parts: parts.map((p) => elaborate(cx, p, scope)), span, type: open() };
  concatShape(cx.solver, t, mismatchOf(cx, scope));
  return t;
}

export function literal(cx: Context, text: string, span: Place, scope: Scope): Term {
  const term: Term = { kind: "literal", text, span, type: open() };
  cx.literals.push({ term, via: scope.via });
  return term;
}

/** A name with or without indices, read as a value. */
function nameTerm(
  cx: Context,
  name: string,
  indices: readonly Index[],
  nameSpan: Place,
  span: Place,
  scope: Scope,
): Term {
  const entity = scope.names.find(name);
  const refuse = (needs: string): Term => {
    if (entity && entity.kind !== "wrong")
      cx.report(
        names.wrongKind({ place: nameSpan, name, is: describe(entity), needs, declared: entity.place }),
        scope.via,
      );
    return wrong(span);
  };
  if (!entity) {
    if (specials.has(name) && !indices.length) return literal(cx, `<${name}>`, span, scope);
    if (name === "training" && !indices.length) return { kind: "mode", test: "training", span, type: scalar() };
    if (name === "inf" || name === "pi")
      return { kind: "number", value: name === "pi" ? Math.PI : Number.POSITIVE_INFINITY, span, type: scalar() };
    if (name === "root" && cx.structures.size) return nodeAsValue(cx, name, span, scope);
    const near = nearest(name, valueNames(scope));
    const help = `declare it (\`param ${name}\`, \`input ${name}[t]\`, …) or write an equation for it`;
    cx.reportUnknown({ place: nameSpan, name, what: "name", near, help }, scope.via);
    return wrong(span);
  }
  if (entity.kind === "bound") {
    const length = boundTerm(cx, name, entity.axis, indices, span, scope);
    if (length) return length;
  }
  if (indices.length && entity.kind !== "quantity" && entity.kind !== "term" && entity.kind !== "indexed")
    return refuse("a value that has indices");
  switch (entity.kind) {
    case "dim":
      return { kind: "size", dim: entity.dim, span, type: scalar() };
    case "vocab":
      return { kind: "size", dim: dims.named(entity.name), span, type: scalar() };
    case "number":
      return { kind: "number", value: entity.value, span, type: scalar() };
    case "axis": {
      const structure = cx.structures.get(entity.slot.axis);
      if (structure) return nodeAsNumber(cx, name, structure, span, scope);
      return { kind: "index", slot: scope.vars.get(name) ?? entity.slot, span, type: scalar() };
    }
    case "bound":
      return { kind: "extent", axis: entity.axis, span, type: scalar() };
    case "cell":
    case "instance":
      return refuse("a value");
    case "wrong":
      return wrong(span);
    case "term": {
      const term = { ...entity.term(), span };
      return indices.length ? pick(cx, term, name, indices, span, scope) : term;
    }
    case "indexed": {
      const indexed = entity.indexed();
      if (!indexed) return wrong(span);
      const read = readTerm(cx, indexed, name, indices, span, scope);
      // the value may have another name outside
      return read.kind === "read" ? { ...read, written: writtenAs(name, indices) } : read;
    }
    case "quantity": {
      const { quantity: of } = entity;
      return readTerm(cx, { of, fixed: inside(of, scope), type: of.type }, of.name, indices, span, scope);
    }
  }
}

const writtenAs = (name: string, indices: readonly Index[]): string =>
  indices.length ? `${name}[${indices.map((i) => printIndexValue(i.value)).join(", ")}]` : name;

const valueNames = (scope: Scope): string[] => [...scope.names.all(), ...specials];

/** A read with too few indices, with all of them: those that are written go to the slots whose axes they fit. */
function completed(
  cx: Context,
  name: string,
  slots: readonly Slot[],
  indices: readonly Index[],
  scope: Scope,
): { readonly needs: string; readonly whole: string } {
  const left = [...indices];
  const missing: string[] = [];
  const all = slots.map((slot, i): string => {
    const [first] = left;
    const x = first && linear(cx, first.value, slot.axis, scope);
    const over = x?.slot?.axis ?? x?.end ?? null;
    const isSpare = slots.length - i > left.length;
    if (first && (!isSpare || !x || over === null || over === slot.axis)) {
      left.shift();
      return printIndexValue(first.value);
    }
    missing.push(slot.name);
    return slot.name;
  });
  return { needs: missing[0] as string, whole: `${name}[${all.join(", ")}]` };
}

/** A read of a quantity: indices fill its axes first, then its dims. */
function readTerm(
  cx: Context,
  indexed: Indexed,
  name: string,
  indices: readonly Index[],
  span: Place,
  scope: Scope,
): Term {
  const { of: q, fixed, type } = indexed;
  if (hasStructure(cx, q)) return structuredRead(cx, indexed, name, indices, span, scope);
  q.reads.push(span);
  if (indices.length < slotsOf(indexed).length) {
    const { needs, whole } = completed(cx, name, slotsOf(indexed), indices, scope);
    cx.report(domains.missingIndex({ place: span, name, needs, declared: q.span, whole }), scope.via);
    return wrong(span);
  }
  const rest = [...indices];
  const exprs = q.slots.map((_, i) => (fixed[i] ? null : (rest.shift() as Index).value));
  const idx: Pos[] = [];
  const gathers: Gathered[] = [];
  const written = writtenAs(name, indices);
  for (const [i, slot] of q.slots.entries()) {
    const e = exprs[i];
    const known = fixed[i];
    if (known || !e) {
      idx.push(known as Pos);
      continue;
    }
    const around = aroundSlot(q.slots, slot, (k) => ({ at: idx[k], expr: exprs[k] ?? null }));
    const end = nestedEnd(e, slot, around, (x, depth) =>
      outerPosition(cx, x, q, slot, around.length - depth, name, scope),
    );
    if (end) {
      idx.push(end);
      continue;
    }
    const p = position(cx, e, slot.axis, name, scope);
    if (p === null) return wrong(span);
    const outer = idx[q.slots.findIndex((s) => s.name === slot.of)];
    if (p !== "gather" && !isForeign(cx, e, p, slot, outer, scope)) {
      if (isVariable(p) || !isAroundChosen(cx, q.slots, exprs, slot, scope)) {
        idx.push(p);
        continue;
      }
    }
    const index = elaborate(cx, e, scope);
    if (index.kind === "wrong") return wrong(span);
    const inner = { ...scope, slots: [...scope.slots, ...gathers.map((g) => g.bound)] };
    const text = printIndexValue(e);
    const use = { of: q, slot, outer: outer && (posVar(outer) ?? undefined), text, written, span, read: { idx } };
    const chosen = gathered(cx, index, { ...use, scope: inner });
    gathers.push(chosen);
    idx.push(at(chosen.bound.name));
  }
  // positions do not say these as they were written: p[t], U[k-1]-1
  const isWritten = gathers.length > 0 || q.slots.some((s, i) => s.of !== undefined && idx[i]?.k === "end");
  const whole: ReadTerm = { kind: "read", of: q, idx, picks: [], span, type, ...(isWritten ? { written } : {}) };
  const read: Term = gathers.length ? { kind: "gather", arg: whole, at: gathers, span, type } : whole;
  return rest.length ? pick(cx, read, name, rest, span, scope) : read;
}

const isVariable = (p: Pos): boolean => p.k === "var" && p.shift === 0;

/** Is it a variable within another index of the axis around than the read looks at? Then it is a mere number there. */
function isForeign(cx: Context, e: Expr, p: Pos, slot: Slot, outer: Pos | undefined, scope: Scope): boolean {
  if (slot.of === undefined || p.k !== "var") return false;
  const own = linear(cx, e, slot.axis, scope)?.slot?.of;
  return !(outer && isVariable(outer) && posVar(outer) === own);
}

/** Where a read looks along the axis `depth` steps around a slot. */
function outerPosition(
  cx: Context,
  e: Expr,
  q: Quantity,
  slot: Slot,
  depth: number,
  name: string,
  scope: Scope,
): Pos | null {
  let outer: Slot | undefined = slot;
  for (let i = 0; i < depth; i++) outer = q.slots.find((s) => s.name === outer?.of);
  const p = outer ? position(cx, e, outer.axis, name, scope) : null;
  return p === "gather" ? null : p;
}

/** Is an index within this axis a value, or a variable? That is looked up at a variable of this one. */
const isAroundChosen = (
  cx: Context,
  slots: readonly Slot[],
  exprs: readonly (Expr | null)[],
  slot: Slot,
  scope: Scope,
): boolean =>
  slots.some((s, i) => {
    const e = exprs[i];
    if (s.of !== slot.name || !e) return false;
    const isEnd = nestedEnd(
      e,
      s,
      aroundSlot(slots, s, (k) => ({ at: undefined, expr: exprs[k] ?? null })),
      () => null,
    );
    const x = linear(cx, e, s.axis, scope);
    return (!isEnd && (x === null || x.slot !== null)) || isAroundChosen(cx, slots, exprs, s, scope);
  });

/** `U[k]`, the length of a nested axis; null where the axis is not within another one. */
function boundTerm(
  cx: Context,
  name: string,
  axis: string,
  indices: readonly Index[],
  span: Place,
  scope: Scope,
): Term | null {
  if ((cx.axes.get(axis)?.within ?? null) === null) return null;
  const of = lengthOfAxis(cx, axis, scope.names);
  const variables = plainVariables(indices, scope);
  const fits = variables?.length === of.slots.length && of.slots.every((s, i) => s.axis === variables[i]?.axis);
  if (variables && fits) return extentAt(axis, variables, span);
  return readTerm(cx, { of, fixed: of.slots.map(() => null), type: of.type }, name, indices, span, scope);
}

/** Inside an instance for each l, its parameters are those of the l of the call. */
const inside = (q: Quantity, scope: Scope): (Pos | null)[] =>
  q.slots.map((s, i) => (i < q.around ? (scope.around?.get(s.name) ?? at(s.name)) : null));

/** A read at nodes or edges; indices that are left over pick entries. */
function structuredRead(
  cx: Context,
  indexed: Indexed,
  name: string,
  indices: readonly Index[],
  span: Place,
  scope: Scope,
): Term {
  const n = slotsOf(indexed).reduce((sum, s) => sum + indicesOf(cx, s), 0);
  const read = readStructured(cx, indexed, indices.slice(0, n), span, scope);
  if (!read) return wrong(span);
  return indices.length > n ? pick(cx, read, name, indices.slice(n), span, scope) : read;
}

/** `A[y[t-1], j]`, `E[w]`: entries of the leading dims. */
function pick(cx: Context, of: Term, name: string, indices: readonly Index[], span: Place, scope: Scope): Term {
  const base = of.kind === "read" && !of.picks.length ? of : readOf(hoist(cx, of, name, scope), span);
  const picks = indices.map((i) => elaborate(cx, i.value, scope));
  const t: Term = { ...base, picks, span, type: open() };
  pickShape(cx, t, base.type, (p, message, help) => {
    cx.report(domains.badIndex({ place: p.span, message, help }), scope.via);
    spoil(t.type);
  });
  return t;
}

type ReadTerm = Extract<Term, { kind: "read" }>;

/** A quantity at its own variables. */
export function readOf(q: Quantity, span: Place): ReadTerm {
  q.reads.push(span);
  return {
    kind: "read",
    of: q,
    idx: q.slots.map((s): Pos => ({ k: "var", v: s.name, shift: 0 })),
    picks: [],
    span,
    type: q.type,
  };
}

/** Gives a part of an expression a value of its own, so that it is computed once. */
export function hoist(cx: Context, term: Term, name: string, scope: Scope): Quantity {
  return cx.quantity({
    id: `${scope.prefix}${name}`,
    name,
    role: "eq",
    slots: freeSlots(term, scope.slots),
    span: term.span,
    type: term.type,
    named: false,
    definition: { term, span: term.span },
  });
}

/** A scope in which the variables of a reduction are bound; one that is in use already gets another name. */
export function bind(
  cx: Context,
  binders: readonly Index[],
  scope: Scope,
): { scope: Scope; bound: readonly Slot[] } | null {
  const vars = new Map(scope.vars);
  const bound: Slot[] = [];
  for (const b of binders) {
    if (b.in) {
      const construct = `the range \`${printExpr(b.value)} in ${printExpr(b.in)}\``;
      cx.report(
        notSupported({ place: b.span, construct, help: "reduce over the whole of an axis: `sum[s](…)`" }),
        scope.via,
      );
      return null;
    }
    const entity = b.value.kind === "name" ? scope.names.find(b.value.name) : undefined;
    if (b.value.kind !== "name" || entity?.kind !== "axis") {
      if (entity?.kind === "wrong") return null;
      if (b.value.kind === "name" && !entity) {
        const near = nearest(b.value.name, axisNames(scope));
        const help = `declare \`axis ${b.value.name} < …\``;
        cx.reportUnknown({ place: b.span, name: b.value.name, what: "axis", near, help }, scope.via);
      } else
        cx.report(
          domains.badIndex({
            place: b.span,
            message: "a reduction runs over the variable of an axis",
            help: "write `sum[s](…)`",
          }),
          scope.via,
        );
      return null;
    }
    const taken = new Set([...scope.slots, ...bound].map((s) => s.name));
    let name = b.value.name;
    while (taken.has(name)) name += "'";
    const { axis, of } = entity.slot;
    const slot: Slot = { name, axis, ...(of === undefined ? {} : { of: vars.get(of)?.name ?? of }) };
    bound.push(slot);
    vars.set(b.value.name, slot);
  }
  return { scope: { ...scope, vars, slots: [...scope.slots, ...bound] }, bound };
}

const axisNames = (scope: Scope): string[] => {
  const out: string[] = [];
  for (let n: Scope["names"] | null = scope.names; n; n = n.outer)
    for (const [k, e] of n.entries()) if (e.kind === "axis") out.push(k);
  return out;
};
