/** The backends that this machine has, opened once. */
import { type Backend, backendNames, openBackend } from "../../src/runtime/backends.js";

const found: Backend[] = [];
for (const name of backendNames) {
  const backend = await openBackend(name).catch(() => null);
  if (backend) found.push(backend);
}

/** tensorflow where its native engine is there, wasm, cpu. */
export const backends: readonly Backend[] = found;
