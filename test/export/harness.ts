/** An exported model beside the model itself: the same batch, the numbers of both. */
import { compile } from "../../src/compiler/index.js";
import type { FieldInfo, Model } from "../../src/compiler/model.js";
import { BATCH, getValue, product, type System } from "../../src/compiler/system/types.js";
import { encoder, makeBatch } from "../../src/runtime/data/index.js";
import { described } from "../../src/runtime/export/systems.js";
import {
  type ExportOptions,
  exportGraphs,
  instantiate,
  type Network,
  type SampleValue,
} from "../../src/runtime/index.js";
import { drawNoise } from "../../src/runtime/noise.js";
import type { Batch, DataRecord } from "../../src/runtime/types.js";
import { unpad } from "../../src/runtime/unpad.js";
import { sampleRecords } from "../support/sample-records.js";
import type { Tensors } from "./tfjs.js";

export const RECORDS = 3;
/** Sample records have at most 4 entries and an end; those of single samples at most 6. */
export const LENGTH = 6;

/** A model with its starting values; vocabularies that would come from data have letters. */
export async function networkOf(
  source: string,
  file = "spec.rcv",
  set: Readonly<Record<string, number>> = {},
): Promise<Network> {
  const program = compile(source, { file, set });
  if (!program.ok) throw new Error(program.diagnostics.map((d) => d.message).join("\n"));
  const letters = program.model.unsized.map((name) => {
    const { special = [], mentioned = [] } = program.model.vocabs.find((v) => v.name === name) ?? {};
    const tokens = new Set(["a", "b", "c", ...mentioned.filter((t) => !/^<.*>$/.test(t))]);
    return [name, [...tokens, ...special.map((s) => `<${s}>`)]] as const;
  });
  return instantiate(program, { backend: "cpu", seed: 3, vocabularies: Object.fromEntries(letters) });
}

export interface Subject {
  readonly network: Network;
  readonly model: Model;
  readonly records: readonly DataRecord[];
  readonly batch: Batch;
  /** With the parameters of the distributions. */
  readonly system: System;
  readonly dir: string;
  readonly exported: Awaited<ReturnType<typeof exportGraphs>>;
}

export async function subject(
  network: Network,
  dir: string,
  options: ExportOptions = {},
  records: readonly DataRecord[] = sampleRecords(network.model, RECORDS),
): Promise<Subject> {
  const { model } = network;
  const encode = encoder(model);
  const open = model.axes.filter((a) => a.kind === "ragged" && a.length === undefined).map((a) => a.bound);
  const extents = Object.fromEntries(open.map((a) => [a, LENGTH]));
  const batch = makeBatch(
    model,
    records.map((r) => encode(r)),
    extents,
  );
  const exported = await exportGraphs(network, dir, { length: LENGTH, batch: records.length, ...options });
  return { network, model, records, batch, system: described(model).system, dir, exported };
}

/** [axes…, batch, features…] → [batch, axes…, features…]; and the inverse. */
export function turned<A extends Float32Array | Int32Array>(data: A, axes: number, batch: number, back = false): A {
  const out = data.slice() as A;
  const inner = data.length / axes / batch;
  for (let i = 0; i < axes; i++)
    for (let b = 0; b < batch; b++) {
      const [ours, theirs] = [(i * batch + b) * inner, (b * axes + i) * inner];
      const [from, to] = back ? [theirs, ours] : [ours, theirs];
      out.set(data.subarray(from, from + inner), to);
    }
  return out;
}

type Ports = Subject["exported"]["graphs"][number]["about"]["inputs"];

/** What a graph is fed for the batch but for states and context; of a step, at the index `step` of its outermost axis. */
export function feedsOf(s: Subject, ports: Ports, step: number | null = null): Tensors {
  const fed = Object.entries(ports).filter(([, { kind }]) => kind !== "state" && kind !== "context");
  return Object.fromEntries(
    fed.map(([name, port]) => [name, port.kind === "length" ? lengthsFed(s, name) : fieldFed(s, name, port, step)]),
  );
}

