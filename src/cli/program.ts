/** The command line: verbs, their options and what they call. */
import { Command, Option } from "commander";
import type { BackendName } from "../runtime/backends.js";
import { backendNames } from "../runtime/backends.js";
import { type ExportFormat, exportFormats } from "../runtime/export/formats.js";
import type { SplitName } from "../runtime/types.js";
import type { OutputOptions } from "./output.js";
import type { Session } from "./session.js";
import { type LengthOptions, length, listOf, positive, type Setting, setting, unescaped, whole } from "./values.js";
import { version } from "./version.js";

/** Runs a verb with a session of the given options. */
export type Start = (options: OutputOptions, verb: (session: Session) => void | Promise<void>) => Promise<void>;

interface Common extends OutputOptions {
  readonly p?: Record<string, Setting>;
  readonly model?: string;
  readonly backend: BackendName | "auto";
  readonly seed?: number;
}

interface ExportFlags {
  readonly format: ExportFormat;
  readonly length?: LengthOptions;
  readonly batch: number;
  readonly values?: readonly string[];
  readonly out?: string;
}

export function makeProgram(start: Start): Command {
  const program = new Command("recurve")
    .description("Recurrent networks written as equations: check, train, evaluate and decode them.")
    .version(version, "--version", "print the version")
    .helpCommand(false)
    .showHelpAfterError("(--help says what there is)")
    .addHelpText("after", exitCodes);
  const verb = (name: string, description: string) => common(program.command(name).description(description));

  trainOptions(specOptions(verb("run", "the whole way: check, train, evaluate, decode a sample"))).action(
    (path: string, { p, ...options }: Common) =>
      start(options, async (session) =>
        (await import("./verbs/run.js")).run(path, { ...options, ...settings(p) }, session),
      ),
  );

  specOptions(verb("check", "what a spec says: topology, sizes, parameters, loops, mistakes"), "<specs...>")
    .addHelpText("after", "\nEvery mistake has a code; specs/errors/CODE.md explains it.")
    .action((paths: string[], { p, ...options }: Common) =>
      start(options, async (session) =>
        (await import("./verbs/check.js")).check(paths, { ...options, ...settings(p) }, session),
      ),
    );

  specOptions(verb("compile", "a stage of the compiler as text"))
    .option("--emit <stage>", "ast, equations, system, bptt, program, json, model, or after:PASS", "program")
    .action((path: string, { p, ...options }: Common & { emit: string }) =>
      start(options, async (session) =>
        (await import("./verbs/compile.js")).compileStage(path, { ...options, ...settings(p) }, session),
      ),
    );

  specOptions(verb("explain", "the equations of a model"))
    .option("--bptt", "with the derived equations of backpropagation, and what is computed where")
    .option("--latex", "the equations as LaTeX (an align* of amsmath)")
    .action((path: string, { p, ...options }: Common & { bptt?: boolean; latex?: boolean }) =>
      start(options, async (session) =>
        (await import("./verbs/explain.js")).explain(path, { ...options, ...settings(p) }, session),
      ),
    );

  trainOptions(specOptions(verb("train", "train, into a model folder")))
    .option("--resume", "go on where the training in the folder stopped")
    .action((path: string, { p, ...options }: Common & { resume?: boolean }) =>
      start(options, async (session) =>
        (await import("./verbs/train.js")).train(path, { ...options, ...settings(p) }, session),
      ),
    );

  backendOption(folder(verb("eval", "scores of a model on its held-out data")))
    .addOption(new Option("--split <name>", "which part of the data").choices(["train", "valid", "test"]))
    .action((dir: string, options: Common & { split?: SplitName }) =>
      start(options, async (session) => (await import("./verbs/evaluate.js")).evaluate(dir, options, session)),
    );

  decodeOptions(
    backendOption(folder(verb("predict", "what a model draws for given inputs: JSON Lines in, JSON Lines out"))),
  )
    .argument("[records]", "a file; default: stdin")
    .action((dir: string, records: string | undefined, options: Common) =>
      start(options, async (session) => (await import("./verbs/predict.js")).predict(dir, records, options, session)),
    );

  decodeOptions(backendOption(folder(verb("generate", "sequences from a model without inputs"))))
    .option("--prefix <text>", "go on from this text (\\n is a newline)", unescaped)
    .option("--count <n>", "how many", whole(1), 1)
    .action((dir: string, options: Common & { prefix?: string; count: number }) =>
      start(options, async (session) => (await import("./verbs/generate.js")).generate(dir, options, session)),
    );

  backendOption(specOptions(verb("bench", "how long a training step takes, on random data of the model's own kind")))
    .option("--batch <n>", "records of a step", whole(1), 32)
    .option("--length <n>", "of every sequence; of trees and graphs the number of nodes", whole(1), 50)
    .option("--steps <n>", "to time after the first one", whole(1), 30)
    .option("--seed <n>", "of the data and the starting values", whole(0))
    .action((path: string, { p, ...options }: Common & { batch: number; length: number; steps: number }) =>
      start(options, async (session) =>
        (await import("./verbs/bench.js")).bench(path, { ...options, ...settings(p) }, session),
      ),
    );

  folder(verb("export", "a trained model for the web: graphs that tf.loadGraphModel loads"))
    .addOption(new Option("--format <name>", "of what is written").choices(exportFormats).default("tfjs-graph"))
    .option("--length <n>", "unroll to so many steps; --length S=30 says it of one axis; repeatable", length)
    .option("--batch <n>", "records of one call", whole(1), 1)
    .option("--values <names>", "further values to compute, separated by commas", listOf)
    .option("--out <dir>", "where to (default: the folder tfjs-graph in the model folder)")
    .addHelpText("after", "\nspecs/export.md says what is written, and how a page uses it.")
    .action((dir: string, { length: lengths, ...options }: Common & ExportFlags) =>
      start(options, async (session) =>
        (await import("./verbs/export.js")).exportModel(dir, { ...options, ...lengths }, session),
      ),
    );

  verb("fmt", "specs in the regular layout; prints what was changed")
    .argument("<specs...>", "files")
    .option("--check", "change nothing; exit 3 where something would be")
    .action((paths: string[], options: Common & { check?: boolean }) =>
      start(options, async (session) => (await import("./verbs/fmt.js")).fmt(paths, options, session)),
    );

  verb("doctor", "which backends work here, and why not")
    .option("--build-native", "build the native engine: Linux x64, python3 with pip, a C++ compiler, 1 GB of disk")
    .action((options: Common & { buildNative?: boolean }) =>
      start(options, async (session) => (await import("./verbs/doctor.js")).doctor(options, session)),
    );

  return program;
}

