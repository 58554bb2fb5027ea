/**
 * Writes `specs/errors/CODE.md` from `CODE.rcv`: what its comments say, the example, and how it is answered. Runs on the
 * built compiler (`npm run build` first). With `--check` it writes nothing and fails where a page is stale.
 */
import { readdirSync, readFileSync } from "node:fs";
import { errorPage } from "./error-page.mjs";
import { write } from "./write.mjs";

const dist = new URL("../../dist/src/compiler/", import.meta.url);
const { compile } = await import(new URL("index.js", dist));
const { render } = await import(new URL("diagnostics/render.js", dist));
const folder = new URL("../../specs/errors/", import.meta.url);
const read = (name) => readFileSync(new URL(name, folder), "utf8");

const codes = readdirSync(folder).flatMap((name) => (name.endsWith(".rcv") ? [name.slice(0, -4)] : []));
write(Object.fromEntries(codes.map((code) => [`specs/errors/${code}.md`, errorPage(code, read, compile, render)])));
