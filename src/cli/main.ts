/** Where the process starts: options, signals, failures, the exit code. */
import { CommanderError } from "commander";
import { EXIT } from "./exit-codes.js";
import { report } from "./failure.js";
import { Output } from "./output.js";
import { makeProgram, type Start } from "./program.js";
import type { Session } from "./session.js";

/**
 * Once asked for, the first Ctrl-C stops after the step under way. The second is the system's again: it ends the process
 * at once, even in the middle of a long computation that would not let a handler in.
 */
function interruption(output: Output) {
  const controller = new AbortController();
  const release = () => {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  };
  const stop = () => {
    release();
    controller.abort();
    output.message("stopping after this step; once more ends at once");
  };
  const stopGently = () => {
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  };
  return { signal: controller.signal, stopGently, release };
}

const start: Start = async (options, verb) => {
  const output = new Output(options);
  const { signal, stopGently, release } = interruption(output);
  const session: Session = { output, phase: "starting", signal, stopGently };
  try {
    await verb(session);
  } catch (error) {
    process.exitCode = report(error, session);
  } finally {
    output.clearStatus();
    release();
  }
};

// A reader that has seen enough (`recurve … | head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.done);
  throw error;
});

const program = makeProgram(start);
for (const command of [program, ...program.commands]) command.exitOverride();
try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version that were asked for end with 0.
  process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
}
