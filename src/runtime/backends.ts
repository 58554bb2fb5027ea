/** Choosing a backend. What is not chosen is not loaded. */
import { UsageError } from "./errors.js";
import { type Backend, type BackendName, backendOf } from "./tfjs/backend.js";

export type { Backend, BackendName } from "./tfjs/backend.js";
export const backendNames: readonly BackendName[] = ["tensorflow", "wasm", "cpu"];

const opened = new Map<BackendName, Promise<Backend>>();

/**
 * Opens a backend once; `auto` is tensorflow where it can be loaded, else wasm.
 * @throws UsageError where there is no such backend, Error with the reason where the one named cannot be had.
 */
export async function openBackend(name: BackendName | "auto"): Promise<Backend> {
  if (name === "auto") return openBackend("tensorflow").catch(() => openBackend("wasm"));
  if (!backendNames.includes(name))
    throw new UsageError(`there is no backend \`${name}\`: there are auto, ${backendNames.join(", ")}`);
  let backend = opened.get(name);
  if (!backend) {
    backend = open(name);
    opened.set(name, backend);
    // a failure is not remembered: the native engine may be built meanwhile
    backend.catch(() => opened.delete(name));
  }
  return backend;
}

async function open(name: BackendName): Promise<Backend> {
  switch (name) {
    case "cpu":
      return backendOf(name, await (await import("./tfjs/cpu.js")).openCpu());
    case "wasm":
      return (await import("./tfjs/wasm.js")).openWasm();
    case "tensorflow":
      return (await import("./tfjs/tensorflow.js")).openTensorflow();
  }
}
