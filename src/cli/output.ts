/** Where things go: data to stdout, everything else to stderr; with `--json` stdout is one JSON object a line. */

/** A stream as far as it is used here, so that tests can bring their own. */
export interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

export class Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Colour on stderr, on stdout. */
  readonly color: { readonly messages: boolean; readonly data: boolean };
  /** May a line on stderr be written over? */
  readonly live: boolean;
  #status = "";

  constructor(
    options: OutputOptions = {},
    readonly stdout: Sink = process.stdout,
    readonly stderr: Sink = process.stderr,
    env: Env = process.env,
  ) {
    this.json = options.json ?? false;
    this.quiet = options.quiet ?? false;
    this.verbose = options.verbose ?? false;
    const plain = Boolean(env["NO_COLOR"]) || env["TERM"] === "dumb";
    const terminal = (sink: Sink) => sink.isTTY === true && !env["CI"];
    this.color = { messages: terminal(stderr) && !plain, data: terminal(stdout) && !plain };
    this.live = terminal(stderr) && env["TERM"] !== "dumb" && !this.quiet && !(this.json && stdout.isTTY === true);
  }

  /** Data for people; nothing with `--json`, where events say it. */
  data(text: string): void {
    if (this.json) return;
    this.clearStatus();
    this.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  }

  /** Data in its own format, which `--json` does not change: JSON Lines of records, the text of a stage. */
  raw(text: string): void {
    this.clearStatus();
    this.stdout.write(text);
  }

  /** One line of `--json`. */
  event(event: { readonly event: string; readonly [key: string]: unknown }): void {
    if (this.json) this.stdout.write(`${JSON.stringify(event)}\n`);
  }

  /** Something to know; not with `-q`. */
  message(text: string): void {
    if (!this.quiet) this.#toStderr(text);
  }

  /** Something to know with `-v` only. */
  detail(text: string): void {
    if (this.verbose) this.#toStderr(text);
  }

  /** Something that must be said. */
  problem(text: string): void {
    this.#toStderr(text);
  }

  /** The line at the bottom of a terminal that is written over. */
  status(line: string): void {
    if (!this.live || line === this.#status) return;
    this.stderr.write(`\r${line}\u001b[K`);
    this.#status = line;
  }

  clearStatus(): void {
    if (this.#status === "") return;
    this.stderr.write("\r\u001b[K");
    this.#status = "";
  }

  #toStderr(text: string): void {
    this.clearStatus();
    this.stderr.write(text.endsWith("\n") ? text : `${text}\n`);
  }
}
