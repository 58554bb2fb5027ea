/** What is exported, as Systems: the parameters of the distributions under names, and one step of a sequence. */
import type { DistName, Model } from "../../compiler/model.js";
import { carry, FRESH } from "../../compiler/passes/carry.js";
import { eliminate } from "../../compiler/passes/dce.js";
import { drawOfRandom } from "../../compiler/passes/scheduled-sampling.js";
import { SystemBuilder } from "../../compiler/system/builder.js";
import { ofRead } from "../../compiler/system/expr.js";
import { type Eq, getValue, type Read, type System, type Value } from "../../compiler/system/types.js";

/** A parameter of the distribution of a random: `y.logits`. */
export interface Parameter {
  readonly id: string;
  readonly random: string;
}

export interface Described {
  /** Every random is observed. */
  readonly system: System;
  readonly parameters: readonly Parameter[];
}

/** The parameters in the order in which the op `draw` has them. */
function parameterNames(dist: DistName, base: DistName | undefined): readonly string[] {
  switch (dist) {
    case "categorical":
    case "bernoulli":
    case "ctc":
      return ["logits"];
    case "normal":
      return ["mu", "sigma"];
    case "laplace":
      return ["mu", "b"];
    case "uniform":
      return ["low", "high"];
    case "mvnormal":
      return ["mu", "cov"];
    case "mixture":
      // logits of the components, then what each of them has
      return ["mixture", ...(base ? parameterNames(base, undefined) : [])];
  }
}

/** The model for scoring, with a value `y.logits`, `y.mu`, … for each parameter of each random. */
export function described(model: Model): Described {
  const randoms = model.fields.filter((f) => f.role === "random");
  const sampled = randoms.map((f) => f.name);
  const builder = new SystemBuilder(model.system({ training: false, drawn: [], sampled }));
  const parameters = randoms.flatMap(({ name, dist, base }) => {
    const { eq, slots } = builder.get(drawOfRandom(name));
    const { args, attrs, red } = eq as Eq;
    builder.values.delete(drawOfRandom(name));
    const scope = [...slots.filter((s) => s.name !== attrs["along"]), ...(red?.vars ?? [])];
    const names = parameterNames(dist as DistName, base);
    if (names.length !== args.length) throw new Error(`${dist} has ${args.length} parameters`);
    return args.map((arg, k) => ({
      id: builder.define(`${name}.${names[k]}`, scope, ofRead(arg)),
      random: name,
    }));
  });
  return { system: builder.finish(), parameters };
}

/** What goes from one step to the next. */
export interface StepState {
  /** A value of role `state`. */
  readonly id: string;
  /** What it is before the first step, and what it is after this one. */
  readonly initial: string;
  readonly next: string;
}

export interface Stepped {
  readonly system: System;
  readonly states: readonly StepState[];
}

/**
 * The System of a window of one step along `axis`: `outputs`, and the states that go on. What starts a sequence is apart
 * (`initial`), so that no step looks whether it is the first. Throws `CarryError` where a step would have to know more.
 */
export function stepped(system: System, axis: string, outputs: readonly string[]): Stepped {
  const carried = carry(eliminate(system, outputs), axis);
  const builder = new SystemBuilder(carried.system);
  const states = [...carried.states].map(([id, next]): StepState => {
    const [start, given] = startOf(carried.system, id);
    const initial = builder.define(`${id}.initial`, start.slots, ofRead(given));
    const own = (start.eq as Eq).args[2] as Read;
    const eq: Eq = { op: "id", attrs: {}, args: [own], along: null, red: null };
    builder.values.set(start.id, { ...start, eq });
    return { id, initial, next };
  });
  const kept = [...outputs, ...states.flatMap((s) => [s.initial, s.next])];
  const values = new Map(eliminate(builder.finish(), kept).values);
  values.delete(FRESH);
  return { system: { axes: carried.system.axes, values }, states: states.filter((s) => values.has(s.id)) };
}

/** The value that is the clause of a state where a sequence starts and the state itself elsewhere; the clause. */
function startOf(system: System, state: string): readonly [Value, Read] {
  const readers = [...system.values.values()].filter((v) => v.eq?.op === "where" && v.eq.args[2]?.v === state);
  const [only, ...others] = readers;
  if (!only || others.length) throw new Error(`${state} has ${readers.length} starts`);
  return [getValue(system, only.id), (only.eq as Eq).args[1] as Read];
}
