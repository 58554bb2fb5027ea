/** From the data block of a spec to batches: sources, vocabularies, encoding, splits. */
import { recordValidator } from "../../compiler/blocks/index.js";
import type { DataConfig } from "../../compiler/blocks/types.js";
import type { Model } from "../../compiler/model.js";
import { resetOf } from "../../compiler/reset.js";
import { longest as longestOf } from "../lengths.js";
import type { Batch, Sample } from "../types.js";
import { makeBatch } from "./batch.js";
import { type Buckets, bucketsOf, epochGroups, fixedGroups, type Group } from "./buckets.js";
import { columnsOf, toFields } from "./columns.js";
import { encoder } from "./encode.js";
import { DataError } from "./errors.js";
import { withPixels } from "./images.js";
import { cut, type Part, type Parts, readParts } from "./split.js";
import { joined, scoringWindows, slice, trainingWindows, type Window, windowAxis } from "./streams.js";
import type { Columns, DataOptions, Dataset, Files, SourceRecord, Split } from "./types.js";
import { buildVocabularies, type FieldRecord } from "./vocab.js";

type ByPart<T> = { readonly train: T; readonly valid: T | null; readonly test: T | null };

function each<A, B>(parts: ByPart<A>, f: (part: A) => B): ByPart<B> {
  return {
    train: f(parts.train),
    valid: parts.valid === null ? null : f(parts.valid),
    test: parts.test === null ? null : f(parts.test),
  };
}

/** Before vocabularies are made of them: a value of the wrong type is no token. */
function validate(model: Model, records: readonly FieldRecord[]): void {
  const check = recordValidator(model);
  for (const { fields, where } of records) {
    const [problem] = check(fields);
    if (problem !== undefined) throw new DataError(problem, where);
  }
}

/** Steps of a whole sequence above which its gradient cannot reasonably be held in memory. */
const longest = 20_000;

/**
 * Reads the sources, builds the vocabularies that are not known, binds the model, encodes the records. A model that is bound
 * already keeps its vocabularies. Throws `DataError`.
 */
export async function loadData(model: Model, config: DataConfig, options: DataOptions): Promise<Dataset> {
  const { truncate } = options;
  const written = await readParts(config, options.files, { seed: options.seed, sequence: truncate !== null });
  const columns = columnsOf(model, config.columns, written.train.records[0]?.columns ?? {});
  const parts = await withImages(model, columns, written, options.files);
  const records = each(parts, (part) =>
    part.records.map((record) => ({ fields: toFields(model, columns, record), where: record.where })),
  );
  if (model.unsized.length) each(records, (list) => validate(model, list));
  const heldOut = [...(records.valid ?? []), ...(records.test ?? [])];
  const bound = model.unsized.length ? model.bind(buildVocabularies(model, columns, records.train, heldOut)) : model;
  const encode = encoder(bound, { columns });
  const samples = each(records, (list) => list.map(({ fields, where }) => encode(fields, where)));
  if (truncate) return windowed(bound, config, parts, samples, { ...options, truncate });
  return { model: bound, ...splits(bound, samples, options), carry: null };
}

async function withImages(model: Model, columns: Columns, parts: Parts, files: Files): Promise<Parts> {
  if (!Object.values(columns).some(({ kind }) => kind === "image")) return parts;
  const read = async (part: Part): Promise<Part> => {
    const records: SourceRecord[] = [];
    for (const record of part.records) records.push(await withPixels(model, columns, record, files));
    return { ...part, records };
  };
  const { train, valid, test } = parts;
  return { train: await read(train), valid: valid && (await read(valid)), test: test && (await read(test)) };
}

function splits(model: Model, samples: ByPart<readonly Sample[]>, options: DataOptions): ByPart<Split> {
  const buckets = bucketsOf([samples.train, samples.valid ?? [], samples.test ?? []].flat());
  for (const sample of samples.train) {
    const [axis, steps] = Object.entries(sample.lengths).find(([, length]) => longestOf(length) > longest) ?? [];
    if (axis === undefined) continue;
    const help = "cut it into windows: `train { truncate(50, carry) }`";
    throw new DataError(
      `a sequence of ${steps} steps along ${axis} is too long to be trained on as a whole`,
      null,
      help,
    );
  }
  return each(samples, (list) => sampleSplit(model, list, buckets, options));
}

