import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Longer than any holder works. */
const MINUTES_HELD = 60;

/**
 * Runs `work` while this process alone holds the lock file `path`. Others wait; the lock of a process that is gone is
 * taken over. `waiting` is called once if there is something to wait for.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, waiting: () => void): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  const mine = JSON.stringify({ pid: process.pid, host: hostname() });
  let told = false;
  while (!take(path, mine)) {
    const holder = read(path);
    if (holder !== undefined && abandoned(path, holder)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!told) waiting();
    told = true;
    await sleep(500);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Only a process of this machine can be asked whether it lives. */
function abandoned(path: string, content: string): boolean {
  try {
    if (Date.now() - statSync(path).mtimeMs > MINUTES_HELD * 60_000) return true;
    const holder = JSON.parse(content) as { pid: number; host: string };
    if (holder.host === hostname()) process.kill(holder.pid, 0);
    return false;
  } catch (error) {
    // No such process. Anything else: the lock is being written or has just been released.
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
