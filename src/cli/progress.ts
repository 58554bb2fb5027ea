/** How training shows itself on stderr: a bar that moves on a terminal, a line now and then elsewhere. */
import type { Event, Scores } from "../runtime/types.js";
import { count, duration, number, percent } from "./format.js";
import type { Output } from "./output.js";

type StepEvent = Extract<Event, { event: "step" }>;

const LIVE_MS = 100;
/** Where lines stay, they come slowly. */
const PLAIN_MS = 10_000;
const BAR = 24;
const SHORTEST_BAR = 6;

export class Progress {
  /** Time of the last line; the first comes at once. */
  #shown = Number.NEGATIVE_INFINITY;

  /** `perplexity`: whether exp(loss) means one (see `Scores`). */
  constructor(
    readonly output: Output,
    readonly perplexity: boolean,
    readonly now: () => number = () => performance.now(),
  ) {}

  /** One step of training. */
  step(event: StepEvent): void {
    const { output } = this;
    const last = event.steps !== null && event.step >= event.steps;
    if (this.now() - this.#shown < (output.live ? LIVE_MS : PLAIN_MS) && !last) return;
    this.#shown = this.now();
    const facts = this.#facts(event);
    if (output.live) output.status(line(event, facts, output.stderr.columns ?? 80));
    else if (!output.json) output.message(`step ${steps(event)}${facts}`);
  }

  #facts(event: StepEvent): string {
    const facts = [
      `loss ${event.loss.toFixed(3)}`,
      this.perplexity ? `perplexity ${number(Math.exp(event.loss))}` : null,
      event.accuracy === undefined ? null : `accuracy ${percent(event.accuracy)}`,
      event.tokens_per_second > 0 ? `${count(event.tokens_per_second)} tokens/s` : null,
      event.seconds_left === null ? null : `${duration(event.seconds_left)} left`,
    ];
    return facts
      .filter((fact) => fact !== null)
      .map((fact) => `  ${fact}`)
      .join("");
  }
}

const steps = ({ step, steps: total }: StepEvent): string =>
  total === null ? count(step) : `${count(step)}/${count(total)}`;

/** A bar as long as there is room for, and facts cut where there is none: a line that wraps could not be written over. */
function line(event: StepEvent, facts: string, columns: number): string {
  const numbers = `${steps(event)}${facts}`;
  const room = Math.min(BAR, columns - numbers.length - 2);
  const text =
    event.steps === null || room < SHORTEST_BAR ? numbers : `${bar(event.step / event.steps, room)} ${numbers}`;
  return text.slice(0, columns - 1);
}

function bar(share: number, length: number): string {
  const done = Math.round(length * Math.min(1, share));
  return "━".repeat(done) + "─".repeat(length - done);
}

/** `loss 1.871  perplexity 6.494  accuracy 45.2%  exact match 97.1% of 900` and the spec's own metrics. */
export function scores({ exact_match_of: records, ...values }: Scores): string {
  const share = (name: string) => /(^|\.)(accuracy|exact_match)$/.test(name);
  const matched = records === undefined ? "" : ` of ${count(records)}`;
  return Object.entries(values)
    .filter((entry): entry is [string, number] => entry[1] !== undefined)
    .map(([name, value]) => {
      const text = `${name.replace("_", " ")} ${share(name) ? percent(value) : number(value)}`;
      return name === "exact_match" ? text + matched : text;
    })
    .join("  ");
}
