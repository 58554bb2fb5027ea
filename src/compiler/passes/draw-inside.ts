/**
 * Draws that are computed where they stand, so that a program with draws is a pure function: a random y with a categorical
 * draw becomes `y.draw[t] = choose(logits[t], y.given[t], y.draw[t-1], y.uniform[t], #how)`, of which y[t] is the first
 * number. What a draw depends on beside the model is an input: what is known of y, uniform numbers, how to choose.
 */
import { SystemBuilder } from "../system/builder.js";
import { E, ofRead, op, read } from "../system/expr.js";
import { at, identity } from "../system/positions.js";
import { type Axis, axisOf, getValue, type Pos, type Slot, type System } from "../system/types.js";

export interface Inside {
  readonly randoms: readonly DrawnInside[];
  /** The open axis, and the random of which a value ends it, first to be drawn; null where all lengths are known. */
  readonly open: { readonly axis: string; readonly leader: string } | null;
  /** How many numbers the input `#how` has (`howOf`): none where the likeliest values are taken. */
  readonly how: number;
  /** Is no beginning known? */
  readonly free: boolean;
  /** The open axis is drawn in windows of so many steps, which all samples have: they go on until all have ended. */
  readonly window?: number;
  /** Of a beam search, its rows (`beam-inside.ts`): one random, along the open axis. */
  readonly beam?: number;
}

export interface DrawnInside {
  readonly name: string;
  /** Values that are never drawn. */
  readonly never: readonly number[];
  /** The value that ends the open axis; −1: none does. */
  readonly end: number;
}

/** Input without slots: how to choose, as the op `choose` has it. */
export const HOW = "#how";
/** Inputs of a random, and its draw: value, −log p, whether the sequence goes on. */
export const givenOf = (random: string): string => `${random}.given`;
export const uniformsOf = (random: string): string => `${random}.uniform`;
export const drawInsideOf = (random: string): string => `${random}.choice`;

/** Can the draw of a random be computed where it stands? */
export function isInside(system: System, random: string): boolean {
  const { eq, shape, clauses } = getValue(system, random);
  const inside = clauses.every((c) => c.pins.every(({ at: p }) => p.k === "start" && p.off < 0));
  return eq?.op === "draw" && eq.attrs["dist"] === "categorical" && !eq.red && !shape.length && inside;
}

export function drawInside(system: System, { randoms, open, how, free }: Inside): System {
  const builder = new SystemBuilder(system);
  if (how) builder.declare(HOW, [], [how], "input", { named: false });
  const leader = open && getValue(system, open.leader);
  if (leader) builder.declare(drawInsideOf(leader.id), leader.slots, [3], "eq", { named: false });
  for (const { name, never, end } of randoms) {
    const y = getValue(system, name);
    const integers = { dtype: "int", named: false } as const;
    const given = builder.declare(givenOf(name), y.slots, [], "input", integers);
    const logits = ofRead((y.eq as NonNullable<typeof y.eq>).args[0] as NonNullable<typeof y.eq>["args"][number]);
    const before = open && leader ? read(drawInsideOf(leader.id), stepBefore(y.slots, open.axis)) : E.num(1, [3]);
    const args = [logits, builder.ident(given), before];
    if (how) {
      const us = builder.declare(uniformsOf(name), y.slots, [], "input", { named: false });
      args.push(builder.ident(us), builder.ident(HOW));
    }
    const choice = op("choose", args, { never, end, free });
    const id = drawInsideOf(name);
    if (y === leader) {
      builder.equate(id, choice);
      const slot = y.slots.find((s) => s.axis === open?.axis) as Slot;
      builder.clause(id, [{ slot: slot.name, at: { k: "start", off: -1 } }], E.num(1, [3]));
    } else builder.define(id, y.slots, choice, { named: false });
    const value = op("toInt", [E.reshape(E.slice(ofRead(identity(builder.get(id))), 0, 1), [])]);
    builder.values.set(name, { ...builder.get(name), eq: null });
    builder.equate(name, value);
  }
  return builder.finish();
}

/** Of the leader, which has the slots of the batch and of the open axis alone. */
const stepBefore = (slots: readonly Slot[], axis: string): Pos[] =>
  slots.map((s) => at(s.name, s.axis === axis ? -1 : 0));

/** With the open axis as long as a window. */
export function inWindows(system: System, { open, window }: Inside): System {
  if (!open || window === undefined) return system;
  const axis: Axis = { ...axisOf(system, open.axis), kind: "static", size: window };
  return { ...system, axes: new Map([...system.axes, [open.axis, axis]]) };
}
