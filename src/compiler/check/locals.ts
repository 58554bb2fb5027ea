/** The equations in the body of a cell, in one call: they stand in any order, and each is elaborated when it is first needed. */
import * as domains from "../diagnostics/check-domains.js";
import * as names from "../diagnostics/check-names.js";
import type { CellDef, Expr, Statement, Target } from "../syntax/ast.js";
import { at } from "../system/positions.js";
import type { Pos, Slot } from "../system/types.js";
import { callTerms, type Wanted } from "./calls.js";
import { dimOf } from "./constants.js";
import type { Context, Scope } from "./context.js";
import type { Dim } from "./dims.js";
import type { Indexed, Names } from "./entities.js";
import { checkFree, clauseIndex, clauseText, hasAxisResults } from "./equations.js";
import { elaborate, readOf, wrong } from "./expressions.js";
import { freeSlots, freeVariables } from "./free.js";
import { constantEquation } from "./instances.js";
import { valueMismatch } from "./mismatch.js";
import { clauseShape, defineShape } from "./rules.js";
import type { ClauseDef, Quantity, Term } from "./terms.js";
import { float } from "./types.js";

type Equation = Extract<Statement, { kind: "equation" }>;

/** A value of the body. `slots`: its own axes, beside what stands around the call. */
export interface Local {
  readonly slots: readonly Slot[];
  /** Null: it is wrong, which has been reported. */
  quantity(): Quantity | null;
}

export function once<T>(make: () => T): () => T {
  let value: { made: T } | null = null;
  return () => (value ??= { made: make() }).made;
}

/** A quantity of the body as it is read there: at indices along `slots`. */
export const indexedAt = (of: Quantity, slots: readonly Slot[]): Omit<Indexed, "type"> => ({
  of,
  fixed: of.slots.map((s): Pos | null => (slots.some((own) => own.name === s.name) ? null : at(s.name))),
});

export class Locals {
  readonly #all = new Map<string, Local>();
  readonly #equations: readonly Equation[];
  readonly #clauses: readonly Equation[];

