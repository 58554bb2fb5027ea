/** Names (R9): everything that a model declares, in one namespace; the order of the text does not matter. */
import * as domains from "../diagnostics/check-domains.js";
import * as names from "../diagnostics/check-names.js";
import { nearest } from "../diagnostics/nearest.js";
import type { Whole } from "../model.js";
import type { Expr, ModelDef, Statement, Target } from "../syntax/ast.js";
import { printExpr } from "../syntax/print.js";
import type { Slot } from "../system/types.js";
import { lengthOf, nestedBound, outerOfLength } from "./bounds.js";
import { constantOf, dimOf, numberOf } from "./constants.js";
import type { Context } from "./context.js";
import * as dims from "./dims.js";
import { describe, type Entity, Names } from "./entities.js";
import { defineCell, type Libraries } from "./imports.js";
import { linear } from "./indices.js";
import { instantiate } from "./instances.js";
import { axisOf, hyperparameterOf, isWhole } from "./left.js";
import { importOf, libraryCells } from "./library.js";
import { noiseOf } from "./noise.js";
import { declareNumbered } from "./numbered.js";
import type { Overrides } from "./overrides.js";
import { declareParams, statedType } from "./params.js";
import { checkRequire, declareDims, namesIn } from "./sizes.js";
import { declareStructure } from "./structures/facts.js";
import { edgeSlot, refuseBinder, refuseRoot } from "./structures/left.js";
import type { Ends, Quantity } from "./terms.js";
import { onAxis, open, type Place, poison, scalar, type Type, token } from "./types.js";
import { declareUntil } from "./until.js";

type Of<K extends Statement["kind"]> = Extract<Statement, { kind: K }>;

/** Declares everything in the body; equations are elaborated later. */
export function declareModel(
  cx: Context,
  model: ModelDef,
  home: Names,
  libraries: Libraries,
  overrides: Overrides,
): Names {
  const own = new Names(home);
  const d = new Declarations(cx, own, overrides);
  const all = <K extends Statement["kind"]>(kind: K): Of<K>[] => model.body.filter((s): s is Of<K> => s.kind === kind);
  for (const s of all("use")) libraries.use(s, own);
  for (const s of all("cell")) defineCell(s, own, libraries, cx.reporter);
  for (const s of all("vocab")) d.vocab(s);
  for (const s of all("equation")) d.hyperparameter(s);
  declareDims(cx, own, overrides, all("dim"), (name, entity) => d.set(name, entity));
  for (const s of all("require")) checkRequire(cx, own, s);
  // first those that others are within or follow from
  const depth = (e: Expr): number =>
    e.kind === "binary" ? Math.max(depth(e.left), depth(e.right)) : e.kind === "index" ? e.indices.length : 0;
  const rank = ({ bound }: Of<"axis">): number =>
    bound.kind === "name" ? 0 : bound.kind === "index" ? 1 + depth(bound) : 1.5 + depth(bound);
  const inOrder = [...all("axis")].sort((a, b) => rank(a) - rank(b));
  for (const s of inOrder) d.axis(s);
  for (const s of all("nodes")) {
    const slot = declareStructure(cx, s);
    d.set(s.name, { kind: "axis", slot, place: s.nameSpan });
  }
  declareNumbered(cx, own, model);
  for (const s of model.body) {
    if (s.kind === "input" || s.kind === "random") for (const t of s.items) d.observed(s.kind, t);
    if (s.kind === "noise") for (const t of s.items) d.noise(t, s.dist);
    if (s.kind === "param")
      for (const q of declareParams(cx, s, own, "")) d.set(q.name, { kind: "quantity", quantity: q, place: q.span });
  }
  for (const s of all("instance")) d.instance(s, home);
  for (const s of all("equation")) d.equation(s);
  for (const s of all("equation")) d.clauses(s);
  for (const s of all("axis")) if (s.until) declareUntil(cx, own, s, s.until);
  return own;
}

class Declarations {
  /** How the edges among the indices of a target are written. */
  readonly ends = new WeakMap<Target, ReadonlyMap<string, Ends>>();

