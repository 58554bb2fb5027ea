import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");

interface Import {
  readonly file: string;
  /** A path from the root, or the name of a module. */
  readonly target: string;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  return ts.preProcessFile(text).importedFiles.map(({ fileName }) => ({
    file,
    target: fileName.startsWith(".") ? relative(root, join(root, file, "..", fileName)) : fileName,
  }));
}

const imports = [...sources("grammar"), ...sources("src")].flatMap(importsOf);
const within = (path: string, folder: string) => path.startsWith(`${folder}/`);
const named = (found: readonly Import[]) => found.map(({ file, target }) => `${file} imports ${target}`);

test("the layers are seen at all", () => {
  for (const layer of ["grammar", "src/compiler", "src/runtime"]) {
    expect(imports.some(({ file }) => within(file, layer))).toBe(true);
  }
  expect(imports).toContainEqual({ file: "src/runtime/native/load.ts", target: "@tensorflow/tfjs-core" });
});

test("arrows point one way: cli → runtime → compiler → grammar", () => {
  const layers = ["grammar", "src/compiler", "src/runtime", "src/cli"];
  const rank = (path: string) => layers.findIndex((layer) => within(path, layer));
  const upward = imports.filter(({ file, target }) => rank(target) > rank(file));
  expect(named(upward)).toEqual([]);
});

test("the grammar and the compiler are pure: no module of Node, no tfjs, no process", () => {
  const pure = (path: string) => within(path, "grammar") || within(path, "src/compiler");
  const impure = imports.filter(({ file, target }) => pure(file) && /^(node:|@tensorflow\/)/.test(target));
  expect(named(impure)).toEqual([]);
  const files = [...sources("grammar"), ...sources("src/compiler")];
  const touching = files.filter((file) =>
    /\b(process\.(env|argv|exit)|require\()/.test(readFileSync(join(root, file), "utf8")),
  );
  expect(touching).toEqual([]);
});

test("only the runtime knows tfjs", () => {
  const elsewhere = imports.filter(
    ({ file, target }) => target.startsWith("@tensorflow/") && !within(file, "src/runtime"),
  );
  expect(named(elsewhere)).toEqual([]);
});

test("ops import no pass and no target", () => {
  const wrong = imports.filter(
    ({ file, target }) => within(file, "src/compiler/ops") && /^src\/compiler\/(passes|targets)\//.test(target),
  );
  expect(named(wrong)).toEqual([]);
});

test("everything that is imported from npm is a dependency", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<
    string,
    Record<string, string>
  >;
  const declared = { ...manifest["dependencies"], ...manifest["optionalDependencies"] };
  const packages = imports
    .map(({ target }) => target)
    .filter((target) => !/^(node:|grammar\/|src\/)/.test(target))
    .map((target) =>
      target
        .split("/")
        .slice(0, target.startsWith("@") ? 2 : 1)
        .join("/"),
    );
  expect([...new Set(packages)].filter((name) => !(name in declared))).toEqual([]);
});
