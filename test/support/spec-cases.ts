/** A model on records: what the reference evaluator needs to decide what a spec says. */
import type { Model } from "../../src/compiler/model.js";
import { BATCH, getValue, product, type Slot, type System } from "../../src/compiler/system/types.js";
import { type Environment, Evaluator, type Lengths } from "../../src/compiler/targets/reference/evaluator.js";
import { encoder, makeBatch } from "../../src/runtime/data/index.js";
import { drawNoise, type NoiseKey } from "../../src/runtime/noise.js";
import type { DataRecord } from "../../src/runtime/types.js";

export type Tensors = Readonly<Record<string, ArrayLike<number>>>;

/** Inputs, observed randoms, parameters and noise of `records`, each sample at its own lengths. */
export function environment(
  model: Model,
  system: System,
  records: readonly DataRecord[],
  params: Tensors,
  noise: NoiseKey = { seed: 1, step: 0, samples: records.map((_, b) => b) },
): Environment {
  const samples = records.map((record) => encoder(model)(record));
  const batch = makeBatch(model, samples);
  const axes = [...new Set(samples.flatMap((s) => Object.keys(s.lengths)))];
  const lengths = Object.fromEntries(axes.map((a) => [a, samples.map((s) => (s.lengths[a] ?? 0) as Lengths)]));
  const extents = new Evaluator(system, { batch: samples.length, lengths, given: () => [] });
  const offsets = new Map<string, ReadonlyMap<string, number>>();
  /** Places of the elements of a value in the list of a sample, or of a parameter. */
  const placesOf = (slots: readonly Slot[], b: number | undefined): ReadonlyMap<string, number> => {
    const key = `${slots.map((s) => `${s.name}<${s.axis}`)}|${b}`;
    let places = offsets.get(key);
    if (!places) {
      const own = slots.filter((s) => s.axis !== BATCH.axis);
      const points = extents.points(own, b === undefined ? {} : { [BATCH.name]: b });
      places = new Map(points.map((p, i) => [own.map((s) => p[s.name]).join(), i]));
      offsets.set(key, places);
    }
    return places;
  };
  const drawn = new Map(
    [...system.values.values()]
      .filter((v) => v.role === "noise")
      .map((v) => [v.id, drawNoise(system, v, batch, noise)] as const),
  );
  const given = (id: string, index: readonly number[]): ArrayLike<number> => {
    const v = getValue(system, id);
    const n = product(v.shape);
    const hasBatch = v.slots[0]?.axis === BATCH.axis;
    const b = hasBatch ? (index[0] as number) : undefined;
    const own = hasBatch ? index.slice(1) : index;
    const noise = drawn.get(id);
    if (noise) {
      const padded = v.slots.filter((s) => s.axis !== BATCH.axis).map((s) => extents.extent(s.axis, {}));
      const row = own.reduce((r, i, k) => r * (padded[k] as number) + i, 0);
      const at = hasBatch ? row * samples.length + (b as number) : row;
      return noise.slice(at * n, (at + 1) * n);
    }
    const data = params[id] ?? (b === undefined ? undefined : samples[b]?.fields[id]);
    if (!data) throw new Error(`nothing gives ${id}`);
    const place = placesOf(v.slots, b).get(own.join());
    if (place === undefined) throw new Error(`${id}[${index}] is not given`);
    return Array.from({ length: n }, (_, i) => data[place * n + i] as number);
  };
  return { batch: samples.length, lengths, given };
}