  constructor(
    readonly cx: Context,
    readonly own: Names,
    readonly overrides: Overrides,
  ) {}

  /** A name that is declared twice means nothing that could be relied on. */
  set(name: string, entity: Entity): void {
    const first = this.own.own(name);
    if (!first) return this.own.set(name, entity);
    const [a, b] = first.place.start <= entity.place.start ? [first.place, entity.place] : [entity.place, first.place];
    this.cx.report(names.duplicateName({ place: b, name, first: a }));
    this.own.set(name, { kind: "wrong", place: a });
  }

  vocab(s: Of<"vocab">): void {
    const bound = (e: Expr | undefined, word: string): number | null => {
      const n = e ? constantOf(this.cx, e, this.own, `\`${word}\` of a vocabulary`) : null;
      if (n === null || (Number.isInteger(n) && n > 0)) return n;
      this.cx.report(
        names.badConstant({ place: (e as Expr).span, what: `\`${word}\``, value: n, needs: "a positive integer" }),
      );
      return null;
    };
    this.set(s.name, { kind: "vocab", name: s.name, place: s.nameSpan });
    const twice = s.tokens?.find((text, i) => s.tokens?.indexOf(text) !== i);
    if (twice !== undefined) this.cx.report(names.duplicateToken({ place: s.span, text: twice, vocab: s.name }));
    this.cx.vocabs.set(s.name, {
      name: s.name,
      tokens: s.tokens ?? null,
      max: bound(s.max, "max"),
      min: bound(s.min, "min"),
      special: new Set(),
      place: s.span,
      isNumbered: false,
    });
  }

  hyperparameter(s: Of<"equation">): void {
    const name = hyperparameterOf(s);
    if (name === null) return;
    const place = (s.targets[0] as Target).nameSpan;
    this.set(name, {
      kind: "number",
      value: this.overrides.number(name, place, numberOf(this.cx, s.value, this.own) as number),
      place,
    });
  }

  axis(s: Of<"axis">): void {
    const { cx } = this;
    const place: Place = s.nameSpan;
    const nested = s.bound.kind === "index" ? nestedBound(cx, s.bound, this.own) : null;
    if (s.bound.kind === "index" && !nested) return this.set(s.name, { kind: "wrong", place });
    const bound = nested?.bound ?? printExpr(s.bound);
    const known = cx.axes.get(bound);
    const outer = nested?.outer ?? outerOfLength(cx, s.bound, this.own);
    const slot: Slot = { name: s.name, axis: bound, ...(outer ? { of: outer.name } : {}) };
    if (known) {
      known.vars.push(s.name);
      this.set(s.name, { kind: "axis", slot, place });
      return;
    }
    const ragged = nested !== null || (s.bound.kind === "name" && !this.own.find(s.bound.name));
    const derived = !ragged && namesIn(s.bound).some((n) => this.own.find(n)?.kind === "bound");
    const length = derived ? lengthOf(cx, s.bound, this.own) : null;
    const size = ragged || derived ? null : dimOf(cx, s.bound, this.own);
    if (!ragged && !size && length === null) {
      this.set(s.name, { kind: "wrong", place });
      return;
    }
    const within = outer?.axis ?? null;
    cx.axes.set(bound, { bound, vars: [s.name], size, length, within, place: s.span, until: null });
    if (ragged) this.set(bound, { kind: "bound", axis: bound, place: s.bound.span });
    this.set(s.name, { kind: "axis", slot, place });
  }

