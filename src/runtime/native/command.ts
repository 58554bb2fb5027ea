import { spawn } from "node:child_process";

export interface Outcome {
  /** 0 on success; -1 where the program could not be started. */
  readonly code: number;
  /** Both streams, in the order in which they came. */
  readonly output: string;
  readonly missing: boolean;
}

/** Runs a program to its end, without a terminal, and keeps what it printed. Never throws. */
export function command(
  program: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv; seconds?: number },
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: (options.seconds ?? 1800) * 1000,
    });
    let output = "";
    const keep = (chunk: string) => {
      output += chunk;
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    child.on("error", (error) => {
      resolve({ code: -1, output: error.message, missing: (error as NodeJS.ErrnoException).code === "ENOENT" });
    });
    child.on("close", (code, signal) => {
      if (signal) output += `\nended by ${signal}`;
      resolve({ code: code ?? -1, output, missing: false });
    });
  });
}

/** The last lines of what a program printed, for a message. */
export function tail(output: string, lines = 12): string {
  return output.trim().split("\n").slice(-lines).join("\n");
}