function lengthsFed({ batch }: Subject, name: string): Tensors[string] {
  const own = batch.lengths[name.slice(0, -".length".length)] as Int32Array;
  const outer = own.length / batch.size;
  const shape = outer > 1 ? [batch.size, outer] : [batch.size];
  return { shape, data: turned(own, outer, batch.size), dtype: "int32" };
}

function fieldFed(s: Subject, name: string, { kind, axes }: Ports[string], step: number | null): Tensors[string] {
  const { model, batch, system, network } = s;
  const value = getValue(system, name);
  const samples = Array.from({ length: batch.size }, (_, i) => i);
  const whole =
    kind === "noise"
      ? drawNoise(system, value, batch, { seed: network.seed, step: 0, samples })
      : (batch.fields[name] as Float32Array);
  const own = value.slots.filter((slot) => slot.axis !== BATCH.axis).map((slot) => slot.axis);
  const sizes = own.map((axis) => batch.extents[axis] ?? (model.axes.find((a) => a.bound === axis)?.size as number));
  const isStep = step !== null && axes.length < own.length;
  const n = whole.length / (sizes[0] ?? 1);
  const [data, dims] = isStep ? [whole.subarray(step * n, (step + 1) * n), sizes.slice(1)] : [whole, sizes];
  const rows = own.length < value.slots.length ? [batch.size] : [];
  return {
    shape: [...rows, ...dims, ...value.shape],
    data: turned(data, product(dims), product(rows)),
    dtype: whole instanceof Int32Array ? "int32" : "float32",
  };
}

/** A result of the graph of the whole model, of each sample, unpadded. */
export function samplesOf({ system, batch }: Subject, id: string, data: ArrayLike<number>): SampleValue[] {
  const value = getValue(system, id);
  const features = product(value.shape);
  const perSample = value.slots.some((s) => s.axis === BATCH.axis);
  const rows = perSample ? batch.size : 1;
  const places = data.length / features / rows;
  const numbers = value.dtype === "int" ? Int32Array.from(data) : Float32Array.from(data);
  return unpad(system, value, batch, turned(numbers, places, rows, true));
}

/**
 * log p of what was observed, from the parameters that a graph gave, at each index of a random, of each sample: what
 * `y.logp` should be; null where the distribution has no formula here.
 */
export function logps(s: Subject, field: FieldInfo, results: Tensors): number[][] | null {
  const density = field.dist && densities[field.dist];
  if (!density) return null;
  const params = Object.entries(results).flatMap(([id, { data }]) =>
    id.startsWith(`${field.name}.`) && id !== `${field.name}.logp` ? [samplesOf(s, id, data)] : [],
  );
  const observed = unpad(s.system, getValue(s.system, field.name), s.batch, s.batch.fields[field.name] as Float32Array);
  return observed.map((y, b) => {
    const size = product(field.shape);
    return Array.from({ length: y.data.length / size }, (_, p) => {
      const rows = params.map((samples) => {
        const { data } = samples[b] as SampleValue;
        const n = (data.length / y.data.length) * size;
        return Array.from(data.subarray(p * n, (p + 1) * n));
      });
      return density(Array.from(y.data.subarray(p * size, (p + 1) * size)), rows as [number[], number[]]);
    });
  });
}

type Density = (y: number[], params: [number[], number[]]) => number;
const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
const densities: Readonly<Record<string, Density>> = {
  categorical: ([y], [z]) => (z[y as number] as number) - Math.log(sum(z.map(Math.exp))),
  bernoulli: (y, [z]) => sum(z.map((x, i) => (y[i] as number) * x - Math.log1p(Math.exp(x)))),
  normal: (y, [mu, sd]) =>
    sum(
      y.map((v, i) => {
        const [m, d] = [mu[i] as number, sd[i] as number];
        return -0.5 * ((v - m) / d) ** 2 - Math.log(d) - 0.5 * Math.log(2 * Math.PI);
      }),
    ),
  laplace: (y, [mu, b]) =>
    sum(y.map((v, i) => -Math.abs(v - (mu[i] as number)) / (b[i] as number) - Math.log(2 * (b[i] as number)))),
};