  /** The axes of a declaration, as bare names. */
  slots(t: Target): Slot[] | null {
    const out: Slot[] = [];
    const ends = new Map<string, Ends>();
    for (const [position, i] of t.indices.entries()) {
      const binder = t.indices[position + 1];
      if (i.in && position > 0 && !t.indices[position - 1]?.in) continue; // the other end of the edge before it
      if (i.in) {
        refuseBinder(this.cx, i, t.name);
        return null;
      }
      if (binder?.in) {
        const edge = edgeSlot(this.cx, this.own, i, binder);
        if (!edge) return null;
        ends.set(edge.slot.name, edge.ends);
        out.push(edge.slot);
        continue;
      }
      const slot = axisOf(this.own, i.value);
      if (!slot && refuseRoot(this.cx, i, t.name)) return null;
      if (!slot || out.some((s) => s.name === slot.name)) {
        const unknown = i.value.kind === "name" && !this.own.find(i.value.name);
        const entity = i.value.kind === "name" ? this.own.find(i.value.name) : undefined;
        if (entity?.kind === "wrong") return null;
        if (unknown && i.value.kind === "name") {
          const axes = [...this.own.entries()].filter(([, e]) => e.kind === "axis").map(([n]) => n);
          const help = `declare \`axis ${i.value.name} < …\``;
          this.cx.reportUnknown({
            place: i.span,
            name: i.value.name,
            what: "axis",
            near: nearest(i.value.name, axes),
            help,
          });
        } else
          this.cx.report(
            domains.badIndex({
              place: i.span,
              message: `\`${t.name}\` is declared with its axes as bare names`,
              help: `write \`${t.name}[t]\``,
            }),
          );
        return null;
      }
      if (slot.of !== undefined && !out.some((s) => s.name === slot.of)) {
        this.cx.report(
          domains.badIndex({
            place: i.span,
            message: `\`${slot.name}\` is counted within \`${slot.of}\`, which does not stand before it`,
            help: `write \`${t.name}[${slot.of}, ${slot.name}]\``,
          }),
        );
        return null;
      }
      out.push(slot);
    }
    this.ends.set(t, ends);
    return out;
  }

  /** The type of an input or random: a shape, a vocabulary, a dim, an axis, or nothing for a scalar. */
  type(t: Target): Type {
    if (!t.type) return scalar();
    if (t.type.kind === "shape") return statedType(this.cx, t.type, this.own) ?? scalar();
    const { name, span } = t.type;
    const entity = this.own.find(name);
    if (entity?.kind === "vocab") return token(entity.name);
    if (entity?.kind === "dim") return token(dims.nameOf(entity.dim) as string);
    if (entity?.kind === "axis") {
      const { axis } = entity.slot;
      return this.cx.vocabs.has(axis) ? token(axis) : onAxis(axis);
    }
    if (!entity)
      this.cx.reportUnknown({
        place: span,
        name,
        what: "vocabulary",
        near: nearest(name, this.cx.vocabs.keys()),
        help:
          name === "int" || name === "bool"
            ? `only inputs are \`${name}\`; what is drawn is a number, a token or a position`
            : `declare \`vocab ${name}\``,
      });
    else if (entity.kind !== "wrong")
      this.cx.report(
        names.wrongKind({
          place: span,
          name,
          is: describe(entity),
          needs: "a vocabulary, a dim, an axis, or a shape in brackets,",
          declared: entity.place,
        }),
      );
    return poison();
  }

  /** `int` and `bool`, where they are no names of the spec. */
  whole({ type }: Target): Whole | null {
    if (type?.kind !== "named" || this.own.find(type.name)) return null;
    return type.name === "int" || type.name === "bool" ? type.name : null;
  }

  observed(role: "input" | "random", t: Target): void {
    const slots = this.slots(t);
    if (!slots) return this.set(t.name, { kind: "wrong", place: t.nameSpan });
    const ends = this.ends.get(t) ?? new Map();
    const type = role === "input" && this.whole(t) ? scalar() : this.type(t);
    const whole = role === "input" ? this.whole(t) : null;
    const quantity = this.cx.quantity({ name: t.name, role, slots, type, whole, declared: true, span: t.span, ends });
    this.set(t.name, { kind: "quantity", quantity, place: t.nameSpan });
  }

  noise(t: Target, dist: Expr): void {
    const slots = this.slots(t);
    const noise = noiseOf(this.cx, dist, this.own);
    if (!slots || !noise) return this.set(t.name, { kind: "wrong", place: t.nameSpan });
    const type = t.type ? this.type(t) : scalar();
    const quantity = this.cx.quantity({
      name: t.name,
      role: "noise",
      slots,
      type,
      declared: true,
      span: t.span,
      noise,
      ends: this.ends.get(t) ?? new Map(),
    });
    this.set(t.name, { kind: "quantity", quantity, place: t.nameSpan });
  }

