/** The built command line as a process of its own. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");
const bin = join(root, "bin", "recurve.js");

/** Compiles what has changed; nothing where `npm test` has done so. */
export function build(): void {
  const { status, stdout } = spawnSync(process.execPath, [join(root, "scripts", "build.mjs")], { encoding: "utf8" });
  if (status !== 0) throw new Error(`the sources do not compile:\n${stdout}`);
}

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The lines of stdout as JSON. */
  events(): Record<string, unknown>[];
}

export interface RunOptions {
  readonly cwd: string;
  readonly input?: string;
  /** Leaves stdin open. */
  readonly open?: boolean;
  /** Called with the process once it runs. */
  readonly started?: (child: ChildProcess) => void;
}

export function recurve(args: readonly string[], options: RunOptions): Promise<Result> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [bin, ...args], { cwd: options.cwd, stdio: "pipe" });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", fail);
    child.on("close", (code) => {
      const events = () =>
        stdout
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line) as Record<string, unknown>);
      done({ code, stdout, stderr, events });
    });
    if (!options.open) child.stdin.end(options.input ?? "");
    options.started?.(child);
  });
}

/** A folder with these files, for one test file. */
export function folderWith(files: Readonly<Record<string, string>>): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "recurve-cli-"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
