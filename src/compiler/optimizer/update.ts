/**
 * A step of an optimiser, divided: what are single numbers, the same for every parameter (learning rates, bias corrections,
 * counters), the host computes in float64; the tensors are a Program for a device, to which those numbers are given.
 */
import * as elementwise from "../ops/elementwise.js";
import { opOf } from "../ops/index.js";
import { eliminate } from "../passes/dce.js";
import { optimise } from "../passes/pipeline.js";
import { schedule } from "../schedule/schedule.js";
import type { Program } from "../schedule/types.js";
import { dependencies, reach } from "../system/deps.js";
import { type Eq, getValue, type System, type Value } from "../system/types.js";
import { verify } from "../system/verify.js";
import { gatherScalars } from "./gather.js";
import type { State, StepEquations } from "./types.js";

export interface Update {
  /** Ids of what the tensors are given, and of the new parameter. */
  readonly parameter: string;
  readonly gradient: string;
  readonly next: string;
  /** Ids of the host's numbers that they are given, each of shape []. */
  readonly numbers: readonly string[];
  readonly states: readonly State[];
  readonly compute: { readonly system: System; readonly program: Program };
  /** States that the host keeps. */
  readonly counters: readonly State[];
  /** The host's numbers that follow from these and from the rate, each after those that it follows from. */
  readonly host: readonly Value[];
  readonly rate: string;
  /** Does every entry of the parameter step by itself? Then parameters can be stepped together, one behind the other. */
  readonly isElementwise: boolean;
}

const ELEMENTWISE: ReadonlySet<string> = new Set([
  ...Object.values(elementwise).map((op) => op.name),
  ...["const", "fill", "scale"],
]);

export function updateOf({ system, parameter, gradient, rate, next, states }: StepEquations): Update {
  const all = new Set([next, ...states.map((s) => s.after)]);
  const tidy = optimise(system, all);
  const needed = statesOf(tidy, next, states);
  const keep = new Set([next, ...needed.map((s) => s.after)]);
  const whole = optimise(gatherScalars(eliminate(tidy, keep), keep), keep);
  const host = hostValues(whole, rate, needed);
  const onHost = (s: State): boolean => s.scalar && host.has(s.after) && host.has(s.before);
  const [counters, kept] = [needed.filter(onHost), needed.filter((s) => !onHost(s))];

  const results = new Set([next, ...kept.map((s) => s.after)]);
  const read = new Set(
    [...reach(results, (id) => (host.has(id) ? [] : dependencies(whole, id)))].filter(
      (id) => host.has(id) && getValue(whole, id).eq?.op !== "const",
    ),
  );
  // the host's numbers are given, like the parameter itself
  const values = [...whole.values].map(
    ([id, v]) => [id, read.has(id) ? { ...v, role: "frozen" as const, eq: null } : v] as const,
  );
  const tensors = eliminate({ axes: whole.axes, values: new Map(values) }, results);
  verify(tensors, "update");
  return {
    ...{ parameter, gradient, next, rate },
    numbers: [...read],
    states: kept,
    compute: { system: tensors, program: schedule(tensors) },
    counters,
    host: inOrder(whole, [...read, ...counters.map((s) => s.after)]),
    isElementwise: [...tensors.values.values()].every((v) => !v.eq || (ELEMENTWISE.has(v.eq.op) && !v.eq.red)),
  };
}

/** The states on which the new parameter depends, at this step or a later one. */
function statesOf(system: System, next: string, states: readonly State[]): State[] {
  const live = reach([next], (id) => {
    const state = states.find((s) => s.before === id);
    return [...dependencies(system, id), ...(state ? [state.after] : [])];
  });
  return states.filter((s) => live.has(s.before));
}

/** Scalars that follow from the learning rate, from constants and from states that follow from nothing else either. */
function hostValues(system: System, rate: string, states: readonly State[]): Set<string> {
  let counters = states.filter((s) => s.scalar);
  for (;;) {
    const host = new Set([rate, ...counters.map((s) => s.before)]);
    for (let size = -1; size !== host.size; ) {
      size = host.size;
      for (const v of system.values.values())
        if (v.eq && !v.shape.length && dependencies(system, v.id).every((id) => host.has(id))) host.add(v.id);
    }
    const rest = counters.filter((s) => host.has(s.after));
    if (rest.length === counters.length) return host;
    counters = rest;
  }
}

/** The values that some follow from, and these, in an order in which they can be computed. */
function inOrder(system: System, ids: readonly string[]): Value[] {
  const found = new Set<Value>();
  const visit = (id: string): void => {
    const v = getValue(system, id);
    if (!v.eq || found.has(v)) return;
    dependencies(system, id).forEach(visit);
    found.add(v);
  };
  ids.forEach(visit);
  return [...found];
}

export interface HostStep {
  /** By the ids of `Update.numbers`. */
  readonly numbers: ReadonlyMap<string, number>;
  /** The new counters, by the names of their states. */
  readonly counters: ReadonlyMap<string, number>;
}

/** The host's part of a step. `counters`: by the names of the states; one that is missing is 0. */
export function hostStep(update: Update, rate: number, counters: ReadonlyMap<string, number>): HostStep {
  const known = new Map<string, Float64Array>();
  for (const s of update.counters) known.set(s.before, Float64Array.of(counters.get(s.name) ?? 0));
  known.set(update.rate, Float64Array.of(rate));
  const numbers = (id: string): Float64Array => {
    const x = known.get(id);
    if (!x) throw new Error(`${id} is no number of the host`);
    return x;
  };
  for (const { id, eq } of update.host) {
    const { op, args, attrs } = eq as Eq;
    const given = args.map((r) => numbers(r.v));
    const { eval: evaluate } = opOf(op);
    if (!evaluate) throw new Error(`${op} is no op of numbers`);
    const shapes = args.map(() => []);
    known.set(id, evaluate(given, attrs, shapes));
  }
  const value = (id: string): number => numbers(id)[0] as number;
  return {
    numbers: new Map(update.numbers.map((id) => [id, value(id)])),
    counters: new Map(update.counters.map((s) => [s.name, value(s.after)])),
  };
}
