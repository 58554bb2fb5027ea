/** Files of a spec on this machine. The only place of the data layer that touches the file system. */
import { existsSync } from "node:fs";
import { readFile, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { FileRef } from "../../compiler/blocks/types.js";
import { DataError } from "./errors.js";
import type { Files } from "./types.js";

/** `dir`: the folder of the spec, against which its paths are read and from which packages are looked for. */
export function nodeFiles(dir: string): Files {
  const bytes = async (ref: FileRef): Promise<Uint8Array> => {
    const path = await resolveFile(ref, dir);
    try {
      return await readFile(path);
    } catch (error) {
      throw new DataError(readFailure(error), { file: fileName(ref) });
    }
  };
  return {
    name: fileName,
    bytes,
    async read(ref) {
      const found = await bytes(ref);
      try {
        return withoutMark(new TextDecoder("utf-8", { fatal: true }).decode(found));
      } catch (error) {
        throw new DataError(readFailure(error), { file: fileName(ref) });
      }
    },
  };
}

function fileName(ref: FileRef): string {
  return ref.npm === null ? ref.path : `${ref.npm}/${ref.path}`;
}

const withoutMark = (text: string) => (text.startsWith("\uFEFF") ? text.slice(1) : text);

function readFailure(error: unknown): string {
  if (error instanceof TypeError) return "the file is not UTF-8 text";
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "EISDIR") return "this is a folder, not a file";
  if (code === "EACCES" || code === "EPERM") return "the file may not be read";
  return `the file cannot be read: ${code ?? String(error)}`;
}

/**
 * The path of a file. One in a package stays in it: `..`, absolute paths and links that lead out are refused.
 * Throws `DataError` where there is no such file or package.
 */
export async function resolveFile(ref: FileRef, dir: string): Promise<string> {
  const where = { file: fileName(ref) };
  if (ref.npm === null) {
    const path = resolve(dir, ref.path);
    if (!existsSync(path)) throw new DataError("there is no such file", where, `looked for it at ${path}`);
    return path;
  }
  const root = packageFolder(ref.npm, dir);
  if (root === undefined) {
    throw new DataError(`the package ${ref.npm} is not installed`, where, `run \`npm install ${ref.npm}\``);
  }
  const path = resolve(root, ref.path);
  if (isAbsolute(ref.path) || !inside(root, path)) throw new DataError("the path leaves the package", where);
  if (!existsSync(path)) throw new DataError(`the package ${ref.npm} has no such file`, where);
  const real = await realpath(path);
  if (!inside(await realpath(root), real)) throw new DataError("the path leaves the package by a link", where);
  return real;
}

function inside(folder: string, path: string): boolean {
  const steps = relative(folder, path);
  return steps !== ".." && !steps.startsWith(`..${sep}`) && !isAbsolute(steps);
}

/** Looked for from the spec's folder upwards, then from our own: what is installed beside Recurve can be used. */
function packageFolder(name: string, dir: string): string | undefined {
  if (!/^(@[\w.~-]+\/)?[\w.~-]+$/.test(name) || name.split("/").some((part) => /^\.+$/.test(part))) return undefined;
  for (const start of [resolve(dir), dirname(fileURLToPath(import.meta.url))]) {
    for (let folder = start; ; folder = dirname(folder)) {
      const found = join(folder, "node_modules", ...name.split("/"));
      if (existsSync(join(found, "package.json"))) return found;
      if (folder === dirname(folder)) break;
    }
  }
  return undefined;
}
