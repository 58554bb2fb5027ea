/** A checked model and the sizes of its vocabularies to the System of a mode. */
import type { Mode, Vocabularies } from "../model.js";
import { drawOfRandom } from "../passes/scheduled-sampling.js";
import { SystemBuilder } from "../system/builder.js";
import { E, type Expr, op, sumOver } from "../system/expr.js";
import type { Env } from "../system/positions.js";
import { BATCH, type Role, type Slot, type System } from "../system/types.js";
import { leastLength, minLength } from "./bounds.js";
import type { Context, Objective } from "./context.js";
import { cyclesOf } from "./cycles.js";
import type { Dim } from "./dims.js";
import * as dims from "./dims.js";
import { drawOf, hit, logProbability } from "./distributions/index.js";
import type { Density, Observation } from "./distributions/types.js";
import { freeSlots } from "./free.js";
import { Lower, type Target } from "./lower.js";
import { scoredSlots } from "./randoms.js";
import type { Boundary, Quantity, Sampling, Term } from "./terms.js";
import { isIndex, isPoison, isToken, knownOf, shapeOf } from "./types.js";
import { termsOf, visit } from "./walk.js";

export interface Sized {
  readonly cx: Context;
  readonly boundaries: ReadonlyMap<Quantity, readonly Boundary[]>;
  readonly vocabularies: Vocabularies;
}

/** The number that a dim is once the vocabularies are known. */
export function sizesOf(cx: Context, vocabularies: Vocabularies): (d: Dim) => number {
  const sizes = new Map(cx.sizes);
  for (const [name, tokens] of Object.entries(vocabularies)) sizes.set(name, tokens.length);
  return (d) => dims.evaluate(d, sizes);
}

export function buildSystem(model: Sized, mode: Mode): System {
  return new Build(model, mode).run(true);
}

/** The equations alone, without an objective: what a cell says of values that are given. */
export function buildEquations(cx: Context): System {
  const model: Sized = { cx, boundaries: new Map(), vocabularies: {} };
  return new Build(model, { training: true, drawn: [] }).run(false);
}

class Build {
  readonly #builder = new SystemBuilder();
  readonly #size: (d: Dim) => number;
  readonly #batch: ReadonlySet<Quantity>;
  readonly #target: Target;
  readonly #lower: Lower;

