/** `recurve eval`, and the part of `run` that evaluates. */
import { load, type Network } from "../../runtime/index.js";
import type { SplitName } from "../../runtime/types.js";
import { announce, type BackendOptions } from "../backend.js";
import { scores } from "../progress.js";
import type { Session } from "../session.js";

export interface EvalOptions extends BackendOptions {
  readonly split?: SplitName;
}

export async function evaluate(dir: string, options: EvalOptions, session: Session): Promise<void> {
  const network = await loadNetwork(dir, options, session);
  await evaluateNetwork(network, options, session);
  network.dispose();
}

export async function loadNetwork(dir: string, { backend }: BackendOptions, session: Session): Promise<Network> {
  session.phase = `loading ${dir}`;
  await announce(backend, session);
  return load(dir, { backend });
}

export async function evaluateNetwork(
  network: Network,
  { split }: Pick<EvalOptions, "split">,
  session: Session,
): Promise<void> {
  session.phase = `evaluating ${network.model.name}`;
  const found = await network.evaluate(null, split === undefined ? {} : { split });
  session.output.event({ event: "evaluated", split: found.split, step: network.progress.step, ...found.scores });
  session.output.data(`${found.split}: ${scores(found.scores)}`);
}
