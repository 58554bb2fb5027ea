import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { validateBlocks } from "../../src/compiler/blocks/index.js";
import { compile } from "../../src/compiler/index.js";

/** What each spec is, in the words of the checker. */
const topologies: Readonly<Record<string, string>> = {
  "addition.rcv": "seq2seq",
  "arithmetic-tree.rcv": "tree-to-tree",
  "dates.rcv": "seq2seq",
  "digit-caption.rcv": "one-to-many",
  "first-names.rcv": "many-to-one",
  "hello.rcv": "generator",
  "moby-dick.rcv": "generator",
  "motion.rcv": "many-to-many",
  "wave.rcv": "generator",
};

const folder = new URL("../../specs/", import.meta.url);
const specs = readdirSync(folder).filter((f) => f.endsWith(".rcv"));

describe("the specs", () => {
  it("are all here", () => {
    for (const name of Object.keys(topologies)) expect(specs).toContain(name);
  });

  it.each(specs)("%s checks without a warning, with valid blocks", (file) => {
    const compiled = compile(readFileSync(new URL(file, folder), "utf8"), { file });
    expect(compiled.diagnostics).toEqual([]);
    const { train, decode, data, diagnostics } = validateBlocks(compiled.model);
    expect(diagnostics).toEqual([]);
    expect([train, decode, data]).not.toContain(null);
    expect(compiled.topology).toBe(topologies[file] ?? compiled.topology);
  });

  it.each(specs)("%s says its task, data, source and licence", (file) => {
    const head = readFileSync(new URL(file, folder), "utf8").split("\nmodel ")[0] as string;
    for (const line of ["# task:", "# data:", "# source:", "# licence:"]) expect(head).toContain(line);
  });
});
