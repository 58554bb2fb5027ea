/** Where the process starts: options, signals, failures, the exit code. */
import { CommanderError } from "commander";
import { EXIT } from "./exit-codes.js";
import { report } from "./failure.js";
import { Output } from "./output.js";
import { makeProgram, type Start } from "./program.js";
import type { Session } from "./session.js";

/** The first Ctrl-C asks to stop, the second does not ask. */
function interruption(output: Output): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
    output.message("stopping after this step; once more ends at once");
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return {
    signal: controller.signal,
    release() {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
    },
  };
}

const start: Start = async (options, verb) => {
  const output = new Output(options);
  const { signal, release } = interruption(output);
  const session: Session = { output, phase: "starting", signal };
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
