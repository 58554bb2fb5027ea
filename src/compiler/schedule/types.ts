import type { System } from "../system/types.js";

/** An equation over the whole of its remaining axes. */
export interface Equation {
  readonly kind: "eq";
  readonly v: string;
}

/** A loop over an axis: `direction` +1 runs from 0, −1 from the end. A member v runs at index (time − offset) · direction. */
export interface Loop {
  readonly kind: "loop";
  readonly axis: string;
  readonly direction: 1 | -1;
  /** Retiming: equations whose shifts have mixed signs run some steps apart. */
  readonly offsets: Readonly<Record<string, number>>;
  readonly members: readonly string[];
  readonly body: readonly Item[];
}

export type Item = Equation | Loop;

/** What the schedule makes of a System: batched equations and loops, in an order that computes everything before it is read. */
export interface Program {
  readonly system: System;
  readonly items: readonly Item[];
}
