/** Times training steps on random data of a model's own record type. */
import { flopsOf } from "../../compiler/plan/flops.js";
import type { Plan } from "../../compiler/plan/lower.js";
import { peakBytes } from "../../compiler/plan/memory.js";
import type { Executable } from "../device.js";
import { UsageError } from "../errors.js";
import type { Network } from "../model.js";
import { randomRecords } from "./records.js";

export interface BenchmarkOptions {
  readonly batch: number;
  /** Of every ragged axis. */
  readonly length: number;
  /** Timed ones, after the first one and those that warm up. */
  readonly steps: number;
  /** For how long it warms up at most, in milliseconds; absent: half a second. */
  readonly warm_ms?: number;
  /** Of the data. */
  readonly seed?: number;
}

/** A step is the forward pass, backpropagation and the update; the loss is read back each time. Times in milliseconds. */
export interface Benchmark {
  readonly batch: number;
  readonly length: number;
  readonly steps: number;
  /** From the checked model to the program of a training step. */
  readonly compile_ms: number;
  /** The first step, in which plans are made for these shapes. */
  readonly first_ms: number;
  /** Of the steps that are timed: after the first one and some that are not. */
  readonly min_ms: number;
  readonly median_ms: number;
  /** Matrix products and convolutions of a step, over the shortest time: 10⁹ operations a second. */
  readonly gflops: number;
  /** What computed the last step. */
  readonly engine: string;
  /** Per time step: calls of kernels, or where a step is a graph its nodes. */
  readonly kernels?: number;
  readonly nodes?: number;
  /** The most that the tensors of a step take at a time, by its plan. */
  readonly planned_memory_mb: number;
  /** The most that the process has ever held. */
  readonly peak_memory_mb: number;
  /** Before the last step. */
  readonly loss: number;
}

/**
 * Steps before those that are timed, at most: TensorFlow has to run a graph about a hundred times until it knows which of
 * its kernels are so cheap that no other thread need take them.
 */
const WARM_STEPS = 120;

/** Takes steps: the model has learnt noise afterwards. Throws `UsageError` where there is nothing to learn, `DivergedError`. */
export function benchmark(
  model: Network,
  { batch, length, steps, warm_ms = 500, seed = 1 }: BenchmarkOptions,
): Benchmark {
  if (!(steps >= 1 && batch >= 1 && length >= 1))
    throw new UsageError("a benchmark takes one step at least, of one record, of length 1");
  const plans: { readonly plan: Plan; readonly executable: Executable }[] = [];
  const step = model.repeat(randomRecords(model.model, { count: batch, length, seed }), (plan, executable) => {
    plans.push({ plan, executable });
  });
  const compile = timed(() => model.compile());
  const first = timed(step);
  const start = performance.now();
  for (let k = 0; k < WARM_STEPS && performance.now() - start < warm_ms; k++) step();
  const rest = Array.from({ length: steps }, () => {
    plans.length = 0;
    return timed(step);
  });
  const times = rest.map(({ ms }) => ms).sort((a, b) => a - b);
  const shortest = times[0] as number;
  const timeSteps = model.model.axes.some((axis) => axis.kind === "ragged") ? length : 1;
  const calls = plans.reduce((n, { executable }) => n + executable.kernels, 0) / timeSteps;
  const isGraph = plans.some(({ executable }) => executable.isGraph);
  return {
    batch,
    length,
    steps,
    compile_ms: compile.ms,
    first_ms: first.ms,
    min_ms: shortest,
    median_ms: times[times.length >> 1] as number,
    gflops: plans.reduce((n, { plan }) => n + flopsOf(plan), 0) / shortest / 1e6,
    engine: isGraph ? `${model.device.name}-graph` : model.device.name,
    ...(isGraph ? { nodes: calls } : { kernels: calls }),
    planned_memory_mb: plans.reduce((most, { plan }) => Math.max(most, peakBytes(plan)), 0) / 1e6,
    peak_memory_mb: process.resourceUsage().maxRSS / 1024,
    loss: rest.at(-1)?.value as number,
  };
}

function timed<R>(f: () => R): { readonly ms: number; readonly value: R } {
  const start = performance.now();
  const value = f();
  return { ms: performance.now() - start, value };
}
