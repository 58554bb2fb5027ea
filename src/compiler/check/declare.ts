/** Names (R9): everything that a model declares, in one namespace; the order of the text does not matter. */
import * as domains from "../diagnostics/check-domains.js";
import * as names from "../diagnostics/check-names.js";
import * as randoms from "../diagnostics/check-randoms.js";
import * as shapes from "../diagnostics/check-shapes.js";
import { notSupported } from "../diagnostics/check-unsupported.js";
import { nearest } from "../diagnostics/nearest.js";
import type { Expr, ModelDef, Statement, Target } from "../syntax/ast.js";
import { printExpr } from "../syntax/print.js";
import type { Slot } from "../system/types.js";
import { constantOf, dimOf, numberOf } from "./constants.js";
import type { Context } from "./context.js";
import * as dims from "./dims.js";
import { describe, type Entity, Names } from "./entities.js";
import { defineCell, type Libraries } from "./imports.js";
import { linear } from "./indices.js";
import { instantiate } from "./instances.js";
import type { Overrides } from "./overrides.js";
import { declareParams, statedType } from "./params.js";
import type { Quantity } from "./terms.js";
import { open, type Place, poison, scalar, type Type, token } from "./types.js";

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
  for (const s of all("cell")) defineCell(s, own, cx.reporter);
  for (const s of all("vocab")) d.vocab(s);
  for (const s of all("equation")) d.hyperparameter(s);
  d.dims(all("dim"), all("require"));
  for (const s of all("axis")) d.axis(s);
  for (const s of all("nodes")) {
    cx.report(
      notSupported({ place: s.span, construct: `a ${s.structure}`, help: "axes are sequences so far: `axis t < T`" }),
    );
    d.set(s.name, { kind: "wrong", place: s.nameSpan });
  }
  for (const s of model.body) {
    if (s.kind === "input" || s.kind === "random") for (const t of s.items) d.observed(s.kind, t);
    if (s.kind === "noise") for (const t of s.items) d.noise(t, s.dist);
    if (s.kind === "param")
      for (const q of declareParams(cx, s, own, "")) d.set(q.name, { kind: "quantity", quantity: q, place: q.span });
  }
  for (const s of all("instance")) d.instance(s, home);
  for (const s of all("equation")) d.equation(s);
  for (const s of all("equation")) d.clauses(s);
  for (const s of all("axis")) if (s.until) d.until(s, s.until);
  return own;
}

