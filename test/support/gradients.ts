/** The oracle of differentiation: central differences of the reference evaluator, in float64. */
import { grad } from "../../src/compiler/ad/grad.js";
import { optimise, prepare } from "../../src/compiler/passes/pipeline.js";
import { schedule } from "../../src/compiler/schedule/schedule.js";
import { getValue, product, type System } from "../../src/compiler/system/types.js";
import { verify } from "../../src/compiler/system/verify.js";
import { type Environment, Evaluator } from "../../src/compiler/targets/reference/evaluator.js";
import { difference } from "./numbers.js";
import type { Case } from "./sketch.js";

export interface Coordinate {
  readonly id: string;
  /** One index per slot. */
  readonly index: readonly number[];
  readonly feature: number;
}

/** Every number of the given parameters. */
export function coordinates(system: System, env: Environment, ids: readonly string[]): Coordinate[] {
  const evaluator = new Evaluator(system, env);
  return ids.flatMap((id) => {
    const v = getValue(system, id);
    return evaluator.points(v.slots).flatMap((p) =>
      Array.from({ length: product(v.shape) }, (_, feature) => ({
        id,
        index: v.slots.map((s) => p[s.name] as number),
        feature,
      })),
    );
  });
}

/** The environment in which one number is larger by `by`. */
function moved(env: Environment, c: Coordinate, by: number): Environment {
  const given = (id: string, index: readonly number[]): ArrayLike<number> => {
    const x = env.given(id, index);
    if (id !== c.id || index.join() !== c.index.join()) return x;
    return Float64Array.from(x, (v, i) => (i === c.feature ? v + by : v));
  };
  return { ...env, given };
}

const scalar = (system: System, env: Environment, id: string): number =>
  new Evaluator(system, env).value(id)[0] as number;

/** ∂ id / ∂ c by central differences. */
export function centralDifference(system: System, env: Environment, id: string, c: Coordinate, h = 1e-5): number {
  return (scalar(system, moved(env, c, h), id) - scalar(system, moved(env, c, -h), id)) / (2 * h);
}

/** A way to compute what a System says, with a name for messages. */
export interface Form {
  readonly name: string;
  readonly system: System;
  readonly evaluate: (env: Environment) => Evaluator;
}

const lazy = (name: string, system: System): Form => ({
  name,
  system,
  evaluate: (env) => new Evaluator(system, env),
});

const scheduled = (name: string, system: System): Form => {
  const program = schedule(system);
  return { name, system, evaluate: (env) => new Evaluator(system, env).run(program) };
};

export interface Differentiated {
  readonly adjoint: (id: string) => string;
  /** The adjoint System raw, after every prefix of the pipeline, and as a strict Program (raw and optimised). */
  readonly forms: readonly Form[];
  readonly optimised: System;
}

export function differentiated(system: System, loss: string, params: readonly string[]): Differentiated {
  const forms: Form[] = [];
  const forward = prepare(system, [loss, ...params], ({ pass, system: s }) =>
    forms.push(lazy(`prepare ${pass.name}`, s)),
  );
  const raw = grad(system, loss, params);
  verify(raw.system, "grad");
  const { system: next, adjoint } = grad(forward, loss, params);
  verify(next, "grad");
  const keep = [loss, ...params.map(adjoint)];
  const adjoints: Form[] = [lazy("raw", raw.system), scheduled("raw, scheduled", raw.system), lazy("grad", next)];
  const optimised = optimise(next, keep, ({ pass, system: s }) =>
    adjoints.push(lazy(`${adjoints.length - 2}: ${pass.name}`, s)),
  );
  const program = scheduled("scheduled", optimised);
  adjoints.push(program, padded(program));
  return { adjoint, forms: adjoints, optimised };
}

export interface Mismatch {
  readonly form: string;
  readonly at: string;
  readonly expected: number;
  readonly actual: number;
}

const padded = (form: Form): Form => ({
  name: `${form.name}, padded`,
  system: form.system,
  evaluate: (env) => form.evaluate({ ...env, padded: true }),
});

/** Compares the loss and the gradients of all forms with the oracle; the empty list if all agree. */
export function mismatches(c: Case, options: { tolerance?: number; at?: readonly Coordinate[] } = {}): Mismatch[] {
  const { tolerance = 1e-6, at = coordinates(c.system, c.env, c.params) } = options;
  const { adjoint, forms } = differentiated(c.system, "loss", c.params);
  const expected = at.map((k) => centralDifference(c.system, c.env, "loss", k));
  const loss = scalar(c.system, c.env, "loss");
  const found: Mismatch[] = [];
  for (const form of forms) {
    const evaluator = form.evaluate(c.env);
    const note = (where: string, wanted: number, got: number): void => {
      if (!(difference(wanted, got) <= tolerance))
        found.push({ form: form.name, at: where, expected: wanted, actual: got });
    };
    note("loss", loss, evaluator.value("loss")[0] as number);
    for (const [i, k] of at.entries())
      note(
        `d${k.id}[${k.index}].${k.feature}`,
        expected[i] as number,
        evaluator.value(adjoint(k.id), k.index)[k.feature] as number,
      );
  }
  return found;
}

/**
 * What `stop` keeps fixed, fixed: the System in which every stopped value is given as it is now. Central differences of it
 * are what a gradient with stops means.
 */
export function withStops(system: System, env: Environment): { system: System; env: Environment } {
  const stopped = [...system.values.values()].filter((v) => v.eq?.op === "stop");
  if (!stopped.length) return { system, env };
  const evaluator = new Evaluator(system, env);
  const values = new Map(system.values);
  for (const v of stopped) values.set(v.id, { ...v, role: "input", eq: null });
  const ids = new Set(stopped.map((v) => v.id));
  const given = (id: string, index: readonly number[]): ArrayLike<number> =>
    ids.has(id) ? evaluator.value(id, index) : env.given(id, index);
  return { system: { axes: system.axes, values }, env: { ...env, given } };
}
