/** The backends that this machine has, opened once. */
import { type Backend, type BackendName, backendNames, openBackend } from "../../src/runtime/backends.js";

/** Optimises every plan before its first run: on tensorflow, each is a graph, on wasm code of its own. */
const optimising = (backend: Backend): Backend => ({
  ...backend,
  prepare(plan) {
    const prepared = backend.prepare(plan);
    prepared.optimise();
    return prepared;
  },
});

const found: Backend[] = [];
for (const name of backendNames) {
  const backend = await openBackend(name).catch(() => null);
  if (backend) found.push(backend);
  if (backend && name !== "cpu") found.push(optimising(backend));
}

/** tensorflow where its native engine is there, op by op and as graphs; wasm, kernel by kernel and planned; cpu. */
export const backends: readonly Backend[] = found;

/** Their names, each once. */
export const names: readonly BackendName[] = [...new Set(found.map((b) => b.name))];
