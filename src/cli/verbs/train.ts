/** `recurve train`, and the part of `run` that trains. */
import { join } from "node:path";
import type { Compiled } from "../../compiler/index.js";
import { isChoice, type Model } from "../../compiler/model.js";
import { readFolder } from "../../runtime/checkpoint.js";
import {
  type Event,
  type FitResult,
  instantiate,
  load,
  ModelFolderError,
  type Network,
  type Scores,
  UsageError,
} from "../../runtime/index.js";
import { finished } from "../../runtime/train/progress.js";
import { announce, type BackendOptions } from "../backend.js";
import { EXIT } from "../exit-codes.js";
import { Exit } from "../failure.js";
import { count, duration, megabytes } from "../format.js";
import { Progress, scores } from "../progress.js";
import type { Session } from "../session.js";
import { compileSpec, onlyModel, type SpecOptions } from "../spec.js";
import { checkedEvent } from "./check.js";
import { evaluateNetwork } from "./evaluate.js";

export interface TrainOptions extends SpecOptions, BackendOptions {
  readonly seed?: number;
  /** The model folder; default `runs/NAME`. */
  readonly out?: string;
  /** Go on from the folder; `auto`: if what is in it is the same training, stopped before its end. */
  readonly resume?: boolean | "auto";
}

export interface Trained {
  readonly compiled: Compiled;
  readonly network: Network;
  readonly result: FitResult;
  readonly dir: string;
}

export async function train(path: string, options: TrainOptions, session: Session): Promise<void> {
  const { network, result, dir } = await trainSpec(path, options, session);
  // a training that was stopped has not come to its last evaluation
  if (result.reason === "aborted") await evaluateNetwork(network, {}, session);
  else session.output.message(`the model is in ${dir}: try \`recurve eval ${dir}\``);
  done(session, dir, result);
  network.dispose();
}

/** The last event; on an interrupted training the verb ends here. */
export function done({ output, signal }: Session, dir: string, { reason, step }: FitResult): void {
  output.event({ event: "done", reason, step, dir });
  if (reason === "aborted" || signal.aborted) {
    output.message(
      `interrupted after step ${count(step)}; to go on, give the same command again (\`train\`: with --resume)`,
    );
    throw new Exit(EXIT.interrupted);
  }
}

export async function trainSpec(path: string, options: TrainOptions, session: Session): Promise<Trained> {
  const { output } = session;
  const compiled = compileSpec(path, options, session);
  const model = onlyModel(compiled, options);
  output.event(checkedEvent(compiled, model));
  const dir = options.out ?? join("runs", model.name);
  session.phase = `starting the backend ${options.backend}`;
  await announce(options.backend, session);
  const network = (await earlier(dir, compiled, options)) ?? (await instantiate(compiled, optionsOf(options)));
  const from = network.progress.step;
  session.phase = `reading the data of ${model.name}`;
  const data = await network.data();
  session.phase = `training ${model.name}`;
  output.event({ event: "compiled", file: compiled.file, model: model.name, backend: network.device.name });
  const parts = (["train", "valid", "test"] as const).flatMap((name) => {
    const part = data[name];
    return part ? [`${name} ${count(part.count)} ${part.kind === "streams" ? "time steps" : "records"}`] : [];
  });
  output.message(`${model.name} on ${network.device.name}: ${parts.join(", ")}`);
  if (from > 0) output.message(`going on after step ${count(from)} of ${dir}`);
  const began = performance.now();
  const progress = new Progress(output, isSequence(model));
  session.stopGently();
  const result = await network.fit(data, {
    dir,
    signal: session.signal,
    onEvent: (event) => show(event, progress, session),
  });
  const seconds = (performance.now() - began) / 1000;
  output.message(`${count(result.step - from)} steps in ${duration(seconds)}`);
  return { compiled, network, result, dir };
}

/** Is exp(loss) the perplexity of a sequence of tokens, and nothing else? */
const isSequence = ({ fields }: Model): boolean =>
  fields.filter(({ role }) => role === "random").every((field) => isChoice(field) && field.axes.length > 0);

function show(event: Event, progress: Progress, { output }: Session): void {
  output.event(event);
  if (event.event === "step") progress.step(event);
  if (event.event === "memory" && event.bytes > event.budget) output.message(tooMuch(event));
  if (event.event === "evaluated" && !output.json) {
    const { event: _, split, step, ...values } = event as Extract<Event, { event: "evaluated" }> & Scores;
    output.message(`step ${count(step)}  ${split}: ${scores(values)}`);
  }
}

/** `train.memory` is 100 MB, and a step needs 180 MB: a batch of 17 would fit, or a length of 540. */
function tooMuch({ bytes, budget, batch_fits, length_fits }: Extract<Event, { event: "memory" }>): string {
  const ways = [
    batch_fits ? `a batch of ${count(batch_fits)}` : null,
    length_fits ? `a length of ${count(length_fits)}` : null,
  ];
  const advice = ways.filter((way) => way !== null).join(" or ");
  return `train.memory is ${megabytes(budget)}, and a step needs ${megabytes(bytes)} at the least${advice && `; ${advice} would fit`}`;
}

const optionsOf = ({ backend, seed }: TrainOptions) => ({ backend, ...(seed === undefined ? {} : { seed }) });

/** The training in the folder, if there is one to go on with. */
async function earlier(dir: string, compiled: Compiled, options: TrainOptions): Promise<Network | null> {
  const { backend, resume = false, set = {} } = options;
  if (resume === false) return null;
  if (resume === "auto" && !(await interrupted(dir, compiled, options))) return null;
  const network = await load(dir, { backend, set });
  if (network.spec?.source !== compiled.source || network.model.name !== compiled.model.name) {
    network.dispose();
    throw new UsageError(`${dir} was trained from another text than ${compiled.file}: choose another --out`);
  }
  if (resume === "auto" && finished(network.config.train, network.progress)) {
    network.dispose();
    return null;
  }
  return network;
}

/** Does the folder hold the very training that is asked for? */
async function interrupted(dir: string, compiled: Compiled, { seed, set = {} }: TrainOptions): Promise<boolean> {
  try {
    const found = await readFolder(dir);
    const text = found.spec.source === compiled.source && found.model === compiled.model.name;
    const settings = JSON.stringify(found.spec.set) === JSON.stringify(set);
    return text && settings && (seed === undefined || seed === found.seed);
  } catch (error) {
    if (error instanceof ModelFolderError) return false;
    throw error;
  }
}
