/** Checks of one op on one of its samples, also used to show that a wrong rule is caught. */
import { grad } from "../../src/compiler/ad/grad.js";
import type { OpDef, OpSample } from "../../src/compiler/ops/types.js";
import { SystemBuilder } from "../../src/compiler/system/builder.js";
import { E, op } from "../../src/compiler/system/expr.js";
import { getValue, product, type System } from "../../src/compiler/system/types.js";
import { type Environment, Evaluator } from "../../src/compiler/targets/reference/evaluator.js";
import { centralDifference, coordinates } from "./gradients.js";
import { difference, uniform } from "./numbers.js";

export function sampleArguments(def: OpDef, { shapes, data }: OpSample): Float64Array[] {
  return shapes.map((shape, i) => {
    const given = data?.[i];
    if (given) return Float64Array.from(given);
    return Float64Array.from({ length: product(shape) }, (_, k) => 2 * uniform(def.name, i, k) - 1);
  });
}

/** Which arguments does the rule give an adjoint? Arguments that are indices or conditions have none. */
export function differentiableArguments(def: OpDef, { shapes, attrs = {} }: OpSample): boolean[] {
  const { vjp } = def;
  if (typeof vjp !== "function") return shapes.map(() => false);
  const outShape = def.infer(shapes, attrs);
  const args = shapes.map((s) => E.num(1, s));
  return vjp({ ct: E.num(1, outShape), out: E.num(1, outShape), args, attrs, shapes, outShape }).map((g) => g !== null);
}

/** loss = Σ weight · op(x0, x1, …), every argument a parameter. */
export function sampleSystem(def: OpDef, sample: OpSample): { system: System; ids: string[]; env: Environment } {
  const builder = new SystemBuilder();
  const ids = sample.shapes.map((shape, i) => builder.declare(`x${i}`, [], shape, "param"));
  const outShape = def.infer(sample.shapes, sample.attrs ?? {});
  builder.declare("weight", [], outShape, "frozen");
  const y = builder.define(
    "y",
    [],
    op(
      def.name,
      ids.map((id) => builder.ident(id)),
      sample.attrs ?? {},
    ),
  );
  builder.define("loss", [], E.dot(builder.ident("weight"), builder.ident(y)));
  const system = builder.finish();
  const args = sampleArguments(def, sample);
  const given = (id: string): ArrayLike<number> => {
    const i = ids.indexOf(id);
    if (i >= 0) return args[i] as Float64Array;
    return Float64Array.from({ length: product(getValue(current.system, id).shape) }, (_, k) => 0.5 + uniform(id, k));
  };
  const current = { system, ids, env: { batch: 1, lengths: {}, given } };
  return current;
}

/** Where the first and, if the first is differentiable again, the second derivative differ from central differences. */
export function opGradientErrors(def: OpDef, sample: OpSample, isDifferentiable: readonly boolean[]): string[] {
  const { system, ids, env } = sampleSystem(def, sample);
  const wrt = ids.filter((_, i) => isDifferentiable[i]);
  if (!wrt.length) return [];
  const first = grad(system, "loss", wrt);
  const errors = compare(first.system, env, "loss", wrt, first.adjoint, "first");
  const builder = new SystemBuilder(first.system);
  const directions = wrt.map((id) => {
    const d = builder.ident(first.adjoint(id));
    const u = builder.declare(`direction ${id}`, [], builder.get(id).shape, "frozen");
    return E.dot(builder.ident(u), d);
  });
  builder.define("second", [], E.add(...directions));
  const system2 = builder.finish();
  const given = (id: string, index: readonly number[]): ArrayLike<number> =>
    id.startsWith("direction")
      ? Float64Array.from({ length: product(getValue(system2, id).shape) }, (_, k) => 0.5 + uniform(id, k))
      : env.given(id, index);
  let second: ReturnType<typeof grad>;
  try {
    second = grad(system2, "second", wrt);
  } catch (e) {
    if (e instanceof Error && /cannot be differentiated/.test(e.message)) return errors; // open, and it says so
    throw e;
  }
  return [...errors, ...compare(second.system, { ...env, given }, "second", wrt, second.adjoint, "second")];
}

function compare(
  system: System,
  env: Environment,
  id: string,
  wrt: readonly string[],
  adjoint: (id: string) => string,
  order: string,
): string[] {
  const e = new Evaluator(system, env);
  return coordinates(system, env, wrt).flatMap((k) => {
    const expected = centralDifference(system, env, id, k);
    const actual = e.value(adjoint(k.id), k.index)[k.feature] as number;
    return difference(expected, actual) <= 1e-6 ? [] : [`${order} ${k.id}.${k.feature}: ${actual}, not ${expected}`];
  });
}
