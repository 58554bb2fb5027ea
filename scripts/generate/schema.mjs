/** Writes the published JSON Schema of specs. Runs on the built compiler; with `--check` it fails where the file is stale. */
import { write } from "./write.mjs";

const { specSchema } = await import(new URL("../../dist/src/compiler/json/schema.js", import.meta.url));

write({ "specs/schema/spec.schema.json": `${JSON.stringify(specSchema, null, 2)}\n` });
