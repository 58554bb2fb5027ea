import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import util from "node:util";
import * as core from "@tensorflow/tfjs-core";
import { engineFolder, inspect, tfjsNodeIn } from "./folders.js";
import { supported } from "./platform.js";
import { CORE_KEY, REMOVED_FROM_UTIL } from "./stand-ins.js";

export type Native =
  | {
      readonly ok: true;
      readonly from: "node_modules" | "cache";
      /** Of tfjs-node, and of the libtensorflow below it. */
      readonly version: string;
      readonly libtensorflow: string;
      readonly folder: string;
    }
  | { readonly ok: false; readonly reason: string; readonly remedy: string };

let loading: Promise<Native> | undefined;

/**
 * Registers tfjs's backend "tensorflow", from `@tensorflow/tfjs-node` where Recurve is installed or else from the copy
 * that `buildNative` left in the cache, and leaves the active backend as it was. Never throws: without the engine it
 * says why and what to do. A success is remembered; after a failure, the next call looks again.
 */
export function loadNative(): Promise<Native> {
  loading ??= Promise.resolve().then(find);
  return loading.then((result) => {
    if (!result.ok) loading = undefined;
    return result;
  });
}

function find(): Native {
  const installed = installedFolder();
  const candidates = [
    ...(installed ? [{ from: "node_modules" as const, folder: installed }] : []),
    { from: "cache" as const, folder: tfjsNodeIn(engineFolder()) },
  ];
  const reasons: string[] = installed ? [] : ["@tensorflow/tfjs-node is not installed"];
  for (const { from, folder } of candidates) {
    const found = inspect(folder);
    if ("reason" in found) {
      if (from === "node_modules") reasons.push(`@tensorflow/tfjs-node cannot be used: ${found.reason}`);
      else reasons.push("no copy of it has been built");
      continue;
    }
    try {
      return { ok: true, from, version: found.version, libtensorflow: load(folder), folder };
    } catch (error) {
      reasons.push(`${folder} does not load: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { ok: false, reason: reasons.join("; "), remedy: remedy() };
}

/** Where Node finds tfjs-node from here, whether it is usable or not. */
function installedFolder(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-node/package.json"));
  } catch {
    return undefined;
  }
}

function load(folder: string): string {
  // Read by libtensorflow when it is loaded: without this it greets on stderr with the instructions of the CPU.
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
  for (const [name, is] of Object.entries(REMOVED_FROM_UTIL)) {
    (util as unknown as Record<string, unknown>)[name] ??= is;
  }
  Object.assign(globalThis, { [CORE_KEY]: core });
  // Loading tfjs-node makes its backend the active one.
  const before = core.engine().backendName;
  createRequire(join(folder, "package.json"))(folder);
  const backend = core.findBackend("tensorflow") as unknown as { binding: { TF_Version: string } } | null;
  if (backend === null) throw new Error("it registers no backend");
  if (before) core.setBackend(before);
  return backend.binding.TF_Version;
}

function remedy(): string {
  const problem = supported();
  if (problem) return `On this machine Recurve cannot build it (${problem}); use --backend wasm.`;
  return "`npx recurve doctor --build-native` builds it from PyPI's libtensorflow (python3 and a C++ compiler, 1 GB of disk).";
}
