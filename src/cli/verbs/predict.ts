/** `recurve predict`: JSON Lines in, JSON Lines out. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { keyedByField } from "../../runtime/data/columns.js";
import { encode } from "../../runtime/data/index.js";
import { DataError, type Network, UsageError } from "../../runtime/index.js";
import type { DataRecord } from "../../runtime/types.js";
import type { BackendOptions } from "../backend.js";
import type { Session } from "../session.js";
import { loadNetwork } from "./evaluate.js";
import { type DecodeOptions, requestOf } from "./generate.js";

export interface PredictOptions extends DecodeOptions, BackendOptions {}

/** Records decoded together. */
const TOGETHER = 256;

export async function predict(
  dir: string,
  file: string | undefined,
  options: PredictOptions,
  session: Session,
): Promise<void> {
  const network = await loadNetwork(dir, options, session);
  session.phase = `predicting with ${network.model.name}`;
  let group: DataRecord[] = [];
  const flush = async () => {
    if (group.length === 0) return;
    const results = await network.decode(group, requestOf(options));
    session.output.raw(results.map((result) => `${JSON.stringify(result)}\n`).join(""));
    group = [];
  };
  try {
    for await (const record of records(file, network)) {
      group.push(record);
      if (group.length === TOGETHER) await flush();
    }
  } finally {
    // what came before a record that is wrong is not lost
    await flush();
  }
  network.dispose();
}

/** Every record, looked at in its place: errors then name the line. Throws `DataError`. */
async function* records(file: string | undefined, network: Network): AsyncGenerator<DataRecord> {
  const name = file ?? "stdin";
  const columns = network.config.data?.columns ?? {};
  let line = 0;
  for await (const text of lines(file)) {
    line += 1;
    if (text.trim() === "") continue;
    const where = { file: name, line };
    const record = keyedByField(network.model, columns, parse(text, where), where);
    encode(network.model, record, { columns, partial: true }, where);
    yield record;
  }
}

async function* lines(file: string | undefined): AsyncGenerator<string> {
  const input = file === undefined || file === "-" ? process.stdin : createReadStream(file);
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UsageError(code === "ENOENT" ? `there is no file ${file}` : `${file} cannot be read: ${code}`);
  }
}

function parse(text: string, where: { file: string; line: number }): DataRecord {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch (error) {
    throw new DataError(`this is not JSON: ${(error as Error).message}`, where);
  }
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw new DataError("a record is a JSON object: { … }", where);
  }
  return record as DataRecord;
}
