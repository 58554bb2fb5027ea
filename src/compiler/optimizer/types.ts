/**
 * Optimisers are cells of the language: recurrences over the step axis. The first two formals are a parameter and its
 * gradient, further ones are states that start at 0; the results are the new parameter and the new states, in the same order.
 * The literal equations of the body are the hyperparameters; `lr` is the learning rate that the schedule scales.
 */
import type { Diagnostic } from "../diagnostics/types.js";
import type { Span } from "../syntax/ast.js";
import type { System } from "../system/types.js";

/** What a cell requires of its hyperparameters. */
export interface Condition {
  /** As written: `beta1 < 1`. */
  readonly text: string;
  /** The hyperparameters in it. */
  readonly names: readonly string[];
  /** Where it compares one hyperparameter with a number. */
  readonly bound: { readonly name: string; readonly op: "<" | "<=" | ">" | ">="; readonly limit: number } | null;
  holds(numbers: Numbers): boolean;
}

/** Hyperparameters by name. */
export type Numbers = Readonly<Record<string, number>>;

export interface State {
  readonly name: string;
  /** One number, whatever the shape of the parameter. */
  readonly scalar: boolean;
  /** Ids of its value before and after the step. */
  readonly before: string;
  readonly after: string;
}

/** The equations of one step of one parameter. */
export interface StepEquations {
  readonly system: System;
  /** Ids of what is given: the parameter, its gradient, the learning rate. */
  readonly parameter: string;
  readonly gradient: string;
  readonly rate: string;
  /** Id of the new parameter. */
  readonly next: string;
  readonly states: readonly State[];
}

export interface OptimizerCell {
  readonly name: string;
  /** With their standard values, in the order of the text; `lr` is among them. */
  readonly numbers: Numbers;
  readonly conditions: readonly Condition[];
  /** Null where the body does not fit a parameter of that shape. */
  step(numbers: Numbers, shape: readonly number[]): StepEquations | null;
}

export type FoundOptimizer =
  | { readonly kind: "optimizer"; readonly cell: OptimizerCell }
  /** There is a cell of that name that is no optimiser. `refuse` says why, at the place where it is used. */
  | { readonly kind: "unfit"; refuse(at: Span | undefined): Diagnostic };

/** The optimisers that a model can name: the cells in its scope, then those of `std.optimisers`. */
export interface Optimizers {
  /** Of all that fit. */
  readonly names: readonly string[];
  find(name: string): FoundOptimizer | null;
}
