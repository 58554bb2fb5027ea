/**
 * Writes `src/compiler/std.ts`, the library `specs/std/*.rcv` as text: the compiler is pure and reads no files, so
 * `use std.cells (LSTM)` looks there. With `--check` it writes nothing and fails if the file is stale.
 */
import { readdirSync, readFileSync } from "node:fs";
import { write } from "./write.mjs";

const folder = new URL("../../specs/std/", import.meta.url);

const quoted = (text) => `\`${text.replace(/[\\`]|\$\{/g, "\\$&")}\``;

const libraries = readdirSync(folder)
  .filter((name) => name.endsWith(".rcv"))
  .sort()
  .map((name) => [name.slice(0, -".rcv".length), readFileSync(new URL(name, folder), "utf8")]);

write({
  "src/compiler/std.ts": [
    "// Generated from specs/std/*.rcv by scripts/generate/std.mjs: do not edit.",
    "",
    "/** The library by name: the text of `std.NAME`. */",
    "export const std: Readonly<Record<string, string>> = {",
    ...libraries.map(
      ([name, text]) => `  ${/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name)}: ${quoted(text)},`,
    ),
    "};",
    "",
  ].join("\n"),
});
