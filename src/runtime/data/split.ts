/** The parts of the data: read from their sources, or held out from the training data. */
import type { DataConfig, Split } from "../../compiler/blocks/types.js";
import { permutation } from "../../compiler/random.js";
import { DataError } from "./errors.js";
import { readSource } from "./sources.js";
import type { Files, SourceRecord } from "./types.js";

export interface Part {
  readonly records: readonly SourceRecord[];
  /** The end of the training sequence, to be cut off once that is encoded: one record cannot be split as records are. */
  readonly endOfTrain?: true;
}

export interface Parts {
  readonly train: Part;
  readonly valid: Part | null;
  readonly test: Part | null;
}

/** `sequence`: is the training data one long sequence that is cut into windows? */
export async function readParts(
  config: DataConfig,
  files: Files,
  options: { readonly seed: number; readonly sequence: boolean },
): Promise<Parts> {
  const whole = await readSource(config.train, files);
  const own = async (split: Split | null): Promise<Part | null> => {
    if (split?.kind !== "source") return null;
    const data = await readSource(split.source, files);
    return { records: data.kind === "text" ? [textRecord(data.text, data.where)] : data.records };
  };
  const given = { valid: await own(config.valid), test: await own(config.test) };
  const parts =
    whole.kind === "text"
      ? splitText(config, whole.text, whole.where)
      : options.sequence && whole.records.length === 1
        ? splitSequence(config, whole.records)
        : splitRecords(config, whole.records, options.seed);
  const complete = { train: parts.train, valid: given.valid ?? parts.valid, test: given.test ?? parts.test };
  for (const [name, part] of Object.entries(complete)) {
    if (part?.records.length === 0) throw new DataError(`there is no record in \`${name}\``);
  }
  return complete;
}

const textRecord = (text: string, where: SourceRecord["where"]): SourceRecord => ({ columns: { text }, where });

const share = (split: Split | null) => (split && split.kind !== "source" ? split.share : 0);

function needsLast(config: DataConfig, what: string): void {
  for (const split of [config.valid, config.test]) {
    if (split?.kind !== "random") continue;
    throw new DataError(`${what} cannot be split at random`, null, `hold out its end: \`last(${split.share})\``);
  }
}

/** `test` is the very end, `valid` stands before it. */
function splitText(config: DataConfig, text: string, where: SourceRecord["where"]): Parts {
  needsLast(config, "a contiguous text");
  const characters = Array.from(text);
  const borders = cut(characters.length, config, "characters");
  const part = (from: number, to: number) => ({ records: [textRecord(characters.slice(from, to).join(""), where)] });
  return {
    train: part(0, borders.valid),
    valid: share(config.valid) ? part(borders.valid, borders.test) : null,
    test: share(config.test) ? part(borders.test, characters.length) : null,
  };
}

function splitSequence(config: DataConfig, records: readonly SourceRecord[]): Parts {
  needsLast(config, "one long sequence");
  const held = (split: Split | null): Part | null => (share(split) ? { records, endOfTrain: true } : null);
  return { train: { records }, valid: held(config.valid), test: held(config.test) };
}

function splitRecords(config: DataConfig, records: readonly SourceRecord[], seed: number): Parts {
  const borders = cut(records.length, config, "records");
  const random = [config.valid, config.test].some((split) => split?.kind === "random");
  const last = [config.valid, config.test].some((split) => split?.kind === "last");
  if (random && last)
    throw new DataError("hold out `valid` and `test` in the same way, both by `last` or both by `random`");
  const order = random ? permutation(records.length, seed, "split") : Int32Array.from(records.keys());
  // The parts keep the order of the source.
  const part = (from: number, to: number) => ({
    records: Array.from(order.subarray(from, to).toSorted(), (i) => records[i]!),
  });
  return {
    train: part(0, borders.valid),
    valid: share(config.valid) ? part(borders.valid, borders.test) : null,
    test: share(config.test) ? part(borders.test, records.length) : null,
  };
}

/** Where `valid` and `test` begin among `count` things; each gets at least one and leaves at least one to train. */
export function cut(
  count: number,
  config: Pick<DataConfig, "valid" | "test">,
  what: string,
): { valid: number; test: number } {
  const size = (split: Split | null) => (share(split) ? Math.max(1, Math.round(share(split) * count)) : 0);
  const test = count - size(config.test);
  const valid = test - size(config.valid);
  if (valid < 1 && (share(config.valid) || share(config.test))) {
    throw new DataError(`${count} ${what} are too few to hold out ${count - valid} of them`);
  }
  return { valid, test };
}