  constructor(
    readonly cx: Context,
    readonly def: CellDef,
    /** The names of the instance, its constants among them. */
    readonly owned: Names,
    readonly scope: Scope,
    /** What the values of the call may depend on around it. */
    readonly outer: readonly Slot[],
    /** What the results are called where the call stands. */
    readonly targets: readonly Wanted[],
  ) {
    const equations = def.body.filter(
      (s): s is Equation => s.kind === "equation" && constantEquation(cx, s, owned) === null,
    );
    const isWhole = (t: Target): boolean => t.indices.every((i) => !i.in && this.#axisOf(i.value) !== undefined);
    const isClause = (s: Equation): boolean => s.targets.some((t) => !isWhole(t));
    this.#clauses = equations.filter(isClause);
    this.#equations = equations.filter((s) => !isClause(s));
  }

  find(name: string): Local | undefined {
    return this.#all.get(name);
  }

  /** Does the body say what a value is outside its domain? Then it has to be a value of its own. */
  hasClauses(name: string): boolean {
    return this.#clauses.some((s) => s.targets.some((t) => t.name === name));
  }

  /** Elaborates everything. */
  define(): void {
    for (const s of this.#equations) this.#equation(s);
    for (const r of this.def.results)
      if (!this.#all.has(r.name) && this.def.formals.some((f) => f.name === r.name))
        this.cx.report(
          names.duplicateName({ place: r.nameSpan, name: r.name, first: this.def.nameSpan }),
          this.scope.via,
        );
    for (const local of this.#all.values()) local.quantity();
    for (const s of this.#clauses) this.#clause(s);
  }

  /** The variable of the body that an index is. */
  #axisOf(value: Expr): Slot | undefined {
    const entity = value.kind === "name" ? this.scope.names.own(value.name) : undefined;
    return entity?.kind === "axis" ? entity.slot : undefined;
  }

  /** The right side of an equation; `lefts`: the axes on the left of each value. */
  #terms(s: Equation, scope: Scope, lefts: readonly (readonly Slot[])[]): readonly Term[] {
    const isCall = s.value.kind === "call" && scope.names.find(s.value.callee)?.kind === "instance";
    if (s.targets.length === 1 && !isCall) return [elaborate(this.cx, s.value, scope)];
    if (s.value.kind !== "call") return [];
    const wanted = s.targets.map((t, i): Wanted => ({ name: t.name, into: null, slots: lefts[i] ?? [], span: s.span }));
    return callTerms(this.cx, s.value, scope, wanted);
  }

  #equation(s: Equation): void {
    const { cx, scope } = this;
    const slotsOf = (t: Target): Slot[] => t.indices.flatMap((i) => this.#axisOf(i.value) ?? []);
    const variables = (slots: readonly Slot[]): string[] => slots.map((x) => x.name);
    const isFree = hasAxisResults(scope.names, s.value);
    const all = s.targets.map(slotsOf).reduce((a, b) => (b.length > a.length ? b : a));
    const inner: Scope = { ...scope, slots: [...scope.slots, ...all] };
    const state = { isBusy: false };
    const right = once((): readonly Term[] => {
      state.isBusy = true;
      const terms = this.#terms(s, inner, s.targets.map(slotsOf));
      state.isBusy = false;
      return terms;
    });
    for (const [i, target] of s.targets.entries()) {
      const own = slotsOf(target);
      const [mine, widest] = [variables(own), variables(all)];
      if (isFree ? !mine.every((x) => widest.includes(x)) : mine.join() !== widest.join()) {
        const message = "all values on the left of one equation have the same indices";
        cx.report(domains.badIndex({ place: target.span, message, help: "write an equation for each" }), scope.via);
      }
      const local = this.#local(s, i, own, inner, right, state);
      const known = scope.names.own(target.name);
      if (known)
        cx.report(names.duplicateName({ place: target.nameSpan, name: target.name, first: known.place }), scope.via);
      const place = target.nameSpan;
      if (own.length) {
        const indexed = (): Indexed | null => {
          const of = local.quantity();
          return of && { ...indexedAt(of, own), type: of.type };
        };
        scope.names.set(target.name, { kind: "indexed", indexed, place });
      } else {
        const term = (): Term => {
          const of = local.quantity();
          return of ? readOf(of, target.span) : wrong(target.span);
        };
        scope.names.set(target.name, { kind: "term", term, place });
      }
      this.#all.set(target.name, local);
    }
  }

  /** One value of an equation. One that is read while its equation is elaborated is a recurrence along its own axes. */
  #local(
    s: Equation,
    i: number,
    slots: readonly Slot[],
    scope: Scope,
    right: () => readonly Term[],
    state: { readonly isBusy: boolean },
  ): Local {
    const { cx, outer } = this;
    const target = s.targets[i] as Target;
    const into = this.#into(target, slots);
    let q: Quantity | null = null;
    let isDefined = false;
    const make = (around: readonly Slot[]): Quantity =>
      into ??
      cx.quantity({
        id: `${scope.prefix}${target.name}`,
        name: target.name,
        role: "eq",
        slots: [...around, ...slots],
        around: around.length,
        span: target.span,
      });
    const quantity = (): Quantity | null => {
      if (isDefined) return q;
      if (state.isBusy) {
        if (slots.length) return (q ??= make(outer));
        const message = `\`${target.name}\` is needed for itself inside the cell`;
        const help = "a cell has no memory of its own: pass the value before as an argument";
        cx.report(names.wrongCellUse({ place: target.span, message, help }), scope.via);
        return null;
      }
      const terms = right();
      isDefined = true;
      const term = terms[i];
      if (!term || terms.length !== s.targets.length) {
        const message = `${s.targets.length} names on the left, ${terms.length} values on the right`;
        cx.report(names.wrongCellUse({ place: s.span, message }), scope.via);
        return null;
      }
      const free = freeSlots(term, scope.slots).filter((x) => !slots.some((own) => own.name === x.name));
      q ??= make(this.hasClauses(target.name) ? outer : free);
      this.#define(q, term, target, slots, s, into !== null);
      return q;
    };
    return { slots, quantity };
  }

  #define(q: Quantity, term: Term, target: Target, slots: readonly Slot[], s: Equation, isWanted: boolean): void {
    const { cx, scope } = this;
    const own = this.#checkOwn(term, slots, target);
    if (isWanted && own) checkFree(cx, term, q.slots, q, q.span);
    cx.define(q, { term, span: isWanted ? (this.#wanted(target)?.span ?? s.span) : s.span });
    if (target.type?.kind === "shape" && !target.type.open) {
      const shape = target.type.dims.map((d) => dimOf(cx, d, scope.names));
      if (!shape.some((d) => d === null)) cx.solver.equalTypes(q.type, float(shape as Dim[]), () => undefined);
    }
    defineShape(cx.solver, q.type, term, () =>
      cx.report(valueMismatch(target.name, target.span, q.type, term), scope.via),
    );
  }

  /** A variable of the body that is free on the right has to be on the left. */
  #checkOwn(term: Term, slots: readonly Slot[], target: Target): boolean {
    const { cx, scope } = this;
    let isRight = true;
    const own = [...scope.names.entries()].flatMap(([name, x]) => (x.kind === "axis" ? [{ name, slot: x.slot }] : []));
    for (const { slot, term: where } of freeVariables(term).values()) {
      const axis = own.find((x) => x.slot.name === slot.name)?.name;
      if (axis === undefined || slots.some((x) => x.name === slot.name)) continue;
      cx.report(domains.freeAxis({ place: where.span, axis, target: target.name, left: target.span }), scope.via);
      isRight = false;
    }
    return isRight;
  }

  #wanted({ name }: Target): Wanted | undefined {
    return this.targets[this.def.results.findIndex((r) => r.name === name)];
  }

  /** The user's value whose equation a result is. One with axes of its own may be read at other indices here, so it is not. */
  #into(target: Target, slots: readonly Slot[]): Quantity | null {
    return slots.length ? null : (this.#wanted(target)?.into ?? null);
  }

  /** `h[-1] = 0`: a local or a formal outside its domain. */
  #clause(s: Equation): void {
    const { cx, scope } = this;
    const parts = s.targets.map((t) => this.#clauseOf(t));
    const first = parts.find((p) => p !== null);
    if (!first || parts.includes(null)) return;
    const inner = { ...scope, slots: [...scope.slots, ...first.free], vars: first.variables };
    const terms = this.#terms(
      s,
      inner,
      parts.map((p) => p?.free ?? []),
    );
    for (const [i, p] of parts.entries()) {
      const term = terms[i];
      if (!p || !term) continue;
      const { q, pins, vars } = p;
      const span = (s.targets[i] as Target).span;
      const free = [...vars.values()];
      checkFree(cx, term, free, q, span);
      q.clauses.push({ pins, vars, term, span, text: clauseText(q, pins) });
      clauseShape(cx.solver, q.type, term, () => cx.report(valueMismatch(q.name, q.span, q.type, term), scope.via));
    }
  }

  #clauseOf(t: Target): {
    readonly q: Quantity;
    readonly pins: ClauseDef["pins"];
    readonly vars: ReadonlyMap<string, Slot>;
    readonly free: readonly Slot[];
    readonly variables: ReadonlyMap<string, Slot>;
  } | null {
    const { cx, scope } = this;
    for (const { value, span } of t.indices)
      if (value.kind === "name" && !scope.names.find(value.name)) {
        const help = `give a formal the axis, \`x[${value.name}]\`, or declare \`axis ${value.name} < …\``;
        cx.reportUnknown({ place: span, name: value.name, what: "axis", near: undefined, help }, scope.via);
        return null;
      }
    const entity = scope.names.own(t.name);
    const indexed = entity?.kind === "indexed" ? entity.indexed() : null;
    if (!indexed) {
      if (entity === undefined || entity.kind === "term")
        cx.report(
          entity
            ? names.wrongCellUse({ place: t.span, message: `\`${t.name}\` has no axes in this cell` })
            : domains.clauseWithoutEquation({ place: t.span, name: t.name }),
          scope.via,
        );
      return null;
    }
    const q = indexed.of;
    const own = q.slots.filter((_, i) => indexed.fixed[i] === null);
    if (own.length !== t.indices.length) {
      const message = `\`${t.name}\` has ${own.length} ${own.length === 1 ? "axis" : "axes"} in this cell`;
      cx.report(domains.badIndex({ place: t.span, message }), scope.via);
      return null;
    }
    const vars = new Map(q.slots.map((s) => [s.name, s]));
    const variables = new Map(scope.vars);
    const pins: { slot: string; at: Pos | "below" | "beyond" }[] = [];
    for (const [k, slot] of own.entries()) {
      const index = t.indices[k] as Target["indices"][number];
      const p = clauseIndex(cx, index, slot, t.name, scope);
      if (p === null) return null;
      if (p === "free") {
        if (index.value.kind === "name") variables.set(index.value.name, slot);
        continue;
      }
      pins.push({ slot: slot.name, at: p });
      vars.delete(slot.name);
    }
    return { q, pins, vars, free: own.filter((s) => vars.has(s.name)), variables };
  }
}
