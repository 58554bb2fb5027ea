/** A distribution: how it is called, what it draws, its log-density and its draw, as expressions of the System. */
import type { DistName } from "../../model.js";
import type { SystemBuilder } from "../../system/builder.js";
import type { Expr } from "../../system/expr.js";
import type { Attrs, Slot } from "../../system/types.js";
import type { Dim } from "../dims.js";
import type { Lowering } from "../functions/types.js";
import type { Drawing, Given, Quantity } from "../terms.js";
import type { Known } from "../types.js";

/** One parameter of a call. `names`: what it may be called; `named`: it must be. `base`: it is itself a distribution. */
export interface Param {
  readonly names: readonly string[];
  readonly named?: true;
  readonly base?: true;
}

/** One way to call it. */
export interface Form {
  readonly given: Given;
  readonly params: readonly Param[];
  /** As in messages: `normal(mu, sigma)`. */
  readonly usage: string;
}

/** What is known of a draw while it is checked. */
export interface Fit {
  readonly q: Quantity;
  /** The type of the random; not poisoned. */
  readonly known: Exclude<Known, { kind: "poison" }>;
  readonly given: Given;
  readonly over: Slot | null;
  /** How many indices an axis has, where that is the same for every sample. */
  size(axis: string): Dim | null;
}

export interface Misfit {
  readonly message: string;
  readonly help: string;
}

/** What the expressions are made from. */
export interface Density {
  readonly l: Lowering;
  readonly q: Quantity;
  readonly drawing: Drawing;
  /** Features of the random. */
  readonly shape: readonly number[];
  /** How many values it can have: of a token or of a position on a fixed axis. */
  readonly choices: number;
}

/** Also the observation itself; and where to put equations of its own, whose ids start with that of the random. */
export interface Observation extends Density {
  readonly y: Expr;
  readonly builder: SystemBuilder;
  /** The slots of the random, the batch first. */
  readonly slots: readonly Slot[];
}

/** The arguments and attributes of the op `draw`, and the variables that it ranges over. */
export interface Drawn {
  readonly args: readonly Expr[];
  readonly attrs: Attrs;
  readonly vars: readonly Slot[];
}

export interface Distribution {
  readonly name: DistName;
  readonly doc: string;
  /** Does it range over an axis, as `mixture[m]` does? */
  readonly over: "never" | "optional" | "always";
  readonly forms: readonly Form[];
  /** Why it cannot draw such a value; null where it can. */
  misfit(f: Fit): Misfit | null;
  /** The shape of each parameter that is an expression, in order. */
  shapes(f: Fit): readonly (readonly Dim[])[];
  /** What is wrong with parameters that are constants; null for those that are none. */
  outside?(values: readonly (number | null)[], given: Given): string | null;
  /** log p of an observation: a scalar over the slots of `logpSlots`. Features are independent unless it says otherwise. */
  logp(o: Observation): Expr;
  /** Is the most probable value the observed one? A scalar; absent where that is not asked. */
  hit?(o: Observation): Expr;
  draw(d: Density): Drawn;
  /** Slots of the random that one draw fills at once, as CTC does with a whole sequence. */
  readonly isWhole?: true;
}
