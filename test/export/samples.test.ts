/** Every spec and published architecture of this repository, exported, against the values of the model. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ExportError } from "../../src/runtime/index.js";
import type { DataRecord } from "../../src/runtime/types.js";
import { checkSteps, checkWhole, namedValues } from "./compare.js";
import { networkOf, subject } from "./harness.js";
import { backendNames, use } from "./tfjs.js";

const root = new URL("../../", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "recurve-export-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const samples = readdirSync(new URL("test/samples/", root), { withFileTypes: true });
const paths = [
  ...readdirSync(new URL("specs/", root)).flatMap((name) => (name.endsWith(".rcv") ? [`specs/${name}`] : [])),
  ...samples.flatMap((d) => (d.isDirectory() ? [`test/samples/${d.name}/input.rcv`] : [])),
];
const only = new RegExp(process.env["SAMPLES"] ?? "");

/** What no graph of tfjs can do. */
const refused: Readonly<Record<string, string>> = {
  "arithmetic-tree": "export-structure",
  "binary-tree-lstm": "export-structure",
  "child-sum-tree-lstm": "export-structure",
  "dag-rnn": "export-structure",
  "recursive-nn": "export-structure",
  "kalman-filter": "export-op",
};
const nameOf = (path: string): string => /([\w-]+)(\/input)?\.rcv$/.exec(path)?.[1] as string;

// the one with the most traps; the other backends are in export.test.ts
describe("on wasm", () => {
  it.each(paths.filter((path) => only.test(path)))("%s", async (path) => {
    expect(backendNames).toContain("wasm");
    await use("wasm");
    const network = await networkOf(readFileSync(new URL(path, root), "utf8"), path);
    const name = nameOf(path);
    const own = new URL(path.replace(/[^/]*$/, "records.json"), root);
    const records = existsSync(own) ? (JSON.parse(readFileSync(own, "utf8")) as DataRecord[]) : undefined;
    const exporting = subject(network, join(folder, name), { values: namedValues(network) }, records);
    if (refused[name]) {
      const error: unknown = await exporting.catch((e: unknown) => e);
      expect(error).toBeInstanceOf(ExportError);
      expect((error as ExportError).diagnostic.code).toBe(refused[name]);
      return;
    }
    const s = await exporting;
    await checkSteps(s, await checkWhole(s));
    network.dispose();
  });
});
