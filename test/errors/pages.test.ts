/** Each diagnostic has a page, and a spec that is answered with exactly it. */
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { render } from "../../src/compiler/diagnostics/render.js";
import { compile } from "../../src/compiler/index.js";
import { build, root as home, recurve } from "../cli/recurve.js";

const root = new URL("../../", import.meta.url);
const folder = new URL("specs/errors/", root);
const pages = readdirSync(folder);
const specs = pages.filter((name) => name.endsWith(".rcv")).map((name) => name.slice(0, -4));
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const orNull = (name: string): string | null => (pages.includes(name) ? read(name) : null);

/** The codes that the sources define. */
function codes(at: URL): string[] {
  return readdirSync(at, { withFileTypes: true }).flatMap((d) => {
    if (d.isDirectory()) return codes(new URL(`${d.name}/`, at));
    if (!/diagnostics|\/check-/.test(`${at.pathname}${d.name}`)) return [];
    return [...readFileSync(new URL(d.name, at), "utf8").matchAll(/^ {2}code: "([a-z-]+)"/gm)].map(
      (m) => m[1] as string,
    );
  });
}

it("every code has a page, and every page a code", () => {
  const defined = [...new Set(codes(new URL("src/", root)))].sort();
  const written = pages.filter((name) => name.endsWith(".md")).map((name) => name.slice(0, -3));
  expect(written.sort()).toEqual(defined);
});

describe("the spec of a page gives exactly its code", () => {
  it.each(specs)("%s", (code) => {
    const { diagnostics } = compile(read(`${code}.rcv`), { file: `${code}.rcv`, read: orNull });
    expect([...new Set(diagnostics.map((d) => d.code))]).toEqual([code]);
  });
});

it("pages are fresh (else: build, then node scripts/generate/errors.mjs)", async () => {
  const { errorPage } = (await import(new URL("scripts/generate/error-page.mjs", root).href)) as {
    errorPage: (code: string, read_: typeof read, compile_: typeof compile, render_: typeof render) => string;
  };
  for (const code of specs) expect(read(`${code}.md`), code).toBe(errorPage(code, read, compile, render));
});

beforeAll(build);

it("recurve check looks at all of the files that it is given", async () => {
  const files = ["shape-mismatch", "unused-name", "causal-cycle"].map((code) => `specs/errors/${code}.rcv`);
  const { code, stdout } = await recurve(["check", "--json", ...files], { cwd: home });
  expect(code).toBe(3);
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(events.filter((e) => e.event === "diagnostic").map((e) => e.code)).toEqual([
    "shape-mismatch",
    "unused-name",
    "causal-cycle",
  ]);
});