class Declarations {
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
    this.cx.vocabs.set(s.name, {
      name: s.name,
      tokens: s.tokens ?? null,
      max: bound(s.max, "max"),
      min: bound(s.min, "min"),
      special: new Set(),
      place: s.span,
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

  dims(statements: readonly Of<"dim">[], requires: readonly Of<"require">[]): void {
    const pending = new Map(statements.map((s) => [s.name, s]));
    const busy = new Set<string>();
    const define = (s: Of<"dim">): void => {
      pending.delete(s.name);
      busy.add(s.name);
      for (const name of namesIn(s.value)) {
        const other = pending.get(name);
        if (other) define(other);
        else if (busy.has(name)) {
          this.cx.report(names.circularDim({ place: s.span, name: s.name }));
          this.set(s.name, { kind: "wrong", place: s.nameSpan });
          busy.delete(s.name);
          return;
        }
      }
      busy.delete(s.name);
      this.set(s.name, this.dim(s));
    };
    for (const s of statements) if (pending.get(s.name) === s) define(s);
    for (const s of statements)
      if (this.own.own(s.name)?.place !== s.nameSpan) this.set(s.name, { kind: "wrong", place: s.nameSpan });
    for (const r of requires) this.require(r);
  }

  dim(s: Of<"dim">): Entity {
    const { cx } = this;
    const set = this.overrides.size(s.name, s.nameSpan);
    if (set === null && namesIn(s.value).length) {
      const dim = dimOf(cx, s.value, this.own);
      return dim ? { kind: "dim", dim, place: s.nameSpan } : { kind: "wrong", place: s.nameSpan };
    }
    const n = set ?? constantOf(cx, s.value, this.own, `the dim \`${s.name}\``);
    if (n === null) return { kind: "wrong", place: s.nameSpan };
    if (!Number.isInteger(n) || n < 1) {
      cx.report(
        names.badConstant({
          place: s.value.span,
          what: `the dim \`${s.name}\``,
          value: n,
          needs: "a positive integer",
        }),
      );
      return { kind: "wrong", place: s.nameSpan };
    }
    cx.sizes.set(s.name, n);
    return { kind: "dim", dim: dims.named(s.name), place: s.nameSpan };
  }

  /** `require E == H` makes two dims one; any other condition must hold of constants. */
  require(s: Of<"require">): void {
    const e = s.value;
    if (e.kind !== "binary") {
      this.cx.report(notSupported({ place: s.span, construct: "a `require` that is no comparison" }));
      return;
    }
    const [a, b] = [numberOf(this.cx, e.left, this.own), numberOf(this.cx, e.right, this.own)];
    if (a === null || b === null) {
      this.cx.report(names.notConstant({ place: e.span, what: "what is required" }));
      return;
    }
    const holds: Readonly<Record<string, boolean>> = {
      "==": a === b,
      "!=": a !== b,
      "<": a < b,
      "<=": a <= b,
      ">": a > b,
      ">=": a >= b,
    };
    if (!(e.op in holds))
      this.cx.report(notSupported({ place: s.span, construct: "a `require` that is no comparison" }));
    else if (!holds[e.op])
      this.cx.report(
        names.requireFails({ place: e.span, left: String(a), right: String(b), op: `\`${printExpr(e)}\`` }),
      );
    else if (e.op === "==" && e.left.kind === "name" && e.right.kind === "name") {
      const [x, y] = [this.own.own(e.left.name), this.own.own(e.right.name)];
      if (x?.kind === "dim" && y?.kind === "dim") this.own.set(e.left.name, { ...x, dim: y.dim });
    }
  }

  axis(s: Of<"axis">): void {
    const { cx } = this;
    const bound = printExpr(s.bound);
    const place: Place = s.nameSpan;
    const known = cx.axes.get(bound);
    const slot = { name: s.name, axis: bound };
    if (known) {
      known.vars.push(s.name);
      this.set(s.name, { kind: "axis", slot, place });
      return;
    }
    const ragged = s.bound.kind === "name" && !this.own.find(s.bound.name);
    const mentions = namesIn(s.bound).map((n) => this.own.own(n));
    if (!ragged && (s.bound.kind === "index" || mentions.some((e) => e?.kind === "bound"))) {
      const construct =
        s.bound.kind === "index" ? "an axis inside another" : `the bound \`${bound}\` of a length that varies`;
      cx.report(notSupported({ place: s.bound.span, construct }));
      this.set(s.name, { kind: "wrong", place });
      return;
    }
    const size = ragged ? null : dimOf(cx, s.bound, this.own);
    if (!ragged && !size) {
      this.set(s.name, { kind: "wrong", place });
      return;
    }
    cx.axes.set(bound, { bound, vars: [s.name], size, place: s.span, until: null });
    if (ragged) this.set(bound, { kind: "bound", axis: bound, place: s.bound.span });
    this.set(s.name, { kind: "axis", slot, place });
  }

  /** The axes of a declaration, as bare names. */
  slots(t: Target): Slot[] | null {
    const out: Slot[] = [];
    for (const i of t.indices) {
      const slot = i.in ? null : axisOf(this.own, i.value);
      if (!slot || out.some((s) => s.name === slot.name)) {
        const unknown = i.value.kind === "name" && !this.own.find(i.value.name);
        const entity = i.value.kind === "name" ? this.own.find(i.value.name) : undefined;
        if (entity?.kind === "wrong") return null;
        if (unknown && i.value.kind === "name") {
          const axes = [...this.own.entries()].filter(([, e]) => e.kind === "axis").map(([n]) => n);
          const help = `declare \`axis ${i.value.name} < …\``;
          this.cx.report(
            names.unknownName({
              place: i.span,
              name: i.value.name,
              what: "axis",
              near: nearest(i.value.name, axes),
              help,
            }),
          );
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
      out.push(slot);
    }
    return out;
  }

  /** The type of an input or random: a shape, a vocabulary, or nothing for a scalar. */
  type(t: Target): Type {
    if (!t.type) return scalar();
    if (t.type.kind === "shape") return statedType(this.cx, t.type, this.own) ?? scalar();
    const { name, span } = t.type;
    const entity = this.own.find(name);
    if (entity?.kind === "vocab") return token(entity.name);
    if (entity?.kind === "axis")
      this.cx.report(notSupported({ place: span, construct: `a position on the axis \`${name}\` as a type` }));
    else if (!entity)
      this.cx.report(
        names.unknownName({
          place: span,
          name,
          what: "vocabulary",
          near: nearest(name, this.cx.vocabs.keys()),
          help: `declare \`vocab ${name}\``,
        }),
      );
    else if (entity.kind !== "wrong")
      this.cx.report(
        names.wrongKind({
          place: span,
          name,
          is: describe(entity),
          needs: "a vocabulary, or a shape in brackets,",
          declared: entity.place,
        }),
      );
    return poison();
  }

  observed(role: "input" | "random", t: Target): void {
    const slots = this.slots(t);
    if (!slots) return this.set(t.name, { kind: "wrong", place: t.nameSpan });
    const quantity = this.cx.quantity({ name: t.name, role, slots, type: this.type(t), declared: true, span: t.span });
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
    });
    this.set(t.name, { kind: "quantity", quantity, place: t.nameSpan });
  }

  instance(s: Of<"instance">, home: Names): void {
    const entity = this.own.find(s.cell) ?? home.find(s.cell);
    const place = s.target.nameSpan;
    if (entity?.kind !== "cell") {
      const cells = this.own.all().filter((n) => this.own.find(n)?.kind === "cell");
      const near = nearest(s.cell, cells);
      const help = "import it: `use std.cells (LSTM)`, or define it: `cell Name(x : [X]) -> y : [H] { … }`";
      if (!entity) this.cx.report(names.unknownName({ place: s.cellSpan, name: s.cell, what: "cell", near, help }));
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
      if (near) this.cx.report(names.unknownName({ place: t.nameSpan, name: t.name, what: "value", near }));
      else if (shifted) {
        const message = `an equation defines \`${t.name}\` at the variable of an axis, not at \`${printExpr(shifted.value)}\``;
        const help = "shift the right side instead: `h[t] = f(h[t-1])` for `h[t+1] = f(h[t])`";
        this.cx.report(domains.badIndex({ place: shifted.span, message, help }));
      } else this.cx.report(domains.clauseWithoutEquation({ place: t.span, name: t.name }));
      this.own.set(t.name, { kind: "wrong", place: t.nameSpan });
    }
  }

  /** `until y[t] == EOS` */
  until(s: Of<"axis">, e: Expr): void {
    const axis = this.cx.axes.get(printExpr(s.bound));
    if (!axis || this.own.own(s.name)?.kind !== "axis") return;
    const example = `axis ${s.name} < ${axis.bound} until y[${s.name}] == EOS`;
    const bad = (message: string): void => this.cx.report(randoms.badUntil({ place: e.span, message, example }));
    if (e.kind !== "binary" || e.op !== "==" || e.left.kind !== "index")
      return bad("`until` compares a random with a token");
    const entity = this.own.find(e.left.name);
    const q = entity?.kind === "quantity" ? entity.quantity : null;
    if (entity?.kind === "wrong") return;
    if (q?.role !== "random") return bad(`\`${e.left.name}\` is no random; decoding stops at what is drawn`);
    const [index] = e.left.indices;
    const x =
      index && linear(this.cx, index.value, axis.bound, { names: this.own, vars: new Map(), slots: [], prefix: "" });
    if (e.left.indices.length !== 1 || x?.slot?.name !== s.name || x.off !== 0)
      return bad(`\`until\` looks at \`${q.name}[${s.name}]\``);
    const vocab = q.type.known?.kind === "token" ? this.cx.vocabs.get(q.type.known.vocab) : undefined;
    if (!vocab) return bad(`\`${q.name}\` is no token, so it cannot end a sequence`);
    if (axis.size) return bad(`the length of \`${axis.bound}\` is fixed, so nothing can end it`);
    if (e.right.kind === "name" && e.right.name === "EOS") {
      vocab.special.add("EOS");
      axis.until = { random: q.id, token: "<EOS>" };
    } else if (e.right.kind === "string") {
      const text = e.right.value;
      if (vocab.tokens && !vocab.tokens.includes(text))
        return this.cx.report(
          shapes.unknownToken({
            place: e.right.span,
            text,
            vocab: vocab.name,
            declared: vocab.place,
            near: nearest(text, vocab.tokens),
          }),
        );
      axis.until = { random: q.id, token: text };
    } else bad("a sequence ends with a token: `EOS`, or one in quotes");
  }
}

/** `lr = 0.01`: an equation without axes whose right side is a literal. */
export function hyperparameterOf(s: Of<"equation">): string | null {
  const [t] = s.targets;
  const literal =
    s.value.kind === "number" || (s.value.kind === "unary" && s.value.op === "-" && s.value.arg.kind === "number");
  return t && s.targets.length === 1 && !t.indices.length && !t.type && literal ? t.name : null;
}

function axisOf(scope: Names, e: Expr): Slot | null {
  const entity = e.kind === "name" ? scope.find(e.name) : undefined;
  return entity?.kind === "axis" ? entity.slot : null;
}

/** Is the left side an equation for the whole domain, or a clause for a part of it? */
export function isWhole(scope: Names, t: Target): boolean {
  return t.indices.every((i) => {
    if (i.value.kind !== "name") return false;
    const kind = scope.find(i.value.name)?.kind;
    return kind === "axis" || kind === undefined || kind === "wrong";
  });
}

function namesIn(e: Expr): string[] {
  switch (e.kind) {
    case "name":
      return [e.name];
    case "index":
      return [e.name, ...e.indices.flatMap((i) => namesIn(i.value))];
    case "unary":
    case "transpose":
      return namesIn(e.arg);
    case "binary":
      return [...namesIn(e.left), ...namesIn(e.right)];
    case "call":
      return e.args.flatMap((a) => namesIn(a.value));
    default:
      return [];
  }
}

/** `normal(0, 1)`, `bernoulli(0.5)`, `uniform(a, b)` with constants. */
function noiseOf(cx: Context, e: Expr, scope: Names): Quantity["noise"] {
  const counts = { normal: 2, bernoulli: 1, uniform: 2 } as const;
  const bad = (message: string): null => {
    cx.report(
      randoms.badDistribution({
        place: e.span,
        message,
        help: "noise is `normal(mean, sd)`, `bernoulli(p)` or `uniform(a, b)` of constants",
      }),
    );
    return null;
  };
  if (e.kind !== "call" || !(e.callee in counts)) return bad("this is no distribution of noise");
  const dist = e.callee as keyof typeof counts;
  if (e.args.length !== counts[dist])
    return bad(`\`${dist}\` takes ${counts[dist] === 1 ? "one number" : "two numbers"}`);
  const params = e.args.map((a) => constantOf(cx, a.value, scope, `a parameter of \`${dist}\``));
  if (params.some((p) => p === null)) return null;
  const [a, b] = params as [number, number];
  if (dist === "bernoulli" && !(a >= 0 && a <= 1)) return bad(`a probability lies between 0 and 1; this is ${a}`);
  if (dist === "normal" && b < 0) return bad(`a deviation is not negative; this is ${b}`);
  if (dist === "uniform" && !(a < b)) return bad(`the interval from ${a} to ${b} is empty`);
  return { dist, params: params as number[] };
}
