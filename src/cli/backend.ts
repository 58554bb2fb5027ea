/** The backend that a verb computes on. */
import type { BackendName } from "../runtime/index.js";
import { loadNative } from "../runtime/native/index.js";
import type { Session } from "./session.js";

export interface BackendOptions {
  readonly backend: BackendName | "auto";
}

/** Says in one line where `auto` did not get the fast backend, and what to do about it. */
export async function announce(backend: BackendName | "auto", { output }: Session): Promise<void> {
  if (backend !== "auto") return;
  const native = await loadNative();
  if (!native.ok)
    output.message(`no native engine, so wasm is used, which is slower: ${native.reason}. ${native.remedy}`);
}