  instance(s: Of<"instance">, home: Names): void {
    const entity = this.own.find(s.cell) ?? home.find(s.cell);
    const place = s.target.nameSpan;
    if (entity?.kind !== "cell") {
      const cells = this.own.all().filter((n) => this.own.find(n)?.kind === "cell");
      const known = importOf(s.cell);
      const near = known ? undefined : nearest(s.cell, [...cells, ...libraryCells()]);
      const help = known
        ? `import it: \`${known}\``
        : "import it: `use std.cells (LSTM)`, or define it: `cell Name(x : [X]) -> y : [H] { … }`";
      if (!entity) this.cx.reportUnknown({ place: s.cellSpan, name: s.cell, what: "cell", near, help });
      else if (entity.kind !== "wrong")
        this.cx.report(
          names.wrongKind({
            place: s.cellSpan,
            name: s.cell,
            is: describe(entity),
            needs: "a cell",
            declared: entity.place,
          }),
        );
      return this.set(s.target.name, { kind: "wrong", place });
    }
    const instance = instantiate(this.cx, s, entity.cell, this.own, "");
    this.set(s.target.name, instance ? { kind: "instance", instance, place } : { kind: "wrong", place });
  }

  /** Values are declared by their equations; boundary clauses declare nothing. */
  equation(s: Of<"equation">): void {
    if (hyperparameterOf(s) !== null) return;
    for (const t of s.targets) {
      if (!isWhole(this.own, t)) continue;
      const first = this.own.own(t.name);
      if (first && !this.own.find("root") && t.indices.some((i) => refuseRoot(this.cx, i, t.name))) continue;
      if (first?.kind === "quantity") {
        const { quantity } = first;
        if (quantity.role === "eq")
          this.cx.report(names.duplicateEquation({ place: t.span, name: t.name, first: quantity.span }));
        else
          this.cx.report(
            names.notDefinable({ place: t.span, name: t.name, is: describe(first), declared: first.place }),
          );
        continue;
      }
      const slots = this.slots(t);
      if (!slots) {
        if (!first) this.own.set(t.name, { kind: "wrong", place: t.nameSpan });
        continue;
      }
      const stated = t.type ? this.type(t) : null;
      const quantity: Quantity = this.cx.quantity({
        name: t.name,
        role: "eq",
        slots,
        type: stated ?? open(),
        declared: stated !== null,
        span: t.span,
        ends: this.ends.get(t) ?? new Map(),
      });
      this.set(t.name, { kind: "quantity", quantity, place: t.nameSpan });
    }
  }

  /** A clause is about a value that has an equation, or about an input or a random. */
  clauses(s: Of<"equation">): void {
    if (hyperparameterOf(s) !== null) return;
    for (const t of s.targets) {
      if (this.own.own(t.name)) continue;
      const values = [...this.own.entries()].filter(([, e]) => e.kind === "quantity").map(([n]) => n);
      const near = nearest(t.name, values);
      const scope = { names: this.own, vars: new Map(), slots: [], prefix: "" };
      const shifted = t.indices.find((i) => linear(this.cx, i.value, "", scope)?.slot);
      if (near) this.cx.reportUnknown({ place: t.nameSpan, name: t.name, what: "value", near });
      else if (shifted) {
        const message = `an equation defines \`${t.name}\` at the variable of an axis, not at \`${printExpr(shifted.value)}\``;
        const help = "shift the right side instead: `h[t] = f(h[t-1])` for `h[t+1] = f(h[t])`";
        this.cx.report(domains.badIndex({ place: shifted.span, message, help }));
      } else if (!this.cx.isPerhapsUnread(t.name))
        this.cx.report(domains.clauseWithoutEquation({ place: t.span, name: t.name }));
      this.own.set(t.name, { kind: "wrong", place: t.nameSpan });
    }
  }
}
