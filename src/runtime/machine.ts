/** Runs programs on a device: each is lowered once for each padded shape, and the latest plans are kept. */
import { drawInsideOf } from "../compiler/passes/draw-inside.js";
import { economical } from "../compiler/plan/budget/within.js";
import { fullAxes, type LowerOptions, lower, type Plan, planOf, type Shapes } from "../compiler/plan/lower.js";
import { validOf } from "../compiler/plan/places.js";
import type { Compute } from "../compiler/programs.js";
import { getValue } from "../compiler/system/types.js";
import { type Continuation, continued, ownInput } from "./continuation.js";
import type { DrawReply, DrawRequest } from "./decoder/types.js";
import type { Device, DeviceTensor, Executable } from "./device.js";
import { hostNumbers, noState, tensorShape } from "./feeds.js";
import { type Fitted, fitted } from "./fitted.js";
import { withDerived } from "./lengths.js";
import { Lru } from "./lru.js";
import type { NoiseKey } from "./noise.js";
import type { Instructions } from "./optimizer.js";
import type { Parameters } from "./parameters.js";
import type { Batch } from "./types.js";

/** Shapes kept at a time. Batches come in length buckets, so that a training meets few. */
const CAPACITY = 48;
/** A plan that ran so often will pay for what makes it faster. */
export const WARM = 16;

/** Told of each plan when it has run. */
export type Watch = (plan: Plan, executable: Executable) => void;

export type States = ReadonlyMap<string, DeviceTensor>;

export interface Job {
  /** Names the compute among all of this machine's. */
  readonly key: string;
  readonly compute: Compute;
  readonly batch: Batch;
  readonly outputs: readonly string[];
  readonly noise: NoiseKey;
  /** Carried state, if there is any yet. It stays the caller's. */
  readonly states?: States | null;
  readonly beam?: boolean;
  readonly draw?: (request: DrawRequest) => DrawReply;
}

interface Prepared {
  readonly plan: Plan;
  readonly executable: Executable;
  dispose(): void;
}

export class Machine {
  readonly #prepared = new Lru<Prepared>(CAPACITY);
  watch: Watch | null = null;
  /** Told of each plan that is made under a budget. */
  onFit: ((fit: Fitted) => void) | null = null;
  /** How often each plan has run, up to `WARM`. */
  readonly #runs = new Map<string, number>();

  /** `warm`: after how many runs a plan is optimised. `memory`: how many bytes it may hold at a time; null: any number. */
  constructor(
    readonly device: Device,
    readonly warm = WARM,
    readonly memory: number | null = null,
  ) {}

  /** What decides when plans are optimised. Results may differ by rounding then, so that it belongs to a saved state. */
  get runs(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#runs);
  }

  set runs(runs: Readonly<Record<string, number>>) {
    this.#runs.clear();
    for (const [key, n] of Object.entries(runs)) this.#runs.set(key, n);
  }

