import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { NODE_API_LEVEL, TFJS_NODE, WHEEL } from "./versions.js";

type Env = Readonly<Record<string, string | undefined>>;

/** Where Recurve keeps what outlives an installation: `$RECURVE_CACHE`, else `recurve` in the user's cache folder. */
export function cacheFolder(env: Env = process.env): string {
  if (env["RECURVE_CACHE"]) return resolve(env["RECURVE_CACHE"]);
  return join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "recurve");
}

/** The folder of the native engine that this version of Recurve builds; whatever it depends on is in its name. */
export function engineFolder(env: Env = process.env): string {
  const key = [
    `tfjs-node-${TFJS_NODE}`,
    `libtensorflow-${WHEEL.version}`,
    `${process.platform}-${process.arch}`,
    `napi-${NODE_API_LEVEL}`,
  ];
  return join(cacheFolder(env), key.join("_"));
}

/** The package `@tensorflow/tfjs-node` inside such a folder. */
export function tfjsNodeIn(folder: string): string {
  return join(folder, "node_modules", "@tensorflow", "tfjs-node");
}

/** Where that package expects its addon. */
export function addonFolder(tfjsNode: string): string {
  return join(tfjsNode, "lib", `napi-v${NODE_API_LEVEL}`);
}

/** The version of the tfjs-node package in `folder` if its addon is there too, else why it cannot be loaded. */
export function inspect(folder: string): { version: string } | { reason: string } {
  const manifest = join(folder, "package.json");
  if (!existsSync(manifest)) return { reason: "it is not installed" };
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  if (version !== TFJS_NODE) return { reason: `it is version ${version}, Recurve needs ${TFJS_NODE}` };
  if (!existsSync(join(addonFolder(folder), "tfjs_binding.node"))) {
    return { reason: "its addon is missing: its install step did not run or could not download it" };
  }
  return { version };
}
