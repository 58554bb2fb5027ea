/**
 * Scheduled sampling (R20; S. Bengio et al., NeurIPS 2015): in training a model reads, with some probability, its own draws
 * where it would read the observed past, as it will in decoding. The terms of the loss still score what was observed.
 */
import type { Span } from "../syntax/ast.js";
import { SystemBuilder } from "../system/builder.js";
import { argmaxOver, E, type Expr, ofRead, op, read, sumOver } from "../system/expr.js";
import { hasSlot } from "../system/positions.js";
import { BATCH, type Eq, getValue, type Read, type Slot, type System, type Value } from "../system/types.js";

/** An input without slots: how probable it is that a draw takes the place of an observation. */
export const RATE = "#rate";

/** The id of the draw of a random, an equation with the op `draw`, in the System of a mode in which it is `sampled`. */
export const drawOfRandom = (random: string): string => `${random}.draw`;

export class SamplingError extends Error {
  override readonly name = "SamplingError";
  constructor(
    readonly random: string,
    /** As the end of a sentence whose subject is `scheduled_sampling`. */
    readonly reason: string,
    readonly origin?: Span,
  ) {
    super(`scheduled_sampling ${reason}`);
  }
}

/**
 * For each random y that is read at another step: `y.mixed[t] = if u[t] < rate then stop(draw) else y[t]`, with the clauses of
 * y, in the place of y in those reads. The draw is made of noise, by the distribution of that very step, which has read
 * `y.mixed[t-1]` itself. Throws `SamplingError` where no way is known to draw from a distribution.
 */
export function scheduledSampling(system: System, randoms: readonly string[]): System {
  const builder = new SystemBuilder(system);
  const isRead = new Set(
    [...system.values.values()]
      .flatMap(readsOf)
      .filter(isShifted)
      .map((r) => r.v),
  );
  const mixed = new Map<string, string>();
  for (const random of randoms) {
    if (isRead.has(random)) mixed.set(random, mix(builder, getValue(system, random)));
    builder.values.delete(drawOfRandom(random));
  }
  const moved = (r: Read): Read => {
    const v = mixed.get(r.v);
    return v !== undefined && isShifted(r) ? { ...r, v } : r;
  };
  for (const v of builder.values.values())
    builder.values.set(v.id, {
      ...v,
      eq: v.eq && { ...v.eq, args: v.eq.args.map(moved) },
      clauses: v.clauses.map((c) => ({ ...c, read: moved(c.read) })),
    });
  return builder.finish();
}

const readsOf = (v: Value): Read[] => [...(v.eq?.args ?? []), ...v.clauses.map((c) => c.read)];

/** At another step than the reader's own. */
const isShifted = (r: Read): boolean => r.idx.some((p) => p.k === "var" && p.shift !== 0);

function mix(builder: SystemBuilder, y: Value): string {
  const { eq } = builder.get(drawOfRandom(y.id));
  if (!eq) throw new Error(`${y.id} has no draw`);
  const coin = noise(builder, `${y.id}.coin`, y.slots, [], uniform);
  if (!builder.values.has(RATE)) builder.declare(RATE, [], [], "input", { named: false });
  const isDrawn = E.fill(E.less(coin, read(RATE, [])), y.shape);
  const value = new Draw(builder, y).of(eq);
  const drawn = y.dtype === "int" ? value : E.stop(value);
  const { clauses, labels, origin } = y;
  const rest = { clauses, named: false, ...(labels && { labels }), ...(origin && { origin }) };
  return builder.define(`${y.id}.mixed`, y.slots, E.where(isDrawn, drawn, builder.ident(y.id)), rest);
}

/** 0 and 1 left out, so that logarithms are finite. */
const uniform: NonNullable<Value["noise"]> = { dist: "uniform", params: [2 ** -24, 1 - 2 ** -24] };
const standardNormal: NonNullable<Value["noise"]> = { dist: "normal", params: [0, 1] };

function noise(
  builder: SystemBuilder,
  name: string,
  slots: readonly Slot[],
  shape: readonly number[],
  noise: NonNullable<Value["noise"]>,
): Expr {
  const own = hasSlot(slots, BATCH.name) ? slots : [BATCH, ...slots];
  const id = builder.declare(builder.freshId(name), own, shape, "noise", { noise, named: false });
  return builder.ident(id);
}

/** What the op `draw` says, made of noise. */
class Draw {
  constructor(
    readonly builder: SystemBuilder,
    readonly y: Value,
  ) {}

  of({ attrs, args, red }: Eq): Expr {
    const params = args.map((r) => ({ x: ofRead(r), shape: this.builder.get(r.v).shape }));
    return this.#draw(String(attrs["dist"]), String(attrs["base"]), params, red?.vars ?? [], this.y.slots);
  }

  #draw(dist: string, base: string, params: readonly Param[], over: readonly Slot[], scope: readonly Slot[]): Expr {
    const { y } = this;
    const [a, b] = params.map((p) => p.x) as [Expr, Expr];
    switch (dist) {
      case "categorical": {
        // the largest of logits with Gumbel noise has the distribution that the logits say (Gumbel 1954)
        const [s] = over;
        const shape = (params[0] as Param).shape;
        const noisy = E.sub(a, E.map("log", E.neg(this.#log(s ? [...scope, s] : scope, shape))));
        return s ? argmaxOver(s, noisy) : op("argmaxf", [noisy]);
      }
      case "bernoulli": {
        // logit + logistic noise, log u − log(1 − u)
        const u = this.#uniform(scope, y.shape);
        const logistic = E.sub(E.map("log", u), E.map("log", E.affine(-1, 1, u)));
        return E.less(E.num(0, y.shape), E.add(a, logistic));
      }
      case "normal":
        return E.add(a, E.mul(b, noise(this.builder, `${y.id}.noise`, scope, y.shape, standardNormal)));
      case "laplace":
        // the difference of two exponential draws
        return E.add(a, E.mul(b, E.sub(this.#log(scope, y.shape), this.#log(scope, y.shape))));
      case "uniform":
        return E.add(a, E.mul(E.sub(b, a), this.#uniform(scope, y.shape)));
      case "mixture": {
        const [m, ...inner] = over as [Slot, ...Slot[]];
        const component = this.#draw("categorical", "", params.slice(0, 1), [m], scope);
        const each = this.#draw(base, "", params.slice(1), inner, [...scope, m]);
        const isInt = y.dtype === "int";
        const chosen = sumOver([m], E.only(isInt ? op("toFloat", [each]) : each, component, m.name));
        return isInt ? op("toInt", [chosen]) : chosen;
      }
      default: {
        const reason = `has no way to draw \`${y.id}\` from \`${dist}\` within a step of training`;
        throw new SamplingError(y.id, reason, y.origin);
      }
    }
  }

  #uniform(slots: readonly Slot[], shape: readonly number[]): Expr {
    const u = noise(this.builder, `${this.y.id}.noise`, slots, shape, uniform);
    // padding is 0
    return op("maximum", [u, E.num(2 ** -24, shape)]);
  }

  #log(slots: readonly Slot[], shape: readonly number[]): Expr {
    return E.map("log", this.#uniform(slots, shape));
  }
}

interface Param {
  readonly x: Expr;
  readonly shape: readonly number[];
}
