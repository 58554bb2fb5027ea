import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);

/**
 * Writes generated files, given by path from the root. With `--check` on the command line it writes nothing and the
 * process fails where a file differs from what would be written.
 */
export function write(files) {
  const check = process.argv.includes("--check");
  for (const [path, text] of Object.entries(files)) {
    const url = new URL(path, root);
    if (read(url) === text) continue;
    if (check) {
      console.error(`${fileURLToPath(url)} is stale: run \`node ${process.argv[1]}\` after a build`);
      process.exitCode = 1;
    } else {
      writeFileSync(url, text);
    }
  }
}

/** A missing file counts as stale. */
function read(url) {
  try {
    return readFileSync(url, "utf8");
  } catch {
    return undefined;
  }
}
