/** Writes files into a folder, each under a staged name first: what reads the folder never finds half a file. */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../errors.js";

/** In the order of `files`; files of an earlier export that have no successor, `old`, are removed. */
export async function writeFiles(
  dir: string,
  files: ReadonlyMap<string, string | Uint8Array>,
  old: readonly string[],
): Promise<void> {
  const staged = (name: string): string => join(dir, `.${name}.next`);
  try {
    await mkdir(dir, { recursive: true });
    for (const [name, content] of files) await writeFile(staged(name), content, { flush: true });
    for (const name of files.keys()) await rename(staged(name), join(dir, name));
    for (const name of old) if (!files.has(name)) await rm(join(dir, name), { force: true });
  } catch (e) {
    for (const name of files.keys()) await rm(staged(name), { force: true }).catch(() => undefined);
    const { code } = e as NodeJS.ErrnoException;
    if (code === undefined) throw e;
    throw new UsageError(`${dir} cannot be written: ${code}`);
  }
}