  /**
   * The outputs of a program on a batch, by id, and those of what goes on with them; null where a draw said stop. They
   * become the caller's.
   */
  run(job: Job, parameters: Parameters, then?: Continuation): Map<string, DeviceTensor> | null {
    const { compute, draw } = job;
    const batch = withDerived(compute.system, job.batch);
    const outputs = [...new Set(job.outputs)];
    const { key, full } = this.#variant(job, batch, outputs, then?.key ?? null);
    const { plan, executable } = this.#prepare(key, () => {
      const shapes = { ...shapesOf(batch), full };
      const { costs } = this.device;
      const { tables } = parameters;
      const options = { beam: job.beam ?? false, tables, ...(costs && { costs }), ...drawing(compute, batch) };
      const whole = (plan: Plan): Plan => (then ? continued(plan, then, compute.system) : plan);
      if (compute.inside) return lower(compute, shapes, outputs, options);
      if (this.memory === null || draw) return economical(whole(lower(compute, shapes, outputs, options)));
      const fit = fitted({ compute, shapes, outputs, options, then: whole }, this.memory);
      this.onFit?.(fit);
      return fit.plan;
    });
    const own: DeviceTensor[] = [];
    const given = new Map<string, DeviceTensor>();
    try {
      for (const id of plan.given) given.set(id, this.#give(id, job, parameters, own, then));
      const results = executable.run({ given, lengths: lengthsOf(batch), ...(draw ? { draw } : {}) });
      this.watch?.(plan, executable);
      return results;
    } finally {
      for (const tensor of own) this.device.dispose(tensor);
    }
  }

  /**
   * A batch without padding has a plan of its own, unless one for batches with padding has run at its shape: where both
   * kinds come, one plan serves them. What has run belongs to a saved state, so that this is the same after resuming.
   */
  #variant(job: Job, batch: Batch, outputs: readonly string[], then: string | null) {
    const key = shapeKey(job, outputs, then);
    const full = this.#runs.has(key) ? [] : fullAxes(job.compute.system, batch, batch.lengths);
    return { key: full.length ? `${key} full ${full}` : key, full };
  }

  /** Runs instructions made by hand; `key` names them. `give` supplies what they are given, which stays the caller's. */
  runInstructions(
    key: string,
    make: () => Instructions,
    give: (id: string) => DeviceTensor,
  ): Map<string, DeviceTensor> {
    const { plan, executable } = this.#prepare(key, () => {
      const { flat, outputs } = make();
      return planOf(flat, outputs);
    });
    const results = executable.run({ given: new Map(plan.given.map((id) => [id, give(id)])), lengths: {} });
    if (!results) throw new Error(`${key} has no draw that could stop it`);
    this.watch?.(plan, executable);
    return results;
  }

  dispose(): void {
    this.#prepared.dispose();
  }

  #prepare(key: string, make: () => Plan): Prepared {
    const prepared = this.#prepared.get(key, () => {
      const plan = make();
      const executable = this.device.prepare(plan);
      return { plan, executable, dispose: () => executable.dispose() };
    });
    const runs = this.#runs.get(key) ?? 0;
    if (runs >= this.warm) prepared.executable.optimise();
    else this.#runs.set(key, runs + 1);
    return prepared;
  }

  /** The tensor of a value that is not computed; those made here for this run go to `own`. */
  #give(
    id: string,
    { compute, batch, noise, states }: Job,
    parameters: Parameters,
    own: DeviceTensor[],
    then?: Continuation,
  ): DeviceTensor {
    const further = then && ownInput(then, id);
    if (further) return further;
    const { system } = compute;
    const value = getValue(system, id);
    if (value.role === "param" || value.role === "frozen") return parameters.get(id);
    const carried = value.role === "state" ? states?.get(id) : undefined;
    if (carried) return carried;
    const data = value.role === "state" ? noState(system, value, batch) : hostNumbers(system, value, batch, noise);
    const tensor = this.device.upload(data, tensorShape(system, value, batch));
    own.push(tensor);
    return tensor;
  }
}

/** Steps of a chunk of a loop that draws: between chunks it looks whether all sequences have ended. */
const DRAWN_STEPS = 16;

/** How programs are lowered that compute their draws themselves. */
function drawing({ inside }: Compute, { extents }: Batch): LowerOptions {
  if (!inside?.open) return {};
  const steps = Math.min(DRAWN_STEPS, Math.ceil((extents[inside.open.axis] as number) / 4));
  return { chunk: { above: steps, steps }, until: { member: drawInsideOf(inside.open.leader), feature: 2 } };
}

const shapesOf = ({ size, extents, widths = {} }: Batch): Shapes => ({ batch: size, extents, widths });

/** Lengths, and which places the nodes and edges of each sample fill. */
function lengthsOf({ size, lengths, extents, places = {} }: Batch): Readonly<Record<string, Int32Array>> {
  const valid = Object.entries(places).map(([axis, samples]) => {
    const extent = extents[axis] as number;
    const all = new Int32Array(extent * size);
    for (const [b, own] of samples.entries()) for (const place of own) all[place * size + b] = extent;
    return [validOf(axis), all] as const;
  });
  return { ...lengths, ...Object.fromEntries(valid) };
}

function shapeKey({ key, batch, beam }: Job, outputs: readonly string[], then: string | null): string {
  const extents = Object.entries(batch.extents)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([axis, extent]) => `${axis}=${extent}`);
  return JSON.stringify([key, beam ?? false, batch.size, extents, batch.widths ?? {}, outputs, then]);
}