function sampleSplit(model: Model, samples: readonly Sample[], buckets: Buckets, options: DataOptions): Split {
  const { batch, seed } = options;
  function* batches(groups: readonly Group[]): Generator<Batch> {
    for (const { members, extents, widths } of groups) {
      yield makeBatch(
        model,
        members.map((i) => samples[i]!),
        extents,
        widths,
      );
    }
  }
  return {
    kind: "samples",
    count: samples.length,
    samples,
    batchesPerEpoch: Math.ceil(samples.length / batch),
    epoch: (epoch, from = 0) => batches(epochGroups(samples, buckets, { batch, seed, epoch }).slice(from)),
    evaluation: () => batches(fixedGroups(samples, buckets, batch)),
  };
}

/** Windows are cut along an axis within no other. */
const stepsOf = (sample: Sample, axis: string): number => sample.lengths[axis] as number;

type Windowed = DataOptions & { readonly truncate: NonNullable<DataOptions["truncate"]> };

function windowed(
  model: Model,
  config: DataConfig,
  parts: ByPart<Part>,
  samples: ByPart<readonly Sample[]>,
  options: Windowed,
): Dataset {
  const axis = windowAxis(model);
  const { reset: ends = null } = options.truncate;
  const reset = ends === null ? null : resetOf(model, axis, ends);
  if (reset && "reason" in reset) throw new DataError(`\`truncate\` ${reset.reason}`, null, reset.help);
  const whole = each(samples, (list) => {
    if (list.length === 1) return list[0]!;
    if (reset) return joined(model, list, axis, reset);
    throw new DataError(
      `\`truncate\` cuts one long sequence into windows, but the data has ${list.length} records`,
      null,
      "leave `truncate` out: each record is then a sequence of its own; or say which token ends each: `truncate(50, carry, reset = EOS)`",
    );
  });
  const pieces = heldOutEnds(model, config, parts, whole, axis);
  const { length, carry } = options.truncate;
  if (carry) return { model, ...each(pieces, (sample) => streamSplit(model, sample, axis, options)), carry: axis };
  const cutUp = (sample: Sample) =>
    Array.from({ length: Math.ceil(stepsOf(sample, axis) / length) }, (_, k) =>
      slice(model, sample, axis, k * length, Math.min((k + 1) * length, stepsOf(sample, axis))),
    );
  return { model, ...splits(model, each(pieces, cutUp), options), carry: null };
}

/** Cuts held-out ends off the one sequence that they were given as a share of. */
function heldOutEnds(
  model: Model,
  config: DataConfig,
  parts: ByPart<Part>,
  whole: ByPart<Sample>,
  axis: string,
): ByPart<Sample> {
  const { valid, test } = parts;
  if (!valid?.endOfTrain && !test?.endOfTrain) return whole;
  const steps = stepsOf(whole.train, axis);
  const borders = cut(steps, config, "steps");
  const part = (from: number, to: number) => slice(model, whole.train, axis, from, to);
  return {
    train: part(0, borders.valid),
    valid: valid?.endOfTrain ? part(borders.valid, borders.test) : whole.valid,
    test: test?.endOfTrain ? part(borders.test, steps) : whole.test,
  };
}

function streamSplit(model: Model, sample: Sample, axis: string, options: Windowed): Split {
  const count = stepsOf(sample, axis);
  const { batch, truncate } = options;
  const training = trainingWindows(count, batch, truncate.length);
  function* batches(windows: readonly Window[], from: number): Generator<Batch> {
    for (const [k, window] of windows.entries()) {
      if (k < from) continue;
      const cuts = window.map(([start, end]) => slice(model, sample, axis, start, end));
      const fresh = new Float32Array(window.length).fill(k === 0 ? 1 : 0);
      yield { ...makeBatch(model, cuts, { [axis]: truncate.length }), fresh };
    }
  }
  return {
    kind: "streams",
    count,
    samples: [sample],
    batchesPerEpoch: training.length,
    epoch(_epoch, from = 0) {
      if (training.length === 0) {
        throw new DataError(
          `${count} steps are too few for ${batch} streams of windows of ${truncate.length}`,
          null,
          "make `batch` or the windows of `truncate` smaller",
        );
      }
      return batches(training, from);
    },
    evaluation: () => batches(scoringWindows(count, batch, truncate.length), 0),
  };
}
