/** An exported model beside the model itself: the same batch, the numbers of both. */
import { join } from "node:path";
import { compile } from "../../src/compiler/index.js";
import type { FieldInfo, Model } from "../../src/compiler/model.js";
import { BATCH, getValue, product, type System } from "../../src/compiler/system/types.js";
import { encoder, makeBatch } from "../../src/runtime/data/index.js";
import { described } from "../../src/runtime/export/systems.js";
import { type ExportOptions, exportGraphs, instantiate, type Network, type SampleValue } from "../../src/runtime/index.js";
import { drawNoise } from "../../src/runtime/noise.js";
import type { Batch, DataRecord } from "../../src/runtime/types.js";
import { unpad } from "../../src/runtime/unpad.js";
import { sampleRecords } from "../support/sample-records.js";
import type { Tensors } from "./tfjs.js";

export const RECORDS = 3;
/** Sample records have at most 4 entries and an end. */
export const LENGTH = 6;

/** A model with its starting values; vocabularies that would come from data have letters. */
export async function networkOf(source: string, file: string): Promise<Network> {
  const program = compile(source, { file });
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

export async function subject(network: Network, dir: string, options: ExportOptions = {}): Promise<Subject> {
  const { model } = network;
  const records = sampleRecords(model, RECORDS);
  const encode = encoder(model);
  const open = model.axes.filter((a) => a.kind === "ragged" && a.length === undefined).map((a) => a.bound);
  const extents = Object.fromEntries(open.map((a) => [a, LENGTH]));
  const batch = makeBatch(
    model,
    records.map((r) => encode(r)),
    extents,
  );
  const exported = await exportGraphs(network, dir, { length: LENGTH, batch: RECORDS, ...options });
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

/** What a graph is fed for the batch; of a step, at the index `step` of its axis, which stands outermost. */
export function feedsOf({ model, batch, system, network }: Subject, ports: Ports, step: number | null = null): Tensors {
  const feeds: Tensors = {};
  for (const [name, { kind }] of Object.entries(ports)) {
    if (kind === "state" || kind === "context") continue;
    if (kind === "length") {
      const own = batch.lengths[name.slice(0, -".length".length)] as Int32Array;
      const outer = own.length / batch.size;
      const shape = outer > 1 ? [batch.size, outer] : [batch.size];
      feeds[name] = { shape, data: turned(own, outer, batch.size), dtype: "int32" };
      continue;
    }
    const value = getValue(system, name);
    const data =
      kind === "noise"
        ? drawNoise(system, value, batch, { seed: network.seed, step: 0, samples: batchNumbers(batch) })
        : (batch.fields[name] as Float32Array);
    const slots = value.slots.filter((s) => s.axis !== BATCH.axis).map((s) => s.axis);
    const extents = slots.map((axis) => batch.extents[axis] ?? (model.axes.find((a) => a.bound === axis)?.size as number));
    const dtype = data instanceof Int32Array ? "int32" : "float32";
    const perSample = value.slots.length > slots.length;
    const rows = perSample ? batch.size : 1;
    const [all, dims] =
      step === null || !ports[name] || ports[name].axes.length === slots.length
        ? [data, extents]
        : [data.subarray((step * data.length) / (extents[0] as number), ((step + 1) * data.length) / (extents[0] as number)), extents.slice(1)];
    feeds[name] = {
      shape: [...(perSample ? [batch.size] : []), ...dims, ...value.shape],
      data: turned(all, product(dims), rows),
      dtype,
    };
  }
  return feeds;
}

const batchNumbers = (batch: Batch): number[] => Array.from({ length: batch.size }, (_, i) => i);

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

export const file = (s: Subject, name: string): string => join(s.dir, name);
