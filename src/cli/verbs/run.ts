/** `recurve run`: the whole way, from a spec to a model that is trained, evaluated and shown at work. */
import { present } from "../../runtime/decoder/present.js";
import type { Network } from "../../runtime/index.js";
import type { DataRecord } from "../../runtime/types.js";
import type { Session } from "../session.js";
import { evaluateNetwork } from "./evaluate.js";
import { beginning, parts, printSample } from "./generate.js";
import { done, type TrainOptions, trainSpec } from "./train.js";

export type RunOptions = Omit<TrainOptions, "resume">;

export async function run(path: string, options: RunOptions, session: Session): Promise<void> {
  const { network, result, dir } = await trainSpec(path, { ...options, resume: "auto" }, session);
  await evaluateNetwork(network, {}, session);
  if (!session.signal.aborted) await showSamples(network, session);
  const { fields } = network.model;
  const next = fields.some(({ role }) => role === "input") ? "predict" : "generate";
  if (result.reason !== "aborted") session.output.message(`the model is in ${dir}: try \`recurve ${next} ${dir}\``);
  done(session, dir, result);
  network.dispose();
}

/** Records shown at work, where the model needs inputs. */
const SHOWN = 5;

async function showSamples(network: Network, session: Session): Promise<void> {
  const { model } = network;
  session.phase = `decoding with ${model.name}`;
  if (!model.fields.some(({ role }) => role === "random")) return;
  if (!model.fields.some(({ role }) => role === "input")) {
    const [result] = await network.decode([beginning(network, undefined)]);
    if (result) printSample(network, result, session);
    return;
  }
  const structures = new Set(model.structures.map(({ name }) => name));
  const examples = (await recordsOf(network)).slice(0, SHOWN);
  const results = await network.decode(examples.map(({ input }) => input));
  results.forEach((result, i) => {
    const { output, about } = parts(result);
    const { input, expected } = examples[i]!;
    const { step } = network.progress;
    session.output.event({ event: "sample", step, input: texts(input, structures), output, ...about, expected });
    const right = JSON.stringify(output) === JSON.stringify(expected);
    session.output.data(
      `${line(input, structures)} → ${line(output)}${right ? "" : ` (in the data: ${line(expected)})`}`,
    );
  });
}

interface Example {
  readonly input: DataRecord;
  readonly expected: DataRecord;
}

/** The first records that were held out, as a user would write them. */
async function recordsOf(network: Network): Promise<Example[]> {
  const { test, valid, train } = await network.data();
  const { model, config } = network;
  const role = new Map<string, string>([
    ...model.structures.map(({ name }) => [name, "input"] as const),
    ...model.fields.map((field) => [field.name, field.role] as const),
  ]);
  return (test ?? valid ?? train).samples.slice(0, SHOWN).map(({ fields, lengths }) => {
    const { logp: _, ...values } = present(model, { fields, lengths, logp: 0, ended: true }, config.data?.columns);
    const part = (wanted: string) =>
      Object.fromEntries(Object.entries(values).filter(([name]) => role.get(name) === wanted));
    return { input: part("input"), expected: part("random") };
  });
}

/** Texts, labels and trees only: the numbers of images would drown everything. */
const texts = (record: DataRecord, structures: ReadonlySet<string>): DataRecord =>
  Object.fromEntries(Object.entries(record).filter(([name, value]) => structures.has(name) || !isNumeric(value)));

const isNumeric = (value: unknown): boolean => (Array.isArray(value) ? isNumeric(value[0]) : typeof value === "number");

function line(record: DataRecord, structures: ReadonlySet<string> = new Set()): string {
  return Object.entries(record)
    .map(
      ([name, value]) =>
        `${name} ${isNumeric(value) && !structures.has(name) ? numbers(value) : JSON.stringify(value)}`,
    )
    .join(", ");
}

/** A number itself, of lists their sizes: `(28×28 numbers)`. */
function numbers(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  const sizes: number[] = [];
  for (let inner: unknown = value; Array.isArray(inner); inner = inner[0]) sizes.push(inner.length);
  return `(${sizes.join("×")} numbers)`;
}