  constructor(
    readonly model: Sized,
    readonly mode: Mode,
  ) {
    const { cx, vocabularies } = model;
    this.#size = sizesOf(cx, vocabularies);
    this.#batch = batchDependent(cx);
    const isGiven = (q: Quantity): boolean => q.role === "random" && !mode.drawn.includes(q.id);
    const cycles = cyclesOf(cx.quantities, isGiven);
    this.#target = {
      training: mode.training,
      drawn: new Set(mode.drawn),
      size: this.#size,
      tokenId: (vocab, text) => {
        const id = vocabularies[vocab]?.indexOf(text) ?? -1;
        if (id < 0) throw new Error(`the vocabulary ${vocab} has no token ${text}`);
        return id;
      },
      least: (axis) => leastLength(cx, axis),
      hasBatch: (q) => this.#batch.has(q),
      together: (a, b) => cycles.get(a)?.has(b) === true,
    };
    this.#lower = new Lower(this.#target);
  }

  run(withObjective: boolean): System {
    const { cx } = this.model;
    for (const a of cx.axes.values())
      if (a.size) this.#builder.axis(a.bound, "static", { size: this.#size(a.size) });
      else if (a.family !== undefined)
        this.#builder.axis(a.bound, "ragged", { min: a.bound === a.family ? minLength : 0, family: a.family });
      else
        this.#builder.axis(a.bound, "ragged", {
          min: leastLength(cx, a.bound),
          ...(a.length === null ? {} : { length: a.length }),
          ...(a.within === null ? {} : { within: a.within }),
        });
    // a parameter that nothing reads was warned about, and may not even have a shape
    const quantities = cx.quantities.filter((q) => (this.mode.training || !q.trainingOnly) && !isPoison(q.type));
    for (const q of quantities) this.#declare(q);
    for (const q of quantities) {
      const e = this.#equation(q);
      if (e) this.#builder.equate(q.id, e);
    }
    for (const q of quantities) for (const b of this.model.boundaries.get(q) ?? []) this.#clause(q, b);
    for (const q of quantities)
      if (this.mode.sampled?.includes(q.id))
        this.#builder.define(drawOfRandom(q.id), this.#slots(q), drawOf(this.#density(q)), { named: false });
    if (withObjective) this.#objective();
    return this.#builder.finish();
  }

  #slots(q: Quantity): Slot[] {
    return this.#batch.has(q) ? [BATCH, ...q.slots] : [...q.slots];
  }

  #isDrawn(q: Quantity): boolean {
    return q.role === "random" && this.#target.drawn.has(q.id);
  }

  #role(q: Quantity): Role {
    if (q.role === "random") return this.#isDrawn(q) ? "eq" : "input";
    return q.role;
  }

  #shape(q: Quantity): number[] {
    return isToken(q.type) ? [] : (shapeOf(q.type) as readonly Dim[]).map(this.#size);
  }

  #declare(q: Quantity): void {
    const labels = isToken(q.type) ? [] : (shapeOf(q.type) as readonly Dim[]).map(dims.show);
    this.#builder.declare(q.id, this.#slots(q), this.#shape(q), this.#role(q), {
      dtype: isIndex(q.type) || q.map ? "int" : "float",
      ...(q.map?.step ? { step: q.map.step } : {}),
      named: q.named,
      labels,
      origin: { start: q.span.start, end: q.span.end },
      ...(q.noise ? { noise: q.noise } : {}),
    });
  }

  #equation(q: Quantity): Expr | null {
    if (this.#isDrawn(q)) return drawOf(this.#density(q));
    if (q.role !== "eq" || !q.definition) return null;
    return new Lower(this.#target, {}, q).defining(q.definition.term, q.type);
  }

  /** A clause at one box: variables that it leaves free and the box pins are constants there. */
  #clause(q: Quantity, { pins, clause }: Boundary): void {
    const env: Env = Object.fromEntries(pins.map((p) => [p.slot, p.at]));
    // a read that its own condition keeps away from here gets some value, far from what logarithms and quotients mind
    const hidden = isIndex(q.type) ? op("token", [], { value: 0 }) : E.num(0.5, this.#shape(q));
    const lower = new Lower(this.#target, env, q);
    this.#builder.clause(q.id, pins, clause ? lower.defining(clause.term, q.type) : hidden);
  }

  #density(q: Quantity): Density {
    const known = knownOf(q.type);
    const axis = known?.kind === "position" ? this.model.cx.axes.get(known.axis)?.size : null;
    const size = axis ?? (known?.kind === "token" ? dims.named(known.vocab) : null);
    const choices = size ? this.#size(size) : 0;
    return { l: this.#lower, q, drawing: q.sampling as Sampling, shape: this.#shape(q), choices };
  }

  /** Sums a scalar over the samples and over `slots`. */
  #total(e: Expr, slots: readonly Slot[]): Expr {
    return sumOver([BATCH, ...slots], e);
  }

  /** `loss = total / count + penalties`, and what is reported beside it (R14). */
  #objective(): void {
    const { cx } = this.model;
    const b = this.#builder;
    const terms: Expr[] = [];
    const counts: Expr[] = [];
    const penalties: Expr[] = [];
    const number = (id: string, e: Expr): Expr => b.ident(b.define(id, [], e));
    for (const q of cx.quantities) {
      if (q.role !== "random" || !q.sampling || this.#isDrawn(q)) continue;
      const { sampling: s } = q;
      const scored = scoredSlots(q, s);
      const seen: Observation = { ...this.#density(q), y: b.ident(q.id), builder: b, slots: this.#slots(q) };
      const logp = b.ident(b.define(`${q.id}.logp`, [BATCH, ...scored], logProbability(seen)));
      const weighted = s.weight ? E.mul(this.#lower.as(s.weight, []), logp) : logp;
      terms.push(E.neg(this.#total(weighted, scored)));
      counts.push(number(`${q.id}.count`, this.#total(E.num(1), q.slots)));
      const right = hit(seen);
      if (right) number(`${q.id}.hits`, this.#total(right, q.slots));
    }
    for (const o of cx.objectives) {
      const { term } = o;
      const slots = freeSlots(term, []);
      if (o.kind === "metric") {
        number(`metric.${o.name}.sum`, this.#total(this.#lower.as(term, []), slots));
        number(`metric.${o.name}.count`, this.#total(E.num(1), slots));
      } else if (this.#ofSample(o)) terms.push(this.#total(this.#lower.as(term, []), slots));
      else penalties.push(sumOver(slots, this.#lower.as(term, [])));
    }
    const samples = (): Expr => this.#total(E.num(1), []);
    const total = number("loss.total", terms.length ? E.add(...terms) : E.num(0));
    const count = number("loss.count", counts.length ? E.add(...counts) : samples());
    b.define("loss", [], penalties.length ? E.add(E.div(total, count), ...penalties) : E.div(total, count));
  }

  #ofSample(o: Objective): boolean {
    return dependsOnSample(this.model.cx, o.term, this.#batch);
  }
}

/** Does a term have a value of its own for every sample? */
function dependsOnSample(cx: Context, term: Term, batch: ReadonlySet<Quantity>): boolean {
  const ragged = (axis: string | undefined): boolean => axis !== undefined && cx.axes.get(axis)?.size === null;
  let found = false;
  visit(term, (t) => {
    if (t.kind === "read")
      found ||= batch.has(t.of) || t.idx.some((p, i) => p.k === "end" && ragged(t.of.slots[i]?.axis));
    if (t.kind === "index") found ||= ragged(t.slot.axis);
    if (t.kind === "extent") found ||= ragged(t.axis);
    if (t.kind === "reduce") found ||= t.slots.some((s) => ragged(s.axis));
    if (t.kind === "call" && t.noise) found = true;
  });
  return found;
}

/** The quantities that differ from sample to sample; the others have no batch slot and are computed once. */
function batchDependent(cx: Context): Set<Quantity> {
  const ragged = (s: Slot): boolean => cx.axes.get(s.axis)?.size === null;
  const given = (q: Quantity): boolean => q.role === "input" || q.role === "random" || q.role === "noise";
  const out = new Set(cx.quantities.filter((q) => given(q) || q.slots.some(ragged)));
  for (let grown = true; grown; ) {
    grown = false;
    for (const q of cx.quantities) {
      if (out.has(q) || !termsOf(q).some((t) => dependsOnSample(cx, t, out))) continue;
      out.add(q);
      grown = true;
    }
  }
  return out;
}
