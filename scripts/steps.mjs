/** What the scripts share. Only modules of Node: they run before anything is installed. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
export const at = (...path) => join(root, ...path);

export const say = (line) => process.stderr.write(`${line}\n`);

/** Runs a program with this terminal; its exit code, 1 where it could not be started or was ended by a signal. */
export function run(program, args, options = {}) {
  const { status } = spawnSync(program, args, { cwd: root, stdio: "inherit", ...options });
  return status ?? 1;
}

/** Runs a JavaScript file of an installed package. */
export function runBin(packageName, bin, args, options) {
  return run(process.execPath, [at("node_modules", packageName, bin), ...args], options);
}

/** npm as the one that started this script, or else the one on the PATH. */
export function npm(args) {
  const path = process.env.npm_execpath;
  return path?.endsWith(".js") ? run(process.execPath, [path, ...args]) : run("npm", args);
}

/** A digest of files and, recursively, folders: of their paths and contents. */
export function digest(paths) {
  const hash = createHash("sha256");
  const visit = (path) => {
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) visit(join(path, name));
    } else {
      hash
        .update(`${relative(root, path)}\0`)
        .update(readFileSync(path))
        .update("\0");
    }
  };
  for (const path of paths) visit(at(path));
  return hash.digest("hex");
}

/** Whether a step was finished for this digest: its stamp says so. */
export function isStamped(stamp, value) {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === value;
}

/** Whether the module with this URL is what Node was started with. */
export function isMain(url) {
  return process.argv[1] !== undefined && pathToFileURL(realpathSync(process.argv[1])).href === url;
}
