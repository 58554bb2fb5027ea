/**
 * The programs that one model becomes: training (forward, BPTT, the gradient of every parameter), scoring (the loss and
 * whatever else is asked for), decoding (randoms drawn instead of observed). Each is a System, optimised and scheduled.
 */
import { grad } from "./ad/grad.js";
import { hasHits, type Mode, type Model } from "./model.js";
import { beamInside } from "./passes/beam-inside.js";
import { type Carried, carry } from "./passes/carry.js";
import { drawInside, drawInsideOf, type Inside, inWindows } from "./passes/draw-inside.js";
import { normalizeBySample } from "./passes/normalize.js";
import { optimise, prepare, type Stage } from "./passes/pipeline.js";
import { type Reset, resetAt } from "./passes/reset.js";
import { scheduledSampling } from "./passes/scheduled-sampling.js";
import { schedule } from "./schedule/schedule.js";
import type { Program } from "./schedule/types.js";
import type { System } from "./system/types.js";
import { verify } from "./system/verify.js";

export interface Compute {
  readonly mode: Mode;
  /** Optimised; every id in `outputs`, `gradients` and `states` is one of its values. */
  readonly system: System;
  readonly program: Program;
  readonly outputs: readonly string[];
  /** Parameter → its adjoint. Empty unless training. */
  readonly gradients: ReadonlyMap<string, string>;
  /**
   * Truncation with carried state (R16): a value of role `state` → the value that becomes it in the next window.
   * Where this is not empty, the System has the input `#fresh`, one number per sample: 1 where the sequence starts here
   * (the boundary clauses count), 0 where it goes on (the carried state counts, with the gradient stopped).
   */
  readonly states: ReadonlyMap<string, string>;
  /** Of decoding: its draws are no op `draw` but computed where they stand. */
  readonly inside?: Inside;
}

export interface ComputeOptions {
  /** Axis along which states are carried from window to window. */
  readonly carry?: string;
  /** What ends a document in a stream along that axis. */
  readonly reset?: Reset;
  /**
   * Scheduled sampling (R20): the System has the input `#rate`, one number, the probability that a draw of the model's own
   * takes the place of a past observation.
   */
  readonly sampling?: boolean;
  /** Draws that are computed where they stand. */
  readonly inside?: Inside;
  /** N of the objective (R14). */
  readonly normalize?: "observation" | "sample";
  readonly observe?: (stage: Stage) => void;
}

/**
 * `loss`, `loss.total`, `loss.count`, per-random `.hits` and `.count`, metrics, and the gradient of `loss` in every
 * parameter that is not frozen; 0 where the loss does not depend on it. Throws `CarryError` where the model does not allow `carry`.
 */
export function training(model: Model, options: ComputeOptions = {}): Compute {
  const wrt = model.params.filter((p) => !p.frozen).map((p) => p.name);
  return compute(model, trainingMode(model, options.sampling ?? false), results(model), wrt, options);
}

/** `sampling`: with the draws of the randoms that have a past. */
export function trainingMode({ fields }: Pick<Model, "fields">, sampling: boolean): Mode {
  const sampled = fields.filter((f) => f.role === "random" && f.axes.length && f.dist !== "ctc").map((f) => f.name);
  return { training: true, drawn: [], ...(sampling && { sampled }) };
}

/** The same without gradients, `training` false; `values`: further named values to compute. */
export function scoring(model: Model, values: readonly string[] = [], options: ComputeOptions = {}): Compute {
  return compute(model, { training: false, drawn: [] }, [...results(model), ...values], [], options);
}

/** `drawn` randoms are drawn (op `draw`, or `inside`); its outputs are the drawn randoms, or the draws of those `inside`. */
export function decoding(model: Model, drawn: readonly string[], options: ComputeOptions = {}): Compute {
  const outputs = options.inside?.randoms.map((r) => drawInsideOf(r.name)) ?? drawn;
  return compute(model, { training: false, drawn }, outputs, [], options);
}

/** The values `outputs` of a System as it stands, and nothing else: of what is exported. */
export function inference(system: System, outputs: readonly string[]): Compute {
  const optimised = optimise(prepare(system, outputs), outputs);
  const mode = { training: false, drawn: [] };
  return { mode, system: optimised, program: schedule(optimised), outputs, gradients: new Map(), states: new Map() };
}

/** The objective and what is reported beside it. */
function results(model: Model): string[] {
  const randoms = model.fields.filter((f) => f.role === "random");
  return [
    ...["loss", "loss.total", "loss.count"],
    ...randoms.flatMap((f) => [...(hasHits(f.dist) ? [`${f.name}.hits`] : []), `${f.name}.count`]),
    ...model.metrics.flatMap((m) => [`metric.${m}.sum`, `metric.${m}.count`]),
  ];
}

function compute(
  model: Model,
  mode: Mode,
  outputs: readonly string[],
  wrt: readonly string[],
  options: ComputeOptions,
): Compute {
  const { observe, inside } = options;
  const carried = carriedSystem(model, mode, options);
  const windows = inside ? inWindows(carried.system, inside) : carried.system;
  const kept = [...outputs, ...carried.states.values()];
  const forward = prepare(windows, [...kept, ...wrt], observe);
  const { system, gradients } = differentiate(forward, wrt);
  const optimised = optimise(system, [...kept, ...gradients.values()], observe);
  const states = new Map([...carried.states].filter(([state]) => optimised.values.has(state)));
  return {
    mode,
    system: optimised,
    program: schedule(optimised),
    outputs,
    gradients,
    states,
    ...(inside && { inside }),
  };
}

/** The model's equations with the objective and the windows that are asked for. Throws `CarryError`. */
export function carriedSystem(
  model: Pick<Model, "system">,
  mode: Mode,
  { carry: axis, normalize, reset, inside }: Pick<ComputeOptions, "carry" | "normalize" | "reset" | "inside">,
): Carried {
  const plain = drawnInside(model.system(mode), inside);
  const objective = normalizedBy(normalize, sampledFrom(plain, mode.sampled));
  if (axis === undefined) return { system: objective, states: new Map() };
  // first what the whole sequence would have to answer, in the user's own equations
  if (!reset) return carry(objective, axis);
  carry(objective, axis);
  const documents = resetAt(objective, axis, reset);
  verify(documents, "reset");
  return carry(documents, axis);
}

const normalizedBy = (normalize: ComputeOptions["normalize"], system: System): System =>
  normalize === "sample" && system.values.has("loss") ? normalizeBySample(system) : system;

function sampledFrom(system: System, randoms: Mode["sampled"]): System {
  if (!randoms) return system;
  const sampled = scheduledSampling(system, randoms);
  verify(sampled, "scheduled sampling");
  return sampled;
}

function drawnInside(system: System, inside: Inside | undefined): System {
  if (!inside) return system;
  const drawn = inside.beam === undefined ? drawInside(system, inside) : beamInside(system, inside);
  verify(drawn, "draw inside");
  return drawn;
}

function differentiate(system: System, wrt: readonly string[]): { system: System; gradients: Map<string, string> } {
  if (!wrt.length) return { system, gradients: new Map() };
  const adjoint = grad(system, "loss", wrt);
  return { system: adjoint.system, gradients: new Map(wrt.map((p) => [p, adjoint.adjoint(p)])) };
}
