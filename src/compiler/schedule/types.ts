import type { System } from "../system/types.js";
import type { Slots } from "./slots.js";

/** An equation over the whole of its remaining axes. */
export interface Equation {
  readonly kind: "eq";
  readonly v: string;
}

/** A loop over an axis: `direction` +1 runs from 0, −1 from the end. */
export interface Loop {
  readonly kind: "loop";
  readonly axis: string;
  /** Of every member: the slot that it runs along. */
  readonly slots: Slots;
  readonly direction: 1 | -1;
  /** Of every member. Retiming: equations whose shifts have mixed signs run some steps apart. */
  readonly offsets: Readonly<Record<string, number>>;
  readonly members: readonly string[];
  readonly body: readonly Item[];
}

/** The offset of a member of a loop. */
export function offsetOf({ axis, offsets }: Loop, id: string): number {
  const offset = offsets[id];
  if (offset === undefined) throw new Error(`${id} is no member of the loop over ${axis}`);
  return offset;
}

/** The time of a loop at which a member runs at an index of the axis. */
export const timeOf = (loop: Loop, id: string, index: number): number => loop.direction * index + offsetOf(loop, id);

/** The index at which a member runs at a time; it may lie outside of the axis. */
export const indexAt = (loop: Loop, id: string, time: number): number => loop.direction * (time - offsetOf(loop, id));

export type Item = Equation | Loop;

/** What the schedule makes of a System: batched equations and loops, in an order that computes everything before it is read. */
export interface Program {
  readonly system: System;
  readonly items: readonly Item[];
}
