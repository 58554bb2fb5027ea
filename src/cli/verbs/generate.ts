/** `recurve generate`: sequences out of nothing but a beginning. */
import type { DecodeRequest } from "../../runtime/index.js";
import { type Network, UsageError } from "../../runtime/index.js";
import type { DataRecord } from "../../runtime/types.js";
import type { BackendOptions } from "../backend.js";
import type { Session } from "../session.js";
import { loadNetwork } from "./evaluate.js";

export interface DecodeOptions {
  readonly length?: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly beam?: number;
  readonly viterbi?: boolean;
  readonly greedy?: boolean;
  readonly seed?: number;
}

export interface GenerateOptions extends DecodeOptions, BackendOptions {
  readonly prefix?: string;
  readonly count: number;
}

export async function generate(dir: string, options: GenerateOptions, session: Session): Promise<void> {
  const network = await loadNetwork(dir, options, session);
  session.phase = `generating from ${network.model.name}`;
  const records = Array.from({ length: options.count }, () => beginning(network, options.prefix));
  const results = await network.decode(records, requestOf(options));
  results.forEach((result, i) => {
    printSample(network, result, session);
    if (i < results.length - 1) session.output.data("");
  });
  network.dispose();
}

export function printSample(network: Network, result: Record<string, unknown>, session: Session): void {
  const { output, about } = parts(result);
  session.output.event({ event: "sample", step: network.progress.step, output, ...about });
  session.output.data(textOf(output));
}

/** What was drawn, and what is said about it: `logp`, and of a beam search the `alternatives`. */
export function parts({ logp, alternatives, ...output }: Record<string, unknown>) {
  return { output, about: { logp, ...(alternatives === undefined ? {} : { alternatives }) } };
}

/** The text itself where there is one random and it is text, else JSON. */
function textOf(output: Readonly<Record<string, unknown>>): string {
  const values = Object.values(output);
  const [only] = values;
  return values.length === 1 && typeof only === "string" ? only : JSON.stringify(output);
}

/** The record that every sample goes on from. Throws `UsageError` where the model needs more. */
export function beginning({ model }: Network, prefix: string | undefined): DataRecord {
  const input = model.fields.find(({ role }) => role === "input");
  if (input)
    throw new UsageError(`${model.name} needs the input \`${input.name}\`: use \`recurve predict\` with records`);
  if (prefix === undefined || prefix === "") return {};
  const random = model.fields.find(({ type, axes }) => type.kind === "token" && axes.length === 1);
  if (!random) throw new UsageError(`${model.name} draws no sequence of tokens that a prefix could begin`);
  return { [random.name]: prefix };
}

export function requestOf({
  length,
  temperature,
  topK,
  topP,
  beam,
  greedy,
  viterbi,
  seed,
}: DecodeOptions): DecodeRequest {
  const sample = temperature !== undefined || topK !== undefined || topP !== undefined;
  return {
    ...(greedy ? { greedy } : {}),
    ...(viterbi ? { viterbi } : {}),
    ...(beam === undefined ? {} : { beam }),
    ...(sample ? { sample: defined({ temperature, top_k: topK, top_p: topP }) } : {}),
    ...(length === undefined ? {} : { max: length }),
    ...(seed === undefined ? {} : { seed }),
  };
}

function defined(values: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}
