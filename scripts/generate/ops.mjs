/**
 * Writes `specs/ops.md`, the reference of the ops. Runs on the built compiler (`npm run build` first). With `--check` it
 * writes nothing and fails where the file is stale.
 */
import { opsReference } from "./ops-reference.mjs";
import { write } from "./write.mjs";

const { families } = await import(new URL("../../dist/src/compiler/ops/index.js", import.meta.url));

write({ "specs/ops.md": opsReference(families) });