const settings = (p: Record<string, Setting> | undefined) => (p === undefined ? {} : { set: p });

function common(command: Command): Command {
  return command
    .option("--json", "events as JSON Lines on stdout")
    .option("-q, --quiet", "say only what must be said")
    .option("-v, --verbose", "say more, such as the stack of a failure");
}

function specOptions(command: Command, specs = "<spec>"): Command {
  return command
    .argument(specs, "a file with equations (.rcv)")
    .option(
      "-p <key=value>",
      "set a size, a number or a key of a block: -p H=256 -p train.batch=8; repeatable",
      setting,
    )
    .option("--model <name>", "which model, where the file has several");
}

function folder(command: Command): Command {
  return command.argument("<dir>", "a model folder, as `recurve train` makes it");
}

function backendOption(command: Command): Command {
  return command.addOption(
    new Option("--backend <name>", "what computes").choices(["auto", ...backendNames]).default("auto"),
  );
}

function trainOptions(command: Command): Command {
  return backendOption(command)
    .option("--out <dir>", "the model folder (default: runs/NAME of the model)")
    .option("--seed <n>", "of starting values, noise and the order of the data", whole(0));
}

function decodeOptions(command: Command): Command {
  const beam = new Option("--beam <k>", "search with so many beams").argParser(whole(1));
  const greedy = new Option("--greedy", "take the likeliest each time");
  const sampling = [
    new Option("--temperature <x>", "draw, from a distribution sharpened (below 1) or flattened").argParser(positive()),
    new Option("--top-k <k>", "draw from the k likeliest").argParser(whole(1)),
    new Option("--top-p <p>", "draw from the likeliest that together have this probability").argParser(positive(1)),
  ];
  const viterbi = new Option("--viterbi", "find the likeliest exactly, where a draw depends on few before it");
  const names = ["temperature", "topK", "topP"];
  command
    .addOption(greedy.conflicts(["beam", "viterbi", ...names]))
    .addOption(beam.conflicts(["greedy", "viterbi", ...names]))
    .addOption(viterbi.conflicts(["greedy", "beam", ...names]));
  for (const option of sampling) command.addOption(option);
  return command
    .option("--length <n>", "at most so many steps", whole(1))
    .option("--seed <n>", "of the draws", whole(0));
}

const exitCodes = `
Exit codes: 0 done, 1 internal failure, 2 usage, 3 errors in the spec, 4 bad data, 5 training diverged,
130 interrupted. Data goes to stdout, messages to stderr; with --json stdout is one JSON object a line.`;
