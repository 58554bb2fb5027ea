/** The backends that work here. cpu and wasm always do; tensorflow where the native engine is found. */
import { type Backend, openBackend } from "../../../src/runtime/backends.js";

export async function backends(): Promise<Backend[]> {
  const native = await openBackend("tensorflow").catch(() => null);
  return [await openBackend("cpu"), await openBackend("wasm"), ...(native ? [native] : [])];
}
